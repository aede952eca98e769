//! Adapts the generated code for `twin-ext`.
//!
//! The field `limit` of a builder becomes public, because `twin-ext` compares it with the length of a
//! page. It is hidden from the documentation, because programs only set it. The documentation of an
//! event's two index fields gets a link to the function that reads either.

use syn::{Field, Fields, Item, parse_quote};

use super::PassContext;
use super::doc_text::{WRITTEN, escape, set_marked_doc};
use super::tree::{doc_of, ident_of, items_of_mut};

const EVENT: &str = "RunEvent";
/// The two names of an event's index. An event has one of them.
const INDEXES: [&str; 2] = ["event_index", "index"];
const POSITION_LINK: &str = "[`RunEventExt::position`](https://docs.rs/twin-ext/latest/twin_ext/trait.RunEventExt.html#tymethod.position) \
                        of `twin-ext` returns the index under either name.";

pub(super) fn apply(tree: &mut syn::File, _: &PassContext<'_>) -> Result<(), String> {
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
                link_to_position(field);
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

fn link_to_position(field: &mut Field) {
    let text = escape(doc_of(&field.attrs).trim());
    set_marked_doc(&mut field.attrs, &[text.as_str(), "", POSITION_LINK], WRITTEN);
}
