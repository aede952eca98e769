//! Responses of the live service that are in no document.
//!
//! Each entry accepts exactly the observed response, and only to the kind of request that got it.
//! The entries apply only to the observed profile.

use std::collections::BTreeSet;

use axum::http::{HeaderName, StatusCode, header};

use super::content::essence;
use super::index::Lookup;
use super::response::content_type;
use crate::Profile;
use crate::exchange::BufferedResponse;

/// A response of the live service that is in no document.
struct ObservedResponse {
    status: StatusCode,
    content_type: &'static str,
    /// Checks the kind of request, and the headers and body of the response.
    matches: fn(&Lookup<'_>, &BufferedResponse) -> bool,
}

/// All observed responses. Append a new one at the end.
const OBSERVATIONS: [ObservedResponse; 2] = [
    // The router rejects a method that a path does not have, with an empty body.
    ObservedResponse {
        status: StatusCode::METHOD_NOT_ALLOWED,
        content_type: "",
        matches: |lookup, response| {
            response.body.is_empty() && allows_methods_of_path(lookup, response)
        },
    },
    // An unknown path falls through to the gRPC service behind the gateway.
    ObservedResponse {
        status: StatusCode::OK,
        content_type: "application/grpc",
        matches: |lookup, response| {
            let unimplemented = response.headers.get(GRPC_STATUS).is_some_and(|code| code == "12");
            matches!(lookup, Lookup::Unknown) && unimplemented && response.body.is_empty()
        },
    },
];

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Returns whether `profile` accepts `response` to a request with this `lookup`.
pub(super) fn is_known(profile: Profile, lookup: &Lookup<'_>, response: &BufferedResponse) -> bool {
    profile == Profile::Observed
        && OBSERVATIONS.iter().any(|observed| {
            observed.status == response.status
                && observed.content_type == essence(content_type(response))
                && (observed.matches)(lookup, response)
        })
}

/// Returns whether `Allow` lists exactly the methods of the path. HEAD may be listed with GET.
fn allows_methods_of_path(lookup: &Lookup<'_>, response: &BufferedResponse) -> bool {
    let Lookup::Path(_, operations) = lookup else { return false };
    let Some(Ok(allow)) = response.headers.get(header::ALLOW).map(|value| value.to_str()) else {
        return false;
    };
    let mut allowed: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
    if allowed.contains("GET") {
        allowed.remove("HEAD");
    }
    allowed == operations.iter().map(|operation| operation.method.as_str()).collect()
}
