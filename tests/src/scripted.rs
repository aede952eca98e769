//! An HTTP server that records what it is sent and answers what it was told to.
//!
//! It has no opinion: any method and path is taken, and the answers go out in the order in
//! which they were given. A request beyond the script gets a 500 that says so.

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

pub use crate::exchange::{Answer, Recorded};

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    requests: Vec<Recorded>,
    /// How many requests there were, those among them that were taken out of the record.
    count: watch::Sender<usize>,
}

/// The server. It stops when it is dropped.
#[derive(Debug)]
pub struct Scripted {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Scripted {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// The operating system has none.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let script = Arc::new(Mutex::new(Script::default()));
        let router = Router::new().fallback(exchange).with_state(Arc::clone(&script));
        let serving = tokio::spawn(async move {
            // It ends with the test; there is nobody to tell of an error.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, script, serving })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds an answer to the script.
    pub fn answer(&self, answer: Answer) {
        lock(&self.script).answers.push_back(answer);
    }

    /// Waits until so many requests have come, since the server began.
    pub async fn requested(&self, count: usize) {
        let mut so_far = lock(&self.script).count.subscribe();
        // It fails when the server is gone, which it is not while it is borrowed.
        let _ = so_far.wait_for(|so_far| *so_far >= count).await;
    }

    /// What has been sent so far, taken out of the record.
    pub fn take_requests(&self) -> Vec<Recorded> {
        std::mem::take(&mut lock(&self.script).requests)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    // A test that failed elsewhere must not fail here a second time.
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn exchange(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let request = match Recorded::read(request).await {
        Ok(request) => request,
        Err(status) => return Answer::empty(status).into_response(),
    };
    let mut script = lock(&script);
    script.requests.push(request);
    script.count.send_modify(|count| *count += 1);
    let answer = script.answers.pop_front().unwrap_or_else(|| {
        let text = "the script of this server has no further answer";
        Answer::new(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", text)
    });
    answer.into_response()
}
