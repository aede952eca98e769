//! Webhook deliveries: verification, identity, deduplication, and receivers over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test, too"
)]

mod canary;
mod differential;
mod events;

mod forged;
mod header;
mod http_receiver;
mod identity;
mod keys;
mod memory;
mod observe;
mod properties;
mod recipes;
mod redis_fleet;
mod redis_proxy;
mod redis_remember;
mod redis_server;
mod redis_stall;
mod redis_store;
mod secrets;
mod signed;
mod stored;
mod tolerance;
