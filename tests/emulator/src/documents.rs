//! The OpenAPI documents of the profiles.

use std::sync::OnceLock;

use serde_json::Value;

use super::Profile;
use super::operations::OPERATIONS;

const REFERENCE: &str = include_str!("../contract.json");
const EFFECTIVE: &str = include_str!("../effective.json");

/// Returns the OpenAPI document of `profile`, as the emulator serves it at `/openapi.json`.
///
/// The document of [`Profile::Documented`] is the published reference. The document of
/// [`Profile::Observed`] adds the observations of the live service. It leaves out operations and
/// deliveries that the emulator does not support, which a newer document may describe.
pub fn document(profile: Profile) -> &'static str {
    static OBSERVED: OnceLock<String> = OnceLock::new();
    match profile {
        Profile::Documented => REFERENCE,
        Profile::Observed => OBSERVED.get_or_init(|| format!("{:#}\n", parsed(profile))),
    }
}

/// Returns the document of `profile` as JSON. It is parsed once per process.
pub(crate) fn parsed(profile: Profile) -> &'static Value {
    static DOCUMENTED: OnceLock<Value> = OnceLock::new();
    static OBSERVED: OnceLock<Value> = OnceLock::new();
    match profile {
        Profile::Documented => DOCUMENTED.get_or_init(|| parse(REFERENCE)),
        Profile::Observed => {
            OBSERVED.get_or_init(|| served(parse(EFFECTIVE), parsed(Profile::Documented)))
        }
    }
}

/// Parses a document. Text that is not valid JSON becomes a document without operations, with which
/// every exchange is a mismatch.
pub(crate) fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Removes from `document` the operations and deliveries that the emulator does not support. It
/// supports the deliveries of the reference.
fn served(mut document: Value, reference: &Value) -> Value {
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths.iter_mut() {
            if let Some(item) = item.as_object_mut() {
                item.retain(|method, _| serves(path, method));
            }
        }
        paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    }
    if let Some(webhooks) = document["webhooks"].as_object_mut() {
        webhooks.retain(|name, _| reference["webhooks"].get(name).is_some());
    }
    document
}

fn serves(path: &str, method: &str) -> bool {
    OPERATIONS.iter().any(|operation| {
        operation.path == path && operation.method.as_str().eq_ignore_ascii_case(method)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn serves_only_operations_and_deliveries_of_the_emulator() {
        let effective = json!({
            "paths": {"/v1/me": {"get": {}, "put": {}}, "/v1/new": {"get": {}}},
            "webhooks": {"run.completed": {}, "run.renamed": {}},
        });
        let reference = json!({ "webhooks": {"run.completed": {}} });
        assert_eq!(
            served(effective, &reference),
            json!({"paths": {"/v1/me": {"get": {}}}, "webhooks": {"run.completed": {}}})
        );
    }
}
