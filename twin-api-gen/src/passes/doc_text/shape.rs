//! The types of the client as an example sees them: what it can write and what it can print.

use syn::{Field, Fields, Item, ItemEnum, ItemStruct, Type};

use crate::passes::tree::{argument_of, ident_of, last_segment, serde_has, serde_rename};

/// Number types with literals.
const NUMBERS: [&str; 10] = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"];

/// The shape of a type.
pub(super) enum Shape<'a> {
    Text,
    Number,
    Flag,
    /// Text that an example must not print.
    Secret,
    /// JSON text that is not parsed.
    Payload,
    /// An enum whose variants hold nothing, apart from the variant for unknown values.
    Enum(&'a ItemEnum),
    /// A struct with named members.
    Struct(&'a ItemStruct),
    List(&'a Type),
    Optional(&'a Type),
    Other,
}

/// The items of `mod types`.
#[derive(Clone, Copy)]
pub(super) struct Types<'a>(pub(super) &'a [Item]);

impl<'a> Types<'a> {
    pub(super) fn shape(self, ty: &'a Type) -> Shape<'a> {
        if let Some(item) = argument_of(ty, "Option") {
            return Shape::Optional(item);
        }
        if let Some(item) = argument_of(ty, "Vec") {
            return Shape::List(item);
        }
        match last_segment(ty).as_deref() {
            Some("String") => Shape::Text,
            Some("bool") => Shape::Flag,
            Some("SecretString") => Shape::Secret,
            Some("Payload") => Shape::Payload,
            Some(number) if NUMBERS.contains(&number) => Shape::Number,
            Some(name) => self.named(name),
            None => Shape::Other,
        }
    }

    fn named(self, name: &str) -> Shape<'a> {
        match self.0.iter().find(|item| is_called(item, name)) {
            Some(Item::Enum(item)) if is_plain(item) => Shape::Enum(item),
            Some(Item::Struct(item)) => match &item.fields {
                Fields::Named(_) => Shape::Struct(item),
                Fields::Unnamed(fields) if holds_text(fields) => Shape::Text,
                _ => Shape::Other,
            },
            _ => Shape::Other,
        }
    }

    /// The struct called `name`.
    pub(super) fn structure(self, name: &str) -> Option<&'a ItemStruct> {
        match self.named(name) {
            Shape::Struct(item) => Some(item),
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

/// Whether a tuple struct is a checked text, which its setter takes as a literal.
fn holds_text(fields: &syn::FieldsUnnamed) -> bool {
    fields.unnamed.len() == 1
        && fields.unnamed.first().and_then(|field| last_segment(&field.ty)).as_deref()
            == Some("String")
}

/// The members of a struct that the document names: identifier, name in the API, field.
pub(super) fn members(item: &ItemStruct) -> impl Iterator<Item = (String, String, &Field)> {
    item.fields.iter().filter(|field| !serde_has(&field.attrs, "flatten")).filter_map(|field| {
        let ident = field.ident.as_ref().map(ident_of)?;
        let name = serde_rename(&field.attrs).unwrap_or_else(|| ident.clone());
        Some((ident, name, field))
    })
}
