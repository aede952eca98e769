//! The transport of this crate: what happens to one call.
//!
//! It sends a request as often as is safe and useful, bounds how long that takes and how
//! much of an answer is read, and tells a stranger's answer from the API's. It runs no task
//! of its own: a future that is dropped sends nothing more. What may be repeated is in the
//! [guide](crate::guide::retries).

mod attempt;
mod body;
mod call;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;
use http::{Method, StatusCode};
use twin_api::reqwest::{self, Request, Url};
use twin_api::transport::{Answer, OperationInfo, Transport};
use twin_api::{Client, ClientInfo as _};

pub(crate) use self::attempt::Seen;
use self::call::Call;
use crate::clock::{Clock, SystemClock};
use crate::drift::Watch;
use crate::error::{Error, Outcome};
use crate::retry::{Bucket, Retry};
use crate::trace::Span;

/// The one `POST` that does no harm when it comes twice: a run is cancelled once.
const CANCEL_RUN: &str = "cancel_run";

/// A failure of this transport, on its way through the response that stands for it.
#[derive(Debug, Clone)]
pub(crate) struct Failure(pub(crate) Error);

/// Sends requests by the rules of this crate. `Debug` shows settings and no key.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) base: Url,
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) retry: Retry,
    pub(crate) bucket: Bucket,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) watch: Option<Watch>,
}

/// The clock of a client, for what waits between its calls; the system's where the client was
/// not built by this crate.
pub(crate) fn clock_of(client: &Client) -> Arc<dyn Clock> {
    let transport: &dyn Any = client.inner().transport();
    match transport.downcast_ref::<Policy>() {
        Some(policy) => Arc::clone(&policy.clock),
        None => Arc::new(SystemClock),
    }
}

impl Transport for Policy {
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        operation: &'a OperationInfo,
    ) -> Answer<'a> {
        let span = Span::start(&request, operation.operation_id);
        let call = Call::new(self, &request, operation.operation_id, span.clone());
        if !same_origin(request.url(), &self.base) {
            return Box::pin(std::future::ready(Ok(call.astray())));
        }
        if span.is_disabled() {
            return Box::pin(call.run(client, request));
        }
        span.around(call.run(client, request))
    }
}

/// Whether the same request may be sent although an earlier one may have had its effect.
pub(crate) fn is_repeatable(method: &Method, operation: &str) -> bool {
    method.is_idempotent() || operation == CANCEL_RUN
}

/// Whether a refusal with this status may be none a moment later.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Whether what was refused with this status may have happened all the same.
///
/// A `503` that says when to come again was a refusal; one that does not is what gateways
/// answer when they lose the service in the middle, as are the others here.
pub(crate) fn outcome_of(status: StatusCode, asked_to_wait: bool) -> Outcome {
    match status.as_u16() {
        503 if asked_to_wait => Outcome::Rejected,
        501 | 505 => Outcome::Rejected,
        408 | 500..=599 => Outcome::Unknown,
        _ => Outcome::Rejected,
    }
}

/// Whether the key may go there.
fn same_origin(one: &Url, two: &Url) -> bool {
    one.scheme() == two.scheme()
        && one.host_str() == two.host_str()
        && one.port_or_known_default() == two.port_or_known_default()
}

/// Whether this is a web page, or gRPC that does not refuse: no answer of the API's, even where
/// nothing is due.
fn is_foreign(headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE);
    let content_type = content_type.map(|value| value.as_bytes().trim_ascii()).unwrap_or_default();
    let starts = |text: &[u8], with: &str| {
        text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    let body = body.trim_ascii_start();
    let foreign = ["text/html", "application/xhtml", "application/grpc"];
    foreign.iter().any(|foreign| starts(content_type, foreign))
        || starts(body, "<!doctype html")
        || starts(body, "<html")
}
