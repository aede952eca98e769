//! A server with one response, and clients that read its bytes.

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
use crate::fault::{ManualPace, Pace, WireFault};
use crate::wire::{Connection, Gate, Listener, respond};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: twin.test\r\n\r\n";

/// The default body of responses.
pub(super) const BODY: &str = r#"{"agents":[]}"#;

/// A server whose scripted waits are ended by the test.
pub(super) struct Rig {
    pub(super) gate: Gate,
    pub(super) pace: ManualPace,
    /// Gets a message whenever the server drops a body.
    pub(super) dropped: mpsc::UnboundedReceiver<()>,
    shared: RigState,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct RigState {
    answer: BufferedResponse,
    fault: Arc<Mutex<Option<WireFault>>>,
    pace: Arc<dyn Pace>,
    dropped: mpsc::UnboundedSender<()>,
}

/// A response with constant bytes.
pub(super) fn answer(body: impl Into<axum::body::Bytes>) -> BufferedResponse {
    let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
    BufferedResponse::new(StatusCode::OK, "application/json", body).header(header::DATE, date)
}

impl Rig {
    pub(super) fn start() -> Self {
        Self::answering(answer(BODY))
    }

    pub(super) fn answering(answer: BufferedResponse) -> Self {
        let (listener, gate) = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let (sender, dropped) = mpsc::unbounded_channel();
        let pace = ManualPace::default();
        let shared = RigState {
            answer,
            fault: Arc::default(),
            pace: Arc::new(pace.clone()),
            dropped: sender,
        };
        let router = Router::new().fallback(exchange).with_state(shared.clone());
        let service = router.into_make_service_with_connect_info::<Connection>();
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { gate, pace, dropped, shared, serving }
    }

    /// Sets the fault of all following responses.
    pub(super) fn set_fault(&self, fault: impl Into<Option<WireFault>>) {
        *self.shared.fault.lock().unwrap() = fault.into();
    }

    pub(super) async fn client(&self) -> Client {
        Client(TcpStream::connect(self.gate.address()).await.unwrap())
    }

    /// Sends one request and reads to the end.
    pub(super) async fn fetch(&self) -> (Vec<u8>, io::Result<()>) {
        let mut client = self.client().await;
        client.ask_once().await;
        client.rest().await
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn exchange(
    State(shared): State<RigState>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    RecordedRequest::read(request).await.unwrap();
    let fault = shared.fault.lock().unwrap().clone();
    let RigState { answer, pace, dropped, .. } = shared;
    let response = respond(answer, fault.as_ref(), &connection, &pace).await;
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
pub(super) struct Client(pub(super) TcpStream);

impl Client {
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

/// The timeout of a test that hangs, generous for slow machines.
pub(super) async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test hangs");
}

/// The end of a connection that was reset.
pub(super) fn is_reset(end: &io::Result<()>) -> bool {
    end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}
