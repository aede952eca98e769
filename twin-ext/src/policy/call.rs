//! Sends one call: its attempts, and the final response or error.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use twin_api::reqwest::{self, Request, Response};
use twin_api::transport::{API_KEY_HEADER, Failure, OperationInfo, Report};
use twin_api::{Error, Outcome};

use super::Policy;
use super::attempt::{self, Attempt, AttemptSummary, PendingAttempt, ReadResponse};
use crate::document;
use crate::drift;
use crate::retry::{Cost, LONGEST_RETRY_AFTER};
use crate::trace::CallSpan;

/// Parsed once, so that no call has to parse it.
const KEY_HEADER: HeaderName = HeaderName::from_static(API_KEY_HEADER);

/// The state of a call across its attempts.
pub(super) struct RetriedCall<'a> {
    policy: &'a Policy,
    operation: &'a OperationInfo,
    /// The key, to redact it in drift reports. Set only if the client watches for drift.
    key: Option<HeaderValue>,
    /// A copy of the request for the next attempt. `None` if no attempt is left, or if the body is
    /// a stream, which cannot be copied. Boxed, because a call is moved often.
    request_copy: Option<Box<Request>>,
    started: Duration,
    attempts: u32,
    /// The worst outcome of the earlier attempts.
    earlier_outcome: Outcome,
    last_status: Option<StatusCode>,
    /// The cost of the last retry, refunded on success.
    last_cost: Option<Cost>,
    span: CallSpan,
}

impl<'a> RetriedCall<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        request: &Request,
        operation: &'a OperationInfo,
        span: CallSpan,
    ) -> Self {
        let watched = policy.watch.is_some();
        Self {
            policy,
            operation,
            key: watched.then(|| request.headers().get(KEY_HEADER).cloned()).flatten(),
            request_copy: None,
            started: policy.clock.now(),
            attempts: 0,
            earlier_outcome: Outcome::NotSent,
            last_status: None,
            last_cost: None,
            span,
        }
    }

    /// Sends `request`, and sends it again while all of this holds:
    ///
    /// - the attempt failed in a way that may pass, such as a 503 or a reset connection;
    /// - repeating the operation is safe;
    /// - attempts, retry budget and deadline are not exhausted.
    ///
    /// The call waits between two attempts: the `Retry-After` of the response or the backoff, whichever
    /// is longer. If only the `Retry-After` ends before the deadline, it waits for that. Returns the last response or error. A 404 to a repeated DELETE is a success,
    /// because an earlier attempt may have deleted the resource.
    // The first attempt is prepared before the `async` block. An `async fn` would keep `request` in
    // its future, which every call allocates and moves.
    pub(super) fn run(
        mut self,
        client: &'a reqwest::Client,
        request: Request,
    ) -> impl Future<Output = Result<Response, Error>> + Send + 'a {
        let mut pending = self.prepare_attempt(client, request, self.policy.limits.deadline);
        async move {
            loop {
                let attempt = pending.run(self.policy, self.operation).await;
                let summary = self.record(&attempt);
                let Some((request, delay)) = self.plan_retry(&summary) else {
                    return self.finish(attempt, &summary);
                };
                // Drop the response before the delay, so that it does not hold its connection.
                drop(attempt);
                self.policy.clock.sleep(delay).await;
                pending = self.prepare_attempt(client, request, self.time_left());
            }
        }
    }

    /// Counts a new attempt, and keeps a copy of its request if another attempt may follow.
    fn prepare_attempt(
        &mut self,
        client: &'a reqwest::Client,
        request: Request,
        time_left: Duration,
    ) -> PendingAttempt<impl Future<Output = Result<Response, Error>> + Send + use<'a>> {
        self.attempts += 1;
        let is_last = self.attempts >= self.policy.retry.max_attempts;
        self.request_copy = if is_last { None } else { request.try_clone().map(Box::new) };
        let limit = self.policy.limits.attempt_timeout.min(time_left);
        attempt::prepare(self.policy, client, request, limit, self.operation)
    }

    /// Records an attempt in the span and in the state of the call.
    fn record(&mut self, attempt: &Attempt) -> AttemptSummary {
        let summary = attempt.summary(&*self.policy.clock, self.operation.operation_id);
        self.last_status = summary.status.or(self.last_status);
        self.span.attempt(self.attempts, summary.status, summary.error);
        summary
    }

    /// Decides whether to retry. If so, takes the cost from the retry budget, records the outcome
    /// of the failed attempt, and returns the next request and the delay before it. Returns `None`
    /// if the call ends with this attempt.
    fn plan_retry(&mut self, summary: &AttemptSummary) -> Option<(Request, Duration)> {
        let is_repeatable = self.operation.is_idempotent() || summary.allows_any_retry();
        if !(summary.transient && is_repeatable) {
            return None;
        }
        let request = self.request_copy.take()?;
        let delay = self.retry_delay(summary.retry_after)?;
        let cost = if summary.timed_out { Cost::AfterTimeout } else { Cost::AfterFailure };
        if !self.policy.budget.take(cost) {
            return None;
        }
        self.last_cost = Some(cost);
        self.earlier_outcome = self.earlier_outcome.max(summary.outcome);
        Some((*request, delay))
    }

    /// Returns the delay before the next attempt. Returns `None` if the delay would end after the
    /// deadline, or if the service requested one above [`LONGEST_RETRY_AFTER`].
    fn retry_delay(&self, retry_after: Option<Duration>) -> Option<Duration> {
        let requested_delay = retry_after.unwrap_or_default();
        let time_left = self.time_left();
        if requested_delay > LONGEST_RETRY_AFTER || requested_delay >= time_left {
            return None;
        }
        let policy = self.policy;
        let delay = policy.retry.delay(self.attempts, requested_delay, &*policy.clock);
        if delay < time_left {
            return Some(delay);
        }
        // The random delay does not fit into the deadline, but the `Retry-After` does. Without one,
        // the call ends.
        retry_after
    }

    fn elapsed(&self) -> Duration {
        self.policy.clock.now().saturating_sub(self.started)
    }

    /// Returns the time until the deadline.
    fn time_left(&self) -> Duration {
        self.policy.limits.deadline.saturating_sub(self.elapsed())
    }

    fn finish(self, attempt: Attempt, summary: &AttemptSummary) -> Result<Response, Error> {
        let received = match attempt {
            Attempt::Failed(error) => return Err(self.failed(error.into())),
            Attempt::Received(received) => received,
        };
        match received.refused {
            Some(StatusCode::NOT_FOUND) if self.is_retried_delete() => {
                match document::success_body(self.operation.operation_id) {
                    Some(body) => Ok(self.deleted(received, body)),
                    None => Ok(self.respond(received, summary)),
                }
            }
            None if received.response.status().is_success() => self.succeeded(received, summary),
            _ => Ok(self.respond(received, summary)),
        }
    }

    /// Returns whether this is a retried DELETE. A 404 then means that the resource is gone, which
    /// the caller asked for.
    fn is_retried_delete(&self) -> bool {
        self.operation.method == "DELETE" && self.attempts > 1
    }

    /// Builds the success of a DELETE whose resource is gone.
    fn deleted(self, mut received: ReadResponse, body: Bytes) -> Response {
        self.policy.budget.refund(self.last_cost);
        let status = StatusCode::NO_CONTENT;
        self.span.end(Some(status), None);
        let mut response = http::Response::new(body);
        *response.status_mut() = status;
        *response.version_mut() = received.response.version();
        *response.headers_mut() = mem::take(received.response.headers_mut());
        response.into()
    }

    /// Returns a successful response, or in strict mode an error if it differs from the document.
    fn succeeded(
        self,
        received: ReadResponse,
        summary: &AttemptSummary,
    ) -> Result<Response, Error> {
        if let (Some(watch), Some(body)) = (&self.policy.watch, &received.body) {
            let found = watch.check(self.operation.operation_id, body, self.key.as_ref());
            if !found.is_empty() {
                let failure = drift::failure(received.response.status(), found);
                return Err(self.failed(failure));
            }
        }
        self.policy.budget.refund(self.last_cost);
        Ok(self.respond(received, summary))
    }

    /// Returns the response, with a report of the call attached.
    fn respond(self, received: ReadResponse, summary: &AttemptSummary) -> Response {
        let ReadResponse { mut response, body, refused, .. } = received;
        self.span.end(Some(refused.unwrap_or(response.status())), None);
        let mut report = Report::default();
        report.attempts = self.attempts;
        report.elapsed = self.elapsed();
        report.retry_after = summary.retry_after;
        report.earlier = self.earlier_outcome;
        report.body = body;
        response.extensions_mut().insert(report);
        response
    }

    /// Builds the error of the call, with the outcome of all attempts together.
    fn failed(self, mut failure: Failure) -> Error {
        // A safe method has no effect, so the outcome of earlier attempts does not matter.
        if !self.operation.is_safe() {
            failure.outcome = failure.outcome.max(self.earlier_outcome);
        }
        failure.last_status = self.last_status;
        failure.attempts = self.attempts;
        failure.elapsed = self.elapsed();
        self.span.end(failure.status, Some(failure.kind));
        failure.into()
    }
}
