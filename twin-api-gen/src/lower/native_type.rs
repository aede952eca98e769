//! Replaces schemas with `x-twin-type` by the marker of a hand-written Rust type.
//!
//! The marker is a string schema with a private format and no constraints. typify replaces a
//! schema only if it is exactly equal. An unknown name is an error. Without native types, the
//! document stays unchanged.

use serde_json::{Value, json};

use super::Context;
use super::null_type::is_nullable;
use super::schema::Object;
use crate::error::{Error, Stage};
use crate::problem::Problem;

/// The valid values of `x-twin-type`.
const NAMES: [&str; 2] = ["lenient-integer", "payload"];

pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
    if !context.options.native_types {
        return Ok(());
    }
    // `x-twin-type` comes from our own files, so an unknown value is an error for the whole document
    // and does not leave an operation out.
    let mut unknown = Vec::new();
    context.each_schema(|report, value, place| {
        let Some(wanted) = value.get("x-twin-type") else { return Ok(()) };
        let Some(name) = NAMES.iter().find(|name| wanted == *name) else {
            let what = format!("x-twin-type {wanted} is not known");
            let help = format!("the hand-written types are {}", NAMES.join(" and "));
            unknown.push(Problem::new(Stage::Lower, what).at(place.pointer).help(help));
            return Ok(());
        };
        report.note(place.pointer, format!("uses the hand-written type for `{name}`"));
        let marker = marker(value, name);
        *value = marker;
        Ok(())
    });
    Error::from_problems(unknown).map_or(Ok(()), Err)
}

fn marker(value: &Value, name: &str) -> Value {
    let mut marker = Object::new();
    marker.insert("type".to_owned(), json!("string"));
    marker.insert("format".to_owned(), json!(format!("twin:{name}")));
    if let Some(description) = value.get("description") {
        marker.insert("description".to_owned(), description.clone());
    }
    if is_nullable(value) {
        marker.insert("nullable".to_owned(), json!(true));
    }
    Value::Object(marker)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_refusals, check_schemas, with_schemas};

    #[test]
    fn replaces_x_twin_type_by_a_marker() {
        check_schemas(
            "native-types",
            &[
                (
                    json!({"type": ["string", "null"], "x-twin-type": "lenient-integer", "pattern": "^[0-9]+$", "description": "d"}),
                    json!({"type": "string", "format": "twin:lenient-integer", "nullable": true, "description": "d"}),
                    &["note: hand-written type for `lenient-integer`"],
                ),
                (
                    json!({"items": {"x-twin-type": "payload", "type": "object", "properties": {}}}),
                    json!({"items": {"type": "string", "format": "twin:payload"}}),
                    &["note: A/items: "],
                ),
            ],
        );
        check_refusals(
            "native-types",
            &[(
                with_schemas(json!({"A": {"x-twin-type": "uuid"}})),
                "x-twin-type \"uuid\" is not known",
            )],
        );
    }
}
