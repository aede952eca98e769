//! Recognises the operations and entities of a document and gives them our names.
//!
//! It changes how a document says things, never what it says: the identified document
//! describes the same requests and answers. It adds no fact of `known.json`. Without known
//! operations and entities it leaves the document as it is.

mod components;
mod definitions;
mod entity;
mod null;
mod paths;
pub(crate) mod peel;
pub(crate) mod place;
pub(crate) mod reference;
mod schemas;
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

/// A document in which operations, parameters and entities have our names.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Identified {
    /// The document.
    pub document: Value,
    /// What the document says of servers and of entities that it describes several times.
    pub facts: Vec<Fact>,
    /// Why no right client can be generated: operations under another URL than ours.
    pub problems: Vec<Problem>,
    /// Our names of the known operations that are there, with their pointers (without `#`).
    pub operations: BTreeMap<String, String>,
    origins: Origins,
}

impl Identified {
    /// Returns where a part of the identified document stood in the document as it was given.
    pub fn origin(&self, pointer: &str) -> String {
        self.origins.of(pointer)
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }
}

/// Where parts of the identified document stood before: pointers with `#` to pointers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(BTreeMap<String, String>);

impl Origins {
    fn insert(&mut self, now: String, before: String) {
        self.0.insert(now, before);
    }

    /// The pointer before, by the longest part of `pointer` that has moved.
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

/// What the parts of this stage find.
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
/// When either is not what it should be.
pub fn from_bytes(openapi: &[u8], known: Option<&[u8]>) -> Result<Identified, Error> {
    let document = parse::parse(openapi)?;
    let known = known.map(Known::read).transpose()?.unwrap_or_default();
    Ok(identify(document, &known))
}

/// Identifies a document that [`parse`](crate::parse::parse) has let through.
pub fn identify(mut document: Value, known: &Known) -> Identified {
    let mut findings = Findings::default();
    let mut operations = BTreeMap::new();
    if !known.is_empty() && parse::has_shape(&document) {
        share::inline(&mut document);
        definitions::hoist(&mut document);
        null::unify(&mut document);
        operations = paths::identify(&mut document, known, &mut findings);
        webhooks::name(&mut document, known);
        entity::name(&mut document, known, &operations, &mut findings);
        document["openapi"] = json!("3.1.0");
    }
    let Findings { facts, problems, origins } = findings;
    Identified { document, facts, problems, operations, origins }
}

/// The document without the requests that the service makes, and without the types that
/// only they use; those that are known stay.
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
        message: "a webhook is a request that the service makes: not in the client".to_owned(),
    });
    let diagnostics = diagnostics.collect();
    collect(&mut document, known.references());
    (document, diagnostics)
}
