//! Validates a body against the media types that the document lists for a request or a response.
//!
//! Only JSON bodies are validated against a schema. The caller checks whether a body is required.

use serde_json::Value;

use super::document::{Document, step};
use super::report::{SideReport, short};
use super::schema::LazySchema;

/// The documented media types of a body.
#[derive(Debug)]
pub(super) struct Content {
    pointer: String,
    /// For each media type: its name in lower case, its pointer and its schema.
    types: Vec<(String, String, Option<LazySchema>)>,
}

impl Content {
    /// Reads the content of a request body or a response, which is at `pointer`.
    pub(super) fn of(document: &Document, pointer: &str, holder: &Value) -> Self {
        let pointer = step(pointer, "content");
        let types = holder.get("content").and_then(Value::as_object);
        let types = types.into_iter().flatten().map(|(name, _)| {
            let pointer = step(&pointer, name);
            let schema = step(&pointer, "schema");
            let schema = document.at(&schema).map(|_| LazySchema::new(schema));
            (name.to_ascii_lowercase(), pointer, schema)
        });
        Self { types: types.collect(), pointer }
    }

    /// Returns whether no body is documented.
    pub(super) fn is_none(&self) -> bool {
        self.types.is_empty()
    }

    /// Reports a content type that the document does not list, and where the body breaks its schema.
    pub(super) fn check(
        &self,
        document: &Document,
        content_type: &str,
        body: &[u8],
        report: &mut SideReport<'_>,
    ) {
        let essence = essence(content_type);
        let Some((_, pointer, schema)) = self.types.iter().find(|(name, ..)| *name == essence)
        else {
            let message = match essence.as_str() {
                "" => "the content type is missing".to_owned(),
                other => format!("the document does not list the content type {}", short(other)),
            };
            return report.add(&self.pointer, "", &message);
        };
        if essence != "application/json" && !essence.ends_with("+json") {
            return;
        }
        match (serde_json::from_slice::<Value>(body), schema) {
            (Ok(value), Some(schema)) => schema.check(document, &value, "", report),
            (Ok(_), None) => {}
            (Err(error), _) => {
                report.add(pointer, "", &format!("the body is not valid JSON: {error}"));
            }
        }
    }
}

/// Returns a content type without its parameters.
pub(super) fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
