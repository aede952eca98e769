//! Resolves collisions between the Rust names of an object's properties.
//!
//! Of two properties such as `id` and `@id`, one becomes the field. The other is read and written
//! through the map `extra`, under its own name. If the object also has a property `extra`, the
//! collision is rejected.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::schema::{Object, quoted};
use super::{Context, Diagnostics, refuse};
use crate::error::Error;
use crate::names::snake;
use crate::pointer::child;

/// The field that typify generates for additional properties.
const EXTRA: &str = "extra";

pub(super) fn apply(context: &mut Context) {
    context.each_schema(|report, value, place| match value {
        Value::Object(members) => distinguish(report, members, place.pointer),
        _ => Ok(()),
    });
}

fn distinguish(report: &mut Diagnostics, members: &mut Object, pointer: &str) -> Result<(), Error> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in field_names(members) {
        let alike = fields.entry(snake(name)).or_default();
        if !alike.iter().any(|other| other == name) {
            alike.push(name.to_owned());
        }
    }
    let has_extra = fields.contains_key(EXTRA);
    for (field, mut alike) in fields {
        // The property that equals the Rust name becomes the field. If there is none, the first one
        // does.
        alike.sort_by_key(|name| {
            (name.trim_end_matches('_') != field.trim_end_matches('_'), name.clone())
        });
        let Some((kept, others)) = alike.split_first().filter(|(_, others)| !others.is_empty())
        else {
            continue;
        };
        let others_text = quoted(others.iter().map(String::as_str));
        if has_extra {
            let at = child(&child(pointer, "properties"), kept);
            let cause = format!("`{kept}` and {others_text} are both `{field}` in Rust");
            return Err(refuse(&at, cause)
                .help("remove one of them in an overlay; the field `extra` is already used"));
        }
        report.loss(
            pointer,
            format!("{others_text} is in `extra`, because the field `{field}` is `{kept}`"),
        );
        move_to_extra(members, others);
    }
    if has_extra && matches!(members.get("additionalProperties"), Some(Value::Object(_))) {
        members.remove("additionalProperties");
        report
            .loss(pointer, "additional properties are dropped: the object has a property `extra`");
    }
    Ok(())
}

fn move_to_extra(members: &mut Object, names: &[String]) {
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        properties.retain(|name, _| !names.contains(name));
    }
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| !names.iter().any(|gone| name == gone));
    }
    members.insert("additionalProperties".to_owned(), json!({}));
}

/// Returns the names that typify generates fields for: the properties and all required names.
fn field_names(members: &Object) -> impl Iterator<Item = &str> {
    let properties = members.get("properties").and_then(Value::as_object);
    let required = members.get("required").and_then(Value::as_array);
    let named = properties.into_iter().flatten().map(|(name, _)| name.as_str());
    named.chain(required.into_iter().flatten().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_refusals, check_schemas, with_schemas};

    #[test]
    fn moves_colliding_properties_to_extra() {
        check_schemas(
            "property-names",
            &[
                (
                    json!({"properties": {"aB": {}, "a_c": {}}}),
                    json!({"properties": {"aB": {}, "a_c": {}}}),
                    &[],
                ),
                (
                    json!({"properties": {"@id": {}, "id": {}, "_type": {}, "type": {}}, "required": ["@id", "id"]}),
                    json!({"properties": {"id": {}, "type": {}}, "required": ["id"], "additionalProperties": {}}),
                    &["loss: `@id` is in `extra`", "loss: `_type` is in `extra`"],
                ),
                (
                    json!({"properties": {"extra": {}}, "additionalProperties": {"type": "string"}}),
                    json!({"properties": {"extra": {}}}),
                    &["loss: additional properties"],
                ),
            ],
        );
        check_refusals(
            "property-names",
            &[
                (
                    with_schemas(
                        json!({"A": {"properties": {"userId": {}, "user_id": {}, "extra": {}}}}),
                    ),
                    "A/properties/user_id: `user_id` and `userId` are both `user_id`",
                ),
                (
                    with_schemas(
                        json!({"A": {"properties": {"a-b": {}, "Extra": {}}, "required": ["a_b"]}}),
                    ),
                    "`a_b` and `a-b`",
                ),
            ],
        );
    }
}
