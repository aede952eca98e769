//! Reads integers as JSON defines them: `1.0` is an integer.
//!
//! serde reads an `i64` only from a number without a decimal point. This pass adds functions that
//! read every integer member, also in lists, maps and options. A number with a fraction or out of
//! range is still an error.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprLit, Field, Item, ItemMod, Lit, Meta, Token, Type, parse_quote};

use super::PassContext;
use super::optional_response::OPTIONAL_READER;
use super::tree::{generic_argument, items_of_mut, last_segment, sends_mut, serde_has, text_of};

const INTEGERS: [&str; 8] = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];

/// Containers with one type parameter.
const CONTAINERS: [&str; 3] = ["Option", "Vec", "Box"];

pub(super) fn apply(tree: &mut syn::File, _: &PassContext<'_>) -> Result<(), String> {
    let mut read = AddReaders { count: 0, in_struct: false };
    for item in items_of_mut(&mut tree.items, "types")? {
        if !matches!(item, Item::Mod(_)) {
            read.visit_item_mut(item);
        }
    }
    for (_, send) in sends_mut(tree)? {
        if let Some(ty) = response(&send.sig.output).filter(is_integers) {
            let mut responses = Responses { ty: &ty, count: 0 };
            responses.visit_block_mut(&mut send.block);
            read.count += responses.count;
        }
    }
    if read.count > 0 {
        tree.items.push(module());
    }
    Ok(())
}

/// Returns whether a type is an integer, or a container of integers at any depth.
fn is_integers(ty: &Type) -> bool {
    if let Type::Path(path) = ty
        && path.path.get_ident().is_some_and(|ident| INTEGERS.contains(&ident.to_string().as_str()))
    {
        return true;
    }
    let inner = CONTAINERS.iter().find_map(|container| generic_argument(ty, container));
    inner.or_else(|| value_of_map(ty)).is_some_and(is_integers)
}

/// Returns whether a member is an optional `u64`. Floats cannot represent every `u64`, so services
/// also send them as text.
fn is_unsigned_option(ty: &Type) -> bool {
    generic_argument(ty, "Option").is_some_and(|ty| text_of(ty) == "u64")
}

/// Returns `V` of a map from strings to `V`.
fn value_of_map(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == "BTreeMap")?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    let key = types.next().and_then(last_segment)?;
    types.next().filter(|_| key == "String")
}

/// Adds readers to the fields of types that are deserialized.
struct AddReaders {
    count: usize,
    in_struct: bool,
}

impl VisitMut for AddReaders {
    fn visit_item_impl_mut(&mut self, _: &mut syn::ItemImpl) {}

    fn visit_item_struct_mut(&mut self, item: &mut syn::ItemStruct) {
        if is_read(&item.attrs) {
            self.in_struct = true;
            visit_mut::visit_item_struct_mut(self, item);
            self.in_struct = false;
        }
    }

    fn visit_item_enum_mut(&mut self, item: &mut syn::ItemEnum) {
        if is_read(&item.attrs) {
            visit_mut::visit_item_enum_mut(self, item);
        }
    }

    fn visit_field_mut(&mut self, field: &mut Field) {
        if !is_integers(&field.ty) {
            return;
        }
        self.count += 1;
        let before = take_reader(&mut field.attrs);
        if before.as_deref() == Some("super::present") {
            let reader = parse_quote!(#[serde(deserialize_with = "super::integers::present")]);
            field.attrs.push(reader);
            return;
        }
        // In an enum, a string may belong to another variant.
        let function = if self.in_struct && is_unsigned_option(&field.ty) {
            "super::integers::read_text_too"
        } else {
            "super::integers::read"
        };
        field.attrs.push(parse_quote!(#[serde(deserialize_with = #function)]));
        // A field with its own reader is required. typify uses that for a nullable member that must
        // be present.
        let named = field.ident.is_some() && generic_argument(&field.ty, "Option").is_some();
        if named && before.is_none() && !serde_has(&field.attrs, "default") {
            field.attrs.push(parse_quote!(#[serde(default)]));
        }
    }
}

/// Removes `deserialize_with = "…"` from the attributes and returns its value.
fn take_reader(attributes: &mut Vec<Attribute>) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("serde")) {
        let Ok(all) = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        else {
            continue;
        };
        let (readers, others): (Vec<Meta>, Vec<Meta>) =
            all.into_iter().partition(|meta| meta.path().is_ident("deserialize_with"));
        if let Some(Meta::NameValue(pair)) = readers.into_iter().next()
            && let Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) = pair.value
        {
            found = Some(path.value());
            *attribute = parse_quote!(#[serde(#(#others),*)]);
        }
    }
    attributes.retain(|attribute| text_of(attribute).replace(' ', "") != "#[serde()]");
    found
}

fn is_read(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("derive") && text_of(attribute).contains("Deserialize")
    })
}

/// Returns `T` of `Result<ResponseValue<T>, …>`.
fn response(output: &syn::ReturnType) -> Option<Type> {
    let syn::ReturnType::Type(_, ty) = output else { return None };
    generic_argument(generic_argument(ty, "Result")?, "ResponseValue").cloned()
}

/// Reads responses that consist of integers only.
struct Responses<'a> {
    ty: &'a Type,
    count: usize,
}

impl VisitMut for Responses<'_> {
    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        if text_of(&arm.pat).contains("200") {
            visit_mut::visit_arm_mut(self, arm);
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        let Expr::Await(awaited) = &*expression else { return };
        let base = text_of(&awaited.base);
        let readers = ["ResponseValue :: from_response", OPTIONAL_READER];
        if !readers.iter().any(|reader| base.starts_with(reader)) {
            return;
        }
        self.count += 1;
        let ty = self.ty;
        let read = awaited.clone();
        *expression = parse_quote! {
            match #read {
                Ok(response) => {
                    let response: ResponseValue<super::integers::AsIntegers<#ty>> = response;
                    response.map(|value| value.0)
                }
                Err(error) => Err(error),
            }
        };
    }
}

/// Generates the visitor of every integer.
fn any_integer() -> TokenStream {
    quote! {
        /// Converts an integer. Every integer type fits into an `i128`.
        fn fit<T: TryFrom<i128>, E: ::serde::de::Error>(value: i128) -> Result<T, E> {
            T::try_from(value).map_err(|_| {
                E::custom(format_args!(
                    "an integer that does not fit into an {}",
                    ::std::any::type_name::<T>()
                ))
            })
        }

        /// Reads an integer. It also checks the range: an error of a visitor has the position
        /// of the value.
        struct AnyInteger<T>(PhantomData<T>);

        impl<T: TryFrom<i128>> Visitor<'_> for AnyInteger<T> {
            type Value = T;

            fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str("an integer")
            }

            fn visit_i64<E: ::serde::de::Error>(self, value: i64) -> Result<T, E> {
                fit(value.into())
            }

            fn visit_u64<E: ::serde::de::Error>(self, value: u64) -> Result<T, E> {
                fit(value.into())
            }

            fn visit_f64<E: ::serde::de::Error>(self, value: f64) -> Result<T, E> {
                // Above this limit, a float cannot represent every integer.
                if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
                    fit(value as i128)
                } else {
                    Err(E::invalid_value(::serde::de::Unexpected::Float(value), &self))
                }
            }
        }
    }
}

/// Generates the reader for fields that [`is_unsigned_option`] finds.
fn text_too() -> TokenStream {
    quote! {
        /// Reads a `u64` that may be text: `"18446744073709551615"`.
        pub(super) fn read_text_too<'de, D>(deserializer: D) -> Result<Option<u64>, D::Error>
        where
            D: Deserializer<'de>,
        {
            let value = Option::<TextToo>::deserialize(deserializer)?;
            Ok(value.map(|value| value.0))
        }

        struct TextToo(u64);

        impl<'de> Deserialize<'de> for TextToo {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(IntegerOrText).map(Self)
            }
        }

        struct IntegerOrText;

        impl Visitor<'_> for IntegerOrText {
            type Value = u64;

            fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str("an integer, or the digits of one")
            }

            fn visit_i64<E: ::serde::de::Error>(self, value: i64) -> Result<u64, E> {
                AnyInteger(PhantomData).visit_i64(value)
            }

            fn visit_u64<E: ::serde::de::Error>(self, value: u64) -> Result<u64, E> {
                AnyInteger(PhantomData).visit_u64(value)
            }

            fn visit_f64<E: ::serde::de::Error>(self, value: f64) -> Result<u64, E> {
                AnyInteger(PhantomData).visit_f64(value)
            }

            fn visit_str<E: ::serde::de::Error>(self, value: &str) -> Result<u64, E> {
                let digits = Some(value).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
                let value = digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
                    E::invalid_value(::serde::de::Unexpected::Str(value), &self)
                })?;
                fit(value)
            }
        }
    }
}

/// Returns the implementations of `Integers` for options, boxes, lists and maps.
fn containers() -> TokenStream {
    quote! {
        impl<'de, T: Integers<'de>> Integers<'de> for Option<T> {
            fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Option::<AsIntegers<T>>::deserialize(deserializer)?;
                Ok(value.map(|value| value.0))
            }
        }

        impl<'de, T: Integers<'de>> Integers<'de> for Box<T> {
            fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                T::read(deserializer).map(Box::new)
            }
        }

        impl<'de, T: Integers<'de>> Integers<'de> for Vec<T> {
            fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let values = Vec::<AsIntegers<T>>::deserialize(deserializer)?;
                Ok(values.into_iter().map(|value| value.0).collect())
            }
        }

        impl<'de, T> Integers<'de> for ::std::collections::BTreeMap<String, T>
        where
            T: Integers<'de>,
        {
            fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let values = ::std::collections::BTreeMap::<String, AsIntegers<T>>::deserialize(
                    deserializer,
                )?;
                Ok(values.into_iter().map(|(key, value)| (key, value.0)).collect())
            }
        }
    }
}

fn module() -> Item {
    let integers = INTEGERS.iter().map(|name| {
        let name = format_ident!("{name}");
        quote! {
            impl<'de> Integers<'de> for #name {
                fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_f64(AnyInteger(PhantomData))
                }
            }
        }
    });
    let (containers, any_integer, text_too) = (containers(), any_integer(), text_too());
    let module: ItemMod = parse_quote! {
        /// Reads integers as JSON means them: `1.0` is one.
        #[allow(dead_code)]
        mod integers {
            use ::serde::de::{Deserialize, Deserializer, Visitor};
            use ::std::marker::PhantomData;

            /// An integer, or a container of integers.
            pub(super) trait Integers<'de>: Sized {
                fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
            }

            pub(super) fn read<'de, D, T>(deserializer: D) -> Result<T, D::Error>
            where
                D: Deserializer<'de>,
                T: Integers<'de>,
            {
                T::read(deserializer)
            }

            /// Reads a member that is present, possibly as null.
            pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
            where
                D: Deserializer<'de>,
                T: Integers<'de>,
            {
                T::read(deserializer).map(Some)
            }

            #[derive(Debug)]
            pub(super) struct AsIntegers<T>(pub(super) T);

            impl<'de, T: Integers<'de>> Deserialize<'de> for AsIntegers<T> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    T::read(deserializer).map(Self)
                }
            }

            #containers

            #any_integer

            #(#integers)*

            #text_too
        }
    };
    Item::Mod(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut item: syn::ItemStruct) -> String {
        AddReaders { count: 0, in_struct: false }.visit_item_struct_mut(&mut item);
        prettyplease::unparse(&parse_quote!(#item))
    }

    #[test]
    fn integer_fields_get_one_reader() {
        let source = read(parse_quote! {
            #[derive(::serde::Deserialize)]
            struct A {
                #[serde(rename = "a", deserialize_with = "::std::option::Option::deserialize")]
                required: ::std::option::Option<i64>,
                #[serde(deserialize_with = "super::present")]
                null: ::std::option::Option<::std::option::Option<u8>>,
                list: ::std::vec::Vec<::std::collections::BTreeMap<::std::string::String, i32>>,
                text: ::std::option::Option<::std::string::String>,
            }
        });
        assert_eq!(source.matches("deserialize_with").count(), 3, "{source}");
        assert_eq!(source.matches("integers::read").count(), 2, "{source}");
        assert_eq!(source.matches("integers::present").count(), 1, "{source}");
        assert!(source.contains("rename = \"a\"") && !source.contains("default"), "{source}");
    }

    #[test]
    fn optional_field_without_a_reader_stays_optional() {
        let source = read(parse_quote! {
            #[derive(::serde::Deserialize)]
            struct A {
                #[serde(skip_serializing_if = "::std::option::Option::is_none")]
                a: ::std::option::Option<i64>,
            }
        });
        assert!(source.contains("#[serde(default)]"), "{source}");
    }
}
