//! One call: its attempts, what they add up to, and the response that comes of it.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use twin_api::reqwest::{self, Request, Response, ResponseBuilderExt, Url};
use twin_api::transport::{API_KEY_HEADER, Context, redact_headers};

use super::attempt::{self, Answered, Attempt, Seen};
use super::{Failure, Policy, is_html, is_repeatable, same_origin};
use crate::document;
use crate::error::{Detail, ErrorKind, Outcome, not_the_api};
use crate::retry::{Cost, LONGEST_RETRY_AFTER};
use crate::trace::Span;

/// The status of a response that stands for a failure of this transport.
const FAILED: u16 = 999;

/// What all attempts of a call have in common, and what the earlier ones came to.
pub(super) struct Call<'a> {
    policy: &'a Policy,
    operation: &'static str,
    method: Method,
    /// To be kept out of whatever an answer is quoted in.
    key: Option<HeaderValue>,
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
            key: request.headers().get(API_KEY_HEADER).cloned(),
            started: policy.clock.now(),
            attempts: 0,
            earlier: Outcome::NotSent,
            last_status: None,
            paid: None,
            span,
        }
    }

    /// Sends `request` until an answer is the last.
    pub(super) async fn run(mut self, client: &reqwest::Client, mut request: Request) -> Response {
        if !same_origin(request.url(), &self.policy.base) {
            let message = "the request is for another origin than the client's and is not sent";
            let detail = Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message);
            return self.failed(detail, request.url());
        }
        loop {
            self.attempts += 1;
            let spare = self.spare(&request);
            let limit = self.policy.attempt_timeout.min(self.left());
            let attempt = attempt::attempt(self.policy, client, request, limit).await;
            let seen = attempt.seen(&*self.policy.clock);
            self.last_status = seen.status.or(self.last_status);
            self.span.attempt(self.attempts, &seen);
            let pause = if spare.is_ok() { self.pause(&seen) } else { None };
            request = match (spare, pause) {
                (Ok(next), Some(pause)) => {
                    self.earlier = self.earlier.max(seen.outcome);
                    // What is left of an answer does not hold its connection meanwhile.
                    drop(attempt);
                    self.policy.clock.sleep(pause).await;
                    next
                }
                (Ok(next), None) => return self.finish(attempt, &seen, next.url()),
                (Err(url), _) => return self.finish(attempt, &seen, &url),
            };
        }
    }

    /// The request once more, where another attempt may follow; its URL, where none will.
    fn spare(&self, request: &Request) -> Result<Request, Url> {
        let more = self.attempts < self.policy.retry.max_attempts;
        let spare = if more { request.try_clone() } else { None };
        spare.ok_or_else(|| request.url().clone())
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
        Some(pause)
    }

    fn elapsed(&self) -> Duration {
        self.policy.clock.now().saturating_sub(self.started)
    }

    fn left(&self) -> Duration {
        self.policy.deadline.saturating_sub(self.elapsed())
    }

    fn finish(self, attempt: Attempt, seen: &Seen, url: &Url) -> Response {
        let mut answer = match attempt {
            Attempt::Failed(detail) => return self.failed(*detail, url),
            Attempt::Answered(answer) => answer,
        };
        match answer.refused {
            Some(StatusCode::NOT_FOUND) if self.was_deleted_before() => {
                match document::success_of(self.operation) {
                    Some(body) => self.deleted(answer, body),
                    None => self.answered(answer, seen),
                }
            }
            None if answer.response.status().is_success() => self.succeeded(answer, seen, url),
            Some(_) => self.answered(answer, seen),
            None => {
                redact_headers(answer.response.headers_mut(), self.key.as_ref());
                self.answered(answer, seen)
            }
        }
    }

    /// Whether an earlier attempt to delete this may be why it is not there.
    fn was_deleted_before(&self) -> bool {
        self.method == Method::DELETE && self.earlier >= Outcome::Unknown
    }

    fn deleted(self, answer: Answered, body: Bytes) -> Response {
        self.policy.bucket.refund(self.paid);
        let status = StatusCode::NO_CONTENT;
        self.span.end(Some(status), None);
        let context = Context::new(self.operation, self.method);
        respond(answer, Some((status, body)), context)
    }

    fn succeeded(self, answer: Answered, seen: &Seen, url: &Url) -> Response {
        let headers = answer.response.headers();
        if is_html(headers, &answer.body) {
            let mut detail =
                not_the_api(answer.response.status(), headers, url.as_str(), &answer.body);
            detail.headers = headers.clone();
            return self.failed(detail, url);
        }
        if let Some(watch) = &self.policy.watch {
            let drift = watch.look(self.operation, &answer.body);
            if !drift.is_empty() {
                return self.failed(Detail::of_drift(answer.response.status(), drift), url);
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
        respond(answer, None, context)
    }

    /// The response that stands for a failure.
    fn failed(self, mut detail: Detail, url: &Url) -> Response {
        detail.outcome = detail.outcome.max(self.earlier);
        detail.last_status = self.last_status;
        detail.call.operation = Some(self.operation.into());
        detail.call.path = Some(url.path().to_owned());
        detail.call.attempts = self.attempts;
        detail.call.elapsed = self.elapsed();
        detail.redact(self.key.as_ref());
        self.span.end(detail.status, Some(detail.kind));
        detail.call.method = Some(self.method);
        let mut response = bare(url.clone(), Bytes::new());
        *response.status_mut() = StatusCode::from_u16(FAILED).unwrap_or(StatusCode::CONTINUE);
        response.extensions_mut().insert(Failure(detail.into()));
        response.into()
    }
}

/// `answer` as a response whose body is in memory, or another status and body in its place.
fn respond(answer: Answered, instead: Option<(StatusCode, Bytes)>, context: Context) -> Response {
    let Answered { mut response, body, .. } = answer;
    let (status, body) = instead.unwrap_or((response.status(), body));
    let mut rebuilt = bare(response.url().clone(), body);
    *rebuilt.status_mut() = status;
    *rebuilt.version_mut() = response.version();
    *rebuilt.headers_mut() = mem::take(response.headers_mut());
    rebuilt.extensions_mut().insert(context);
    rebuilt.extensions_mut().extend(mem::take(response.extensions_mut()));
    rebuilt.into()
}

fn bare(url: Url, body: Bytes) -> http::Response<Bytes> {
    // Only a URL is set on the builder, and one that was requested.
    let built = http::Response::builder().url(url).body(body.clone());
    built.unwrap_or_else(|_| http::Response::new(body))
}
