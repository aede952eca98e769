//! A request that was routed to an operation, and the errors that an operation returns.

use std::fmt::Display;

use axum::extract::RawPathParams;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::json;
use url::form_urlencoded;

use super::{Profile, iso8601};
use crate::exchange::{BufferedResponse, RecordedRequest};

/// The result of an operation.
pub(super) type OperationResult = Result<BufferedResponse, OperationError>;

/// A request that was routed to an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoutedRequest<'a> {
    /// The request.
    pub(super) request: &'a RecordedRequest,
    /// The path parameters, decoded.
    pub(super) parameters: &'a [(String, String)],
}

impl RoutedRequest<'_> {
    /// Returns a path parameter, or the empty string if the route has no such parameter.
    pub(super) fn id(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(parameter, _)| parameter == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Returns a query parameter; the last one if it is repeated.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.request.query().as_bytes())
            .filter_map(|(parameter, value)| (parameter == name).then(|| value.into_owned()))
            .last()
    }

    /// Parses a query parameter as a number of at least `least`.
    pub(super) fn number(&self, name: &str, least: u64) -> Result<Option<u64>, OperationError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => Err(OperationError::bad_request(format!(
                "{name} must be a whole number of at least {least}"
            ))),
        }
    }

    /// Parses a query parameter as a time.
    pub(super) fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, OperationError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match iso8601::parse(&text) {
            Some(time) => Ok(Some(time)),
            None => Err(OperationError::bad_request(format!("{name} must be an ISO 8601 time"))),
        }
    }

    /// Parses the body as JSON.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, OperationError> {
        let content_type = self.request.header(header::CONTENT_TYPE.as_str());
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = "expected a request with Content-Type: application/json";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(OperationError::Assumed(status, detail.to_owned()));
        }
        let not_json = |error: &dyn Display| {
            let detail = format!("the request body is not valid JSON: {error}");
            OperationError::Assumed(StatusCode::BAD_REQUEST, detail)
        };
        // serde_json does not validate the UTF-8 of members that it skips.
        let text = str::from_utf8(&self.request.body).map_err(|error| not_json(&error))?;
        // serde would read a list as the fields of a struct in their order.
        if text.trim_start().starts_with('[') {
            return Err(OperationError::WrongShape(
                "invalid type: sequence, expected a map".to_owned(),
            ));
        }
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                OperationError::WrongShape(error.to_string())
            } else {
                not_json(&error)
            }
        })
    }
}

/// Returns the decoded path parameters with their names.
pub(super) fn path_parameters(parameters: &RawPathParams) -> Vec<(String, String)> {
    parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The header of a response that is neither documented nor observed.
pub(super) const ASSUMPTION: HeaderName = HeaderName::from_static("x-emulator-assumption");
const NOT_OBSERVED: &str = "neither documented nor observed";

/// The reason why an operation rejects a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OperationError {
    /// The response has problem details with this status and detail.
    Problem(StatusCode, String),
    /// The same, for a request to which no response of the live service was observed. The response
    /// has the header [`ASSUMPTION`].
    Assumed(StatusCode, String),
    /// The body is valid JSON, but does not have the members or types of the operation.
    WrongShape(String),
}

impl OperationError {
    pub(super) fn problem(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Problem(status, detail.into())
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::problem(StatusCode::BAD_REQUEST, detail)
    }

    /// Builds the response of `profile`.
    pub(super) fn response(self, profile: Profile) -> BufferedResponse {
        match (self, profile) {
            (Self::Problem(status, detail), _) => problem(profile, status, &detail),
            (Self::Assumed(status, detail), _) => problem(profile, status, &detail)
                .header(ASSUMPTION, HeaderValue::from_static(NOT_OBSERVED)),
            (Self::WrongShape(error), Profile::Observed) => {
                let text =
                    format!("Failed to deserialize the JSON body into the target type: {error}");
                let plain = "text/plain; charset=utf-8";
                BufferedResponse::new(StatusCode::UNPROCESSABLE_ENTITY, plain, text)
            }
            (Self::WrongShape(error), Profile::Documented) => problem(
                profile,
                StatusCode::BAD_REQUEST,
                &format!("the request body does not have the expected shape: {error}"),
            ),
        }
    }
}

/// Builds problem details. The live service omits `type`, and for the status 400 also `title`.
fn problem(profile: Profile, status: StatusCode, detail: &str) -> BufferedResponse {
    let mut body = json!({"status": status.as_u16(), "detail": detail});
    let documented = profile == Profile::Documented;
    if documented {
        body["type"] = json!("about:blank");
    }
    if documented || status != StatusCode::BAD_REQUEST {
        body["title"] = json!(status.canonical_reason());
    }
    BufferedResponse::new(status, "application/problem+json", body.to_string())
}

/// Builds the response to a deletion.
pub(super) fn no_content() -> BufferedResponse {
    BufferedResponse::empty(StatusCode::NO_CONTENT)
}

/// Builds the response `{"success": true}`.
pub(super) fn success() -> BufferedResponse {
    BufferedResponse::json(StatusCode::OK, &json!({"success": true}))
}
