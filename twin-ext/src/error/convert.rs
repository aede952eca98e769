//! What the raw client says, as an [`Error`].
//!
//! A transport other than this crate's tells less: without its context there are no
//! attempts, no method and no path, and what depends on them is judged with caution.

use std::error::Error as StdError;
use std::io;
use std::time::SystemTime;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use twin_api::transport::{Context, DecodeFailure};
use twin_api::types::Problem;
use twin_api::{ConnectError, reqwest};

use super::{Call, Detail, Error, ErrorKind, Outcome};
use crate::policy::{self, Failure};
use crate::retry::retry_after;

/// How much of an answer that could not be read is kept, in characters.
const EXCERPT: usize = 200;

impl From<twin_api::Error<Problem>> for Error {
    fn from(error: twin_api::Error<Problem>) -> Self {
        match error {
            twin_api::Error::InvalidRequest(text) => {
                Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, text).into()
            }
            twin_api::Error::CommunicationError(error) | twin_api::Error::InvalidUpgrade(error) => {
                of_reqwest(error).into()
            }
            twin_api::Error::ResponseBodyError(error) => {
                let mut detail = of_reqwest(error);
                detail.outcome = Outcome::Accepted;
                detail.into()
            }
            twin_api::Error::ErrorResponse(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                of_refusal(status, headers, answer.into_inner())
            }
            twin_api::Error::InvalidResponsePayload(body, error) => {
                match DecodeFailure::of(&error) {
                    Some(failure) => of_failure(failure, &body),
                    None => Detail::new(
                        ErrorKind::Decode,
                        Outcome::Accepted,
                        "the answer does not decode",
                    )
                    .caused_by(error)
                    .into(),
                }
            }
            twin_api::Error::UnexpectedResponse(answer) => of_unexpected(answer),
            twin_api::Error::Custom(text) => {
                Detail::new(ErrorKind::Transport, Outcome::Unknown, text).into()
            }
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        let detail = Detail::new(ErrorKind::Config, Outcome::NotSent, error.to_string());
        detail.caused_by(error).into()
    }
}

/// Of a body that was not set up in full: `let body: StartRunBody = builder.try_into()?`.
impl From<twin_api::types::error::ConversionError> for Error {
    fn from(error: twin_api::types::error::ConversionError) -> Self {
        Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, error.to_string()).into()
    }
}

/// An error of the HTTP client, without its URL: that has a query.
pub(crate) fn of_reqwest(error: reqwest::Error) -> Detail {
    let error = error.without_url();
    let (kind, outcome, message) = if error.is_builder() {
        (ErrorKind::InvalidRequest, Outcome::NotSent, "the request cannot be built".to_owned())
    } else if error.is_connect() {
        let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Transport };
        (kind, Outcome::NotSent, format!("no connection{}", because(&error)))
    } else if error.is_timeout() {
        (ErrorKind::Timeout, Outcome::Unknown, "no whole answer in time".to_owned())
    } else {
        let message = format!("the connection broke off before the answer{}", because(&error));
        (ErrorKind::Transport, Outcome::Unknown, message)
    };
    Detail::new(kind, outcome, message).caused_by(error)
}

/// `: connection refused`, of the operating system's error that is behind `error`.
pub(crate) fn because(error: &reqwest::Error) -> String {
    if error.is_dns() {
        return ": the name of the host is not known".to_owned();
    }
    let mut cause: Option<&dyn StdError> = error.source();
    let mut found = None;
    while let Some(error) = cause {
        found = error.downcast_ref::<io::Error>().map(io::Error::kind).or(found);
        cause = error.source();
    }
    match found {
        None | Some(io::ErrorKind::Other) => String::new(),
        Some(kind) => format!(": {kind}"),
    }
}

fn of_refusal(status: StatusCode, mut headers: HeaderMap, problem: Problem) -> Error {
    let context = Context::take(&mut headers);
    // The transport has read it by its own clock.
    let asked = match &context {
        Some(context) => context.retry_after,
        None => retry_after(&headers, SystemTime::now),
    };
    let outcome = policy::outcome_of(status, asked.is_some());
    let mut detail = Detail::new(ErrorKind::Problem, outcome, "");
    detail.status = Some(status);
    detail.problem = Some(problem);
    detail.retry_after = asked;
    apply(&mut detail, context);
    detail.headers = headers;
    detail.into()
}

/// An answer that could not be read.
fn of_failure(failure: &DecodeFailure, body: &[u8]) -> Error {
    let status = failure.status;
    let mut detail = if failure.is_json {
        let message = match failure.json_path.as_str() {
            "." => format!("the answer cannot be read: {}", failure.message),
            path => format!("the answer cannot be read at {path}: {}", failure.message),
        };
        let mut detail = Detail::new(ErrorKind::Decode, Outcome::Accepted, message);
        detail.json_path = Some(failure.json_path.clone());
        detail
    } else {
        not_the_api(status, &failure.headers, failure.url.as_str(), body)
    };
    detail.status = Some(status);
    detail.excerpt = Some(excerpt(body));
    detail.headers = failure.headers.clone();
    detail.call.path = Some(failure.url.path().to_owned());
    apply(&mut detail, failure.context.clone());
    detail.into()
}

/// An answer that is not the API's, whatever its status says.
pub(crate) fn not_the_api(
    status: StatusCode,
    headers: &HeaderMap,
    url: &str,
    body: &[u8],
) -> Detail {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let what = match (content_type, body.trim_ascii().is_empty()) {
        (_, true) => "nothing",
        (Some(content_type), false) => content_type,
        (None, false) => "something without a content type",
    };
    let message = format!("what answered at {url} is not the API: {} with {what}", status.as_u16());
    let mut detail = Detail::new(ErrorKind::NotTheApi, Outcome::Accepted, message);
    detail.status = Some(status);
    detail
}

/// A failure of this crate's transport, or a status that is neither success nor refusal.
fn of_unexpected(mut answer: reqwest::Response) -> Error {
    if let Some(Failure(error)) = answer.extensions_mut().remove() {
        return error;
    }
    let (status, url) = (answer.status(), answer.url());
    let elsewhere = status.is_redirection() && answer.headers().contains_key(LOCATION);
    let what = if elsewhere {
        "it sends elsewhere, and redirects are not followed"
    } else {
        "the API does not use this status"
    };
    let (origin, path) = (url.origin().ascii_serialization(), url.path());
    let message =
        format!("what answered at {origin}{path} is not the API: {} {what}", status.as_u16());
    let outcome = match status.as_u16() {
        301 | 302 | 307 | 308 => Outcome::Rejected,
        _ => Outcome::Unknown,
    };
    let mut detail = Detail::new(ErrorKind::NotTheApi, outcome, message);
    detail.status = Some(status);
    detail.call.path = Some(path.to_owned());
    detail.headers = answer.headers().clone();
    apply(&mut detail, answer.extensions_mut().remove());
    detail.into()
}

/// What the transport tells of the call; the path it tells only of a refusal.
fn apply(detail: &mut Detail, context: Option<Context>) {
    let Some(context) = context else { return };
    if context.uncertain {
        detail.outcome = detail.outcome.max(Outcome::Unknown);
    }
    let path = Some(context.path).filter(|path| !path.is_empty());
    detail.call = Call {
        operation: Some(context.operation),
        method: Some(context.method),
        path: path.or_else(|| detail.call.path.take()),
        attempts: context.attempts,
        elapsed: context.elapsed,
    };
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
