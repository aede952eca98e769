//! Tests of responses that are slow or never end.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::server::{BODY, RawClient, TestServer, in_time, response};
use crate::fault::{Endless, WireFault};

const EVERY: Duration = Duration::from_secs(3_600);

fn trickle(bytes: usize, head: bool) -> WireFault {
    WireFault::Trickle { bytes: NonZeroUsize::new(bytes).unwrap(), every: EVERY, head }
}

/// Reads a response in pieces. Asserts that the server waits before each piece except the first.
async fn read_pieces(server: &TestServer, client: &mut RawClient, whole: &[u8], size: usize) {
    for (index, piece) in whole.chunks(size).enumerate() {
        if index > 0 {
            let waiting = server.timer.next().await;
            assert_eq!(waiting.duration(), EVERY);
            assert!(client.is_idle(), "a byte came too early, before piece {index}");
            waiting.end();
        }
        assert_eq!(client.read(piece.len()).await, piece, "piece {index}");
    }
}

#[tokio::test]
async fn trickles_head_and_body() {
    in_time(async {
        let server = TestServer::start();
        let mut client = server.client().await;
        client.ask().await;
        let whole = [client.head().await.as_bytes(), &client.read(BODY.len()).await].concat();
        for size in [1, 7, whole.len() - 1, whole.len(), whole.len() + 1] {
            server.set_fault(trickle(size, true));
            client.ask().await;
            read_pieces(&server, &mut client, &whole, size).await;
        }
        server.set_fault(None);
        client.ask().await;
        assert_eq!(client.read(whole.len()).await, whole);
    })
    .await;
}

#[tokio::test]
async fn trickles_only_the_body() {
    in_time(async {
        let server = TestServer::start();
        let mut client = server.client().await;
        for size in 1..=BODY.len() + 1 {
            server.set_fault(trickle(size, false));
            client.ask().await;
            client.head().await;
            read_pieces(&server, &mut client, BODY.as_bytes(), size).await;
        }
    })
    .await;
}

#[tokio::test]
async fn trickle_ends_when_client_disconnects() {
    in_time(async {
        let server = TestServer::start();
        server.set_fault(trickle(1, false));
        let mut client = server.client().await;
        client.ask().await;
        client.head().await;
        let waiting = server.timer.next().await;
        assert!(!waiting.is_cancelled());
        drop(client);
        waiting.cancelled().await;
    })
    .await;
}

#[tokio::test]
async fn delays_before_the_first_byte() {
    in_time(async {
        let server = TestServer::start();
        let (whole, _) = server.fetch().await;
        server.set_fault(WireFault::Delay(EVERY));
        let mut client = server.client().await;
        client.ask_once().await;
        let waiting = server.timer.next().await;
        assert_eq!(waiting.duration(), EVERY);
        assert!(client.is_idle());
        waiting.end();
        assert_eq!(client.rest().await.0, whole);

        let mut client = server.client().await;
        client.ask().await;
        let waiting = server.timer.next().await;
        drop(client);
        waiting.cancelled().await;
    })
    .await;
}

#[tokio::test]
async fn endless_body_ends_when_client_disconnects() {
    in_time(async {
        for (of, begin) in [(Endless::Whitespace, "    "), (Endless::Array, "[{},{},{},{}")] {
            let mut server = TestServer::with_response(response(""));
            server.set_fault(WireFault::Endless(of));
            let mut client = server.client().await;
            client.ask().await;
            assert!(client.head().await.contains("transfer-encoding: chunked"));
            let text = unchunked(&client.read(4 << 20).await);
            assert!(text.len() > 3 << 20);
            assert!(text.starts_with(begin));
            if of == Endless::Array {
                let whole = &text[..=text.rfind('}').unwrap()];
                let list: Vec<serde_json::Value> =
                    serde_json::from_str(&format!("{whole}]")).unwrap();
                assert!(list.len() > 1 << 20);
            }
            assert!(
                server.dropped.try_recv().is_err(),
                "the body ended while the client was reading"
            );
            drop(client);
            server.dropped.recv().await.unwrap();
        }
    })
    .await;
}

/// Decodes a chunked body whose last chunk may be incomplete.
fn unchunked(mut bytes: &[u8]) -> String {
    let mut content = Vec::new();
    while let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        bytes = &bytes[line + 2..];
        content.extend_from_slice(&bytes[..size.min(bytes.len())]);
        bytes = bytes.get(size + 2..).unwrap_or_default();
    }
    String::from_utf8(content).unwrap()
}
