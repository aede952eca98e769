//! What the live service was seen to answer though no document says so.
//!
//! Each form is held to exactly what was seen, and to where it was seen; whatever differs
//! from it is a mismatch like any other. The reference knows none of them.

use std::collections::BTreeSet;

use axum::http::{HeaderName, StatusCode, header};

use super::answer::content_type;
use super::content::essence;
use super::index::Place;
use crate::Profile;
use crate::exchange::Answer;

/// A form of answer beyond the document.
struct Form {
    status: StatusCode,
    content_type: &'static str,
    /// Where it was seen, and what it looks like beyond status and type.
    fits: fn(&Place<'_>, &Answer) -> bool,
}

/// All of them, each with why it is taken. A new one comes last.
const FORMS: [Form; 2] = [
    // A method that a path lacks is refused by what routes, without a word.
    Form {
        status: StatusCode::METHOD_NOT_ALLOWED,
        content_type: "",
        fits: |place, answer| answer.body.is_empty() && allows_what_is_there(place, answer),
    },
    // A path that nothing answers falls through to the gRPC behind the gateway.
    Form {
        status: StatusCode::OK,
        content_type: "application/grpc",
        fits: |place, answer| {
            let unimplemented = answer.headers.get(GRPC_STATUS).is_some_and(|code| code == "12");
            matches!(place, Place::Nowhere) && unimplemented && answer.body.is_empty()
        },
    },
];

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Whether `answer` is of a form that `profile` is known to give at `place`.
pub(super) fn is_known(profile: Profile, place: &Place<'_>, answer: &Answer) -> bool {
    profile == Profile::Observed
        && FORMS.iter().any(|form| {
            form.status == answer.status
                && form.content_type == essence(content_type(answer))
                && (form.fits)(place, answer)
        })
}

/// Whether `Allow` names the methods of the path, all of them and no other. What answers GET
/// answers HEAD as well.
fn allows_what_is_there(place: &Place<'_>, answer: &Answer) -> bool {
    let Place::Path(_, operations) = place else { return false };
    let Some(Ok(allow)) = answer.headers.get(header::ALLOW).map(|value| value.to_str()) else {
        return false;
    };
    let mut allowed: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
    if allowed.contains("GET") {
        allowed.remove("HEAD");
    }
    allowed == operations.iter().map(|operation| operation.method.as_str()).collect()
}
