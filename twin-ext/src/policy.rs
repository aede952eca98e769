//! Implements the transport of this crate: retries, time limits and size limits for each call.
//!
//! [`Policy`] is the [`Transport`] of every client that [`ClientBuilder`](crate::ClientBuilder)
//! builds. It retries where that is safe, limits time and response size, and rejects responses
//! that do not come from the API. It spawns no task: a dropped future sends nothing more. The
//! [guide](crate::guide::retries) lists the retry rules.

mod attempt;
mod body;
mod call;
mod connecting;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;
use twin_api::reqwest::{self, Request, Url};
use twin_api::transport::{Failure, OperationInfo, PendingResponse, Transport};
use twin_api::{Client, ClientInfo as _, ErrorKind, Outcome};

use self::call::RetriedCall;
use crate::clock::{Clock, SystemClock};
use crate::drift::DriftWatch;
use crate::retry::{Retry, RetryBudget};
use crate::trace::CallSpan;

/// Sends requests under the retry, time and size rules of this crate.
///
/// Clones share the retry budget, the clock and the inner transport. `Debug` prints settings and
/// never the key.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) base: Url,
    pub(crate) limits: CallLimits,
    pub(crate) retry: Retry,
    /// Headers of [`CallOptions`](crate::CallOptions), sent with every attempt. Never the key.
    pub(crate) headers: HeaderMap,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) watch: Option<DriftWatch>,
    /// The transport that sends an attempt. `None` sends with the HTTP client.
    pub(crate) transport: Option<Arc<dyn Transport>>,
}

/// Limits for the duration of a call and the size of its response.
#[derive(Debug, Clone)]
pub(crate) struct CallLimits {
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    /// The connect limit of the HTTP client, or `Duration::MAX` if it is not known.
    pub(crate) connect_timeout: Duration,
    pub(crate) max_response_bytes: usize,
}

impl Policy {
    /// Returns the policy of a client that this crate has built.
    pub(crate) fn of(client: &Client) -> Option<&Self> {
        let transport: &dyn Any = client.inner().transport();
        transport.downcast_ref()
    }
}

/// Returns the clock of a client, for code that waits between calls.
///
/// A client that this crate did not build uses the system clock.
pub(crate) fn clock_of(client: &Client) -> Arc<dyn Clock> {
    match Policy::of(client) {
        Some(policy) => Arc::clone(&policy.clock),
        None => Arc::new(SystemClock),
    }
}

impl Transport for Policy {
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        mut request: Request,
        operation: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        let span = CallSpan::start(&request, operation);
        if !same_origin(request.url(), &self.base) {
            return Box::pin(std::future::ready(Err(foreign_origin().into())));
        }
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let call = RetriedCall::new(self, &request, operation, span.clone());
        if span.is_disabled() {
            return Box::pin(call.run(client, request));
        }
        span.around(call.run(client, request))
    }
}

/// Builds the failure for a request to an origin other than the client's.
fn foreign_origin() -> Failure {
    let message = "the request goes to an origin other than the base URL's and is not sent";
    Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message)
}

/// Returns whether two URLs share an origin. The key is sent to the base URL's origin only.
fn same_origin(one: &Url, two: &Url) -> bool {
    one.scheme() == two.scheme()
        && one.host_str() == two.host_str()
        && one.port_or_known_default() == two.port_or_known_default()
}
