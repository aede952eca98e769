//! Network and protocol faults, byte by byte over loopback sockets. `README.md` lists them.
//!
//! A test states how often the request was sent, what the caller got, and how long it took. The
//! tests never sleep: signals order the events, and only the tests move the clock.

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
mod places;
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
