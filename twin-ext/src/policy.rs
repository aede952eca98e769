//! The transport of this crate: what happens to one call.
//!
//! It sends a request as often as is safe and useful, bounds how long that takes and how
//! much of an answer is read, and tells a stranger's answer from the API's. It runs no task
//! of its own: a future that is dropped sends nothing more. What may be repeated is in the
//! [guide](crate::guide::retries).

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
use twin_api::transport::{Answer, Failure, OperationInfo, Transport};
use twin_api::{Client, ClientInfo as _, ErrorKind, Outcome};

use self::call::Call;
use crate::clock::{Clock, SystemClock};
use crate::drift::Watch;
use crate::retry::{Retry, RetryBudget};
use crate::trace::Span;

/// Sends requests by the rules of this crate. `Debug` shows settings and no key.
///
/// Clones share the budget of retries, the clock, and what is below.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) base: Url,
    pub(crate) limits: Limits,
    pub(crate) retry: Retry,
    /// Sent with every request; none is the key's.
    pub(crate) headers: HeaderMap,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) watch: Option<Watch>,
    /// What sends an attempt, if not the HTTP client itself.
    pub(crate) transport: Option<Arc<dyn Transport>>,
}

/// How long a call may take, and how large its answer may be.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    /// The HTTP client's own limit; the longest possible one where it is not known.
    pub(crate) connect_timeout: Duration,
    pub(crate) max_response_bytes: usize,
}

impl Policy {
    /// The policy of a client, if this crate has built it.
    pub(crate) fn of(client: &Client) -> Option<&Self> {
        let transport: &dyn Any = client.inner().transport();
        transport.downcast_ref()
    }
}

/// The clock of a client, for what waits between its calls; the system's where the client was
/// not built by this crate.
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
    ) -> Answer<'a> {
        let span = Span::start(&request, operation);
        if !same_origin(request.url(), &self.base) {
            return Box::pin(std::future::ready(Err(foreign_origin().into())));
        }
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let call = Call::new(self, &request, operation, span.clone());
        if span.is_disabled() {
            return Box::pin(call.run(client, request));
        }
        span.around(call.run(client, request))
    }
}

/// The failure of a request for another origin than the client's.
fn foreign_origin() -> Failure {
    let message = "the request is for another origin than the client's and is not sent";
    Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message)
}

/// Whether the key may go there.
fn same_origin(one: &Url, two: &Url) -> bool {
    one.scheme() == two.scheme()
        && one.host_str() == two.host_str()
        && one.port_or_known_default() == two.port_or_known_default()
}
