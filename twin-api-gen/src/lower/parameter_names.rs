//! Parameters of one operation must have distinct names in Rust, and none of the builder's.
//!
//! It renames nothing, because the names are what callers write.

use std::collections::BTreeMap;

use serde_json::Value;

use super::casing::snake;
use super::schema::Object;
use super::{Context, refuse};
use crate::error::Error;
use crate::pointer::child;

/// Methods of every builder, and a local variable that a parameter would hide.
const OF_BUILDERS: [&str; 3] = ["new", "send", "header_map"];
/// Methods of a builder for a request with a body.
const OF_BODIES: [&str; 2] = ["body", "body_map"];

pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
    context.each_operation(|_, operation, pointer| check(operation, pointer))
}

fn check(operation: &Object, pointer: &str) -> Result<(), Error> {
    let help =
        "rename the parameter in an overlay if the service allows, or remove it if it is optional";
    let has_body = operation.contains_key("requestBody");
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let list = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for (index, parameter) in list.enumerate() {
        let Some(name) = parameter["name"].as_str() else { continue };
        let at = child(&child(pointer, "parameters"), index);
        let rust = snake(name);
        let is = |names: &[&str]| names.contains(&rust.as_str());
        if is(&OF_BUILDERS) || (has_body && is(&OF_BODIES)) {
            let cause = format!(
                "the parameter {name:?} is `{rust}`, which the request's builder has already"
            );
            return Err(refuse(&at, cause).help(help));
        }
        if let Some(other) = seen.insert(rust.clone(), name) {
            let cause = format!("the parameters {other:?} and {name:?} are both `{rust}` in Rust");
            return Err(refuse(&at, cause).help(help));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, check_refusals, with_operation};

    #[test]
    fn parameter_names() {
        let with = |names: &[&str], body: Value| {
            let parameters: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            let mut operation = json!({"parameters": parameters});
            if !body.is_null() {
                operation["requestBody"] = body;
            }
            with_operation(operation)
        };
        let fine = with(&["a", "body", "url", "client", "self"], Value::Null);
        check_documents("parameter-names", &[(fine.clone(), fine, &[])]);
        check_refusals(
            "parameter-names",
            &[
                (
                    with(&["userId", "user_id"], Value::Null),
                    "parameters/1: the parameters \"userId\" and \"user_id\"",
                ),
                (with(&["send"], Value::Null), "\"send\" is `send`"),
                (with(&["Body"], json!({})), "\"Body\" is `body`"),
            ],
        );
    }
}
