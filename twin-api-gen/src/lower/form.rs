//! How a form writes the members of its body, where not as OpenAPI does by default.
//!
//! By default a scalar is one pair, a list one pair an item, and an object one pair with
//! JSON in it. `encoding` says otherwise: lists joined to one value, objects as
//! `name[member]`, anything as JSON.

use serde_json::{Map, Value, json};

/// How one member is written, as the form's writer in the generated code calls it.
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

/// The members that a media type's `encoding` writes otherwise than by default.
pub(super) fn styles(media_type: &Value) -> Option<Value> {
    let encoding = media_type.get("encoding")?.as_object()?;
    let styles: Map<String, Value> = encoding
        .iter()
        .filter_map(|(name, how)| Some((name.clone(), json!(style(how)?))))
        .collect();
    (!styles.is_empty()).then_some(Value::Object(styles))
}
