//! Moves a security requirement that all operations repeat to the top level of the document.

use serde_json::Value;

use super::{Findings, site};
use crate::METHODS;

/// Moves the `security` of the operations to the document, if it is the same for all of them.
pub(super) fn hoist(document: &mut Value, findings: &mut Findings) {
    if document.get("security").is_some() {
        return;
    }
    let Some((first, requirement)) = common(&document["paths"]) else { return };
    document["security"] = requirement;
    findings.origins.insert("#/security".to_owned(), format!("{first}/security"));
    for item in document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                operation.remove("security");
            }
        }
    }
}

/// Returns the requirement that all operations have, and the pointer of the first operation.
fn common(paths: &Value) -> Option<(String, Value)> {
    let mut operations = site::each_operation(paths, "#/paths");
    let (first, operation) = operations.next()?;
    let requirement = operation.get("security")?;
    operations
        .all(|(_, operation)| operation.get("security") == Some(requirement))
        .then(|| (first, requirement.clone()))
}
