//! One call: its attempts, what they add up to, and the answer or the error that comes of it.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use twin_api::reqwest::{self, Request, Response};
use twin_api::transport::{API_KEY_HEADER, Failure, OperationInfo, Report};
use twin_api::{Error, Outcome};

use super::Policy;
use super::attempt::{self, Answered, Attempt, Seen};
use super::connecting::Progress;
use crate::document;
use crate::drift;
use crate::retry::{Cost, LONGEST_RETRY_AFTER};
use crate::trace::Span;

/// As a name, so that no call has to parse it.
const KEY_HEADER: HeaderName = HeaderName::from_static(API_KEY_HEADER);

/// What all attempts of a call have in common, and what the earlier ones came to.
pub(super) struct Call<'a> {
    policy: &'a Policy,
    operation: &'a OperationInfo,
    /// To be kept out of what is told of an answer; only a client that watches needs it.
    key: Option<HeaderValue>,
    /// The request once more, where another attempt may follow. Boxed: a call is moved about.
    next: Option<Box<Request>>,
    started: Duration,
    attempts: u32,
    /// The worst that an earlier attempt may have come to.
    earlier: Outcome,
    last_status: Option<StatusCode>,
    /// What the last retry took out of the budget.
    paid: Option<Cost>,
    span: Span,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        request: &Request,
        operation: &'a OperationInfo,
        span: Span,
    ) -> Self {
        let watched = policy.watch.is_some();
        Self {
            policy,
            operation,
            key: watched.then(|| request.headers().get(KEY_HEADER).cloned()).flatten(),
            next: None,
            started: policy.clock.now(),
            attempts: 0,
            earlier: Outcome::NotSent,
            last_status: None,
            paid: None,
            span,
        }
    }

    /// Sends `request` until an answer is the last.
    ///
    /// The future is kept small, so that boxing it is cheap: it holds no request but the next,
    /// and a large argument of an `async fn` would be in it twice.
    pub(super) fn run(
        mut self,
        client: &'a reqwest::Client,
        request: Request,
    ) -> impl Future<Output = Result<Response, Error>> + Send + 'a {
        let mut limit = self.policy.limits.attempt_timeout.min(self.policy.limits.deadline);
        let (mut sending, mut progress) = self.send(client, request, limit);
        async move {
            loop {
                let attempt =
                    attempt::attempt(self.policy, sending, limit, progress, self.operation).await;
                let seen = self.note(&attempt);
                let Some((next, pause)) = self.again(&seen) else {
                    return self.finish(attempt, &seen);
                };
                // What is left of an answer does not hold its connection meanwhile.
                drop(attempt);
                self.policy.clock.sleep(pause).await;
                limit = self.policy.limits.attempt_timeout.min(self.left());
                (sending, progress) = self.send(client, next, limit);
            }
        }
    }

    /// Sends `request`, and keeps a copy if another attempt may follow.
    fn send(
        &mut self,
        client: &'a reqwest::Client,
        mut request: Request,
        limit: Duration,
    ) -> (impl Future<Output = Result<Response, Error>> + Send + use<'a>, Option<Progress>) {
        self.attempts += 1;
        let more = self.attempts < self.policy.retry.max_attempts;
        self.next = if more { request.try_clone().map(Box::new) } else { None };
        let progress = attempt::watch(self.policy, &mut request, limit);
        (attempt::send(self.policy, client, request, self.operation), progress)
    }

    /// What an attempt came to, written down.
    fn note(&mut self, attempt: &Attempt) -> Seen {
        let seen = attempt.seen(&*self.policy.clock, self.operation.operation_id);
        self.last_status = seen.status.or(self.last_status);
        self.span.attempt(self.attempts, seen.status, seen.error);
        seen
    }

    /// The request that follows, and how long after; `None` where there is to be none.
    fn again(&mut self, seen: &Seen) -> Option<(Request, Duration)> {
        let next = self.next.take()?;
        Some((*next, self.pause(seen)?))
    }

    /// How long to wait before the next attempt; `None` where there is to be none.
    fn pause(&mut self, seen: &Seen) -> Option<Duration> {
        let repeatable = self.operation.is_idempotent() || seen.did_not_happen();
        if !(seen.transient && repeatable) {
            return None;
        }
        let policy = self.policy;
        let asked = seen.retry_after.unwrap_or_default();
        let left = self.left();
        if asked > LONGEST_RETRY_AFTER || asked >= left {
            return None;
        }
        let mut pause = policy.retry.pause(self.attempts, asked, &*policy.clock);
        if pause >= left {
            // What the service asked for is time enough.
            pause = seen.retry_after?;
        }
        let cost = if seen.timed_out { Cost::Timeout } else { Cost::Retry };
        if !policy.budget.take(cost) {
            return None;
        }
        self.paid = Some(cost);
        self.earlier = self.earlier.max(seen.outcome);
        Some(pause)
    }

    fn elapsed(&self) -> Duration {
        self.policy.clock.now().saturating_sub(self.started)
    }

    fn left(&self) -> Duration {
        self.policy.limits.deadline.saturating_sub(self.elapsed())
    }

    fn finish(self, attempt: Attempt, seen: &Seen) -> Result<Response, Error> {
        let answer = match attempt {
            Attempt::Failed(error) => return Err(self.failed(error.into())),
            Attempt::Answered(answer) => answer,
        };
        match answer.refused {
            Some(StatusCode::NOT_FOUND) if self.was_deleted_before() => {
                match document::success_body(self.operation.operation_id) {
                    Some(body) => Ok(self.deleted(answer, body)),
                    None => Ok(self.answered(answer, seen)),
                }
            }
            None if answer.response.status().is_success() => self.succeeded(answer, seen),
            _ => Ok(self.answered(answer, seen)),
        }
    }

    /// Whether this deleted again what was to be deleted: that it is not there is what was
    /// asked for, whatever the earlier attempts came to.
    fn was_deleted_before(&self) -> bool {
        self.operation.method == "DELETE" && self.attempts > 1
    }

    fn deleted(self, mut answer: Answered, body: Bytes) -> Response {
        self.policy.budget.refund(self.paid);
        let status = StatusCode::NO_CONTENT;
        self.span.end(Some(status), None);
        let mut response = http::Response::new(body);
        *response.status_mut() = status;
        *response.version_mut() = answer.response.version();
        *response.headers_mut() = mem::take(answer.response.headers_mut());
        response.into()
    }

    fn succeeded(self, answer: Answered, seen: &Seen) -> Result<Response, Error> {
        if let (Some(watch), Some(body)) = (&self.policy.watch, &answer.body) {
            let found = watch.look(self.operation.operation_id, body, self.key.as_ref());
            if !found.is_empty() {
                let failure = drift::failure(answer.response.status(), found);
                return Err(self.failed(failure));
            }
        }
        self.policy.budget.refund(self.paid);
        Ok(self.answered(answer, seen))
    }

    /// The answer, with what there is to tell of the call.
    fn answered(self, answer: Answered, seen: &Seen) -> Response {
        let Answered { mut response, body, refused, .. } = answer;
        self.span.end(Some(refused.unwrap_or(response.status())), None);
        let mut report = Report::default();
        report.attempts = self.attempts;
        report.elapsed = self.elapsed();
        report.retry_after = seen.retry_after;
        report.earlier = self.earlier;
        report.body = body;
        response.extensions_mut().insert(report);
        response
    }

    /// The error that a failure is, all attempts taken together.
    fn failed(self, mut failure: Failure) -> Error {
        // What only reads does not happen.
        if !self.operation.is_safe() {
            failure.outcome = failure.outcome.max(self.earlier);
        }
        failure.last_status = self.last_status;
        failure.attempts = self.attempts;
        failure.elapsed = self.elapsed();
        self.span.end(failure.status, Some(failure.kind));
        failure.into()
    }
}
