//! A server that always sends the same response, and a client that reads its bytes.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::exchange::{BufferedResponse, RecordedRequest};
use crate::fault::{ManualTimer, Timer, WireFault};
use crate::wire::{Connection, Gate, Listener, respond};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: twin.test\r\n\r\n";

/// The default body of responses.
pub(super) const BODY: &str = r#"{"agents":[]}"#;

/// The server. The test ends the waits of its faults.
pub(super) struct TestServer {
    pub(super) gate: Gate,
    pub(super) timer: ManualTimer,
    /// Receives a message whenever the server drops a body.
    pub(super) dropped: mpsc::UnboundedReceiver<()>,
    shared: TestServerState,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct TestServerState {
    response: BufferedResponse,
    fault: Arc<Mutex<Option<WireFault>>>,
    timer: Arc<dyn Timer>,
    dropped: mpsc::UnboundedSender<()>,
}

/// Builds a response whose bytes are always the same, including its date.
pub(super) fn response(body: impl Into<axum::body::Bytes>) -> BufferedResponse {
    let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
    BufferedResponse::new(StatusCode::OK, "application/json", body).header(header::DATE, date)
}

impl TestServer {
    pub(super) fn start() -> Self {
        Self::with_response(response(BODY))
    }

    pub(super) fn with_response(response: BufferedResponse) -> Self {
        let (listener, gate) = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let (sender, dropped) = mpsc::unbounded_channel();
        let timer = ManualTimer::default();
        let shared = TestServerState {
            response,
            fault: Arc::default(),
            timer: Arc::new(timer.clone()),
            dropped: sender,
        };
        let router = Router::new().fallback(exchange).with_state(shared.clone());
        let service = router.into_make_service_with_connect_info::<Connection>();
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { gate, timer, dropped, shared, serving }
    }

    /// Sets the fault of all following responses.
    pub(super) fn set_fault(&self, fault: impl Into<Option<WireFault>>) {
        *self.shared.fault.lock().unwrap() = fault.into();
    }

    pub(super) async fn client(&self) -> RawClient {
        RawClient(TcpStream::connect(self.gate.address()).await.unwrap())
    }

    /// Sends one request, and reads until the connection ends.
    pub(super) async fn fetch(&self) -> (Vec<u8>, io::Result<()>) {
        let mut client = self.client().await;
        client.ask_once().await;
        client.rest().await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn exchange(
    State(shared): State<TestServerState>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    RecordedRequest::read(request).await.unwrap();
    let fault = shared.fault.lock().unwrap().clone();
    let TestServerState { response, timer, dropped, .. } = shared;
    let response = respond(response, fault.as_ref(), &connection, &timer).await;
    if !matches!(fault, Some(WireFault::Endless(_))) {
        return response;
    }
    let guard = Guard(dropped);
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            let _ = &guard;
        }))
    })
}

struct Guard(mpsc::UnboundedSender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A plain TCP client.
pub(super) struct RawClient(pub(super) TcpStream);

impl RawClient {
    pub(super) async fn ask(&mut self) {
        self.0.write_all(REQUEST).await.unwrap();
    }

    /// Sends a request with `Connection: close`.
    pub(super) async fn ask_once(&mut self) {
        let request = b"GET / HTTP/1.1\r\nhost: twin.test\r\nconnection: close\r\n\r\n";
        self.0.write_all(request).await.unwrap();
    }

    /// Reads this many bytes.
    pub(super) async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// Reads the head of a response, including the blank line.
    pub(super) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Reads until the connection ends, and returns how it ended.
    pub(super) async fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes).await;
        (bytes, end.map(|_| ()))
    }

    /// Returns whether all arrived bytes were read.
    pub(super) fn is_idle(&self) -> bool {
        let error = self.0.try_read(&mut [0]).map_err(|error| error.kind());
        error == Err(io::ErrorKind::WouldBlock)
    }
}

/// Runs a test, and fails it after a minute. The limit is high because machines can be slow.
pub(super) async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test hangs");
}

/// Returns whether a connection ended with a reset.
pub(super) fn is_reset(end: &io::Result<()>) -> bool {
    end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}
