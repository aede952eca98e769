//! Renames component schemas so that their Rust names are distinct.
//!
//! A name that collides gets a number. A name with characters that a reference would have to
//! escape becomes its Rust name. Other kinds of components are copied to their uses and keep no
//! names.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Context;
use super::inheritance::BASE;
use super::inline_types::{TypeNames, is_reserved};
use super::schema::{Object, SCHEMAS, ref_name, ref_to};
use crate::names::pascal;
use crate::pointer::escape;

pub(super) fn apply(context: &mut Context) {
    let renamed = renamed(&context.schemas());
    for (name, new) in &renamed {
        let pointer = format!("{SCHEMAS}{}", escape(name));
        context.report.note(
            &pointer,
            format!("the component is renamed to `{new}`: its name is taken or invalid in Rust"),
        );
    }
    context.each_schema(|_, value, _| {
        if let Some(new) = ref_name(value).and_then(|name| renamed.get(name)) {
            *value = ref_to(new);
        }
        rename_targets(value, &renamed);
        Ok(())
    });
    let schemas = context.take_schemas();
    context.put_schemas(schemas.into_iter().map(|(name, schema)| match renamed.get(&name) {
        Some(new) => (new.clone(), schema),
        None => (name, schema),
    }));
    context.declare();
}

/// Renames the targets of a discriminator and the base of a union.
fn rename_targets(value: &mut Value, renamed: &BTreeMap<String, String>) {
    let mapping = value.pointer_mut("/discriminator/mapping").and_then(Value::as_object_mut);
    for target in mapping.into_iter().flat_map(Object::values_mut) {
        let name = target.as_str().and_then(|target| target.strip_prefix(SCHEMAS));
        if let Some(new) = name.and_then(|name| renamed.get(name)) {
            *target = Value::String(format!("{SCHEMAS}{new}"));
        }
    }
    if let Some(base) = value.get_mut(BASE)
        && let Some(new) = base.as_str().and_then(|name| renamed.get(name))
    {
        *base = Value::String(new.clone());
    }
}

fn renamed(schemas: &Object) -> BTreeMap<String, String> {
    // Names that equal their Rust name come first, so that they are kept.
    let mut all: Vec<&String> = schemas.keys().collect();
    all.sort_by_key(|name| (pascal(name) != **name, *name));
    let mut names = TypeNames::default();
    let mut renamed = BTreeMap::new();
    for name in all {
        let own = pascal(name);
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !plain || is_reserved(&own) || !names.take(own) {
            renamed.insert(name.clone(), names.free(name));
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, with_schemas};

    #[test]
    fn renames_components_with_colliding_or_invalid_names() {
        let refs = |one: &str, two: &str| {
            json!({"properties": {
                "a": {"$ref": format!("#/components/schemas/{one}")},
                "b": {"$ref": format!("#/components/schemas/{two}")},
            }})
        };
        check_documents(
            "component-names",
            &[
                (
                    with_schemas(json!({"Foo": {}, "foo": {}, "Z": refs("Foo", "foo")})),
                    with_schemas(json!({"Foo": {}, "Foo2": {}, "Z": refs("Foo", "Foo2")})),
                    &["note: schemas/foo: the component is renamed to `Foo2`"],
                ),
                (
                    with_schemas(json!({"a.B-c": {}, "x/y z": {}, "Z": refs("a.B-c", "x/y z")})),
                    with_schemas(json!({"a.B-c": {}, "Xyz": {}, "Z": refs("a.B-c", "Xyz")})),
                    &["note: schemas/x~1y z: the component is renamed to `Xyz`"],
                ),
            ],
        );
    }
}
