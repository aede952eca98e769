//! Moves keywords beside a `$ref` to an `allOf` around it, where OpenAPI 3.0 allows them.
//!
//! 3.0 ignores keywords beside a `$ref`. In a 3.0 document, only annotations are kept, such as a
//! description, `nullable` or a default.

use serde_json::{Value, json};

use super::Context;
use super::schema::{ANNOTATIONS, Object, quoted};

pub(super) fn apply(context: &mut Context) {
    let is_3_1 = context.is_3_1;
    context.each_schema_object(|report, members, place| {
        if members.len() < 2 || !members.contains_key("$ref") {
            return;
        }
        let reference = json!({"$ref": members.remove("$ref")});
        let (mut around, beside): (Object, Object) = std::mem::take(members)
            .into_iter()
            .filter(|(key, _)| key != "summary" && !key.starts_with("x-"))
            .partition(|(key, _)| ANNOTATIONS.contains(&key.as_str()));
        let mut all = vec![reference];
        if is_3_1 && !beside.is_empty() {
            all.push(Value::Object(beside));
        } else if !beside.is_empty() {
            let names = quoted(beside.keys().map(String::as_str));
            report.note(
                place.pointer,
                format!("{names} beside a $ref is dropped: OpenAPI 3.0 ignores it"),
            );
        }
        around.insert("allOf".to_owned(), Value::Array(all));
        *members = around;
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_schemas, run, with_schemas};

    #[test]
    fn moves_siblings_of_a_ref_to_all_of() {
        let b = json!({"$ref": "#/components/schemas/B"});
        check_schemas(
            "ref-siblings",
            &[
                (b.clone(), b.clone(), &[]),
                (
                    json!({"$ref": "#/components/schemas/B", "description": "d", "nullable": true, "summary": "s"}),
                    json!({"allOf": [b], "description": "d", "nullable": true}),
                    &[],
                ),
                (
                    json!({"$ref": "#/components/schemas/B", "required": ["x"]}),
                    json!({"allOf": [b, {"required": ["x"]}]}),
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn ignores_siblings_of_a_ref_in_3_0_documents() {
        let mut document =
            with_schemas(json!({"A": {"$ref": "#/components/schemas/B", "type": "string"}}));
        document["openapi"] = json!("3.0.3");
        let (document, lines) = run("ref-siblings", document).unwrap();
        assert_eq!(
            document["components"]["schemas"]["A"],
            json!({"allOf": [{"$ref": "#/components/schemas/B"}]})
        );
        assert_eq!(lines.len(), 1);
    }
}
