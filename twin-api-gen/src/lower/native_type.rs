//! A schema with `x-twin-type` becomes the marker of a hand-written Rust type.
//!
//! The marker is a string with a private format and nothing else, because typify looks
//! for exactly that. It knows the names of those types and refuses any other; without
//! native types it leaves everything alone.

use serde_json::{Value, json};

use super::Context;
use super::null_type::is_nullable;
use super::schema::Object;
use crate::error::{Error, Stage};
use crate::problem::Problem;

/// The names that `x-twin-type` may have.
const NAMES: [&str; 2] = ["lenient-integer", "payload"];

pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
    if !context.options.native_types {
        return Ok(());
    }
    // It is a word of ours: an unknown one is a mistake of ours, and leaves nothing out.
    let mut unknown = Vec::new();
    context.each_schema(|report, value, place| {
        let Some(wanted) = value.get("x-twin-type") else { return Ok(()) };
        let Some(name) = NAMES.iter().find(|name| wanted == *name) else {
            let what = format!("x-twin-type {wanted} is not known");
            let help = format!("the hand-written types are {}", NAMES.join(" and "));
            unknown.push(Problem::new(Stage::Lower, what).at(place.pointer).help(help));
            return Ok(());
        };
        report.note(place.pointer, format!("the hand-written type for `{name}` takes its place"));
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
    fn markers() {
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
