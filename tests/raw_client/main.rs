//! Tests of the raw client: all 33 operations, error responses, and the requests on the wire.

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
