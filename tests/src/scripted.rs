//! An HTTP server that records what it is sent and answers what it was told to.
//!
//! It has no opinion: any method and path is taken, and the answers go out in the order in
//! which they were given. A request beyond the script gets a 500 that says so.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Larger requests than this are cut off; no test sends one.
const REQUEST_LIMIT: usize = 16 << 20;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// Path and query, as they were on the wire.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Recorded {
    /// A header's value, or the empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// An answer to be given.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// An answer with a body of this content type.
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
            .header(header::CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// An answer with a JSON body.
    pub fn json(status: StatusCode, body: &impl ToString) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    requests: Vec<Recorded>,
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
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, REQUEST_LIMIT).await.unwrap_or_default();
    let mut script = lock(&script);
    script.requests.push(Recorded {
        method: parts.method,
        target: parts.uri.to_string(),
        headers: parts.headers,
        body,
    });
    let answer = script.answers.pop_front().unwrap_or_else(|| {
        let text = "the script of this server has no further answer";
        Answer::new(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", text)
    });
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
