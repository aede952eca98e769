//! What only this crate can see of verifying; the rest is tested from outside, in
//! `tests/webhooks`.

mod mac;
mod step;
mod strict;
mod time;
