//! The bodies that a request or an answer may have, and whether one is as the document says.
//!
//! Only JSON is looked into. That a body is there at all is for its bearer to ask.

use serde_json::Value;

use super::document::{Document, step};
use super::report::{Half, short};
use super::schema::Schema;

/// The media types that a body may have.
#[derive(Debug)]
pub(super) struct Content {
    pointer: String,
    /// Each with its name in lower case, where it stands, and its schema.
    types: Vec<(String, String, Option<Schema>)>,
}

impl Content {
    /// The content that `holder` has, which stands at `pointer`.
    pub(super) fn of(document: &Document, pointer: &str, holder: &Value) -> Self {
        let pointer = step(pointer, "content");
        let types = holder.get("content").and_then(Value::as_object);
        let types = types.into_iter().flatten().map(|(name, _)| {
            let pointer = step(&pointer, name);
            let schema = step(&pointer, "schema");
            let schema = document.at(&schema).map(|_| Schema::new(schema));
            (name.to_ascii_lowercase(), pointer, schema)
        });
        Self { types: types.collect(), pointer }
    }

    /// Whether there is no body.
    pub(super) fn is_none(&self) -> bool {
        self.types.is_empty()
    }

    /// Adds to `report` where a body is not of a type that is listed, or not as that says.
    pub(super) fn check(
        &self,
        document: &Document,
        content_type: &str,
        body: &[u8],
        report: &mut Half<'_>,
    ) {
        let essence = essence(content_type);
        let Some((_, pointer, schema)) = self.types.iter().find(|(name, ..)| *name == essence)
        else {
            let message = match essence.as_str() {
                "" => "there is no content type".to_owned(),
                other => format!("the document does not give the content type {}", short(other)),
            };
            return report.add(&self.pointer, "", &message);
        };
        if essence != "application/json" && !essence.ends_with("+json") {
            return;
        }
        match (serde_json::from_slice::<Value>(body), schema) {
            (Ok(value), Some(schema)) => schema.check(document, &value, "", report),
            (Ok(_), None) => {}
            (Err(error), _) => report.add(pointer, "", &format!("the body is not JSON: {error}")),
        }
    }
}

/// A content type without its parameters.
pub(super) fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
