//! Everything but the types, and the private modules that help to read them, depends on
//! twin-api's feature `client`.
//!
//! A program that only verifies webhooks needs the types and no HTTP client. Elsewhere the
//! source stands alone and has no such feature.

use syn::{Attribute, Item, Visibility, parse_quote};

use super::Context;
use crate::Runtime;

pub(super) fn apply(tree: &mut syn::File, context: &Context<'_>) -> Result<(), String> {
    if context.runtime != Runtime::TwinApi {
        return Ok(());
    }
    let mut types = 0;
    for item in &mut tree.items {
        match item {
            Item::Mod(module) if module.ident == "types" => types += 1,
            Item::Mod(module) if matches!(module.vis, Visibility::Inherited) => {}
            item => attributes(item)?.push(parse_quote!(#[cfg(feature = "client")])),
        }
    }
    match types {
        1 => Ok(()),
        _ => Err(format!("expected one module types, found {types}")),
    }
}

fn attributes(item: &mut Item) -> Result<&mut Vec<Attribute>, String> {
    match item {
        Item::Fn(item) => Ok(&mut item.attrs),
        Item::Impl(item) => Ok(&mut item.attrs),
        Item::Mod(item) => Ok(&mut item.attrs),
        Item::Struct(item) => Ok(&mut item.attrs),
        Item::Use(item) => Ok(&mut item.attrs),
        _ => Err("expected functions, impls, modules, structs and uses at the top".to_owned()),
    }
}
