//! Checks that every schema with a hand-written type was replaced by that type.
//!
//! progenitor replaces a type only if the schema is exactly equal. Otherwise it silently uses
//! `String`, and decoding would fail at run time. Therefore this pass compares the number of members
//! in the document with the number of fields in the code.

use serde_json::Value;
use syn::{Field, Item};

use super::PassContext;
use super::tree::{generic_argument, items_of, text_of};
use crate::Runtime;
use crate::client::NATIVE_TYPES;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    if context.runtime == Runtime::StandAlone {
        return Ok(());
    }
    let types = items_of(&tree.items, "types")?;
    for (format, path) in NATIVE_TYPES {
        let wanted = members_with_format(context.document, format);
        let found = types.iter().flat_map(fields).filter(|field| holds(field, path)).count();
        if wanted != found {
            return Err(format!(
                "{wanted} members of the document have the format {format}, {found} fields are {path}"
            ));
        }
    }
    Ok(())
}

/// Returns whether a field has the type `path`, or an `Option` of it.
pub(super) fn holds(field: &Field, path: &str) -> bool {
    let ty = generic_argument(&field.ty, "Option").unwrap_or(&field.ty);
    text_of(ty).replace(' ', "") == path
}

/// Returns the fields of a struct. Empty for other items.
pub(super) fn fields(item: &Item) -> impl Iterator<Item = &Field> {
    match item {
        Item::Struct(item) => Some(item.fields.iter()),
        _ => None,
    }
    .into_iter()
    .flatten()
}

/// Counts the properties in `#/components` and `#/paths` with this string format.
fn members_with_format(document: &Value, format: &str) -> usize {
    let mut count = 0;
    let mut todo = vec![&document["components"]["schemas"], &document["paths"]];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(members) => {
                if members.get("type").is_some_and(|ty| ty == "string")
                    && members.get("format").is_some_and(|found| found == format)
                {
                    count += 1;
                }
                todo.extend(members.values());
            }
            _ => {}
        }
    }
    count
}
