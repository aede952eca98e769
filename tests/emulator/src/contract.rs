//! Holds exchanges against the document: what was asked, and above all what was answered.
//!
//! The document of a profile is the contract of that profile, and it is taken at its word
//! and strictly: what it does not list must not be there. Every mismatch says where in the
//! document the rule stands and where the exchange breaks it.
//!
//! It repairs nothing and knows no operation: what it knows of the API, it reads in the
//! document. The one list beside it is of what the live service was seen to answer though
//! no document says so. A request that breaks the contract is no mismatch when it is
//! refused, since refusing it is right. Not looked at: cookies, the headers of an answer,
//! parameters that are lists, the bounds that `format` sets to numbers, and what receivers of
//! deliveries answer, which is not the emulator's.

mod answer;
mod content;
mod document;
mod index;
mod report;
mod request;
mod schema;
mod strict;
mod undocumented;

use std::sync::OnceLock;

use axum::http::Method;

use self::document::Document;
use self::index::{Index, Place};
use self::report::Report;
use super::Profile;
use super::documents::document;
use crate::exchange::{Answer, Recorded};
pub use crate::mismatch::{Mismatch, Side};

/// The document of a profile, ready to be held against exchanges.
#[derive(Debug)]
pub struct Contract {
    document: Document,
    index: Index,
    profile: Profile,
}

impl Contract {
    /// The contract of `profile`. It is read once a process; what an operation needs is
    /// made ready on its first check.
    pub fn of(profile: Profile) -> &'static Self {
        static DOCUMENTED: OnceLock<Contract> = OnceLock::new();
        static OBSERVED: OnceLock<Contract> = OnceLock::new();
        let contract = match profile {
            Profile::Documented => &DOCUMENTED,
            Profile::Observed => &OBSERVED,
        };
        contract.get_or_init(|| Self::read(profile, document(profile)))
    }

    /// Where in `request` and `answer` the contract is broken; nowhere, if all is well.
    ///
    /// `template` is the path with its parameters in braces; how they are called there does
    /// not matter. Of a body with very many mismatches the first are told.
    pub fn check(
        &self,
        method: &Method,
        template: &str,
        request: &Recorded,
        answer: &Answer,
    ) -> Vec<Mismatch> {
        let place = self.index.find(method, template);
        let mut report = Report::new(format!("{method} {template}"));
        if undocumented::is_known(self.profile, &place, answer) {
            return report.found;
        }
        match place {
            Place::Operation(operation) => {
                if answer.status.is_success() {
                    let mut report = report.on(Side::Request);
                    request::check(&self.document, operation, request, &mut report);
                }
                let mut report = report.on(Side::Answer);
                answer::check(&self.document, operation, answer, &mut report);
            }
            Place::Path(pointer, _) => {
                report.on(Side::Request).add(pointer, "", "the path does not have this method");
            }
            Place::Nowhere => {
                report.on(Side::Request).add("#/paths", "", "the document does not have this path");
            }
        }
        report.found
    }

    /// Where the refusal of a request is not as it should be that no operation is for: the
    /// document lacks the path, or the path the method.
    ///
    /// Of such a request the document says nothing, but it says how a refusal looks.
    pub fn check_refusal(
        &self,
        method: &Method,
        template: &str,
        request: &Recorded,
        answer: &Answer,
    ) -> Vec<Mismatch> {
        let place = self.index.find(method, template);
        let refused = answer.status.is_client_error();
        let (true, Some(refusal)) = (refused, self.index.refusal()) else {
            return self.check(method, template, request, answer);
        };
        let mut report = Report::new(format!("{method} {template}"));
        if !undocumented::is_known(self.profile, &place, answer) {
            answer::hold(&self.document, refusal, answer, &mut report.on(Side::Answer));
        }
        report.found
    }

    /// Where a delivery to a webhook is not what the document says of deliveries of `event`.
    pub fn check_delivery(&self, event: &str, delivery: &Recorded) -> Vec<Mismatch> {
        let mut report = Report::new(format!("delivery of {event}"));
        let mut half = report.on(Side::Request);
        match self.index.webhook(event, &delivery.method) {
            Some(webhook) => request::carried(&self.document, webhook, delivery, &mut half),
            None => half.add("#", "", "the document does not have this webhook"),
        }
        report.found
    }

    fn read(profile: Profile, text: &str) -> Self {
        let document = Document::parse(text);
        let index = Index::of(&document);
        Self { document, index, profile }
    }
}

#[cfg(test)]
mod tests;
