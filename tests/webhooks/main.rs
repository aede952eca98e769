//! Webhook deliveries: verification, the key of an event, deduplication, and receivers over HTTP.
//!
//! The `redis_…` tests start `redis-server`. Without it they write `SKIPPED` and pass, or fail if
//! `CI=true`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test, too"
)]

// Helpers: signed deliveries, questions to a store, and a Redis server with a proxy.
mod redis_proxy;
mod redis_server;
mod signed;
mod stored;

mod delivery_key;
mod differential;
mod events;
mod forged;
mod http_receiver;
mod identity;
mod memory_store;
mod properties;
mod receiver_events;
mod recipes;
mod redaction;
mod redis_fleet;
mod redis_remember;
mod redis_stall;
mod redis_store;
mod secrets;
mod signature_header;
mod tolerance;
