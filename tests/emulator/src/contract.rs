//! Validates requests and responses against the OpenAPI document of a profile.
//!
//! The document is the contract of the profile, and the checks are strict: a member, parameter,
//! status or content type that the document does not list is a mismatch. Every mismatch has the
//! JSON pointer of the broken rule, and the place in the request or response that breaks it.
//!
//! The checks read everything about the API in the document, with one exception: `undocumented`
//! lists responses of the live service that are in no document. If the emulator rejects a request,
//! only the response is checked, because the request may be invalid.
//!
//! The checks do not cover cookies, response headers, array parameters, the bounds that `format`
//! sets for numbers, and the responses of webhook receivers.

mod content;
mod document;
mod excerpt;
mod index;
mod report;
mod request;
mod response;
mod schema;
mod strict;
mod undocumented;

use std::borrow::Cow;
use std::sync::OnceLock;

use axum::http::Method;
use serde_json::Value;

use self::document::Document;
use self::index::{Index, Lookup};
use self::report::ExchangeReport;
use super::Profile;
use super::documents::parsed;
use crate::exchange::{BufferedResponse, RecordedRequest};
pub use crate::mismatch::{Mismatch, Side};

/// Validates exchanges against the OpenAPI document of a profile.
#[derive(Debug)]
pub struct Contract {
    document: Document,
    index: Index,
    profile: Profile,
}

impl Contract {
    /// Returns the contract of `profile`.
    ///
    /// The document is parsed once per process. Each schema is compiled on its first use.
    pub fn of(profile: Profile) -> &'static Self {
        static DOCUMENTED: OnceLock<Contract> = OnceLock::new();
        static OBSERVED: OnceLock<Contract> = OnceLock::new();
        let contract = match profile {
            Profile::Documented => &DOCUMENTED,
            Profile::Observed => &OBSERVED,
        };
        contract.get_or_init(|| Self::new(profile, Cow::Borrowed(parsed(profile))))
    }

    /// Returns the mismatches of a request and its response.
    ///
    /// `template` is the path of the operation with its parameters in braces, such as
    /// `/v1/agents/{id}`; the names of the parameters are ignored. At most 20 mismatches of one body
    /// are reported.
    pub fn check(
        &self,
        method: &Method,
        template: &str,
        request: &RecordedRequest,
        response: &BufferedResponse,
    ) -> Vec<Mismatch> {
        let lookup = self.index.find(method, template);
        let mut report = ExchangeReport::new(format!("{method} {template}"));
        if undocumented::is_known(self.profile, &lookup, response) {
            return report.found;
        }
        match lookup {
            Lookup::Operation(operation) => {
                if response.status.is_success() {
                    let mut report = report.on(Side::Request);
                    request::check(&self.document, operation, request, &mut report);
                }
                let mut report = report.on(Side::Response);
                response::check(&self.document, operation, response, &mut report);
            }
            Lookup::Path(pointer, _) => {
                report.on(Side::Request).add(pointer, "", "the path does not have this method");
            }
            Lookup::Unknown => {
                report.on(Side::Request).add("#/paths", "", "the document does not have this path");
            }
        }
        report.found
    }

    /// Returns the mismatches of the response to a request that matches no operation.
    ///
    /// The document does not have the path, or not this method of it. An error response (4xx) is
    /// compared with `#/components/responses/Problem`, which the document has for all errors. Any
    /// other response is a mismatch, unless it was observed of the live service.
    pub fn check_unrouted(
        &self,
        method: &Method,
        template: &str,
        request: &RecordedRequest,
        response: &BufferedResponse,
    ) -> Vec<Mismatch> {
        let lookup = self.index.find(method, template);
        let rejected = response.status.is_client_error();
        let (true, Some(error)) = (rejected, self.index.error_response()) else {
            return self.check(method, template, request, response);
        };
        let mut report = ExchangeReport::new(format!("{method} {template}"));
        if !undocumented::is_known(self.profile, &lookup, response) {
            response::check_response(
                &self.document,
                error,
                response,
                &mut report.on(Side::Response),
            );
        }
        report.found
    }

    /// Returns the mismatches of a delivery of `event`, such as `run.completed`.
    pub fn check_delivery(&self, event: &str, delivery: &RecordedRequest) -> Vec<Mismatch> {
        let mut report = ExchangeReport::new(format!("delivery of {event}"));
        let mut side = report.on(Side::Request);
        match self.index.webhook(event, &delivery.method) {
            Some(webhook) => {
                request::check_headers_and_body(&self.document, webhook, delivery, &mut side);
            }
            None => side.add("#", "", "the document does not have this webhook"),
        }
        report.found
    }

    fn new(profile: Profile, root: Cow<'static, Value>) -> Self {
        let document = Document { root };
        let index = Index::of(&document);
        Self { document, index, profile }
    }
}

#[cfg(test)]
mod tests;
