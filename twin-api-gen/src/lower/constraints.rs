//! Drops constraints that the client does not check.
//!
//! Responses are not validated, because one unexpected value must not fail a whole page. Schemas
//! that responses use therefore lose all constraints. In schemas that only requests use, lengths
//! of strings are checked. Patterns are dropped everywhere: the client would compile regular
//! expressions from the document at run time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::{Object, quoted, ref_name};
use super::walk::{PartOf, SchemaPosition};
use super::{Context, walk};
use crate::schemas::BOUNDS;

/// Keywords that the client checks in schemas that only requests use.
const LENGTHS: [&str; 2] = ["minLength", "maxLength"];

pub(super) fn apply(context: &mut Context) {
    let usage = Usage::of(&mut context.document);
    context.each_schema_object(|report, members, place| {
        let (in_request, in_response) = usage.used_in(place);
        let mut gone = Vec::new();
        for keyword in BOUNDS {
            if in_response || !LENGTHS.contains(&keyword) {
                gone.extend(members.remove(keyword).map(|_| keyword));
            }
        }
        if in_response && members.get("additionalProperties") == Some(&json!(false)) {
            members.remove("additionalProperties");
            gone.push("additionalProperties");
        }
        if gone.is_empty() {
            return;
        }
        if in_request {
            report.loss(place.pointer, format!("{} is not checked by the client", quoted(gone)));
        } else {
            report.count(
                format!("{} is not checked: responses are not validated", quoted(gone)),
                place.pointer,
            );
        }
    });
}

/// The components that requests use, and those that responses use.
pub(super) struct Usage {
    sent: BTreeSet<String>,
    received: BTreeSet<String>,
}

impl Usage {
    pub(super) fn of(document: &mut Value) -> Self {
        Self {
            sent: reached(document, PartOf::Request),
            received: reached(document, PartOf::Response),
        }
    }

    /// Returns the names of the components that requests use, and of those that responses use.
    pub(super) fn into_names(self) -> (BTreeSet<String>, BTreeSet<String>) {
        (self.sent, self.received)
    }

    /// Returns whether requests use a schema, and whether responses do. An unused component
    /// counts as used by responses.
    pub(super) fn used_in(&self, place: walk::SchemaLocation<'_>) -> (bool, bool) {
        match place.part_of {
            PartOf::Request => (true, false),
            PartOf::Response => (false, true),
            PartOf::Component => {
                let name = place.pointer.split('/').nth(3).unwrap_or_default();
                let sent = self.sent.contains(name);
                (sent, self.received.contains(name) || !sent)
            }
        }
    }
}

/// Returns the components that requests (or responses) refer to, directly or indirectly.
fn reached(document: &mut Value, part_of: PartOf) -> BTreeSet<String> {
    let mut pending = Vec::new();
    walk::each_schema(document, &mut |value, place| {
        if place.part_of == part_of && place.position != SchemaPosition::Component {
            pending.extend(ref_name(value).map(str::to_owned));
        }
    });
    reached_from(document, pending)
}

/// Returns the components in `pending`, and all components reachable from them.
pub(super) fn reached_from(document: &Value, mut pending: Vec<String>) -> BTreeSet<String> {
    let empty = Object::new();
    let schemas =
        document.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&empty);
    let mut found = BTreeSet::new();
    while let Some(name) = pending.pop() {
        let Some(schema) = schemas.get(&name).filter(|_| found.insert(name)) else { continue };
        crate::schemas::each_nested(schema, &mut |inner| {
            pending.extend(ref_name(inner).map(str::to_owned));
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::check_documents;

    #[test]
    fn drops_constraints_that_the_client_does_not_check() {
        let text = json!({"type": "string", "minLength": 1, "pattern": "^a"});
        let with = |sent: Value, received: Value, shared: Value| {
            json!({
                "paths": {"/a": {"post": {
                    "requestBody": {"content": {"j": {"schema": {"properties": {
                        "a": {"$ref": "#/components/schemas/Asked"}, "b": {"$ref": "#/components/schemas/Shared"},
                    }}}}},
                    "responses": {"2XX": {"content": {"j": {"schema": {"items": {"$ref": "#/components/schemas/Received"}}}}}},
                }}},
                "components": {"schemas": {
                    "Received": {"properties": {"a": received, "b": {"$ref": "#/components/schemas/Shared"}}},
                    "Asked": sent,
                    "Shared": shared,
                }},
            })
        };
        check_documents(
            "constraints",
            &[
                (
                    with(text.clone(), text.clone(), text.clone()),
                    with(
                        json!({"type": "string", "minLength": 1}),
                        json!({"type": "string"}),
                        json!({"type": "string"}),
                    ),
                    &[
                        "loss: Asked: `pattern` is not checked",
                        "loss: Shared: `pattern`, `minLength`",
                        "note: Received/properties/a: `pattern`, `minLength` is not checked: responses",
                    ],
                ),
                (
                    with(
                        json!({"additionalProperties": false}),
                        json!({"additionalProperties": false}),
                        json!({"minimum": 1}),
                    ),
                    with(json!({"additionalProperties": false}), json!({}), json!({})),
                    &["loss: `minimum`", "note: `additionalProperties`"],
                ),
            ],
        );
    }
}
