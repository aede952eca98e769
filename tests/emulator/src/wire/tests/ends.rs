//! Tests of responses that end early, at an exact byte.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;

use super::server::{BODY, RawClient, TestServer, in_time, is_reset, response};
use crate::fault::WireFault;

/// More bytes than the kernel buffers for a connection.
const LARGE: usize = 8 << 20;

#[tokio::test]
async fn resets_after_exactly_the_requested_bytes() {
    in_time(async {
        let server = TestServer::start();
        let (whole, _) = server.fetch().await;
        for at in 0..=whole.len() {
            server.set_fault(WireFault::Reset(at));
            let (bytes, end) = server.fetch().await;
            assert_eq!(bytes, whole[..at], "at {at}");
            assert!(is_reset(&end), "at {at}: {end:?}");
        }
        server.set_fault(WireFault::Reset(whole.len() + 1));
        let (bytes, end) = server.fetch().await;
        assert_eq!(bytes, whole);
        assert!(end.is_ok());
    })
    .await;
}

#[tokio::test]
async fn closes_after_exactly_the_requested_bytes() {
    in_time(async {
        let server = TestServer::start();
        let (whole, _) = server.fetch().await;
        for at in 0..=whole.len() + 1 {
            server.set_fault(WireFault::Close(at));
            let (bytes, end) = server.fetch().await;
            assert_eq!(bytes, whole[..at.min(whole.len())], "at {at}");
            assert!(end.is_ok(), "at {at}: {end:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn counts_bytes_from_the_faulty_response() {
    in_time(async {
        let server = TestServer::start();
        let mut client = server.client().await;
        client.ask().await;
        let head = client.head().await;
        client.read(BODY.len()).await;
        server.set_fault(WireFault::Reset(head.len() + 3));
        client.ask().await;
        let (bytes, end) = client.rest().await;
        assert_eq!(bytes, format!("{head}{}", &BODY[..3]).as_bytes());
        assert!(is_reset(&end));
    })
    .await;
}

#[tokio::test]
async fn keeps_connection_when_response_is_shorter_than_limit() {
    in_time(async {
        let server = TestServer::start();
        let mut client = server.client().await;
        for fault in [WireFault::Reset(9_999), WireFault::Close(9_999)] {
            server.set_fault(fault);
            client.ask().await;
            client.head().await;
            client.read(BODY.len()).await;
        }
        // The plan applies to one response only: 50 more responses arrive complete.
        server.set_fault(None);
        for _ in 0..50 {
            client.ask().await;
            client.head().await;
            assert_eq!(client.read(BODY.len()).await, BODY.as_bytes());
        }
    })
    .await;
}

/// On Linux, bytes that arrived before the RST can be read after it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn client_reads_bytes_that_arrived_before_reset() {
    in_time(async {
        let server = TestServer::with_response(response("x".repeat(20_000)));
        let (whole, _) = server.fetch().await;
        for at in [0, 1, 100, 5_000, 20_000, whole.len()] {
            server.set_fault(WireFault::Reset(at));
            let mut client = server.client().await;
            client.ask_once().await;
            client.0.ready(tokio::io::Interest::ERROR).await.unwrap();
            let (bytes, end) = client.rest().await;
            assert_eq!(bytes.len(), at);
            assert!(is_reset(&end));
        }
    })
    .await;
}

/// Reads a response slowly, with a small receive buffer. Returns the number of bytes, and how the
/// connection ended.
async fn slow_fetch(server: &TestServer) -> (usize, std::io::Result<()>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut client = RawClient(socket.connect(server.gate.address()).await.unwrap());
    client.ask().await;
    let mut count = 0;
    let mut buffer = vec![0; 50_000];
    loop {
        match client.0.read(&mut buffer).await {
            Ok(0) => return (count, Ok(())),
            Ok(more) => count += more,
            Err(error) => return (count, Err(error)),
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn reset_waits_for_slow_client() {
    in_time(async {
        let server = TestServer::with_response(response("x".repeat(LARGE)));
        for at in [70_000, LARGE / 2] {
            server.set_fault(WireFault::Reset(at));
            let (count, end) = slow_fetch(&server).await;
            assert_eq!(count, at);
            assert!(is_reset(&end), "{end:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn cuts_body_at_exact_byte_for_slow_client() {
    in_time(async {
        let server = TestServer::with_response(response("x".repeat(LARGE)));
        let mut client = server.client().await;
        client.ask().await;
        let head = client.head().await.len();
        server.set_fault(WireFault::CutBody { at: LARGE / 2, chunked: false });
        let (count, end) = slow_fetch(&server).await;
        assert_eq!(count, head + LARGE / 2);
        assert!(end.is_ok());
    })
    .await;
}

#[tokio::test]
async fn cut_body_keeps_original_content_length() {
    in_time(async {
        let server = TestServer::start();
        let (whole, _) = server.fetch().await;
        let head = whole.len() - BODY.len();
        for at in 0..=BODY.len() + 1 {
            server.set_fault(WireFault::CutBody { at, chunked: false });
            let (bytes, end) = server.fetch().await;
            let (bytes, whole) =
                (sorted_head(&bytes), sorted_head(&whole[..whole.len().min(head + at)]));
            assert_eq!(bytes, whole, "at {at}");
            assert!(end.is_ok(), "at {at}: {end:?}");
        }
    })
    .await;
}

/// Returns the lines of the head, sorted because hyper may reorder its own headers, and the body.
fn sorted_head(bytes: &[u8]) -> (Vec<String>, String) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().map(str::to_owned).collect();
    lines.sort();
    (lines, body.to_owned())
}

#[tokio::test]
async fn cuts_chunked_body_between_chunks() {
    in_time(async {
        let server = TestServer::start();
        let length = BODY.len();
        for at in 0..=length + 1 {
            server.set_fault(WireFault::CutBody { at, chunked: true });
            let (bytes, end) = server.fetch().await;
            let (head, body) = sorted_head(&bytes);
            assert!(head.contains(&"transfer-encoding: chunked".to_owned()), "{head:?}");
            let expected = match at {
                0 => String::new(),
                _ if at <= length => format!("{at:X}\r\n{}\r\n", &BODY[..at]),
                _ => format!("{length:X}\r\n{BODY}\r\n0\r\n\r\n"),
            };
            assert_eq!(body, expected, "at {at}");
            assert!(end.is_ok());
        }
    })
    .await;
}
