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
mod fleet;
mod forged;
mod header;
mod http_receiver;
mod keys;
mod memory;
mod properties;
mod recipes;
mod redis_server;
mod redis_store;
mod secrets;
mod signed;
mod stored;
mod window;
