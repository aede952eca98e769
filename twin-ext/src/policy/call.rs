//! One call: its attempts, what they add up to, and the response that comes of it.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, HeaderName, HeaderValue, Method, StatusCode};
use twin_api::reqwest::{self, Request, Response, ResponseBuilderExt, Url};
use twin_api::transport::{API_KEY_HEADER, Context};

use super::attempt::{self, Answered, Attempt, Seen};
use super::{Failure, Policy, is_foreign, is_repeatable};
use crate::document;
use crate::error::{Detail, ErrorKind, Outcome, not_the_api};
use crate::retry::{Cost, LONGEST_RETRY_AFTER};
use crate::trace::Span;

/// The status of a response that stands for a failure of this transport.
const FAILED: u16 = 999;

/// As a name, so that no call has to read it as one.
const KEY_HEADER: HeaderName = HeaderName::from_static(API_KEY_HEADER);

/// What all attempts of a call have in common, and what the earlier ones came to.
pub(super) struct Call<'a> {
    policy: &'a Policy,
    operation: &'static str,
    method: Method,
    /// To be kept out of whatever an answer is quoted in.
    key: Option<HeaderValue>,
    url: Url,
    /// The request once more, where another attempt may follow. Boxed: a call is moved about.
    next: Option<Box<Request>>,
    started: Duration,
    attempts: u32,
    /// The worst that an earlier attempt may have come to.
    earlier: Outcome,
    last_status: Option<StatusCode>,
    /// What the last retry took out of the bucket.
    paid: Option<Cost>,
    span: Span,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        request: &Request,
        operation: &'static str,
        span: Span,
    ) -> Self {
        Self {
            policy,
            operation,
            method: request.method().clone(),
            key: request.headers().get(KEY_HEADER).cloned(),
            url: request.url().clone(),
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
    ) -> impl Future<Output = reqwest::Result<Response>> + Send + 'a {
        let mut sending = self.send(client, request);
        let mut limit = self.policy.attempt_timeout.min(self.policy.deadline);
        async move {
            loop {
                let attempt = attempt::attempt(self.policy, sending, limit).await;
                let seen = self.note(&attempt);
                let Some((next, pause)) = self.again(&seen) else {
                    return Ok(self.finish(attempt, &seen));
                };
                // What is left of an answer does not hold its connection meanwhile.
                drop(attempt);
                self.policy.clock.sleep(pause).await;
                sending = self.send(client, next);
                limit = self.policy.attempt_timeout.min(self.left());
            }
        }
    }

    /// The answer to a request that is for another origin than the client's.
    pub(super) fn astray(self) -> Response {
        let message = "the request is for another origin than the client's and is not sent";
        self.failed(Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message))
    }

    /// Sends `request`, and keeps what is needed after it.
    fn send<'c>(
        &mut self,
        client: &'c reqwest::Client,
        request: Request,
    ) -> impl Future<Output = reqwest::Result<Response>> + Send + use<'c> {
        self.attempts += 1;
        let more = self.attempts < self.policy.retry.max_attempts;
        self.next = if more { request.try_clone().map(Box::new) } else { None };
        client.execute(request)
    }

    /// What an attempt came to, written down.
    fn note(&mut self, attempt: &Attempt) -> Seen {
        let seen = attempt.seen(&*self.policy.clock, self.operation);
        self.last_status = seen.status.or(self.last_status);
        self.span.attempt(self.attempts, &seen);
        seen
    }

    /// The request that follows, and how long after; `None` where there is to be none.
    fn again(&mut self, seen: &Seen) -> Option<(Request, Duration)> {
        let next = self.next.take()?;
        Some((*next, self.pause(seen)?))
    }

    /// How long to wait before the next attempt; `None` where there is to be none.
    fn pause(&mut self, seen: &Seen) -> Option<Duration> {
        let repeatable = is_repeatable(&self.method, self.operation) || seen.did_not_happen();
        if !(seen.transient && repeatable) {
            return None;
        }
        let policy = self.policy;
        let asked = seen.retry_after.unwrap_or_default();
        let pause = policy.retry.pause(self.attempts, &*policy.clock).max(asked);
        if asked > LONGEST_RETRY_AFTER || pause >= self.left() {
            return None;
        }
        let cost = if seen.timed_out { Cost::Timeout } else { Cost::Retry };
        if !policy.bucket.take(cost) {
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
        self.policy.deadline.saturating_sub(self.elapsed())
    }

    fn finish(self, attempt: Attempt, seen: &Seen) -> Response {
        let answer = match attempt {
            Attempt::Failed(detail) => return self.failed(*detail),
            Attempt::Answered(answer) => answer,
        };
        match answer.refused {
            Some(StatusCode::NOT_FOUND) if self.was_deleted_before() => {
                match document::success_of(self.operation) {
                    Some(body) => self.deleted(answer, body),
                    None => self.answered(answer, seen),
                }
            }
            None if answer.response.status().is_success() => self.succeeded(answer, seen),
            _ => self.answered(answer, seen),
        }
    }

    /// Whether this deleted again what was to be deleted: that it is not there is what was
    /// asked for, whatever the earlier attempts came to.
    fn was_deleted_before(&self) -> bool {
        self.method == Method::DELETE && self.attempts > 1
    }

    fn deleted(self, answer: Answered, body: Bytes) -> Response {
        self.policy.bucket.refund(self.paid);
        let status = StatusCode::NO_CONTENT;
        self.span.end(Some(status), None);
        let context = Context::new(self.operation, self.method);
        respond(answer, self.url, Some((status, body)), context)
    }

    fn succeeded(self, answer: Answered, seen: &Seen) -> Response {
        let headers = answer.response.headers();
        if is_foreign(headers, &answer.body) {
            let status = answer.response.status();
            let mut detail = not_the_api(status, headers, self.url.as_str(), &answer.body);
            detail.headers = headers.clone();
            return self.failed(detail);
        }
        if let Some(watch) = &self.policy.watch {
            let drift = watch.look(self.operation, &answer.body, self.key.as_ref());
            if !drift.is_empty() {
                return self.failed(Detail::of_drift(answer.response.status(), drift));
            }
        }
        self.policy.bucket.refund(self.paid);
        self.answered(answer, seen)
    }

    /// The answer, with what there is to tell of the call.
    fn answered(self, answer: Answered, seen: &Seen) -> Response {
        let status = answer.refused.unwrap_or(answer.response.status());
        self.span.end(Some(status), None);
        let mut context = Context::new(self.operation, self.method.clone());
        context.attempts = self.attempts;
        context.elapsed = self.elapsed();
        context.retry_after = seen.retry_after;
        // What is only read does not happen.
        context.uncertain = self.earlier >= Outcome::Unknown && !self.method.is_safe();
        respond(answer, self.url, None, context)
    }

    /// The response that stands for a failure.
    fn failed(self, mut detail: Detail) -> Response {
        detail.outcome = detail.outcome.max(self.earlier);
        detail.last_status = self.last_status;
        detail.call.operation = Some(self.operation.into());
        detail.call.path = Some(self.url.path().to_owned());
        detail.call.attempts = self.attempts;
        detail.call.elapsed = self.elapsed();
        detail.redact(self.key.as_ref());
        self.span.end(detail.status, Some(detail.kind));
        detail.call.method = Some(self.method);
        let mut extensions = Extensions::new();
        extensions.insert(Failure(detail.into()));
        let mut response = bare(self.url, extensions, Bytes::new());
        *response.status_mut() = StatusCode::from_u16(FAILED).unwrap_or(StatusCode::CONTINUE);
        response.into()
    }
}

/// `answer` as a response whose body is in memory, or another status and body in its place.
fn respond(
    answer: Answered,
    url: Url,
    instead: Option<(StatusCode, Bytes)>,
    context: Context,
) -> Response {
    let Answered { mut response, body, .. } = answer;
    let (status, body) = instead.unwrap_or((response.status(), body));
    let mut extensions = mem::take(response.extensions_mut());
    if status.is_success() {
        // Nobody gets to see what the HTTP client left there, and the map need not grow.
        extensions.clear();
    }
    extensions.insert(context);
    let mut rebuilt = bare(url, extensions, body);
    *rebuilt.status_mut() = status;
    *rebuilt.version_mut() = response.version();
    *rebuilt.headers_mut() = mem::take(response.headers_mut());
    rebuilt.into()
}

fn bare(url: Url, extensions: Extensions, body: Bytes) -> http::Response<Bytes> {
    let mut builder = http::Response::builder();
    if let Some(place) = builder.extensions_mut() {
        *place = extensions;
    }
    // Only a URL is set on the builder, and one that was requested.
    let built = builder.url(url).body(body.clone());
    built.unwrap_or_else(|_| http::Response::new(body))
}
