//! Recognizes the known operations and entities of a document, and renames them.
//!
//! After this stage, operations, parameters and entities have the names of `known.json`. The
//! document describes the same requests and responses as before. The next stage,
//! [`known`](crate::known), adds the facts. If `known.json` lists no operations and no entities,
//! the document stays unchanged.

mod components;
mod definitions;
mod entity;
mod null;
mod paths;
pub(crate) mod peel;
pub(crate) mod place;
pub(crate) mod reference;
mod security;
mod server;
mod shape;
mod share;
pub(crate) mod site;
pub(crate) mod webhooks;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) use components::collect;

use crate::pointer::child;
use crate::problem::Problem;
use crate::{Diagnostic, Error, Fact, Known, Severity, parse};

/// A document whose known operations, parameters and entities have the names of `known.json`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Identified {
    /// The document.
    pub document: Value,
    /// Differences in `servers`, and between the descriptions of an entity at several places.
    pub facts: Vec<Fact>,
    /// Known operations that the document describes under a different URL. The client would call
    /// the wrong URL, so generation fails.
    pub problems: Vec<Problem>,
    /// The JSON pointers (without `#`) of the known operations in the document, by name.
    pub operations: BTreeMap<String, String>,
    origins: Origins,
}

impl Identified {
    /// Returns the pointer into the original document for a pointer into the identified one.
    pub fn origin(&self, pointer: &str) -> String {
        self.origins.of(pointer)
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }
}

/// Maps pointers into the identified document to pointers into the original one, both with `#`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(BTreeMap<String, String>);

impl Origins {
    fn insert(&mut self, now: String, before: String) {
        self.0.insert(now, before);
    }

    /// Returns the original pointer, using the longest prefix of `pointer` that was moved.
    pub(crate) fn of(&self, pointer: &str) -> String {
        let mut end = pointer.len();
        loop {
            if let Some(before) = self.0.get(&pointer[..end]) {
                return format!("{before}{}", &pointer[end..]);
            }
            match pointer[..end].rfind('/') {
                Some(slash) => end = slash,
                None => return pointer.to_owned(),
            }
        }
    }
}

/// The findings of this stage.
#[derive(Debug, Default)]
struct Findings {
    facts: Vec<Fact>,
    problems: Vec<Problem>,
    origins: Origins,
}

impl Findings {
    fn origin(&self, pointer: &str) -> String {
        self.origins.of(pointer)
    }
}

/// Identifies a document that is given as bytes.
///
/// # Errors
/// Returns an error of [`Stage::Parse`](crate::Stage::Parse) if `openapi` is not an OpenAPI
/// document, and of [`Stage::Known`](crate::Stage::Known) if `known` is not a valid `known.json`.
pub fn from_bytes(openapi: &[u8], known: Option<&[u8]>) -> Result<Identified, Error> {
    let document = parse::parse(openapi)?;
    let known = known.map(Known::read).transpose()?.unwrap_or_default();
    Ok(identify(document, &known))
}

/// Identifies a document that [`parse`](crate::parse::parse) has accepted.
pub fn identify(mut document: Value, known: &Known) -> Identified {
    let mut findings = Findings::default();
    let mut operations = BTreeMap::new();
    if !known.is_empty() && parse::has_shape(&document) {
        share::inline(&mut document);
        definitions::hoist(&mut document);
        null::unify(&mut document);
        operations = paths::identify(&mut document, known, &mut findings);
        security::hoist(&mut document, &mut findings);
        webhooks::name(&mut document, known);
        entity::name(&mut document, known, &operations, &mut findings);
        document["openapi"] = json!("3.1.0");
    }
    let Findings { facts, problems, origins } = findings;
    Identified { document, facts, problems, operations, origins }
}

/// Returns the document without webhooks, and without the types that only webhooks use.
///
/// The types of known entities stay.
pub(crate) fn without_webhooks(document: &Value, known: &Known) -> (Value, Vec<Diagnostic>) {
    let mut document = document.clone();
    if known.is_empty() || !parse::has_shape(&document) {
        return (document, Vec::new());
    }
    let webhooks = document.as_object_mut().and_then(|members| members.remove("webhooks"));
    let diagnostics = webhooks.as_ref().and_then(Value::as_object).into_iter().flatten();
    let diagnostics = diagnostics.map(|(name, _)| Diagnostic {
        pointer: child("#/webhooks", name),
        rule: "document",
        severity: Severity::Note,
        message: "webhooks are omitted: the service sends these requests".to_owned(),
    });
    let diagnostics = diagnostics.collect();
    collect(&mut document, known.references());
    (document, diagnostics)
}
