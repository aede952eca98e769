//! An HTTP server that records every request, and returns the statuses that a test chose.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use twin_emulator::exchange::RecordedRequest;

#[derive(Debug, Default)]
struct Record {
    statuses: VecDeque<StatusCode>,
    requests: Vec<RecordedRequest>,
    /// The number of all requests, including those that the test has taken.
    count: watch::Sender<usize>,
}

/// The server. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct RecordingServer {
    address: SocketAddr,
    record: Arc<Mutex<Record>>,
    serving: JoinHandle<()>,
}

impl RecordingServer {
    /// Starts the server on a free loopback port. It returns these statuses first, and then 204.
    pub(crate) async fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the socket is bound");
        let statuses =
            statuses.iter().map(|status| StatusCode::from_u16(*status).expect("a status"));
        let record = Record { statuses: statuses.collect(), ..Record::default() };
        let record = Arc::new(Mutex::new(record));
        let router = Router::new().fallback(exchange).with_state(Arc::clone(&record));
        let serving = tokio::spawn(async move {
            // The server ends with the test, so an error cannot be reported.
            let _ = axum::serve(listener, router).await;
        });
        Self { address, record, serving }
    }

    /// Returns the base URL, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until `count` requests were received since the start.
    #[allow(dead_code, reason = "not every suite uses it")]
    pub(crate) async fn requested(&self, count: usize) {
        let mut so_far = lock(&self.record).count.subscribe();
        so_far.wait_for(|so_far| *so_far >= count).await.expect("the server runs");
    }

    /// Returns the requests since the last call.
    #[allow(dead_code, reason = "not every suite uses it")]
    pub(crate) fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut lock(&self.record).requests)
    }
}

impl Drop for RecordingServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    // A panic in another test thread must not cause a second panic here.
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn exchange(State(record): State<Arc<Mutex<Record>>>, request: Request) -> StatusCode {
    let request = match RecordedRequest::read(request).await {
        Ok(request) => request,
        Err(status) => return status,
    };
    let mut record = lock(&record);
    record.requests.push(request);
    record.count.send_modify(|count| *count += 1);
    record.statuses.pop_front().unwrap_or(StatusCode::NO_CONTENT)
}
