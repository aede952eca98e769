//! Enums stay open: a value that the document does not know becomes `Unknown(String)` and
//! travels back out as it came.
//!
//! typify writes a closed enum with derived serde and four impls. Both are replaced by
//! ours, over one `as_str`. A value that is itself called unknown needs no variant of its
//! own: it is `Unknown("unknown")`, the same on the wire. Enums with data are left alone,
//! and so are those that tell the alternatives of a union apart.

mod discriminator;

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, Fields, Ident, Item, ItemEnum, parse_quote};

use super::Context;
use super::doc_text::{WRITTEN, code};
use super::tree::{
    ident_of, items_of_mut, last_segment, same_ident, serde_rename, text_of, trait_of,
};

/// What typify implements by hand on a closed enum: `TryFrom` of `&str` and of `String`.
const REPLACED: [&str; 4] = ["Display", "FromStr", "TryFrom", "TryFrom"];

pub(super) fn apply(tree: &mut syn::File, context: &Context<'_>) -> Result<(), String> {
    let items = items_of_mut(&mut tree.items, "types")?;
    let closed = discriminator::discriminators(items);
    let mut enums: Vec<Closed> = items
        .iter()
        .filter_map(Closed::read)
        .filter(|found| !closed.contains(&ident_of(&found.name)))
        .collect();
    let mut output = Vec::with_capacity(items.len());
    for mut item in std::mem::take(items) {
        if let Some(closed) = enums.iter().find(|closed| closed.declares(&item)) {
            output.extend(closed.opened());
        } else if let Some(closed) = enums.iter_mut().find(|closed| closed.replaces(&item)) {
            closed.replaced += 1;
        } else {
            MendDefault { enums: &enums }.visit_item_mut(&mut item);
            output.push(item);
        }
    }
    *items = output;
    check(&enums, &closed, context.document)
}

/// Nothing that typify wrote of an enum is left, and no enum of the document was missed.
fn check(enums: &[Closed], closed: &BTreeSet<String>, document: &Value) -> Result<(), String> {
    if let Some(half) = enums.iter().find(|closed| closed.replaced != REPLACED.len()) {
        return Err(format!(
            "expected {} impls of enum {}, found {}",
            REPLACED.len(),
            half.name,
            half.replaced
        ));
    }
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let missed = schemas.into_iter().flatten().find(|(name, schema)| {
        schema["type"] == "string"
            && schema["enum"].is_array()
            && !enums.iter().any(|found| same_ident(name, &ident_of(&found.name)))
            && !closed.iter().any(|found| same_ident(name, found))
    });
    missed.map_or(Ok(()), |(name, _)| {
        Err(format!("the schema {name} lists its values, but no enum of that name was found"))
    })
}

/// A string enum as typify writes it.
struct Closed {
    name: Ident,
    attributes: Vec<Attribute>,
    variants: Vec<Variant>,
    /// How many of [`REPLACED`] were met.
    replaced: usize,
}

struct Variant {
    name: Ident,
    value: String,
    attributes: Vec<Attribute>,
}

impl Closed {
    fn read(item: &Item) -> Option<Self> {
        let Item::Enum(item) = item else { return None };
        let units = item.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
        if !units || item.variants.is_empty() || !derives_serde(item) {
            return None;
        }
        Some(Self {
            name: item.ident.clone(),
            attributes: docs(&item.attrs),
            variants: item
                .variants
                .iter()
                .map(|variant| Variant {
                    name: variant.ident.clone(),
                    value: serde_rename(&variant.attrs).unwrap_or_else(|| ident_of(&variant.ident)),
                    attributes: docs(&variant.attrs),
                })
                .collect(),
            replaced: 0,
        })
    }

    fn declares(&self, item: &Item) -> bool {
        matches!(item, Item::Enum(item) if item.ident == self.name)
    }

    fn replaces(&self, item: &Item) -> bool {
        let Item::Impl(item) = item else { return false };
        item.trait_.is_some()
            && last_segment(&item.self_ty).is_some_and(|name| self.name == name)
            && trait_of(item).is_some_and(|name| REPLACED.contains(&name.as_str()))
    }

    /// The variants but for one that is called as ours.
    fn known(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| variant.name != "Unknown")
    }

    fn opened(&self) -> Vec<Item> {
        let Self { name, attributes, .. } = self;
        let written = format_ident!("{WRITTEN}");
        let variants = self.known().map(|Variant { name, value, attributes }| {
            let docs = if attributes.is_empty() {
                let text = format!(" The value {}.", code(value).replace('\n', " "));
                quote!(#[#written] #[doc = #text])
            } else {
                quote!(#(#attributes)*)
            };
            quote!(#docs #name)
        });
        let mut items: Vec<Item> = vec![parse_quote! {
            #(#attributes)*
            #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
            #[non_exhaustive]
            pub enum #name {
                #(#variants,)*
                #[#written]
                #[doc = " A value that this version of the client does not know, as it came."]
                Unknown(::std::string::String),
            }
        }];
        items.extend(self.text_impls());
        items.extend(serde_impls(name));
        items
    }

    fn text_impls(&self) -> [Item; 5] {
        let name = &self.name;
        let from = self.known().map(|Variant { name, value, .. }| quote!(#value => Self::#name));
        let to = self.known().map(|Variant { name, value, .. }| quote!(Self::#name => #value));
        let arms = quote!(#(#from,)*);
        [
            parse_quote! {
                impl #name {
                    #[doc = " The value as the API writes it."]
                    pub fn as_str(&self) -> &str {
                        match self {
                            #(#to,)*
                            Self::Unknown(value) => value,
                        }
                    }
                }
            },
            parse_quote! {
                impl ::std::fmt::Display for #name {
                    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.pad(self.as_str())
                    }
                }
            },
            parse_quote! {
                impl ::std::convert::From<&str> for #name {
                    fn from(value: &str) -> Self {
                        match value {
                            #arms
                            _ => Self::Unknown(value.to_string()),
                        }
                    }
                }
            },
            parse_quote! {
                impl ::std::convert::From<::std::string::String> for #name {
                    fn from(value: ::std::string::String) -> Self {
                        match value.as_str() {
                            #arms
                            _ => Self::Unknown(value),
                        }
                    }
                }
            },
            parse_quote! {
                impl ::std::str::FromStr for #name {
                    type Err = ::std::convert::Infallible;
                    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
                        Ok(Self::from(value))
                    }
                }
            },
        ]
    }
}

fn serde_impls(name: &Ident) -> [Item; 2] {
    [
        parse_quote! {
            impl ::serde::Serialize for #name {
                fn serialize<S>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error>
                where
                    S: ::serde::Serializer,
                {
                    serializer.serialize_str(self.as_str())
                }
            }
        },
        parse_quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
                where
                    D: ::serde::Deserializer<'de>,
                {
                    <::std::string::String as ::serde::Deserialize>::deserialize(deserializer)
                        .map(Self::from)
                }
            }
        },
    ]
}

fn docs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect()
}

fn derives_serde(item: &ItemEnum) -> bool {
    item.attrs.iter().any(|attribute| {
        attribute.path().is_ident("derive") && text_of(attribute).contains("Deserialize")
    })
}

/// A default that names a variant `Unknown` of the document: it has a value now.
struct MendDefault<'a> {
    enums: &'a [Closed],
}

impl VisitMut for MendDefault<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        let Expr::Path(path) = &*expression else { return };
        let mut segments = path.path.segments.iter().rev();
        let (Some(variant), Some(name)) = (segments.next(), segments.next()) else { return };
        if variant.ident != "Unknown" {
            return;
        }
        let value = self
            .enums
            .iter()
            .find(|closed| closed.name == name.ident)
            .and_then(|closed| closed.variants.iter().find(|variant| variant.name == "Unknown"))
            .map(|variant| &variant.value);
        if let Some(value) = value {
            let tokens: TokenStream = quote!(#expression(::std::string::String::from(#value)));
            *expression = parse_quote!(#tokens);
        }
    }
}
