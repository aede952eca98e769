//! Tests the rules about schemas. Each row is checked in a request and in a response, from old to
//! new and from new to old.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{document, rules_of};
use crate::diff::{Level, rules};

/// Old schema, new schema, the rules from old to new, the rules from new to old. A rule without
/// a direction stands for one in each direction.
type SchemaRow = (Value, Value, &'static [&'static str], &'static [&'static str]);

fn bound(keyword: &str, tight: &Value, loose: &Value, rules: [&'static str; 2]) -> Vec<SchemaRow> {
    let of =
        |value: &Value| json!({"type": ["string", "number", "array", "object"], keyword: value});
    let absent = json!({"type": ["string", "number", "array", "object"]});
    let [tightened, loosened]: [&'static [&'static str]; 2] = match rules {
        ["maximum-tightened", _] => [&["maximum-tightened"], &["maximum-loosened"]],
        ["minimum-tightened", _] => [&["minimum-tightened"], &["minimum-loosened"]],
        ["max-length-tightened", _] => [&["max-length-tightened"], &["max-length-loosened"]],
        ["min-length-tightened", _] => [&["min-length-tightened"], &["min-length-loosened"]],
        ["max-items-tightened", _] => [&["max-items-tightened"], &["max-items-loosened"]],
        ["min-items-tightened", _] => [&["min-items-tightened"], &["min-items-loosened"]],
        ["max-properties-tightened", _] => {
            [&["max-properties-tightened"], &["max-properties-loosened"]]
        }
        ["min-properties-tightened", _] => {
            [&["min-properties-tightened"], &["min-properties-loosened"]]
        }
        _ => [&["multiple-of-tightened"], &["multiple-of-loosened"]],
    };
    vec![(of(loose), of(tight), tightened, loosened), (absent, of(tight), tightened, loosened)]
}

fn bounds() -> Vec<SchemaRow> {
    let limits = [
        ("maximum", json!(5), json!(10), "maximum-tightened"),
        ("exclusiveMaximum", json!(5), json!(10.5), "maximum-tightened"),
        ("minimum", json!(5), json!(1), "minimum-tightened"),
        ("exclusiveMinimum", json!(5), json!(-1), "minimum-tightened"),
        ("maxLength", json!(5), json!(10), "max-length-tightened"),
        ("minLength", json!(5), json!(1), "min-length-tightened"),
        ("maxItems", json!(5), json!(10), "max-items-tightened"),
        ("minItems", json!(5), json!(1), "min-items-tightened"),
        ("maxProperties", json!(5), json!(10), "max-properties-tightened"),
        ("minProperties", json!(5), json!(1), "min-properties-tightened"),
        ("multipleOf", json!(10), json!(5), "multiple-of-tightened"),
    ];
    let rows = limits
        .into_iter()
        .flat_map(|(keyword, tight, loose, rule)| bound(keyword, &tight, &loose, [rule, ""]));
    rows.collect()
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<SchemaRow> {
    let object = |members: Value| json!({"type": "object", "properties": members});
    let required =
        |members: Value| json!({"type": "object", "properties": members, "required": ["a"]});
    let string = || json!({"type": "string"});
    let cat = |tag: &str| {
        json!({"type": "object", "properties": {
        "kind": {"const": tag}, "lives": {"type": "integer"}}})
    };
    let dog = || {
        json!({"type": "object", "properties": {
        "kind": {"const": "dog"}, "tail": {"type": "string"}}})
    };
    let pets = |all: Value| json!({"oneOf": all, "discriminator": {"propertyName": "kind"}});
    let mut rows: Vec<SchemaRow> = vec![
        (string(), json!({"type": "integer"}), &["type-changed"], &["type-changed"]),
        (json!({"type": "array"}), json!({"type": "object"}), &["type-changed"], &["type-changed"]),
        (string(), json!({"type": ["string", "integer"]}), &["type-widened"], &["type-narrowed"]),
        (
            json!({"type": "integer"}),
            json!({"type": "number"}),
            &["type-widened"],
            &["type-narrowed"],
        ),
        (string(), json!({}), &["type-widened"], &["type-narrowed"]),
        (
            string(),
            json!({"type": ["string", "null"]}),
            &["became-nullable"],
            &["became-not-nullable"],
        ),
        (
            json!({"type": "string", "format": "date"}),
            json!({"type": "string", "format": "uuid"}),
            &["format-changed"],
            &["format-changed"],
        ),
        (
            json!({"type": "string", "format": "date"}),
            string(),
            &["format-widened"],
            &["format-narrowed"],
        ),
        (
            json!({"type": "integer", "format": "int32"}),
            json!({"type": "integer", "format": "int64"}),
            &["format-widened"],
            &["format-narrowed"],
        ),
        (
            json!({"type": "integer", "format": "uint32"}),
            json!({"type": "integer", "format": "int32"}),
            &["format-changed"],
            &["format-changed"],
        ),
        (
            json!({"type": "number", "format": "float"}),
            json!({"type": "number", "format": "double"}),
            &["format-widened"],
            &["format-narrowed"],
        ),
        (
            json!({"enum": ["a", "b"]}),
            json!({"enum": ["a", "b", "c"]}),
            &["enum-value-added"],
            &["enum-value-removed"],
        ),
        (
            json!({"const": "a"}),
            json!({"const": "b"}),
            &["enum-value-added", "enum-value-removed"],
            &["enum-value-added", "enum-value-removed"],
        ),
        (string(), json!({"enum": ["a"]}), &["became-enum"], &["became-open"]),
        (
            object(json!({})),
            object(json!({"a": string()})),
            &["request-optional-member-added", "response-member-added"],
            &["member-removed"],
        ),
        (
            object(json!({})),
            required(json!({"a": string()})),
            &["request-required-member-added", "response-member-added"],
            &["member-removed"],
        ),
        (
            object(json!({"a": string()})),
            required(json!({"a": string()})),
            &["member-became-required"],
            &["member-became-optional"],
        ),
        (
            object(json!({"a": string()})),
            object(json!({"a": {"type": "string", "deprecated": true}})),
            &["member-deprecated"],
            &["member-reactivated"],
        ),
        (
            object(json!({"a": string()})),
            object(json!({"a": {"type": "string", "readOnly": true}})),
            &["request-member-became-read-only"],
            &["request-member-became-writable"],
        ),
        (
            object(json!({"a": string()})),
            object(json!({"a": {"type": "string", "writeOnly": true}})),
            &["response-member-became-write-only"],
            &["response-member-became-readable"],
        ),
        (
            required(json!({"a": {"type": "string", "readOnly": true}})),
            required(json!({"a": string()})),
            &["request-required-member-added"],
            &["request-member-became-read-only"],
        ),
        (
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": false}),
            &["unknown-members-forbidden"],
            &["unknown-members-allowed"],
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            &["type-changed"],
            &["type-changed"],
        ),
        (
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            &["type-narrowed"],
            &["type-widened"],
        ),
        (
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"type": "array", "items": {"type": "integer"}}),
            &["type-changed"],
            &["type-changed"],
        ),
        (
            json!({"type": "array", "prefixItems": [{"type": "string"}]}),
            json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}]}),
            &["tuple-changed"],
            &["tuple-changed"],
        ),
        (
            json!({"type": "array", "prefixItems": [{"type": "string"}]}),
            json!({"type": "array", "prefixItems": [{"type": "boolean"}]}),
            &["type-changed"],
            &["type-changed"],
        ),
        (
            pets(json!([cat("cat"), dog()])),
            pets(json!([dog(), cat("cat"), {"type": "string"}])),
            &["variant-added"],
            &["variant-removed"],
        ),
        (
            pets(json!([cat("cat"), dog()])),
            json!({"oneOf": [cat("cat"), dog()], "discriminator": {"propertyName": "sort"}}),
            &["discriminator-changed"],
            &["discriminator-changed"],
        ),
        (
            json!({"type": "string", "default": "a"}),
            json!({"type": "string", "default": "b"}),
            &["default-changed"],
            &["default-changed"],
        ),
        (
            string(),
            json!({"type": "string", "default": "b"}),
            &["default-changed"],
            &["default-changed"],
        ),
        (
            string(),
            json!({"type": "string", "not": {"const": "x"}}),
            &["keyword-changed"],
            &["keyword-changed"],
        ),
        (
            json!({"type": "string", "description": "old"}),
            json!({"type": "string", "description": "new"}),
            &["schema-text-changed"],
            &["schema-text-changed"],
        ),
        (
            json!({"type": "array"}),
            json!({"type": "array", "uniqueItems": true}),
            &["unique-items-tightened"],
            &["unique-items-loosened"],
        ),
        (
            string(),
            json!({"type": "string", "pattern": "^a"}),
            &["pattern-tightened"],
            &["pattern-loosened"],
        ),
        (
            json!({"type": "string", "pattern": "^a"}),
            json!({"type": "string", "pattern": "^b"}),
            &["pattern-changed"],
            &["pattern-changed"],
        ),
        (
            json!({"type": "number", "maximum": 5}),
            json!({"type": "number", "maximum": 5, "exclusiveMaximum": true}),
            &["maximum-tightened"],
            &["maximum-loosened"],
        ),
    ];
    rows.extend(bounds());
    rows
}

fn with_directions(rules: &[&'static str]) -> BTreeSet<&'static str> {
    let exists = |id: &str| rules::all().map(|rule| rule.id).find(|known| *known == id);
    rules
        .iter()
        .flat_map(|rule| match exists(rule) {
            Some(id) => vec![id],
            None => ["request", "response"]
                .iter()
                .filter_map(|side| exists(&format!("{side}-{rule}")))
                .collect(),
        })
        .collect()
}

/// Two documents in which a discriminator value changes. Its mapping needs named components.
fn renamed_tag() -> (Value, Value) {
    let of = |tag: &str| {
        let mut document = document(&json!({
            "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
            "discriminator": {"propertyName": "kind", "mapping": {
                tag: "#/components/schemas/Cat", "dog": "Dog"}},
        }));
        document["components"] = json!({"schemas": {
            "Cat": {"type": "object", "properties": {"kind": {"type": "string"}}},
            "Dog": {"type": "object", "properties": {"kind": {"type": "string"}, "b": {}}},
        }});
        document
    };
    (of("cat"), of("kitty"))
}

pub(super) fn tried() -> BTreeSet<&'static str> {
    let mut tried: BTreeSet<&'static str> =
        rows().iter().flat_map(|row| [row.2, row.3]).flat_map(with_directions).collect();
    let (old, new) = renamed_tag();
    tried.extend(rules_of(&old, &new));
    tried
}

#[test]
fn each_change_is_found_by_its_rule_in_both_directions() {
    for (old, new, forwards, backwards) in rows() {
        let (before, after) = (document(&old), document(&new));
        assert_eq!(rules_of(&before, &after), with_directions(forwards), "{old} -> {new}");
        assert_eq!(rules_of(&after, &before), with_directions(backwards), "{new} -> {old}");
    }
}

#[test]
fn each_change_is_found_inside_members_items_and_maps() {
    let places: [fn(&Value) -> Value; 4] = [
        |schema| json!({"type": "object", "properties": {"m": schema}}),
        |schema| json!({"type": "array", "items": schema}),
        |schema| json!({"type": "object", "additionalProperties": schema}),
        |schema| json!({"allOf": [{"type": "object"}, {"properties": {"m": schema}}]}),
    ];
    for (old, new, forwards, _) in rows() {
        // In a map, the change from "any value" to a schema has other rules.
        let is_any = |schema: &Value| schema == &json!({});
        for place in places {
            if is_any(&old) || is_any(&new) {
                continue;
            }
            let (before, after) = (document(&place(&old)), document(&place(&new)));
            assert_eq!(rules_of(&before, &after), with_directions(forwards), "{old} -> {new}");
        }
    }
}

#[test]
fn finds_a_renamed_discriminator_value() {
    let (old, new) = renamed_tag();
    let expected = ["request-discriminator-value-changed", "response-discriminator-value-changed"];
    assert_eq!(rules_of(&old, &new), BTreeSet::from(expected));
}

/// Widening is compatible in requests, narrowing in responses.
#[test]
fn requests_and_responses_have_opposite_levels() {
    let level = |id: String| rules::all().find(|rule| rule.id == id).unwrap().level;
    let narrowing = [
        "type-narrowed",
        "became-not-nullable",
        "format-narrowed",
        "became-enum",
        "member-became-required",
        "variant-removed",
        "maximum-tightened",
        "pattern-tightened",
    ];
    for rule in narrowing {
        assert_eq!(level(format!("request-{rule}")), Level::Breaking, "{rule}");
        assert_eq!(level(format!("response-{rule}")), Level::Compatible, "{rule}");
    }
    let widening = [
        "type-widened",
        "became-nullable",
        "format-widened",
        "became-open",
        "member-became-optional",
        "variant-added",
        "maximum-loosened",
        "pattern-loosened",
    ];
    for rule in widening {
        assert_eq!(level(format!("request-{rule}")), Level::Compatible, "{rule}");
        assert_eq!(level(format!("response-{rule}")), Level::Breaking, "{rule}");
    }
}
