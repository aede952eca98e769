//! Deliveries of webhooks, as one who receives them sees it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test may fail it too"
)]

mod canary;
mod differential;
mod events;
mod forged;
mod header;
mod keys;
mod properties;
mod secrets;
mod signed;
mod window;
