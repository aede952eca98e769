//! A received request and the response to it.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The maximum size of a request body.
const REQUEST_LIMIT: usize = 16 << 20;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// The path and the query, not decoded.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl RecordedRequest {
    /// Reads a request with its whole body.
    ///
    /// # Errors
    /// Returns the status 400 if the body ends too early or is longer than 16 MiB.
    pub async fn read(request: Request) -> Result<Self, StatusCode> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.to_string();
        let body = to_bytes(body, REQUEST_LIMIT).await.map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok(Self { method: parts.method, target, headers: parts.headers, body })
    }

    /// Returns the path, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the query without the question mark, or the empty string.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Returns the value of a header. Returns the empty string if the header is missing or not ASCII.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A response with its whole body.
#[derive(Debug, Clone, Default)]
pub struct BufferedResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers, without `Content-Length` and `Transfer-Encoding`.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl BufferedResponse {
    /// Creates a response without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// Creates a response with a body of this content type.
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
            .header(header::CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// Creates a response with a JSON body.
    pub fn json(status: StatusCode, body: &impl ToString) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }
}

impl IntoResponse for BufferedResponse {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
