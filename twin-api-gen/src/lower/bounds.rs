//! Moves the bounds of request values to `x-twin-bounds`. A pass generates checks from them.
//!
//! On an operation, `x-twin-bounds` lists the bounds of integer parameters. On an object that only
//! requests use, it lists the bounds of integers and of the lengths of arrays. In the schema, typify
//! would ignore the bounds or turn them into `NonZero` types. Other bounds, such as those of array
//! items or fractions, are dropped; `constraints` reports them.

use serde_json::{Value, json};

use super::constraints::Usage;
use super::schema::{Object, is_true, text};
use super::{Context, Diagnostics};
use crate::pointer::child;

pub(super) fn apply(context: &mut Context) {
    bodies(context);
    context.each_operation(|report, operation, pointer| {
        let mut bounds = Vec::new();
        let list = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for (index, parameter) in list.into_iter().flatten().enumerate() {
            let name = parameter["name"].clone();
            let Some(Value::Object(schema)) = parameter.get_mut("schema") else { continue };
            if text(schema, "type") != Some("integer") {
                continue;
            }
            let at = child(&child(pointer, "parameters"), index);
            if let Some((minimum, maximum)) = take(report, schema, &at) {
                bounds.push(json!({"name": name, "minimum": minimum, "maximum": maximum}));
            }
        }
        if !bounds.is_empty() {
            operation.insert("x-twin-bounds".to_owned(), Value::Array(bounds));
        }
        Ok(())
    });
}

/// Moves the bounds of the properties of every object that only requests use.
fn bodies(context: &mut Context) {
    let usage = Usage::of(&mut context.document);
    context.each_schema_object(|report, members, place| {
        let (_, in_response) = usage.used_in(place);
        let Some(Value::Object(properties)) = members.get_mut("properties") else { return };
        if in_response {
            return;
        }
        let mut bounds = Vec::new();
        for (name, schema) in properties {
            let Value::Object(schema) = schema else { continue };
            let at = child(&child(place.pointer, "properties"), name);
            let range = match text(schema, "type") {
                Some("integer") => take(report, schema, &at),
                Some("array") => take_length(schema),
                _ => None,
            };
            if let Some((minimum, maximum)) = range {
                bounds.push(json!({"name": name, "minimum": minimum, "maximum": maximum}));
            }
        }
        if !bounds.is_empty() {
            members.insert("x-twin-bounds".to_owned(), Value::Array(bounds));
        }
    });
}

/// Removes and returns the bounds of an array's length.
fn take_length(schema: &mut Object) -> Option<(Option<i64>, Option<i64>)> {
    let minimum = schema.remove("minItems").and_then(|bound| bound.as_i64()).filter(|it| *it > 0);
    let maximum = schema.remove("maxItems").and_then(|bound| bound.as_i64());
    (minimum.is_some() || maximum.is_some()).then_some((minimum, maximum))
}

/// Removes the bounds and returns them as inclusive bounds, or `None` if no integer satisfies them.
fn take(
    report: &mut Diagnostics,
    schema: &mut Object,
    pointer: &str,
) -> Option<(Option<i64>, Option<i64>)> {
    let above = is_true(schema, "exclusiveMinimum");
    let below = is_true(schema, "exclusiveMaximum");
    schema.remove("exclusiveMinimum");
    schema.remove("exclusiveMaximum");
    let minimum = schema.remove("minimum").and_then(|bound| lowest(&bound, above));
    let maximum = schema.remove("maximum").and_then(|bound| highest(&bound, below));
    if let (Some(low), Some(high)) = (minimum, maximum)
        && low > high
    {
        report.loss(pointer, format!("the range {low} to {high} is empty and is not checked"));
        return None;
    }
    (minimum.is_some() || maximum.is_some()).then_some((minimum, maximum))
}

/// Returns the lowest integer that the bound allows. `None` means no limit.
fn lowest(bound: &Value, exclusive: bool) -> Option<i64> {
    if let Some(whole) = bound.as_i64() {
        return whole.checked_add(i64::from(exclusive));
    }
    let number = bound.as_f64()?;
    let excluded = exclusive && number.fract() == 0.0;
    whole(number.ceil())?.checked_add(i64::from(excluded))
}

/// Returns the highest integer that the bound allows. `None` means no limit.
fn highest(bound: &Value, exclusive: bool) -> Option<i64> {
    if let Some(whole) = bound.as_i64() {
        return whole.checked_sub(i64::from(exclusive));
    }
    let number = bound.as_f64()?;
    let excluded = exclusive && number.fract() == 0.0;
    whole(number.floor())?.checked_sub(i64::from(excluded))
}

/// Converts a float to an integer if the conversion is exact.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.abs() <= EXACT).then(|| format!("{number:.0}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_operation};

    #[test]
    fn moves_bounds_of_integer_parameters() {
        let with = |schema: Value| {
            with_operation(json!({"parameters": [{"name": "n", "schema": schema}]}))
        };
        let bounded = |minimum: Value, maximum: Value| {
            with_operation(json!({
                "parameters": [{"name": "n", "schema": {"type": "integer"}}],
                "x-twin-bounds": [{"name": "n", "minimum": minimum, "maximum": maximum}],
            }))
        };
        let integer = |bounds: Value| {
            let mut schema = bounds;
            schema["type"] = json!("integer");
            with(schema)
        };
        check_documents(
            "bounds",
            &[
                (
                    integer(json!({"minimum": 1, "maximum": 100})),
                    bounded(json!(1), json!(100)),
                    &[],
                ),
                (
                    integer(json!({"minimum": 0, "exclusiveMinimum": true})),
                    bounded(json!(1), json!(null)),
                    &[],
                ),
                (integer(json!({"maximum": 9.5})), bounded(json!(null), json!(9)), &[]),
                (
                    integer(json!({"maximum": 9.0, "exclusiveMaximum": true})),
                    bounded(json!(null), json!(8)),
                    &[],
                ),
                (
                    integer(json!({"minimum": 5, "maximum": 1})),
                    integer(json!({})),
                    &["loss: is empty"],
                ),
                (integer(json!({"minimum": -1e300})), integer(json!({})), &[]),
                (
                    with(json!({"type": "number", "minimum": 1})),
                    with(json!({"type": "number", "minimum": 1})),
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn moves_bounds_of_members_of_request_bodies() {
        let with = |a: Value| {
            json!({
                "paths": {"/a": {"post": {
                    "requestBody": {"content": {"j": {"schema": {"$ref": "#/components/schemas/A"}}}},
                    "responses": {"2XX": {"content": {"j": {"schema": {"$ref": "#/components/schemas/B"}}}}},
                }}},
                "components": {"schemas": {
                    "A": a,
                    "B": {"properties": {"n": {"type": "integer", "minimum": 1}}},
                }},
            })
        };
        let list = json!({"type": "array", "minItems": 1, "maxItems": 5});
        let count = json!({"type": "integer", "minimum": 0, "maximum": 9});
        check_documents(
            "bounds",
            &[(
                with(
                    json!({"properties": {"list": list, "n": count, "x": {"type": "number", "minimum": 1}}}),
                ),
                with(json!({
                    "properties": {
                        "list": {"type": "array"}, "n": {"type": "integer"},
                        "x": {"type": "number", "minimum": 1},
                    },
                    "x-twin-bounds": [
                        {"name": "list", "minimum": 1, "maximum": 5},
                        {"name": "n", "minimum": 0, "maximum": 9},
                    ],
                })),
                &[],
            )],
        );
    }
}
