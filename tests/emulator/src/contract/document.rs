//! The documents, and ways around in them by JSON pointer.
//!
//! A reference that leads out of a document is not followed; nothing is fetched.

use jsonschema::{Draft, Registry, RegistryBuilder, Validator};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::strict;

/// The address of the document for those who follow references.
const ADDRESS: &str = "document:/openapi.json";

/// What a URI fragment must not hold as it is.
const FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// References to references to references are followed this far.
const FARTHEST: usize = 32;

/// A document, and the same made strict.
#[derive(Debug)]
pub(super) struct Document {
    root: Value,
    strict: Result<Registry<'static>, String>,
}

impl Document {
    /// Reads a document. What is none has no operations, so that no exchange is as it should.
    pub(super) fn parse(text: &str) -> Self {
        let root: Value = serde_json::from_str(text).unwrap_or_default();
        let mut copy = root.clone();
        strict::close(&root, &mut copy);
        let registry = Registry::new().draft(Draft::Draft202012).add(ADDRESS, copy);
        let strict = registry.and_then(RegistryBuilder::prepare).map_err(|error| error.to_string());
        Self { root, strict }
    }

    /// The document as it is.
    pub(super) fn root(&self) -> &Value {
        &self.root
    }

    /// What stands at `pointer`.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer.strip_prefix('#')?)
    }

    /// What stands at `pointer`, or where the reference there leads; and where that is.
    pub(super) fn follow(&self, pointer: String) -> Option<(String, &Value)> {
        follow(&self.root, pointer)
    }

    /// Makes a validator of the schema at `pointer`.
    pub(super) fn compile(&self, pointer: &str) -> Result<Validator, String> {
        let registry = self.strict.as_ref()?;
        let pointer = utf8_percent_encode(pointer.trim_start_matches('#'), FRAGMENT);
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(registry)
            .should_validate_formats(true)
            .offline()
            .build(&json!({ "$ref": format!("{ADDRESS}#{pointer}") }))
            .map_err(|error| error.to_string())
    }
}

/// What stands at `pointer` in `root`, or where the reference there leads; and where that is.
pub(super) fn follow(root: &Value, mut pointer: String) -> Option<(String, &Value)> {
    for _ in 0..FARTHEST {
        let value = root.pointer(pointer.strip_prefix('#')?)?;
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Some((pointer, value));
        };
        pointer = decoded(reference)?;
    }
    None
}

/// The pointer in a URI fragment, or in an address of the document.
pub(super) fn decoded(reference: &str) -> Option<String> {
    let reference = reference.strip_prefix(ADDRESS).unwrap_or(reference);
    percent_decode_str(reference).decode_utf8().ok().map(Into::into)
}

/// `pointer`, and one step on.
pub(super) fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
