//! Removes descriptions, summaries and examples from the lowered document, which twin-api contains.
//!
//! A property that is named `description` is kept.

use serde_json::Value;

/// Members of a schema or an operation that only document it.
const DOCUMENTATION: [&str; 5] = ["description", "summary", "example", "examples", "externalDocs"];

/// Members whose keys are names and not keywords.
const NAMES: [&str; 4] = ["properties", "schemas", "responses", "paths"];
/// Members whose content is data.
const DATA: [&str; 3] = ["enum", "default", "required"];

/// Returns `document` without the members that only document it.
pub(crate) fn outline(document: &Value) -> Value {
    schema(document)
}

fn schema(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(schema).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !DOCUMENTATION.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), member(name, value)))
            .collect(),
        other => other.clone(),
    }
}

fn member(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) if NAMES.contains(&name) => {
            members.iter().map(|(name, value)| (name.clone(), schema(value))).collect()
        }
        _ if DATA.contains(&name) => value.clone(),
        _ => schema(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::outline;

    #[test]
    fn removes_descriptions_and_keeps_names_and_data() {
        let document = json!({
            "info": {"description": "d", "title": "t"},
            "paths": {"/summary": {"get": {"summary": "s", "responses": {"2XX": {"description": "d"}}}}},
            "components": {"schemas": {"example": {
                "description": "d",
                "example": {"description": "d"},
                "properties": {"description": {"type": "string", "description": "d"}},
                "required": ["description"],
                "enum": [{"description": "d"}],
                "items": {"example": 1, "type": "object"},
            }}},
        });
        let expected = json!({
            "info": {"title": "t"},
            "paths": {"/summary": {"get": {"responses": {"2XX": {}}}}},
            "components": {"schemas": {"example": {
                "properties": {"description": {"type": "string"}},
                "required": ["description"],
                "enum": [{"description": "d"}],
                "items": {"type": "object"},
            }}},
        });
        assert_eq!(outline(&document), expected);
    }
}
