//! Rewrites a `type` array: `null` becomes `nullable`, and the other types an `anyOf`.
//!
//! Each alternative keeps the keywords that apply to its type. A list of all types is dropped,
//! because it allows any value. A list with one type becomes that type.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Context;
use super::schema::Object;
use super::typing::{TYPES, applies_to};

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|_, members, _| {
        let Some(Value::Array(types)) = members.get("type") else { return };
        // A sorted set makes the order in the document irrelevant. The rule `keywords` reports
        // unknown types.
        let mut types: BTreeSet<String> =
            types.iter().map(|name| name.as_str().unwrap_or("?").to_owned()).collect();
        if types.remove("null") {
            members.insert("nullable".to_owned(), json!(true));
        }
        if types.contains("number") {
            types.remove("integer");
        }
        let allows_any = TYPES.iter().all(|name| *name == "integer" || types.contains(*name));
        members.remove("type");
        match types.len() {
            0 if members.get("nullable") == Some(&json!(true)) => {
                members.remove("nullable");
                members.insert("type".to_owned(), json!("null"));
            }
            0 => {}
            // The values of an enum determine its types.
            _ if allows_any || members.contains_key("enum") && types.len() > 1 => {}
            1 => members.extend(types.into_iter().map(|name| ("type".to_owned(), json!(name)))),
            _ => spread(members, &types),
        }
    });
}

fn spread(members: &mut Object, types: &BTreeSet<String>) {
    let mut alternatives = Vec::new();
    for name in types {
        let own = members.iter().filter(|(key, _)| applies_to(key, name));
        let mut member: Object = own.map(|(key, value)| (key.clone(), value.clone())).collect();
        member.insert("type".to_owned(), json!(name));
        alternatives.push(Value::Object(member));
    }
    members.retain(|key, _| !types.iter().any(|name| applies_to(key, name)));
    let any_of = json!({"anyOf": alternatives});
    if ["anyOf", "oneOf", "allOf", "$ref"].iter().any(|key| members.contains_key(*key)) {
        if let Value::Array(all) = members.entry("allOf").or_insert_with(|| json!([])) {
            all.push(any_of);
        }
    } else {
        members.insert("anyOf".to_owned(), any_of["anyOf"].clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn rewrites_type_arrays() {
        check_schemas(
            "type-arrays",
            &[
                (
                    json!({"type": ["string", "null"], "minLength": 1}),
                    json!({"type": "string", "nullable": true, "minLength": 1}),
                    &[],
                ),
                (json!({"type": ["integer"]}), json!({"type": "integer"}), &[]),
                (json!({"type": ["integer", "number"]}), json!({"type": "number"}), &[]),
                (json!({"type": ["null"]}), json!({"type": "null"}), &[]),
                (
                    json!({"type": ["string", "integer", "null"], "description": "d", "minLength": 1, "minimum": 2}),
                    json!({
                        "anyOf": [{"type": "integer", "minimum": 2}, {"type": "string", "minLength": 1}],
                        "description": "d", "nullable": true,
                    }),
                    &[],
                ),
                (
                    json!({"type": ["array", "boolean", "null", "number", "object", "string"], "items": {}}),
                    json!({"nullable": true, "items": {}}),
                    &[],
                ),
                (
                    json!({"type": ["string", "integer"], "enum": ["a", 1]}),
                    json!({"enum": ["a", 1]}),
                    &[],
                ),
                (
                    json!({"type": ["string", "array"], "oneOf": [{}]}),
                    json!({"oneOf": [{}], "allOf": [{"anyOf": [{"type": "array"}, {"type": "string"}]}]}),
                    &[],
                ),
            ],
        );
    }
}
