//! Rewrites `const` to an enum with one value, which the rule `enums` handles.

use serde_json::Value;

use super::Context;

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|_, members, _| {
        if let Some(value) = members.remove("const") {
            members.insert("enum".to_owned(), Value::Array(vec![value]));
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn rewrites_const_to_enum() {
        check_schemas(
            "const",
            &[
                (
                    json!({"const": "a", "type": "string"}),
                    json!({"enum": ["a"], "type": "string"}),
                    &[],
                ),
                (
                    json!({"properties": {"const": {"const": 1}}}),
                    json!({"properties": {"const": {"enum": [1]}}}),
                    &[],
                ),
                (json!({"const": "a", "enum": ["a", "b"]}), json!({"enum": ["a"]}), &[]),
            ],
        );
    }
}
