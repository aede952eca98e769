//! Bounds of integer parameters move to their operation, as `x-twin-bounds`.
//!
//! There a pass over the Rust code makes a check of them; in the schema typify would make
//! the caller write `NonZero` types, or ignore them. Bounds inside bodies are lost, which
//! `constraints` says.

use serde_json::{Value, json};

use super::schema::{Object, is_true, text};
use super::{Context, Report};
use crate::error::Error;
use crate::pointer::child;

pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
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
    })
}

/// The inclusive bounds, if there are any and a number fits between them.
fn take(
    report: &mut Report,
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
        report.loss(pointer, format!("no integer is from {low} to {high}: not checked"));
        return None;
    }
    (minimum.is_some() || maximum.is_some()).then_some((minimum, maximum))
}

/// The lowest integer that the bound allows; none where it allows all.
fn lowest(bound: &Value, exclusive: bool) -> Option<i64> {
    if let Some(whole) = bound.as_i64() {
        return whole.checked_add(i64::from(exclusive));
    }
    let number = bound.as_f64()?;
    let on_it = exclusive && number.fract() == 0.0;
    whole(number.ceil())?.checked_add(i64::from(on_it))
}

/// The highest integer that the bound allows; none where it allows all.
fn highest(bound: &Value, exclusive: bool) -> Option<i64> {
    if let Some(whole) = bound.as_i64() {
        return whole.checked_sub(i64::from(exclusive));
    }
    let number = bound.as_f64()?;
    let on_it = exclusive && number.fract() == 0.0;
    whole(number.floor())?.checked_sub(i64::from(on_it))
}

/// A float without a fraction as an integer, where it is one exactly.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.abs() <= EXACT).then(|| format!("{number:.0}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_operation};

    #[test]
    fn bounds() {
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
                    &["loss: no integer"],
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
}
