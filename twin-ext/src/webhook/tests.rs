//! Tests of private items. `tests/webhooks` tests the public ones.

mod json;
mod mac;
mod step;
mod tolerance;
