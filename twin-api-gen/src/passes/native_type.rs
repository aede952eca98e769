//! Every schema that stands for a hand-written type became that type.
//!
//! The conversion itself is progenitor's, by exact match of the schema, and silent when it
//! does not match: the member would be a `String` and decode to an error on somebody's
//! machine. So the members are counted on both sides.

use serde_json::Value;
use syn::{Field, Item};

use super::Context;
use super::tree::{argument_of, items_of, text_of};
use crate::Runtime;
use crate::client::NATIVE_TYPES;

pub(super) fn apply(tree: &mut syn::File, context: &Context<'_>) -> Result<(), String> {
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

/// Whether a field is of the type `path`, or an option of it.
pub(super) fn holds(field: &Field, path: &str) -> bool {
    let ty = argument_of(&field.ty, "Option").unwrap_or(&field.ty);
    text_of(ty).replace(' ', "") == path
}

/// The fields of a struct; none for anything else.
pub(super) fn fields(item: &Item) -> impl Iterator<Item = &Field> {
    match item {
        Item::Struct(item) => Some(item.fields.iter()),
        _ => None,
    }
    .into_iter()
    .flatten()
}

/// The properties below `#/components` and `#/paths` with this string format.
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
