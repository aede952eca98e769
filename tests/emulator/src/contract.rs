//! Validates requests and responses against the OpenAPI document of a profile.
//!
//! The document is the contract of the profile, and it is applied strictly: a member,
//! parameter, status or content type that it does not list is a mismatch. Every mismatch has
//! the JSON pointer of the rule and the place in the exchange that breaks it.
//!
//! The checks know no operation; they read everything about the API in the document. The only
//! list beside it is `undocumented`: responses of the live service that no document has. A
//! rejected request is not checked, because rejecting an invalid request is correct.
//!
//! Not checked: cookies, response headers, array parameters, the bounds that `format` sets for
//! numbers, and responses of webhook receivers, which the emulator does not produce.

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

/// The contract of a profile: validates exchanges against its document.
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

    /// Returns the mismatches of an exchange with its operation.
    ///
    /// `template` is the path with its parameters in braces; their names do not matter. At most
    /// 20 mismatches of one body are reported.
    pub fn check(
        &self,
        method: &Method,
        template: &str,
        request: &RecordedRequest,
        answer: &BufferedResponse,
    ) -> Vec<Mismatch> {
        let lookup = self.index.find(method, template);
        let mut report = ExchangeReport::new(format!("{method} {template}"));
        if undocumented::is_known(self.profile, &lookup, answer) {
            return report.found;
        }
        match lookup {
            Lookup::Operation(operation) => {
                if answer.status.is_success() {
                    let mut report = report.on(Side::Request);
                    request::check(&self.document, operation, request, &mut report);
                }
                let mut report = report.on(Side::Response);
                response::check(&self.document, operation, answer, &mut report);
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

    /// Returns the mismatches of an error response to a request that matches no operation.
    ///
    /// The document has no such path or no such method on it, so only the response is checked:
    /// against the response that the document has for all errors.
    pub fn check_refusal(
        &self,
        method: &Method,
        template: &str,
        request: &RecordedRequest,
        answer: &BufferedResponse,
    ) -> Vec<Mismatch> {
        let lookup = self.index.find(method, template);
        let rejected = answer.status.is_client_error();
        let (true, Some(error)) = (rejected, self.index.error_response()) else {
            return self.check(method, template, request, answer);
        };
        let mut report = ExchangeReport::new(format!("{method} {template}"));
        if !undocumented::is_known(self.profile, &lookup, answer) {
            response::check_response(&self.document, error, answer, &mut report.on(Side::Response));
        }
        report.found
    }

    /// Returns the mismatches of a webhook delivery with the document's webhook `event`.
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
