//! Responses that were observed of the live service and are in no document.
//!
//! Each entry accepts exactly the observed response, where it was observed. They apply only to
//! the observed profile.

use std::collections::BTreeSet;

use axum::http::{HeaderName, StatusCode, header};

use super::content::essence;
use super::index::Lookup;
use super::response::content_type;
use crate::Profile;
use crate::exchange::BufferedResponse;

/// An observed response that no document has.
struct Observation {
    status: StatusCode,
    content_type: &'static str,
    /// Checks where it was observed, and the rest of the response.
    matches: fn(&Lookup<'_>, &BufferedResponse) -> bool,
}

/// All of them. Append new ones at the end.
const OBSERVATIONS: [Observation; 2] = [
    // The router rejects a method that a path does not have, with an empty body.
    Observation {
        status: StatusCode::METHOD_NOT_ALLOWED,
        content_type: "",
        matches: |lookup, answer| answer.body.is_empty() && allows_methods_of_path(lookup, answer),
    },
    // An unknown path falls through to the gRPC service behind the gateway.
    Observation {
        status: StatusCode::OK,
        content_type: "application/grpc",
        matches: |lookup, answer| {
            let unimplemented = answer.headers.get(GRPC_STATUS).is_some_and(|code| code == "12");
            matches!(lookup, Lookup::Unknown) && unimplemented && answer.body.is_empty()
        },
    },
];

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Returns whether `answer` was observed of `profile` at `lookup`.
pub(super) fn is_known(profile: Profile, lookup: &Lookup<'_>, answer: &BufferedResponse) -> bool {
    profile == Profile::Observed
        && OBSERVATIONS.iter().any(|observed| {
            observed.status == answer.status
                && observed.content_type == essence(content_type(answer))
                && (observed.matches)(lookup, answer)
        })
}

/// Returns whether `Allow` lists exactly the methods of the path. HEAD may be listed with GET.
fn allows_methods_of_path(lookup: &Lookup<'_>, answer: &BufferedResponse) -> bool {
    let Lookup::Path(_, operations) = lookup else { return false };
    let Some(Ok(allow)) = answer.headers.get(header::ALLOW).map(|value| value.to_str()) else {
        return false;
    };
    let mut allowed: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
    if allowed.contains("GET") {
        allowed.remove("HEAD");
    }
    allowed == operations.iter().map(|operation| operation.method.as_str()).collect()
}
