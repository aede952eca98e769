//! Replaces the module `contract` in a build without the feature `contract`. It checks nothing.

use axum::http::Method;

use super::Profile;
use crate::exchange::{BufferedResponse, RecordedRequest};
use crate::mismatch::Mismatch;

#[derive(Debug)]
pub(super) struct Contract;

impl Contract {
    pub(super) const fn of(_: Profile) -> &'static Self {
        &Self
    }

    #[expect(clippy::unused_self, reason = "the signature is that of the real module")]
    pub(super) const fn check(
        &self,
        _: &Method,
        _: &str,
        _: &RecordedRequest,
        _: &BufferedResponse,
    ) -> Vec<Mismatch> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "the signature is that of the real module")]
    pub(super) const fn check_unrouted(
        &self,
        _: &Method,
        _: &str,
        _: &RecordedRequest,
        _: &BufferedResponse,
    ) -> Vec<Mismatch> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "the signature is that of the real module")]
    pub(super) const fn check_delivery(&self, _: &str, _: &RecordedRequest) -> Vec<Mismatch> {
        Vec::new()
    }
}
