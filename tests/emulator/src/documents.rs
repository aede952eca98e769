//! The OpenAPI documents of the profiles.

use std::sync::OnceLock;

use serde_json::Value;

use super::Profile;
use super::operations::OPERATIONS;

/// Returns the OpenAPI document of `profile`, as the emulator serves it at `/openapi.json`.
///
/// [`Profile::Documented`] has the document of the published reference. [`Profile::Observed`] has
/// the effective document, which adds the observations of the live service. It leaves out the
/// operations and deliveries that the emulator lacks, which a newer document may describe.
pub fn document(profile: Profile) -> &'static str {
    const REFERENCE: &str = include_str!("../contract.json");
    static OBSERVED: OnceLock<String> = OnceLock::new();
    match profile {
        Profile::Documented => REFERENCE,
        Profile::Observed => {
            OBSERVED.get_or_init(|| served(include_str!("../effective.json"), REFERENCE))
        }
    }
}

/// Removes the operations and deliveries that the emulator lacks from `effective`. The emulator
/// makes the deliveries of the reference.
fn served(effective: &str, reference: &str) -> String {
    let (Ok(mut document), Ok(reference)) =
        (serde_json::from_str::<Value>(effective), serde_json::from_str::<Value>(reference))
    else {
        return effective.to_owned(); // the tests read both
    };
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
    format!("{document:#}\n")
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
    fn operations_and_deliveries_that_the_emulator_lacks_are_not_served() {
        let effective = json!({
            "paths": {"/v1/me": {"get": {}, "put": {}}, "/v1/new": {"get": {}}},
            "webhooks": {"run.completed": {}, "run.renamed": {}},
        });
        let reference = json!({ "webhooks": {"run.completed": {}} });
        let served: Value =
            serde_json::from_str(&served(&effective.to_string(), &reference.to_string())).unwrap();
        assert_eq!(
            served,
            json!({"paths": {"/v1/me": {"get": {}}}, "webhooks": {"run.completed": {}}})
        );
    }
}
