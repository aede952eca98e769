//! Rewrites `contentEncoding` and `contentMediaType` to OpenAPI 3.0 formats.
//!
//! Base64 becomes `byte`, and unencoded bytes become `binary`. Other encodings leave a plain
//! string, which the client does not encode or decode.

use serde_json::{Value, json};

use super::Context;

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        let encoding = members.remove("contentEncoding");
        let media_type = members.remove("contentMediaType");
        let inner = members.remove("contentSchema");
        let encoding = encoding.as_ref().and_then(Value::as_str);
        let media_type = media_type.as_ref().and_then(Value::as_str);
        let format = match (encoding, media_type) {
            (Some("base64" | "base64url"), _) => Some("byte"),
            (None | Some("binary"), Some("application/octet-stream")) | (Some("binary"), None) => {
                Some("binary")
            }
            _ => None,
        };
        match format {
            Some(format) => drop(members.entry("format").or_insert_with(|| json!(format))),
            None => {
                for what in [encoding, media_type].into_iter().flatten() {
                    report.note(place.pointer, format!("{what} in a string is not decoded"));
                }
            }
        }
        if inner.is_some() {
            report.loss(place.pointer, "`contentSchema` is not checked");
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn rewrites_content_encoding_to_format() {
        check_schemas(
            "content-encoding",
            &[
                (json!({"contentEncoding": "base64"}), json!({"format": "byte"}), &[]),
                (
                    json!({"contentMediaType": "application/octet-stream"}),
                    json!({"format": "binary"}),
                    &[],
                ),
                (
                    json!({"contentMediaType": "text/html"}),
                    json!({}),
                    &["note: text/html in a string"],
                ),
                (
                    json!({"contentMediaType": "application/json", "contentSchema": {"type": "object"}}),
                    json!({}),
                    &["note: application/json", "loss: not checked"],
                ),
            ],
        );
    }
}
