//! Tests of the raw client, without `twin-ext`.
//!
//! - `operations`: the request and the responses of each operation, against a scripted server.
//! - `connect`: what all operations share: the key, redirects, error responses, identifiers.
//! - `against_emulator` and `examples`: all operations against the emulator.

mod against_emulator;
mod connect;
mod examples;
mod operations;

use twin_api::Client;
use twin_tests::scripted::Scripted;

/// The key of every client here.
const KEY: &str = "tw_live_canary";

/// Starts a loopback server and a client for it.
#[expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]
async fn service() -> (Scripted, Client) {
    let server = Scripted::start().await.expect("a free port");
    let client = twin_api::connect(&server.url(), KEY).expect("the URL is valid");
    (server, client)
}
