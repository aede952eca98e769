//! Answers are not validated: an odd value must not fail a page. So constraints go from
//! every schema that an answer has, and from requests those that the client cannot check.
//!
//! Only lengths of text are checked, and only in what requests alone have. Patterns go
//! everywhere: they would be compiled, and trusted, at run time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::{Object, quoted, ref_name};
use super::walk::{Position, Side};
use super::{Context, walk};

/// Never checked by the client.
const UNCHECKED: [&str; 11] = [
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];
/// Checked in what only requests have.
const CHECKED_IN_REQUESTS: [&str; 2] = ["minLength", "maxLength"];

pub(super) fn apply(context: &mut Context) {
    let speakers = Speakers::of(&mut context.document);
    context.each_schema_object(|report, members, place| {
        let (in_request, in_answer) = speakers.sides(place);
        let mut gone = Vec::new();
        for keyword in UNCHECKED {
            gone.extend(members.remove(keyword).map(|_| keyword));
        }
        if in_answer {
            for keyword in CHECKED_IN_REQUESTS {
                gone.extend(members.remove(keyword).map(|_| keyword));
            }
            if members.get("additionalProperties") == Some(&json!(false)) {
                members.remove("additionalProperties");
                gone.push("additionalProperties");
            }
        }
        if gone.is_empty() {
            return;
        }
        if in_request {
            report.loss(place.pointer, format!("{} is not checked by the client", quoted(gone)));
        } else {
            report.count(
                format!("{} is not checked: answers are not validated", quoted(gone)),
                place.pointer,
            );
        }
    });
}

/// Which components requests have, and which answers.
pub(super) struct Speakers {
    asked: BTreeSet<String>,
    answered: BTreeSet<String>,
}

impl Speakers {
    pub(super) fn of(document: &mut Value) -> Self {
        Self { asked: reached(document, Side::Request), answered: reached(document, Side::Answer) }
    }

    /// The names of both sides: of requests, and of answers.
    pub(super) fn into_names(self) -> (BTreeSet<String>, BTreeSet<String>) {
        (self.asked, self.answered)
    }

    /// Whether a schema is in requests, and whether in answers; what nobody refers to counts
    /// as an answer's.
    pub(super) fn sides(&self, place: walk::Place<'_>) -> (bool, bool) {
        match place.side {
            Side::Request => (true, false),
            Side::Answer => (false, true),
            Side::Shared => {
                let name = place.pointer.split('/').nth(3).unwrap_or_default();
                let asked = self.asked.contains(name);
                (asked, self.answered.contains(name) || !asked)
            }
        }
    }
}

/// The components that one side's schemas lead to.
fn reached(document: &mut Value, side: Side) -> BTreeSet<String> {
    let mut pending = Vec::new();
    walk::each_schema(document, &mut |value, place| {
        if place.side == side && place.position != Position::Component {
            pending.extend(ref_name(value).map(str::to_owned));
        }
    });
    reached_from(document, pending)
}

/// The components in `pending`, and those that they lead to.
pub(super) fn reached_from(document: &Value, mut pending: Vec<String>) -> BTreeSet<String> {
    let empty = Object::new();
    let schemas =
        document.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&empty);
    let mut found = BTreeSet::new();
    while let Some(name) = pending.pop() {
        let Some(schema) = schemas.get(&name).filter(|_| found.insert(name)) else { continue };
        walk::each_inside(schema, &mut |inner| pending.extend(ref_name(inner).map(str::to_owned)));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::check_documents;

    #[test]
    fn constraints() {
        let text = json!({"type": "string", "minLength": 1, "pattern": "^a"});
        let with = |asked: Value, answered: Value, shared: Value| {
            json!({
                "paths": {"/a": {"post": {
                    "requestBody": {"content": {"j": {"schema": {"properties": {
                        "a": {"$ref": "#/components/schemas/Asked"}, "b": {"$ref": "#/components/schemas/Shared"},
                    }}}}},
                    "responses": {"2XX": {"content": {"j": {"schema": {"items": {"$ref": "#/components/schemas/Answered"}}}}}},
                }}},
                "components": {"schemas": {
                    "Answered": {"properties": {"a": answered, "b": {"$ref": "#/components/schemas/Shared"}}},
                    "Asked": asked,
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
                        "note: Answered/properties/a: `pattern`, `minLength` is not checked: answers",
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
