//! Tests private items. The suite `webhooks` of `twin-tests` tests the public ones.

mod json;
mod mac;
mod step;
mod tolerance;
