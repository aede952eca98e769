//! The OpenAPI documents that the profiles conform to.

use super::Profile;

/// Returns the OpenAPI document of `profile`, as the emulator serves it at `/openapi.json`.
///
/// For [`Profile::Documented`] it is the document of the published reference. For
/// [`Profile::Observed`] it is the same document with what was observed of the live service.
pub fn document(profile: Profile) -> &'static str {
    match profile {
        Profile::Documented => include_str!("../contract.json"),
        Profile::Observed => include_str!("../effective.json"),
    }
}
