//! Network and protocol faults, byte by byte over loopback sockets. `README.md` lists each fault with
//! its required result and its test.
//!
//! A test states how often the request was sent, what the caller got, and how long it took. The
//! tests never sleep: signals order the events, and only the tests move the clock.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

// Helpers: a server with a client, and a call of each operation.
mod harness;
mod operations;

mod body_framing;
mod cancellation;
mod connections;
mod drift;
mod error_responses;
mod error_text;
mod identifiers;
mod json_paths;
mod origins;
mod proxies;
mod redaction;
mod response_heads;
mod retry_after;
mod retry_budget;
mod settings;
mod size_limits;
mod slow_responses;
mod tls;
mod truncated_responses;
