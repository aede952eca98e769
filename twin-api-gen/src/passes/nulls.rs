//! Distinguishes absent, null and set members of a request body.
//!
//! The lowering lists in `x-twin-nulls` the members that are optional and nullable. They become an
//! `Option` of an `Option`: the outer one is `None` for an absent member. The setter of a builder
//! still takes a value, and `<name>_null` sends null.

use std::collections::BTreeMap;

use quote::format_ident;
use serde_json::Value;
use syn::{Expr, Item, ItemImpl, ItemStruct, Stmt, Type, parse_quote};

use super::PassContext;
use super::doc_text::{WRITTEN, code};
use super::tree::{
    as_fn_mut, generic_argument, ident_of, inherent_impls_mut, items_of_mut, serde_has,
    serde_rename,
};
use crate::lower::nulls::NULLS;
use crate::names::letters;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let schemas = context.document.pointer("/components/schemas").and_then(Value::as_object);
    let with_nulls = schemas.into_iter().flatten().filter_map(|(name, schema)| {
        let nulls = schema[NULLS].as_array()?.iter().filter_map(Value::as_str);
        Some((letters(name), nulls.collect::<Vec<_>>()))
    });
    let wanted: BTreeMap<String, Vec<&str>> = with_nulls.collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let types = items_of_mut(&mut tree.items, "types")?;
    let mut changed: BTreeMap<String, Vec<(syn::Ident, String)>> = BTreeMap::new();
    for item in &mut *types {
        let Item::Struct(item) = item else { continue };
        let name = letters(&ident_of(&item.ident));
        if let Some(members) = wanted.get(&name) {
            changed.insert(name, add_null_state(item, members));
        }
    }
    if changed.values().all(Vec::is_empty) {
        return Ok(());
    }
    let builders = items_of_mut(types, "builder")?;
    for item in &mut *builders {
        let Item::Struct(item) = item else { continue };
        for (field, _) in changed.get(&letters(&ident_of(&item.ident))).into_iter().flatten() {
            widen_builder_field(item, field)
                .map_err(|cause| format!("{}.{field}: {cause}", item.ident))?;
        }
    }
    for (name, item) in inherent_impls_mut(builders) {
        for (field, api_name) in changed.get(&letters(&name)).into_iter().flatten() {
            wrap_setter(item, field).map_err(|cause| format!("{name}.{field}: {cause}"))?;
            add_null_setter(item, field, api_name);
        }
    }
    tree.items.push(present());
    Ok(())
}

/// Changes the types of the fields. Returns their names in Rust and in the API.
fn add_null_state(item: &mut ItemStruct, wanted: &[&str]) -> Vec<(syn::Ident, String)> {
    let mut changed = Vec::new();
    for field in &mut item.fields {
        let Some(ident) = field.ident.clone() else { continue };
        let api_name = serde_rename(&field.attrs).unwrap_or_else(|| ident_of(&ident));
        // A member with a default in the document is never absent.
        let is_option = generic_argument(&field.ty, "Option").is_some();
        let has_reader =
            serde_has(&field.attrs, "deserialize_with") || serde_has(&field.attrs, "default =");
        if !wanted.contains(&api_name.as_str()) || !is_option || has_reader {
            continue;
        }
        wrap(&mut field.ty);
        if !serde_has(&field.attrs, "default") {
            field.attrs.push(parse_quote!(#[serde(default)]));
        }
        field.attrs.push(parse_quote!(#[serde(deserialize_with = "super::present")]));
        changed.push((ident, api_name));
    }
    changed
}

fn wrap(ty: &mut Type) {
    *ty = parse_quote!(::std::option::Option<#ty>);
}

/// Changes the field of the builder to the type in the struct.
fn widen_builder_field(builder: &mut ItemStruct, field: &syn::Ident) -> Result<(), String> {
    let held = builder.fields.iter_mut().find(|held| held.ident.as_ref() == Some(field));
    let held = held.ok_or("the builder does not have it")?;
    let Some(inner) = generic_argument(&held.ty, "Result") else {
        return Err("the builder stores it in an unexpected type".to_owned());
    };
    held.ty = parse_quote! {
        ::std::result::Result<::std::option::Option<#inner>, ::std::string::String>
    };
    Ok(())
}

/// Wraps the value of a setter in one more `Some`.
fn wrap_setter(item: &mut ItemImpl, field: &syn::Ident) -> Result<(), String> {
    let mut setters = item.items.iter_mut().filter_map(as_fn_mut);
    let setter = setters.find(|function| function.sig.ident == *field).ok_or("it has no setter")?;
    let assignment = setter.block.stmts.iter_mut().find_map(|statement| match statement {
        Stmt::Expr(Expr::Assign(assignment), _) => Some(assignment),
        _ => None,
    });
    let assignment = assignment.ok_or("its setter assigns nothing")?;
    let value = assignment.right.clone();
    *assignment.right = parse_quote!(#value.map(::std::option::Option::Some));
    Ok(())
}

/// Adds the setter `name_null`, unless a member has this name.
fn add_null_setter(item: &mut ItemImpl, field: &syn::Ident, api_name: &str) {
    let name = format_ident!("{}_null", ident_of(field));
    if item.items.iter_mut().filter_map(as_fn_mut).any(|function| function.sig.ident == name) {
        return;
    }
    let written = format_ident!("{WRITTEN}");
    let doc =
        format!(" Sends null for {}. Without a call, the member is not sent.", code(api_name));
    item.items.push(parse_quote! {
        #[#written]
        #[doc = #doc]
        pub fn #name(mut self) -> Self {
            self.#field = Ok(::std::option::Option::Some(::std::option::Option::None));
            self
        }
    });
}

fn present() -> Item {
    parse_quote! {
        /// Reads a member that is present, possibly as null.
        fn present<'de, D, T>(
            deserializer: D,
        ) -> ::std::result::Result<::std::option::Option<T>, D::Error>
        where
            D: ::serde::Deserializer<'de>,
            T: ::serde::Deserialize<'de>,
        {
            T::deserialize(deserializer).map(Some)
        }
    }
}
