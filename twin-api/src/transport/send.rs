//! Sends the request of every generated builder and decodes its response.
//!
//! Each function adds the key, calls the transport, and returns a value or an [`Error`] with the
//! operation filled in.

use std::mem;
use std::time::{Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use progenitor_client::{ByteStream, RequestBuilderExt, ResponseValue};
use reqwest::header::LOCATION;
use reqwest::{Method, Request, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::decode::{self, Quote};
use super::{
    Failure, Inner, KEY_HEADER, OperationInfo, Report, refusal, refusal_outcome, refusal_status,
    retry_after,
};
use crate::error::{Error, ErrorKind, Outcome};
use crate::network;

/// Sends a request with a JSON response.
pub(crate) async fn send<T: DeserializeOwned>(
    http: &reqwest::Client,
    inner: &Inner,
    request: reqwest::Result<Request>,
    operation: &'static OperationInfo,
) -> Result<ResponseValue<T>, Error> {
    let call = OperationCall::new(inner, operation);
    call.exchange(http, request).await?.decode(Quote::Excerpt)
}

/// Sends a request with a JSON response that contains secrets. Errors quote nothing of it.
#[allow(dead_code, reason = "other documents have no secrets")]
pub(crate) async fn send_secret<T: DeserializeOwned>(
    http: &reqwest::Client,
    inner: &Inner,
    request: reqwest::Result<Request>,
    operation: &'static OperationInfo,
) -> Result<ResponseValue<T>, Error> {
    let call = OperationCall::new(inner, operation);
    call.exchange(http, request).await?.decode(Quote::Nothing)
}

/// Sends a request with an empty response.
#[allow(dead_code, reason = "other documents have no such operation")]
pub(crate) async fn send_empty(
    http: &reqwest::Client,
    inner: &Inner,
    request: reqwest::Result<Request>,
    operation: &'static OperationInfo,
) -> Result<ResponseValue<()>, Error> {
    let call = OperationCall::new(inner, operation);
    let mut received = call.exchange(http, request).await?;
    let headers = mem::take(received.response.headers_mut());
    Ok(ResponseValue::new((), received.response.status(), headers))
}

/// Sends a request with a streamed response.
#[allow(dead_code, reason = "other documents have such operations")]
pub(crate) async fn stream(
    http: &reqwest::Client,
    inner: &Inner,
    request: reqwest::Result<Request>,
    operation: &'static OperationInfo,
) -> Result<ResponseValue<ByteStream>, Error> {
    let call = OperationCall::new(inner, operation);
    let UndecodedResponse { response, body, .. } = call.exchange(http, request).await?;
    if body.is_empty() {
        return Ok(ResponseValue::stream(response));
    }
    // The transport has already read the body.
    let mut rebuilt = http::Response::new(body);
    *rebuilt.status_mut() = response.status();
    *rebuilt.headers_mut() = response.headers().clone();
    Ok(ResponseValue::stream(rebuilt.into()))
}

/// Builds the error for a parameter that is missing or not valid.
pub(crate) fn invalid_request(operation: &'static OperationInfo, message: String) -> Error {
    let mut failure = Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message);
    describe(&mut failure, operation);
    failure.into()
}

/// Builds the error for a value that a header cannot hold. It does not quote the value.
#[allow(dead_code, reason = "other documents have parameters in headers")]
pub(crate) fn invalid_header(operation: &'static OperationInfo, name: &str) -> Error {
    invalid_request(operation, format!("{name} contains a character that a header cannot hold"))
}

/// Sets a form as the body of a request.
#[allow(dead_code, reason = "other documents have bodies that are forms")]
pub(crate) fn form(
    request: RequestBuilder,
    body: &(impl Serialize + ?Sized),
    operation: &'static OperationInfo,
) -> Result<RequestBuilder, Error> {
    let built = RequestBuilderExt::<()>::form_urlencoded(request, body);
    built.map_err(|_| invalid_request(operation, "the body cannot be sent as a form".to_owned()))
}

/// Adds the operation to a failure.
fn describe(failure: &mut Failure, operation: &OperationInfo) {
    failure.operation = Some(operation.operation_id.into());
    failure.method = Method::from_bytes(operation.method.as_bytes()).ok();
    failure.is_idempotent = operation.is_idempotent();
    if failure.path.is_none() {
        failure.path = Some(operation.path_template.to_owned());
    }
}

/// One call of an operation.
struct OperationCall<'a> {
    inner: &'a Inner,
    operation: &'static OperationInfo,
    started: Instant,
    /// The URL of the request. `None` until the request is built. A response may have another URL,
    /// because a transport can build it from a recording.
    url: Option<Url>,
}

/// A success response that is not decoded yet.
struct UndecodedResponse<'a> {
    call: OperationCall<'a>,
    response: Response,
    body: Bytes,
    report: Option<Report>,
}

impl<'a> OperationCall<'a> {
    fn new(inner: &'a Inner, operation: &'static OperationInfo) -> Self {
        Self { inner, operation, started: Instant::now(), url: None }
    }

    /// Sends the request. A response that is not a success becomes an error.
    async fn exchange(
        mut self,
        http: &reqwest::Client,
        request: reqwest::Result<Request>,
    ) -> Result<UndecodedResponse<'a>, Error> {
        let mut request = match request {
            Ok(request) => request,
            Err(error) => return Err(self.build_error(error)),
        };
        self.url = Some(request.url().clone());
        if let Some(key) = &self.inner.key {
            request.headers_mut().insert(KEY_HEADER, key.clone());
        }
        let sent = self.inner.transport.execute(http, request, self.operation).await;
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => {
                let mut failure = Failure::from(error);
                network::name_proxy(&mut failure, http);
                return Err(self.call_error(failure, None));
            }
        };
        let mut report: Option<Report> = response.extensions_mut().remove();
        if let Some(status) = refusal_status(response.status(), response.headers()) {
            return Err(self.refusal_error(response, status, report).await);
        }
        if !response.status().is_success() {
            return Err(self.status_error(&mut response, report));
        }
        let body = match report.as_mut().and_then(|report| report.body.take()) {
            Some(body) => body,
            None if self.operation.is_stream => Bytes::new(),
            None => match read_body(&mut response).await {
                Ok(body) => body,
                Err(error) => return Err(self.body_error(&mut response, error, report)),
            },
        };
        let received = UndecodedResponse { call: self, response, body, report };
        if decode::is_foreign(received.response.headers(), &received.body) {
            let excerpt = decode::excerpt(&received.body, received.call.inner.redactor());
            return Err(received.not_the_api_error(excerpt));
        }
        Ok(received)
    }

    /// Builds the error for a request that could not be built. Nothing was sent.
    fn build_error(&self, error: reqwest::Error) -> Error {
        let mut failure = Failure::from(Error::from(error));
        describe(&mut failure, self.operation);
        self.redacted(failure)
    }

    /// Builds the error for an error response, and reads its body for the problem details.
    async fn refusal_error(
        self,
        mut response: Response,
        status: StatusCode,
        report: Option<Report>,
    ) -> Error {
        let body = match report.as_ref().and_then(|report| report.body.clone()) {
            Some(body) => Some(body),
            None => read_beginning(&mut response).await,
        };
        let mut failure = refusal::failure(status, body.as_ref(), self.inner.redactor());
        let headers = response.headers();
        failure.retry_after = match &report {
            Some(report) => report.retry_after,
            None => retry_after(headers, SystemTime::now),
        };
        failure.outcome = refusal_outcome(status, failure.retry_after.is_some());
        self.response_error(failure, &mut response, report)
    }

    /// Builds the error for a status that is neither a success nor an error.
    fn status_error(self, response: &mut Response, report: Option<Report>) -> Error {
        let status = response.status();
        let what = if status.is_redirection() && response.headers().contains_key(LOCATION) {
            "redirects are not followed"
        } else {
            "the API does not use this status"
        };
        let outcome = match status.as_u16() {
            301 | 302 | 307 | 308 => Outcome::Rejected,
            _ => Outcome::Unknown,
        };
        let (from, status) = (self.url_without_query(), status.as_u16());
        let message = format!("{from} does not respond like the Twin API: {status}; {what}");
        let mut failure = Failure::new(ErrorKind::NotTheApi, outcome, message);
        failure.status = Some(response.status());
        self.response_error(failure, response, report)
    }

    /// Builds the error for a body that ended before it was complete.
    fn body_error(
        self,
        response: &mut Response,
        error: reqwest::Error,
        report: Option<Report>,
    ) -> Error {
        let mut failure = Failure::torn(error);
        failure.status = Some(response.status());
        self.response_error(failure, response, report)
    }

    /// Builds the error for a response. It takes the headers out of the response.
    fn response_error(
        self,
        mut failure: Failure,
        response: &mut Response,
        report: Option<Report>,
    ) -> Error {
        failure.headers = mem::take(response.headers_mut());
        self.call_error(failure, report)
    }

    /// Builds the error for the caller, with operation, attempts and outcome.
    fn call_error(&self, mut failure: Failure, report: Option<Report>) -> Error {
        failure.path = self.url.as_ref().map(|url| url.path().to_owned());
        describe(&mut failure, self.operation);
        if let Some(report) = report {
            failure.attempts = report.attempts;
            failure.elapsed = report.elapsed;
            // A safe method has no effect, so the outcome of earlier attempts does not matter.
            if !self.operation.is_safe() {
                failure.outcome = failure.outcome.max(report.earlier);
            }
        }
        let sent = !matches!(failure.kind, ErrorKind::InvalidRequest | ErrorKind::Config);
        // The transport reported no attempts, so count one.
        if failure.attempts == 0 && sent {
            failure.attempts = 1;
            failure.elapsed = self.started.elapsed();
        }
        self.redacted(failure)
    }

    /// Returns the URL of the request without its query.
    fn url_without_query(&self) -> String {
        let url = self.url.as_ref();
        let place = url.map(|url| url.origin().ascii_serialization() + url.path());
        place.unwrap_or_default()
    }

    /// Removes the key from all texts that came from a response, the caller or a transport.
    fn redacted(&self, mut failure: Failure) -> Error {
        let redactor = self.inner.redactor();
        let clean = |text: &str| redactor.text(text).into_owned();
        failure.message = clean(&failure.message).into();
        for text in [&mut failure.path, &mut failure.json_path, &mut failure.excerpt] {
            *text = text.as_deref().map(clean);
        }
        // A redacted identifier does not identify a run.
        failure.run_id = failure.run_id.filter(|run_id| clean(run_id) == *run_id);
        failure.problem =
            failure.problem.map(|problem| refusal::redacted_problem(problem, redactor));
        redactor.headers(&mut failure.headers);
        failure.source = failure.source.map(|source| redactor.cause(source));
        failure.into()
    }
}

impl UndecodedResponse<'_> {
    fn decode<T: DeserializeOwned>(mut self, quote: Quote) -> Result<ResponseValue<T>, Error> {
        let is_none = self.body.is_empty() && self.call.operation.may_be_empty;
        let body = if is_none { &Bytes::from_static(b"null") } else { &self.body };
        match decode::decode(body, quote, self.call.inner.redactor()) {
            Ok(value) => {
                let headers = mem::take(self.response.headers_mut());
                Ok(ResponseValue::new(value, self.response.status(), headers))
            }
            Err(failure) => Err(self.decode_error(*failure)),
        }
    }

    fn decode_error(mut self, mut failure: Failure) -> Error {
        if failure.kind == ErrorKind::NotTheApi {
            return self.not_the_api_error(failure.excerpt);
        }
        failure.status = Some(self.response.status());
        self.call.response_error(failure, &mut self.response, self.report)
    }

    fn not_the_api_error(mut self, excerpt: Option<String>) -> Error {
        let (status, headers) = (self.response.status(), self.response.headers());
        let mut failure =
            decode::not_the_api(status, headers, &self.call.url_without_query(), &self.body);
        failure.excerpt = excerpt;
        self.call.response_error(failure, &mut self.response, self.report)
    }
}

/// Reads the whole body. A body of one chunk is not copied.
async fn read_body(response: &mut Response) -> reqwest::Result<Bytes> {
    let Some(first) = response.chunk().await? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await? else { return Ok(first) };
    let mut body = BytesMut::from(first);
    body.extend_from_slice(&second);
    while let Some(more) = response.chunk().await? {
        body.extend_from_slice(&more);
    }
    Ok(body.freeze())
}

/// Reads the beginning of an error response. `None` if it could not be read: the status matters
/// more than the error of the connection.
async fn read_beginning(response: &mut Response) -> Option<Bytes> {
    let mut body = BytesMut::new();
    while body.len() < refusal::MAX_BODY {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let length = chunk.len().min(refusal::MAX_BODY - body.len());
                body.extend_from_slice(&chunk[..length]);
            }
            Ok(None) => break,
            Err(_) => return None,
        }
    }
    Some(body.freeze())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::super::{PendingResponse, Transport};
    use super::*;

    /// Responds with 200 and a body.
    #[derive(Debug)]
    struct FixedBody(&'static str);

    impl Transport for FixedBody {
        fn execute<'a>(
            &'a self,
            _: &'a reqwest::Client,
            _: Request,
            _: &'a OperationInfo,
        ) -> PendingResponse<'a> {
            let response = http::Response::new(self.0);
            Box::pin(async { Ok(response.into()) })
        }
    }

    fn send_to(body: &'static str, operation: &'static OperationInfo) -> Result<Option<u8>, Error> {
        let (http, inner) = (reqwest::Client::new(), Inner::new(FixedBody(body)));
        let request = http.get("http://127.0.0.1/").build();
        let mut call = pin!(send(&http, &inner, request, operation));
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.map(ResponseValue::into_inner),
            Poll::Pending => panic!("the body is in memory"),
        }
    }

    #[test]
    fn empty_body_is_none_only_if_the_operation_allows_it() {
        static PLAIN: OperationInfo = OperationInfo::new("a", "GET", "/a");
        static OR_EMPTY: OperationInfo = OperationInfo::new("a", "GET", "/a").or_empty();
        assert_eq!(send_to("", &OR_EMPTY).unwrap(), None);
        assert_eq!(send_to("7", &OR_EMPTY).unwrap(), Some(7));
        assert!(send_to("", &PLAIN).is_err());
    }
}
