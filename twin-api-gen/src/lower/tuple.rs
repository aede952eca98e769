//! Rewrites a tuple (`prefixItems`, or an array as `items`) to an array.
//!
//! If all items have the same schema, the array has that schema; otherwise its items are any
//! value. Positions and lengths are lost.

use serde_json::{Value, json};

use super::Context;
use super::schema::Object;

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        let Some(mut schemas) = take_tuple(members) else {
            if members.get("items") == Some(&Value::Bool(false)) {
                members.insert("items".to_owned(), json!({}));
                report.loss(place.pointer, "the client does not check that the array is empty");
            }
            return;
        };
        let rest = members.remove("items").or_else(|| members.remove("additionalItems"));
        schemas.extend(rest.filter(|rest| !rest.is_boolean() && !rest.is_array()));
        members.remove("additionalItems");
        schemas.dedup();
        let alike = schemas.len() <= 1;
        let items = if alike { schemas.pop().unwrap_or_else(|| json!({})) } else { json!({}) };
        members.insert("items".to_owned(), items);
        if alike {
            report
                .note(place.pointer, "the tuple becomes an array: its items have the same schema");
        } else {
            report.loss(place.pointer, "the tuple becomes an array of any value: its items differ");
        }
    });
}

/// Removes and returns the schemas of the positions, if the schema is a tuple.
fn take_tuple(members: &mut Object) -> Option<Vec<Value>> {
    let tuple = ["prefixItems", "items"]
        .into_iter()
        .find_map(|keyword| Some(members.get(keyword)?.as_array()?.clone()));
    if tuple.is_some() {
        members.remove("prefixItems");
    }
    tuple
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn rewrites_tuples_to_arrays() {
        let number = json!({"type": "number"});
        check_schemas(
            "tuples",
            &[
                (
                    json!({"type": "array", "prefixItems": [number, number], "items": false}),
                    json!({"type": "array", "items": number}),
                    &["note: the same schema"],
                ),
                (
                    json!({"prefixItems": [number, {"type": "string"}]}),
                    json!({"items": {}}),
                    &["loss: differ"],
                ),
                (json!({"items": [number]}), json!({"items": number}), &["note: "]),
                (json!({"items": false}), json!({"items": {}}), &["loss: the array is empty"]),
                (json!({"items": number}), json!({"items": number}), &[]),
            ],
        );
    }
}
