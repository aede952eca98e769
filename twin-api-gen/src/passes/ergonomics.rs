//! What `twin-ext` needs of the generated code: the `limit` of a builder, which it compares with
//! the length of a page, and docs that lead from the two indexes of an event to its extension.
//!
//! The field `limit` stays hidden, because programs only set it.

use syn::{Field, Fields, Item, parse_quote};

use super::Context;
use super::doc_text::{WRITTEN, escape, set_marked_doc};
use super::tree::{doc_of, ident_of, items_of_mut};

/// The event of a run has its index under one of two names.
const EVENT: &str = "RunEvent";
const INDEXES: [&str; 2] = ["event_index", "index"];
const POSITION: &str = "[`RunEventExt::position`](https://docs.rs/twin-ext/latest/twin_ext/trait.RunEventExt.html#tymethod.position) \
                        of `twin-ext` returns the index under either name.";

pub(super) fn apply(tree: &mut syn::File, _: &Context<'_>) -> Result<(), String> {
    for item in items_of_mut(&mut tree.items, "builder")? {
        for field in fields_of(item).filter(|field| is_named(field, "limit")) {
            field.vis = parse_quote!(pub);
            field.attrs.push(parse_quote!(#[doc(hidden)]));
        }
    }
    for item in items_of_mut(&mut tree.items, "types")? {
        if !matches!(item, Item::Struct(item) if item.ident == EVENT) {
            continue;
        }
        for field in fields_of(item) {
            if INDEXES.iter().any(|name| is_named(field, name)) {
                lead_to_position(field);
            }
        }
    }
    Ok(())
}

fn fields_of(item: &mut Item) -> impl Iterator<Item = &mut Field> {
    let fields = match item {
        Item::Struct(item) => Some(&mut item.fields),
        _ => None,
    };
    fields.into_iter().flat_map(Fields::iter_mut)
}

fn is_named(field: &Field, name: &str) -> bool {
    field.ident.as_ref().is_some_and(|ident| ident_of(ident) == name)
}

fn lead_to_position(field: &mut Field) {
    let text = escape(doc_of(&field.attrs).trim());
    set_marked_doc(&mut field.attrs, &[text.as_str(), "", POSITION], WRITTEN);
}
