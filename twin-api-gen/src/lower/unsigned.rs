//! Gives integers that are never negative an unsigned type.
//!
//! Many documents describe a `u64` as `int64` with a minimum of 0. An `i64` could not read the largest
//! values. In requests, the type changes only if the document states a width, because a minimum alone
//! does not say how large a number the service accepts.

use serde_json::{Value, json};

use super::Context;
use super::constraints::Usage;
use super::schema::text;

pub(super) fn apply(context: &mut Context) {
    let usage = Usage::of(&mut context.document);
    context.each_schema_object(|_, members, place| {
        let at_least_0 = members.get("minimum").and_then(Value::as_f64).is_some_and(|it| it >= 0.0);
        if text(members, "type") != Some("integer") || !at_least_0 {
            return;
        }
        let (in_request, _) = usage.used_in(place);
        let bounded = members.contains_key("maximum");
        let unsigned = match text(members, "format") {
            Some("int32") => "uint32",
            Some("int64") => "uint64",
            None if !in_request && !bounded => "uint64",
            _ => return,
        };
        members.insert("format".to_owned(), json!(unsigned));
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn gives_non_negative_integers_an_unsigned_format() {
        let with = |format: &str| json!({"type": "integer", "format": format, "minimum": 0});
        check_schemas(
            "unsigned",
            &[
                (with("int64"), with("uint64"), &[]),
                (with("int32"), with("uint32"), &[]),
                (with("uint8"), with("uint8"), &[]),
                (
                    json!({"type": "integer", "minimum": 1}),
                    json!({"type": "integer", "minimum": 1, "format": "uint64"}),
                    &[],
                ),
                (
                    json!({"type": "integer", "minimum": 0, "maximum": 9}),
                    json!({"type": "integer", "minimum": 0, "maximum": 9}),
                    &[],
                ),
                (
                    json!({"type": "integer", "format": "int64", "minimum": -1}),
                    json!({"type": "integer", "format": "int64", "minimum": -1}),
                    &[],
                ),
            ],
        );
    }
}
