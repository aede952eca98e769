//! Classifies the types of the client by how an example writes or prints their values.

use syn::{Field, Fields, Item, ItemEnum, ItemStruct, Type};

use crate::passes::tree::{generic_argument, ident_of, last_segment, serde_has, serde_rename};

/// Number types with literals.
const NUMBERS: [&str; 10] = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"];

/// How an example writes or prints a value.
pub(super) enum ValueKind<'a> {
    Text,
    Number,
    Flag,
    /// Text that an example must not print.
    Secret,
    /// JSON text that is not parsed.
    Payload,
    /// An enum whose variants have no data, except the variant for unknown values.
    Enum(&'a ItemEnum),
    /// A struct with named members.
    Struct(&'a ItemStruct),
    List(&'a Type),
    Optional(&'a Type),
    Other,
}

/// The generated types: the items of `mod types`.
#[derive(Clone, Copy)]
pub(super) struct Types<'a>(pub(super) &'a [Item]);

impl<'a> Types<'a> {
    pub(super) fn kind(self, ty: &'a Type) -> ValueKind<'a> {
        if let Some(item) = generic_argument(ty, "Option") {
            return ValueKind::Optional(item);
        }
        if let Some(item) = generic_argument(ty, "Vec") {
            return ValueKind::List(item);
        }
        match last_segment(ty).as_deref() {
            Some("String") => ValueKind::Text,
            Some("bool") => ValueKind::Flag,
            Some("SecretString") => ValueKind::Secret,
            Some("Payload") => ValueKind::Payload,
            Some(number) if NUMBERS.contains(&number) => ValueKind::Number,
            Some(name) => self.named(name),
            None => ValueKind::Other,
        }
    }

    fn named(self, name: &str) -> ValueKind<'a> {
        match self.0.iter().find(|item| is_called(item, name)) {
            Some(Item::Enum(item)) if is_plain(item) => ValueKind::Enum(item),
            Some(Item::Struct(item)) => match &item.fields {
                Fields::Named(_) => ValueKind::Struct(item),
                Fields::Unnamed(fields) if holds_text(fields) => ValueKind::Text,
                _ => ValueKind::Other,
            },
            _ => ValueKind::Other,
        }
    }

    /// Returns the struct called `name`.
    pub(super) fn structure(self, name: &str) -> Option<&'a ItemStruct> {
        match self.named(name) {
            ValueKind::Struct(item) => Some(item),
            _ => None,
        }
    }
}

fn is_called(item: &Item, name: &str) -> bool {
    match item {
        Item::Enum(item) => item.ident == name,
        Item::Struct(item) => item.ident == name,
        _ => false,
    }
}

fn is_plain(item: &ItemEnum) -> bool {
    let plain = |variant: &syn::Variant| variant.fields.is_empty() || variant.ident == "Unknown";
    item.variants.iter().all(plain)
}

/// Returns whether a tuple struct is a string with constraints. Its setter accepts a string literal.
fn holds_text(fields: &syn::FieldsUnnamed) -> bool {
    fields.unnamed.len() == 1
        && fields.unnamed.first().and_then(|field| last_segment(&field.ty)).as_deref()
            == Some("String")
}

/// Returns the members of a struct that the document describes: identifier, name in the API, field.
pub(super) fn members(item: &ItemStruct) -> impl Iterator<Item = (String, String, &Field)> {
    item.fields.iter().filter(|field| !serde_has(&field.attrs, "flatten")).filter_map(|field| {
        let ident = field.ident.as_ref().map(ident_of)?;
        let name = serde_rename(&field.attrs).unwrap_or_else(|| ident.clone());
        Some((ident, name, field))
    })
}
