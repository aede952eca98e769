//! Reads tagged unions by their tag and keeps unknown alternatives.
//!
//! serde supports only string tags, and rejects tags that are not listed. This pass adds a last
//! alternative `Unknown`, which holds the JSON value, to each union. A union with numeric tags gets its
//! own reader.

use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Fields, Item, ItemEnum, Type, parse_quote};

use super::PassContext;
use super::doc_text::WRITTEN;
use super::tree::{ident_of, items_of_mut, serde_has, text_of};
use crate::lower::tagged_union::TAG;
use crate::names::same_ident;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let types = items_of_mut(&mut tree.items, "types")?;
    for union in types.iter_mut().filter_map(as_enum) {
        if is_tagged(union) {
            keep_unknown(union);
        }
    }
    let schemas = context.document.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in schemas.into_iter().flatten() {
        let Some(tag) = schema.get(TAG) else { continue };
        let union = types
            .iter_mut()
            .filter_map(as_enum)
            .find(|item| same_ident(name, &ident_of(&item.ident)))
            .ok_or_else(|| format!("there is no enum {name}"))?;
        let reader = by_number(union, tag).map_err(|cause| format!("{name}: {cause}"))?;
        types.push(reader);
    }
    Ok(())
}

fn as_enum(item: &mut Item) -> Option<&mut ItemEnum> {
    match item {
        Item::Enum(item) => Some(item),
        _ => None,
    }
}

/// Returns whether serde reads the enum by a tag inside the value.
fn is_tagged(item: &ItemEnum) -> bool {
    serde_has(&item.attrs, "tag") && !serde_has(&item.attrs, "untagged")
}

/// Adds the alternative `Unknown`. Returns `false` if one of this name exists.
fn keep_unknown(item: &mut ItemEnum) -> bool {
    if item.variants.iter().any(|variant| variant.ident == "Unknown") {
        return false;
    }
    let written = format_ident!("{WRITTEN}");
    let untagged = !serde_has(&item.attrs, "untagged");
    let attribute = untagged.then(|| quote!(#[serde(untagged)]));
    item.variants.push(parse_quote! {
        #[#written]
        #[doc = " An alternative that this version of the client does not know, unchanged."]
        #attribute
        Unknown(::serde_json::Value)
    });
    true
}

/// Replaces the derived reader by one that checks the tag first.
fn by_number(item: &mut ItemEnum, tag: &Value) -> Result<Item, String> {
    let values = tag["values"].as_array().ok_or("a tag without values")?;
    let member = tag["name"].as_str().ok_or("a tag without a name")?;
    if item.variants.len() != values.len() {
        return Err(format!("{} variants, {} tags", item.variants.len(), values.len()));
    }
    let mut arms = Vec::new();
    for (variant, value) in item.variants.iter().zip(values) {
        let Fields::Unnamed(fields) = &variant.fields else {
            return Err(format!("{} holds no value", variant.ident));
        };
        let (name, count) = (&variant.ident, fields.unnamed.len());
        if count != 1 {
            return Err(format!("{name} holds {count} values"));
        }
        let text = value.to_string();
        arms.push(quote!(#text => ::serde_json::from_value(value.clone()).map(Self::#name)));
    }
    without_reader(item)?;
    let other = if keep_unknown(item) {
        quote!(_ => return Ok(Self::Unknown(value)))
    } else {
        let unknown = format!("an unknown {member}");
        quote!(_ => Err(::serde::de::Error::custom(#unknown)))
    };
    let name = &item.ident;
    Ok(parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: ::serde::Deserializer<'de>,
            {
                let value = <::serde_json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                // An integer may be written with a decimal point.
                let tag = value.get(#member).map_or_else(String::new, |tag| match tag.as_f64() {
                    Some(number) if number.fract() == 0.0 && tag.is_f64() => format!("{number:.0}"),
                    _ => tag.to_string(),
                });
                let read = match tag.as_str() {
                    #(#arms,)*
                    #other,
                };
                read.map_err(::serde::de::Error::custom)
            }
        }
    })
}

/// Removes `Deserialize` from the derives.
fn without_reader(item: &mut ItemEnum) -> Result<(), String> {
    let derive = item.attrs.iter_mut().find(|attribute| {
        attribute.path().is_ident("derive") && text_of(*attribute).contains("Deserialize")
    });
    let derive = derive.ok_or("it derives no Deserialize")?;
    let mut kept: Vec<Type> = Vec::new();
    derive
        .parse_nested_meta(|meta| {
            let path = meta.path;
            if path.segments.last().is_none_or(|segment| segment.ident != "Deserialize") {
                kept.push(parse_quote!(#path));
            }
            Ok(())
        })
        .map_err(|error| error.to_string())?;
    *derive = parse_quote!(#[derive(#(#kept),*)]);
    Ok(())
}
