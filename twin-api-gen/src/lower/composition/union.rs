//! Simplifies unions: removes duplicate alternatives, and unwraps a union with one alternative.
//!
//! The rule `tagged-unions` later finds the tag that distinguishes the alternatives.

use super::{ANNOTATIONS, BTreeSet, Diagnostics, Object, Value, absorb, alias, json};
use crate::limits::MAX_COMPARED_ALTERNATIVES;
use crate::lower::schema::{behind, text};
use crate::names::variants;

pub(in crate::lower) fn tidy(
    report: &mut Diagnostics,
    members: &mut Object,
    schemas: &Object,
    pointer: &str,
) {
    unwrap_all_of(members);
    let Some(keyword) = ["oneOf", "anyOf"].into_iter().find(|key| members.contains_key(*key))
    else {
        return;
    };
    let Some(Value::Array(list)) = members.remove(keyword) else { return };
    let mut seen = BTreeSet::new();
    let mut alternatives: Vec<Value> = Vec::new();
    for mut alternative in spliced(list, members) {
        if let Value::Object(inner) = &mut alternative
            && inner.remove("nullable").is_some()
        {
            members.insert("nullable".to_owned(), json!(true));
        }
        let meaning = bare(&alternative).to_string();
        if seen.insert(meaning) {
            alternatives.push(alternative);
        }
    }
    if let Some(cause) = any_value(&alternatives) {
        report.loss(pointer, format!("any value is accepted: {cause}"));
        return;
    }
    if let Some(string) = all_text(report, &alternatives, pointer) {
        alternatives = vec![string];
    }
    if alternatives.len() == 1 {
        absorb(members, alternatives.remove(0));
        return;
    }
    let objects =
        alternatives.iter().all(|alternative| has_properties(behind(schemas, alternative)));
    let keyword = if objects { keyword } else { "oneOf" };
    members.insert(keyword.to_owned(), Value::Array(alternatives));
}

/// Replaces an `allOf` with at most one inline schema by that schema.
fn unwrap_all_of(members: &mut Object) {
    let Some(Value::Array(all)) = members.get("allOf") else { return };
    if all.len() <= 1 && !all.iter().any(|only| alias(only).is_some()) {
        let only = all.first().cloned();
        members.remove("allOf");
        if let Some(only) = only {
            absorb(members, only);
        }
    }
}

/// Flattens alternatives that are plain unions themselves.
fn spliced(list: Vec<Value>, members: &mut Object) -> Vec<Value> {
    let mut flat = Vec::new();
    for alternative in list {
        let inner = alternative.as_object().and_then(|inner| {
            let is_plain =
                inner.keys().all(|key| key == "oneOf" || ANNOTATIONS.contains(&key.as_str()));
            inner.get("oneOf").filter(|_| is_plain)?.as_array()
        });
        match inner {
            Some(inner) => {
                if alternative.get("nullable").is_some() {
                    members.insert("nullable".to_owned(), json!(true));
                }
                flat.extend(inner.iter().cloned());
            }
            None => flat.push(alternative),
        }
    }
    flat
}

/// Returns a schema without annotations.
fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        members.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
    }
    schema
}

fn any_value(alternatives: &[Value]) -> Option<&'static str> {
    if alternatives.is_empty() {
        return Some("the union has no alternative");
    }
    let any = |schema: &Value| bare(schema) == json!({});
    alternatives.iter().any(any).then_some("one alternative accepts any value")
}

/// Merges a union of strings into one schema: an enum of all values, or a plain string.
fn all_text(report: &mut Diagnostics, alternatives: &[Value], pointer: &str) -> Option<Value> {
    let texts: Option<Vec<&Object>> = alternatives
        .iter()
        .map(|schema| schema.as_object().filter(|members| is_text(members)))
        .collect();
    let texts = texts.filter(|texts| texts.len() > 1)?;
    let lists: Option<Vec<&Vec<Value>>> =
        texts.iter().map(|members| members.get("enum").and_then(Value::as_array)).collect();
    let Some(lists) = lists else {
        report.note(pointer, "every alternative is a string: generated as a plain string");
        return Some(json!({"type": "string"}));
    };
    let mut seen = BTreeSet::new();
    let values: Vec<&Value> =
        lists.into_iter().flatten().filter(|value| seen.insert(value.as_str())).collect();
    let names = variants(values.iter().filter_map(|value| value.as_str()));
    report.note(pointer, "every alternative is a string enum: merged into one enum");
    Some(match names {
        Some(_) => json!({"type": "string", "enum": values}),
        None => json!({"type": "string"}),
    })
}

fn is_text(members: &Object) -> bool {
    let special =
        |format: &str| format.starts_with("twin:") || matches!(format, "password" | "binary");
    text(members, "type") == Some("string") && !text(members, "format").is_some_and(special)
}

fn has_properties(schema: &Value) -> bool {
    schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty())
}

/// Reports alternatives that their members do not distinguish. serde uses the first alternative
/// that matches.
pub(in crate::lower) fn warn_if_alike(
    report: &mut Diagnostics,
    alternatives: &[Value],
    schemas: &Object,
    pointer: &str,
) {
    let resolved: Vec<&Value> = alternatives
        .iter()
        .take(MAX_COMPARED_ALTERNATIVES)
        .map(|schema| behind(schemas, schema))
        .collect();
    for (later, second) in resolved.iter().enumerate() {
        for (earlier, first) in resolved.iter().enumerate().take(later) {
            if takes(first, second, schemas) {
                let message = format!(
                    "alternative {later} may be read as alternative {earlier}, which is tried \
                     first and requires no other member"
                );
                report.loss(pointer, message);
                return;
            }
        }
    }
}

/// Returns whether `first` accepts values of `second` and ignores some of their members.
fn takes(first: &Value, second: &Value, schemas: &Object) -> bool {
    let (Some(own), Some(theirs)) = (properties(first), properties(second)) else { return false };
    let required = first.get("required").and_then(Value::as_array).into_iter().flatten();
    let lacks = required.filter_map(Value::as_str).any(|name| !theirs.contains_key(name));
    let distinct = own.iter().any(|(name, schema)| {
        theirs
            .get(name)
            .is_some_and(|other| differ(behind(schemas, schema), behind(schemas, other)))
    });
    let leaves_out = theirs.keys().any(|name| !own.contains_key(name));
    !lacks && !distinct && leaves_out
}

fn properties(schema: &Value) -> Option<&Object> {
    schema.get("properties")?.as_object()
}

/// Returns whether no value satisfies both: different types, or enums without a common value.
fn differ(first: &Value, second: &Value) -> bool {
    if let (Some(Value::Array(own)), Some(Value::Array(theirs))) =
        (first.get("enum"), second.get("enum"))
    {
        return !own.iter().any(|value| theirs.contains(value));
    }
    let types = (first.get("type"), second.get("type"));
    matches!(types, (Some(own), Some(theirs)) if own != theirs && *theirs != "integer")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, check_schemas, with_schemas};

    #[test]
    fn simplifies_unions() {
        let object =
            |name: &str| json!({"type": "object", "properties": {name: {}}, "required": [name]});
        check_schemas(
            "composition",
            &[
                (json!({"oneOf": [{"type": "string"}]}), json!({"type": "string"}), &[]),
                (
                    json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "string", "description": "d"}]}),
                    json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}),
                    &[],
                ),
                (
                    json!({"anyOf": [{"type": "string"}, {"type": "string", "enum": ["a"]}], "description": "d"}),
                    json!({"type": "string", "description": "d"}),
                    &["note: plain string"],
                ),
                (
                    json!({"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]}),
                    json!({"type": "string", "enum": ["a", "b"]}),
                    &["note: one enum"],
                ),
                (
                    json!({"oneOf": [{}, {"type": "string"}]}),
                    json!({}),
                    &["loss: one alternative accepts"],
                ),
                (json!({"oneOf": []}), json!({}), &["loss: no alternative"]),
                (
                    json!({"anyOf": [object("a"), object("b")]}),
                    json!({"anyOf": [object("a"), object("b")]}),
                    &[],
                ),
                (
                    json!({"oneOf": [{"properties": {"a": {}}}, object("b")]}),
                    json!({"oneOf": [{"properties": {"a": {}}}, object("b")]}),
                    &[],
                ),
                (
                    json!({"oneOf": [{"type": "integer", "nullable": true}, {"type": "boolean"}]}),
                    json!({"oneOf": [{"type": "integer"}, {"type": "boolean"}], "nullable": true}),
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn merges_all_of_into_one_schema() {
        let a = json!({"$ref": "#/components/schemas/A"});
        let one = |schema| json!({"type": "object", "properties": schema});
        check_documents(
            "composition",
            &[
                (
                    with_schemas(json!({
                        "A": one(json!({"a": {}})),
                        "B": {"allOf": [a, {"properties": {"b": {}}, "required": ["b"], "description": "d"}]},
                        "C": {"allOf": [a], "description": "d"},
                        "D": {"properties": {"x": {"allOf": [a, {"properties": {"y": {}}}]}}},
                    })),
                    with_schemas(json!({
                        "A": one(json!({"a": {}})),
                        "B": {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"], "description": "d"},
                        "C": {"allOf": [a], "description": "d"},
                        "D": {"properties": {"x": {"$ref": "#/components/schemas/Dx"}}},
                        "Dx": one(json!({"a": {}, "y": {}})),
                    })),
                    &["note: D/properties/x: merged into the component `Dx`"],
                ),
                // A base that lists its subtypes.
                (
                    with_schemas(json!({
                        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"purrs": {}}, "required": ["purrs"]}]},
                        "Pet": {"type": "object", "properties": {"name": {}}, "oneOf": [{"$ref": "#/components/schemas/Cat"}]},
                    })),
                    with_schemas(json!({
                        "Cat": {"type": "object", "properties": {"name": {}, "purrs": {}}, "required": ["purrs"]},
                        "Pet": {"allOf": [{"$ref": "#/components/schemas/Cat"}]},
                    })),
                    &[],
                ),
                (
                    with_schemas(
                        json!({"A": {"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}),
                    ),
                    with_schemas(
                        json!({"A": {"type": "object", "properties": {"a": {}, "b": {}}}}),
                    ),
                    &["loss: which properties are required together"],
                ),
                (
                    with_schemas(json!({"A": {"type": "string", "allOf": [{"type": "object"}]}})),
                    with_schemas(json!({"A": {}})),
                    &["loss: any value is accepted"],
                ),
            ],
        );
    }

    #[test]
    fn merging_a_recursive_schema_ends() {
        let a = json!({"$ref": "#/components/schemas/A"});
        let (document, _) = crate::lower::testing::run(
            "composition",
            with_schemas(json!({
                "A": {"allOf": [{"$ref": "#/components/schemas/B"}, {"properties": {"n": {}}}]},
                "B": {"properties": {"x": {"allOf": [a, {"properties": {"m": {}}}]}}},
            })),
        )
        .unwrap();
        assert_eq!(
            document["components"]["schemas"]["A"],
            json!({"properties": {"x": {"$ref": "#/components/schemas/Bx"}, "n": {}}})
        );
        assert_eq!(
            document["components"]["schemas"]["Bx"],
            json!({"properties": {"x": {"$ref": "#/components/schemas/Bx"}, "n": {}, "m": {}}})
        );
    }
}
