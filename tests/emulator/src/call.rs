//! One request as an operation sees it, and the ways in which it can be refused.
//!
//! Nothing here knows an operation: what a parameter means is for the one that takes it.

use std::fmt::Display;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::json;
use url::form_urlencoded;

use super::{Profile, iso8601};
use crate::exchange::{Answer, Recorded};

/// What an operation answers with.
pub(super) type Reply = Result<Answer, Refusal>;

/// A request that was routed to an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// The request as it came.
    pub(super) request: &'a Recorded,
    /// The path parameters, decoded.
    pub(super) parameters: &'a [(String, String)],
}

impl Call<'_> {
    /// A path parameter. The routes name those that there are; any other is empty.
    pub(super) fn id(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(parameter, _)| parameter == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A query parameter; the last, where it is given more than once.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.request.query().as_bytes())
            .filter_map(|(parameter, value)| (parameter == name).then(|| value.into_owned()))
            .last()
    }

    /// A query parameter that is a number of at least `least`.
    pub(super) fn number(&self, name: &str, least: u64) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => {
                Err(Refusal::bad_request(format!("{name} must be a whole number from {least} on")))
            }
        }
    }

    /// A query parameter that is a time.
    pub(super) fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match iso8601::parse(&text) {
            Some(time) => Ok(Some(time)),
            None => Err(Refusal::bad_request(format!("{name} must be an ISO 8601 time"))),
        }
    }

    /// The body, read as JSON.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let content_type = self.request.header(header::CONTENT_TYPE.as_str());
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = "expected a request with Content-Type: application/json";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Refusal::Assumed(status, detail.to_owned()));
        }
        let not_json = |error: &dyn Display| {
            let detail = format!("the request body is not JSON: {error}");
            Refusal::Assumed(StatusCode::BAD_REQUEST, detail)
        };
        // Where nobody asks for a member, its bytes would not be looked at.
        let text = str::from_utf8(&self.request.body).map_err(|error| not_json(&error))?;
        // A list would be read as the members of a struct in their order.
        if text.trim_start().starts_with('[') {
            return Err(Refusal::WrongShape("invalid type: sequence, expected a map".to_owned()));
        }
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() { Refusal::WrongShape(error.to_string()) } else { not_json(&error) }
        })
    }
}

/// Marks an answer that neither the reference nor an observation gives.
pub(super) const ASSUMPTION: HeaderName = HeaderName::from_static("x-emulator-assumption");
const NOT_OBSERVED: &str = "neither documented nor observed";

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Problem details.
    Problem(StatusCode, String),
    /// Problem details for a request that nobody has sent to the live service. What it answers
    /// is an assumption, and the answer says so in the header [`ASSUMPTION`].
    Assumed(StatusCode, String),
    /// A body that is JSON, but not of the form that the operation takes.
    WrongShape(String),
}

impl Refusal {
    pub(super) fn problem(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Problem(status, detail.into())
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::problem(StatusCode::BAD_REQUEST, detail)
    }

    /// The answer that `profile` gives.
    pub(super) fn answer(self, profile: Profile) -> Answer {
        match (self, profile) {
            (Self::Problem(status, detail), _) => problem(profile, status, &detail),
            (Self::Assumed(status, detail), _) => problem(profile, status, &detail)
                .header(ASSUMPTION, HeaderValue::from_static(NOT_OBSERVED)),
            (Self::WrongShape(error), Profile::Observed) => {
                let text =
                    format!("Failed to deserialize the JSON body into the target type: {error}");
                let plain = "text/plain; charset=utf-8";
                Answer::new(StatusCode::UNPROCESSABLE_ENTITY, plain, text)
            }
            (Self::WrongShape(error), Profile::Documented) => problem(
                profile,
                StatusCode::BAD_REQUEST,
                &format!("the request body is wrong: {error}"),
            ),
        }
    }
}

/// Problem details. The live service leaves out `type`, and `title` of a bad request.
fn problem(profile: Profile, status: StatusCode, detail: &str) -> Answer {
    let mut body = json!({"status": status.as_u16(), "detail": detail});
    let documented = profile == Profile::Documented;
    if documented {
        body["type"] = json!("about:blank");
    }
    if documented || status != StatusCode::BAD_REQUEST {
        body["title"] = json!(status.canonical_reason());
    }
    Answer::new(status, "application/problem+json", body.to_string())
}

/// The answer to what was deleted, where there is nothing to tell.
pub(super) fn no_content() -> Answer {
    Answer::empty(StatusCode::NO_CONTENT)
}

/// The answer to what has nothing else to tell.
pub(super) fn success() -> Answer {
    Answer::json(StatusCode::OK, &json!({"success": true}))
}
