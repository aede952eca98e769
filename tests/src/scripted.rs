//! An HTTP server that records requests and sends scripted responses.
//!
//! It accepts any method and path, and sends the responses in the order in which they were added.
//! A request without a scripted response gets a 500 that says so.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use crate::exchange::{BufferedResponse, RecordedRequest};

#[derive(Debug, Default)]
struct ScriptState {
    answers: VecDeque<BufferedResponse>,
    requests: Vec<RecordedRequest>,
    /// The number of requests so far, including those taken from the record.
    count: watch::Sender<usize>,
}

/// The server. It stops when it is dropped.
#[derive(Debug)]
pub struct Scripted {
    address: SocketAddr,
    script: Arc<Mutex<ScriptState>>,
    serving: JoinHandle<()>,
}

impl Scripted {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// Returns an error if no port is free.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let script = Arc::new(Mutex::new(ScriptState::default()));
        let router = Router::new().fallback(exchange).with_state(Arc::clone(&script));
        let serving = tokio::spawn(async move {
            // The server ends with the test, so an error has no effect.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, script, serving })
    }

    /// Returns the base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a response to the script.
    pub fn answer(&self, answer: BufferedResponse) {
        lock(&self.script).answers.push_back(answer);
    }

    /// Waits until `count` requests were received since the start.
    pub async fn requested(&self, count: usize) {
        let mut so_far = lock(&self.script).count.subscribe();
        // `wait_for` fails only when the server is gone, and it is borrowed here.
        let _ = so_far.wait_for(|so_far| *so_far >= count).await;
    }

    /// Returns the requests so far and clears the record.
    pub fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut lock(&self.script).requests)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(script: &Mutex<ScriptState>) -> MutexGuard<'_, ScriptState> {
    // A panic in another test thread must not cause a second panic here.
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn exchange(State(script): State<Arc<Mutex<ScriptState>>>, request: Request) -> Response {
    let request = match RecordedRequest::read(request).await {
        Ok(request) => request,
        Err(status) => return BufferedResponse::empty(status).into_response(),
    };
    let mut script = lock(&script);
    script.requests.push(request);
    script.count.send_modify(|count| *count += 1);
    let answer = script.answers.pop_front().unwrap_or_else(|| {
        let text = "the server has no more scripted responses";
        BufferedResponse::new(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", text)
    });
    answer.into_response()
}
