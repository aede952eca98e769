//! Reads an OpenAPI document by JSON pointers, and compiles its schemas.
//!
//! It does not follow references to other documents, and fetches nothing.

use std::borrow::Cow;

use jsonschema::{Draft, Registry, RegistryBuilder, Validator};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::{excerpt, strict};

/// The base URI of the document; references in it are resolved against this.
const ADDRESS: &str = "document:/openapi.json";

/// Characters that must be percent-encoded in a URI fragment.
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

/// The maximum number of references that are followed from one value to the next.
const MAX_REFERENCES: usize = 32;

/// An OpenAPI document.
///
/// A test process usually checks a few operations of one document. So a schema is made strict and
/// compiled on its first use, together with the schemas that it refers to.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Cow<'static, Value>,
}

impl Document {
    /// Returns the whole document.
    pub(super) fn root(&self) -> &Value {
        &self.root
    }

    /// Returns the value at `pointer`.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer.strip_prefix('#')?)
    }

    /// Returns the value at `pointer` after following references, and the pointer to it.
    pub(super) fn follow(&self, pointer: String) -> Option<(String, &Value)> {
        follow(&self.root, pointer)
    }

    /// Compiles the schema at `pointer`.
    pub(super) fn compile(&self, pointer: &str) -> Result<Validator, String> {
        let mut part = excerpt::extract(&self.root, pointer);
        strict::make_strict(&self.root, &mut part);
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(ADDRESS, part)
            .and_then(RegistryBuilder::prepare)
            .map_err(|error| error.to_string())?;
        let pointer = utf8_percent_encode(pointer.trim_start_matches('#'), FRAGMENT);
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&registry)
            .should_validate_formats(true)
            .offline()
            .build(&json!({ "$ref": format!("{ADDRESS}#{pointer}") }))
            .map_err(|error| error.to_string())
    }
}

/// Returns the value at `pointer` in `root` after following references, and the pointer to it.
pub(super) fn follow(root: &Value, mut pointer: String) -> Option<(String, &Value)> {
    for _ in 0..MAX_REFERENCES {
        let value = root.pointer(pointer.strip_prefix('#')?)?;
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Some((pointer, value));
        };
        pointer = decoded(reference)?;
    }
    None
}

/// Returns the pointer in a URI fragment, or in a URI of the document.
pub(super) fn decoded(reference: &str) -> Option<String> {
    let reference = reference.strip_prefix(ADDRESS).unwrap_or(reference);
    percent_decode_str(reference).decode_utf8().ok().map(Into::into)
}

/// Appends one member name to `pointer`.
pub(super) fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
