//! Drops most formats, so that strings stay a plain `String`.
//!
//! Types for dates or UUIDs would need more crates, and one unexpected value would make a whole
//! response unreadable. Widths of numbers and the formats that later stages use are kept.

use serde_json::Value;

use super::Context;
use super::schema::text;

pub(super) fn apply(context: &mut Context) {
    let native_types = context.options.native_types;
    context.each_schema_object(|report, members, place| {
        let Some(format) = text(members, "format").map(str::to_owned) else { return };
        let kept = match text(members, "type") {
            Some("integer") => is_width(&format),
            Some("number") => matches!(format.as_str(), "float" | "double"),
            Some("string") if members.contains_key("enum") => false,
            Some("string") => {
                matches!(format.as_str(), "password" | "byte" | "binary")
                    || (native_types && format.starts_with("twin:"))
            }
            _ => false,
        };
        if !kept {
            members.remove("format");
            let name = members.get("type").and_then(Value::as_str).unwrap_or("value");
            report.count(format!("format `{format}` is not checked: plain {name}"), place.pointer);
        }
        // Secrets and native types are recognized by this exact schema.
        if kept && native_types && (format == "password" || format.starts_with("twin:")) {
            members.retain(|key, _| !matches!(key.as_str(), "minLength" | "maxLength" | "pattern"));
        }
    });
}

/// Returns whether typify has an integer type for a format.
fn is_width(format: &str) -> bool {
    let digits = format.strip_prefix('u').unwrap_or(format).strip_prefix("int");
    matches!(digits, Some("8" | "16" | "32" | "64"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn keeps_only_formats_that_later_stages_use() {
        let kept = |schema: serde_json::Value| (schema.clone(), schema, &[] as &[&str]);
        check_schemas(
            "formats",
            &[
                kept(json!({"type": "integer", "format": "uint32"})),
                kept(json!({"type": "number", "format": "double"})),
                kept(json!({"type": "string", "format": "byte"})),
                kept(json!({"type": "string", "format": "twin:payload"})),
                kept(json!({"properties": {"format": {"type": "string"}}})),
                (
                    json!({"type": "string", "format": "date-time"}),
                    json!({"type": "string"}),
                    &["note: `date-time`"],
                ),
                (
                    json!({"type": "string", "format": "uuid"}),
                    json!({"type": "string"}),
                    &["note: `uuid`"],
                ),
                (
                    json!({"type": "integer", "format": "date"}),
                    json!({"type": "integer"}),
                    &["note: `date`"],
                ),
                (
                    json!({"type": "number", "format": "int64"}),
                    json!({"type": "number"}),
                    &["note: `int64`"],
                ),
                (
                    json!({"type": "string", "format": "password", "minLength": 8}),
                    json!({"type": "string", "format": "password"}),
                    &[],
                ),
            ],
        );
    }
}
