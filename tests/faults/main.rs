//! What comes of each way in which a call can go wrong, over sockets on loopback, byte for
//! byte, on a clock that only the tests move.
//!
//! A test says what was sent how often, what the caller got, and in what time. None of them
//! sleeps: what must come before what, a signal says.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

mod canary;
mod connections;
mod cuts;
mod drift;
mod dropped;
mod heads;
mod identifiers;
mod lengths;
mod operations;
mod origins;
mod printed;
mod proxies;
mod refusals;
mod rig;
mod settings;
mod sizes;
mod storms;
mod tls;
mod trickles;
mod waits;
