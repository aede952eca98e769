//! Rewrites numeric `exclusiveMinimum` and `exclusiveMaximum` to the boolean flags of 3.0.
//!
//! If the schema also has the inclusive bound, the narrower one is kept.

use serde_json::{Value, json};

use super::Context;
use super::schema::Object;

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|_, members, _| {
        flag(members, "exclusiveMinimum", "minimum", |exclusive, inclusive| exclusive >= inclusive);
        flag(members, "exclusiveMaximum", "maximum", |exclusive, inclusive| exclusive <= inclusive);
    });
}

fn flag(members: &mut Object, exclusive: &str, inclusive: &str, narrower: fn(f64, f64) -> bool) {
    let Some(Value::Number(bound)) = members.get(exclusive).cloned() else { return };
    members.remove(exclusive);
    let beside = members.get(inclusive).and_then(Value::as_f64);
    if beside.is_none_or(|beside| narrower(bound.as_f64().unwrap_or(beside), beside)) {
        members.insert(inclusive.to_owned(), Value::Number(bound));
        members.insert(exclusive.to_owned(), json!(true));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn rewrites_numeric_exclusive_bounds_to_flags() {
        check_schemas(
            "exclusive-bounds",
            &[
                (
                    json!({"exclusiveMinimum": 0}),
                    json!({"minimum": 0, "exclusiveMinimum": true}),
                    &[],
                ),
                (json!({"exclusiveMaximum": 9, "maximum": 5}), json!({"maximum": 5}), &[]),
                (
                    json!({"exclusiveMaximum": 5, "maximum": 5}),
                    json!({"maximum": 5, "exclusiveMaximum": true}),
                    &[],
                ),
                (
                    json!({"minimum": 1, "exclusiveMinimum": true}),
                    json!({"minimum": 1, "exclusiveMinimum": true}),
                    &[],
                ),
            ],
        );
    }
}
