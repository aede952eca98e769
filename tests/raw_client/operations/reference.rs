//! Compares the table with the frozen edition of the reference: the table must have every operation,
//! parameter and body member.

use std::collections::BTreeSet;

use serde_json::Value;

use super::harness::{ON_THE_WIRE, TableRow};
use super::table;

/// An operation and the names of all its inputs.
#[derive(Debug, PartialEq, Eq)]
struct OperationInputs {
    id: String,
    /// The method and the path with the names of its parameters.
    path: String,
    query: BTreeSet<String>,
    body: BTreeSet<String>,
}

#[test]
fn table_lists_every_operation_and_input_once() {
    let rows: Vec<OperationInputs> =
        table().iter().map(|row| inputs_of_row(row.as_ref())).collect();
    let operations = inputs_in_document(&document());
    let without_row: Vec<&OperationInputs> =
        operations.iter().filter(|o| !rows.contains(o)).collect();
    let without_operation: Vec<&OperationInputs> =
        rows.iter().filter(|r| !operations.contains(r)).collect();
    assert!(
        without_row.is_empty() && without_operation.is_empty(),
        "operations without a row: {without_row:#?}\nrows without an operation: {without_operation:#?}"
    );
    // Equal counts: no operation is in the table twice.
    assert_eq!((rows.len(), operations.len()), (33, 33));
}

fn inputs_of_row(row: &dyn TableRow) -> OperationInputs {
    let (path, query) = row.line().split_once('?').unwrap_or((row.line(), ""));
    let names = query.split('&').filter(|pair| !pair.is_empty());
    OperationInputs {
        id: row.id().to_owned(),
        path: ON_THE_WIRE.iter().fold(path.to_owned(), |path, (name, id)| path.replace(id, name)),
        query: names.map(|pair| pair.split('=').next().unwrap_or(pair).to_owned()).collect(),
        body: members(row.body().unwrap_or(&Value::Null)).map(|(name, _)| name.clone()).collect(),
    }
}

fn document() -> Value {
    serde_json::from_str(twin_tests::vendored::CONTRACT).expect("contract.json is JSON")
}

fn inputs_in_document(document: &Value) -> Vec<OperationInputs> {
    let mut shapes = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item).filter(|(_, o)| o["responses"].is_object()) {
            let parameters = [item, operation].into_iter().flat_map(|of| {
                let parameters = of["parameters"].as_array().into_iter().flatten();
                parameters.map(|parameter| resolve(document, parameter))
            });
            let body = resolve(document, &operation["requestBody"]);
            let schema = resolve(document, &body["content"]["application/json"]["schema"]);
            shapes.push(OperationInputs {
                id: string_of(&operation["operationId"]),
                path: format!("{} {path}", method.to_uppercase()),
                query: parameters
                    .filter(|parameter| parameter["in"] == "query")
                    .map(|parameter| string_of(&parameter["name"]))
                    .collect(),
                body: members(&schema["properties"]).map(|(name, _)| name.clone()).collect(),
            });
        }
    }
    shapes
}

/// Returns the component that `value` refers to, or `value` itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).expect("every reference leads somewhere"),
        None => value,
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn string_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
