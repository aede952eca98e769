//! Replaces a path item with a `$ref` by a copy of the target.
//!
//! Members beside the `$ref` win over those of the target. References that leave the document or form
//! a cycle are rejected.

use serde_json::Value;

use super::references::local_pointer;
use super::{Context, CopyBudget, refuse};
use crate::error::Error;
use crate::limits::MAX_REFERENCE_CHAIN;
use crate::pointer::{child, resolve};

pub(super) fn apply(context: &mut Context) {
    let original = context.document.clone();
    let Some(paths) = context.document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for (path, item) in paths.iter_mut().filter(|(path, _)| !path.starts_with("x-")) {
        let pointer = child("#/paths", path);
        if let Err(error) = follow(item, &original, &mut context.budget, &pointer) {
            context.broken.extend(error.problems().cloned());
        }
    }
}

/// Merges the target of the item's `$ref` into the item.
fn follow(
    item: &mut Value,
    original: &Value,
    budget: &mut CopyBudget,
    pointer: &str,
) -> Result<(), Error> {
    let mut hops = 0;
    while let Some(reference) = item.get("$ref") {
        let reference = reference.as_str().unwrap_or_default();
        let target = local_pointer(reference, pointer)?;
        let Some(Value::Object(target)) = resolve(original, &target) else {
            return Err(refuse(pointer, format!("$ref {reference:?} is not a path item")));
        };
        hops += 1;
        if hops > MAX_REFERENCE_CHAIN {
            return Err(refuse(pointer, "the path item refers to itself"));
        }
        budget.spend(&Value::Object(target.clone()), pointer)?;
        let mut merged = target.clone();
        if let Value::Object(own) = item {
            own.remove("$ref");
            merged.append(own);
        }
        *item = Value::Object(merged);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, check_refusals};

    #[test]
    fn copies_the_target_of_a_path_item_reference() {
        check_documents(
            "path-items",
            &[(
                json!({"paths": {
                "/a": {"$ref": "#/components/pathItems/A", "summary": "own"},
                "/b": {"$ref": "#/paths/~1a"},
            }, "components": {"pathItems": {"A": {"get": {}, "summary": "theirs"}}}}),
                json!({"paths": {
                "/a": {"get": {}, "summary": "own"},
                "/b": {"get": {}, "summary": "own"},
            }, "components": {"pathItems": {"A": {"get": {}, "summary": "theirs"}}}}),
                &[],
            )],
        );
    }

    #[test]
    fn rejects_external_dangling_and_cyclic_path_items() {
        check_refusals(
            "path-items",
            &[
                (
                    json!({"paths": {"/a": {"$ref": "other.json"}}}),
                    "#/paths/~1a: $ref \"other.json\" leaves",
                ),
                (json!({"paths": {"/a": {"$ref": "#/nowhere"}}}), "is not a path item"),
                (json!({"paths": {"/a": {"$ref": "#/paths/~1a"}}}), "refers to itself"),
            ],
        );
    }
}
