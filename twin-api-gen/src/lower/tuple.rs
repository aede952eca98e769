//! Rewrites a tuple (`prefixItems`, or an array as `items`) to an array.
//!
//! If all items have the same schema, the array has that schema; otherwise its items are any
//! value. Positions and lengths are lost.

use serde_json::{Value, json};

use super::Context;
use super::schema::Object;

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        let Some(mut kinds) = positions(members) else {
            if members.get("items") == Some(&Value::Bool(false)) {
                members.insert("items".to_owned(), json!({}));
                report.loss(place.pointer, "that the array must be empty is not checked");
            }
            return;
        };
        let rest = members.remove("items").or_else(|| members.remove("additionalItems"));
        kinds.extend(rest.filter(|rest| !rest.is_boolean() && !rest.is_array()));
        members.remove("additionalItems");
        kinds.dedup();
        let alike = kinds.len() <= 1;
        let items = if alike { kinds.pop().unwrap_or_else(|| json!({})) } else { json!({}) };
        members.insert("items".to_owned(), items);
        if alike {
            report.note(place.pointer, "all items of the tuple have the same schema: an array");
        } else {
            report.loss(place.pointer, "the items of the tuple differ: an array of any value");
        }
    });
}

fn positions(members: &mut Object) -> Option<Vec<Value>> {
    let tuple = ["prefixItems", "items"].into_iter().find_map(|keyword| {
        let kinds = members.get(keyword)?.as_array()?;
        Some(kinds.clone())
    });
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
    fn tuples() {
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
                (json!({"items": false}), json!({"items": {}}), &["loss: must be empty"]),
                (json!({"items": number}), json!({"items": number}), &[]),
            ],
        );
    }
}
