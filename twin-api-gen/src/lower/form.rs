//! Reads how a form body serializes members whose `encoding` differs from OpenAPI's default.
//!
//! By default, a scalar is one pair, a list has one pair for each item, and an object is one pair with
//! JSON as its value. `encoding` can join a list to one value, write an object as `name[member]`, or
//! write any value as JSON.

use serde_json::{Map, Value, json};

/// Returns the style of one member, by its name in the generated form serializer.
fn style(encoding: &Value) -> Option<&'static str> {
    let text = |key: &str| encoding.get(key).and_then(Value::as_str);
    let style = text("style");
    let explode = encoding.get("explode").and_then(Value::as_bool);
    match (style, explode) {
        (Some("deepObject"), _) => Some("brackets"),
        (Some("spaceDelimited"), _) => Some("spaces"),
        (Some("pipeDelimited"), _) => Some("pipes"),
        (Some("form") | None, Some(false)) => Some("commas"),
        (Some("form"), _) | (None, Some(true)) => Some("members"),
        _ => text("contentType")
            .is_some_and(|name| super::media_type::json_rank(name, None).is_some())
            .then_some("json"),
    }
}

/// Returns the members whose `encoding` differs from the default, with their styles.
pub(super) fn styles(media_type: &Value) -> Option<Value> {
    let encoding = media_type.get("encoding")?.as_object()?;
    let styles: Map<String, Value> = encoding
        .iter()
        .filter_map(|(name, encoding)| Some((name.clone(), json!(style(encoding)?))))
        .collect();
    (!styles.is_empty()).then_some(Value::Object(styles))
}
