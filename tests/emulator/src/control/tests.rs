//! The document of the control API and the actions agree.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{DOCUMENT, paths};

#[test]
fn control_document_lists_exactly_the_actions() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let documented: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let mut served: BTreeSet<(String, String)> =
        paths().map(|(method, path)| (method.to_string(), path.to_owned())).collect();
    // The page has it.
    served.insert(("GET".to_owned(), "/_emulator/state".to_owned()));
    assert_eq!(documented, served);
}

#[test]
fn control_document_is_valid_openapi_3_1() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let official = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi-3.1.json");
    let official = std::fs::read_to_string(official).unwrap();
    let official: Value = serde_json::from_str(&official).unwrap();
    let validator = jsonschema::validator_for(&official).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
