//! Replaces the module `contract` in a build without the feature `contract`: it checks nothing.

use axum::http::Method;

use super::Profile;
use crate::exchange::{Answer, Recorded};
use crate::mismatch::Mismatch;

#[derive(Debug)]
pub(super) struct Contract;

impl Contract {
    pub(super) const fn of(_: Profile) -> &'static Self {
        &Self
    }

    #[expect(clippy::unused_self, reason = "the signature of the real one")]
    pub(super) const fn check(
        &self,
        _: &Method,
        _: &str,
        _: &Recorded,
        _: &Answer,
    ) -> Vec<Mismatch> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "the signature of the real one")]
    pub(super) const fn check_refusal(
        &self,
        _: &Method,
        _: &str,
        _: &Recorded,
        _: &Answer,
    ) -> Vec<Mismatch> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "the signature of the real one")]
    pub(super) const fn check_delivery(&self, _: &str, _: &Recorded) -> Vec<Mismatch> {
        Vec::new()
    }
}
