//! Tests of what only this crate can see; the rest is tested from outside, in `tests/webhooks`.

mod json;
mod mac;
mod step;
mod tolerance;
