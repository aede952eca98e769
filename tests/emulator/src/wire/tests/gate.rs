//! Tests of the gate, which refuses and accepts connections.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use tokio::net::TcpStream;

use super::server::{BODY, TestServer, in_time, is_reset};
use crate::fault::WireFault;

async fn connect_error(server: &TestServer) -> Option<ErrorKind> {
    TcpStream::connect(server.gate.address()).await.err().map(|error| error.kind())
}

#[tokio::test]
async fn gate_refuses_connections_and_accepts_again_on_the_same_port() {
    in_time(async {
        let server = TestServer::start();
        let (whole, _) = server.fetch().await;
        let mut accepted = server.client().await;
        accepted.ask().await;
        accepted.head().await;
        accepted.read(BODY.len()).await;
        for _ in 0..20 {
            // The server closes first, so that its port has connections in TIME_WAIT.
            server.set_fault(WireFault::Close(5));
            assert_eq!(server.fetch().await.0, whole[..5]);
            server.set_fault(None);
            server.gate.refuse().await;
            for _ in 0..10 {
                assert_eq!(connect_error(&server).await, Some(ErrorKind::ConnectionRefused));
            }
            accepted.ask().await;
            accepted.head().await;
            accepted.read(BODY.len()).await;
            server.gate.accept().await;
            assert_eq!(server.fetch().await.0, whole);
        }
    })
    .await;
}

#[tokio::test]
async fn gate_refuses_and_accepts_repeatedly() {
    in_time(async {
        let server = TestServer::start();
        server.gate.accept().await;
        server.gate.refuse().await;
        server.gate.refuse().await;
        assert_eq!(connect_error(&server).await, Some(ErrorKind::ConnectionRefused));
        server.gate.accept().await;
        server.gate.accept().await;
        server.gate.opened().await;
        assert_eq!(connect_error(&server).await, None);
    })
    .await;
}

#[tokio::test]
async fn refuse_fault_resets_request_and_accepts_after_its_duration() {
    in_time(async {
        let server = TestServer::start();
        let time = Duration::from_secs(3_600);
        server.set_fault(WireFault::Refuse(time));
        let (bytes, end) = server.fetch().await;
        assert!(bytes.is_empty());
        assert!(is_reset(&end), "{end:?}");
        assert_eq!(connect_error(&server).await, Some(ErrorKind::ConnectionRefused));

        server.set_fault(None);
        let waiting = server.timer.next().await;
        assert_eq!(waiting.duration(), time);
        waiting.end();
        server.gate.opened().await;
        assert!(server.fetch().await.0.ends_with(BODY.as_bytes()));
    })
    .await;
}

#[tokio::test]
async fn last_refuse_duration_applies() {
    in_time(async {
        let server = TestServer::start();
        let mut first = server.client().await;
        let mut second = server.client().await;
        server.set_fault(WireFault::Refuse(Duration::from_secs(1)));
        first.ask().await;
        assert!(is_reset(&first.rest().await.1));
        server.set_fault(WireFault::Refuse(Duration::from_secs(2)));
        second.ask().await;
        assert!(is_reset(&second.rest().await.1));

        server.timer.next().await.cancelled().await;
        assert_eq!(connect_error(&server).await, Some(ErrorKind::ConnectionRefused));
        server.timer.next().await.end();
        server.gate.opened().await;
        assert_eq!(connect_error(&server).await, None);
    })
    .await;
}

#[tokio::test]
async fn gate_methods_return_when_server_is_gone() {
    in_time(async {
        let gate = TestServer::start().gate.clone();
        gate.refuse().await;
        gate.accept().await;
        let refused = TcpStream::connect(gate.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    })
    .await;
}

/// Runs this test again in a child process with a low limit on file descriptors.
#[cfg(target_os = "linux")]
#[test]
fn accepts_again_after_running_out_of_descriptors() {
    const CHILD: &str = "TWIN_EMULATOR_FEW_DESCRIPTORS";
    if std::env::var_os(CHILD).is_some() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(in_time(exhaust()));
        return;
    }
    let name = "wire::tests::gate::accepts_again_after_running_out_of_descriptors";
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

async fn exhaust() {
    let server = TestServer::start();
    let (whole, _) = server.fetch().await;
    let mut clients = Vec::new();
    let error = loop {
        match TcpStream::connect(server.gate.address()).await {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("Too many open files"), "{error}");
    // One more client than the limit allows. It is accepted after the others have disconnected.
    clients.truncate(clients.len() - 1);
    let mut late = server.client().await;
    late.ask_once().await;
    tokio::task::yield_now().await;
    drop(clients);
    assert_eq!(late.rest().await.0, whole);
    assert_eq!(server.fetch().await.0, whole);
}
