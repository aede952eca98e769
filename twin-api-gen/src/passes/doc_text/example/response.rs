//! Writes the part of an example that prints the response: its identifier, and never a secret.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Expr, Field, Ident, ItemStruct, Type};

use super::Example;
use crate::names::snake;
use crate::passes::doc_text::escape::visible;
use crate::passes::doc_text::value_kind::{ValueKind, members};
use crate::passes::tree::{ident_of, last_segment, text_of};

/// The maximum number of members that one line prints.
const MAX_PRINTED: usize = 2;

impl<'a> Example<'a> {
    /// Sends `call` and prints a part of the response, which has the type `ty`.
    pub(super) fn response(&mut self, ty: Option<&Type>, call: &Expr) -> TokenStream {
        let structure = ty.and_then(last_segment).and_then(|name| self.types.structure(&name));
        if let Some(structure) = structure {
            let shown = self.show(structure);
            return quote! {
                let response = #call.await?.into_inner();
                #shown
            };
        }
        match ty {
            Some(ty) if text_of(ty) == "()" => self.nothing(call),
            _ => quote! {
                let response = #call.await?;
                println!("{}", response.status());
            },
        }
    }

    /// Handles a response without a body. A documented 404 or 403 is printed and not returned.
    fn nothing(&self, call: &Expr) -> TokenStream {
        let done = escaped(self.success());
        let mut gone: Vec<TokenStream> = Vec::new();
        if self.effective.is_refused_with("404") {
            gone.push(quote!(error.is_not_found()));
        }
        if self.effective.is_refused_with("403") {
            gone.push(quote!(error.is_forbidden()));
        }
        if gone.is_empty() {
            return quote!(#call.await?; println!(#done););
        }
        quote! {
            match #call.await {
                Ok(_) => println!(#done),
                Err(error) if #(#gone)||* => println!("Not there: {error}"),
                Err(error) => return Err(error),
            }
        }
    }

    fn show(&mut self, structure: &'a ItemStruct) -> TokenStream {
        let response = format_ident!("response");
        let all: Vec<_> = members(structure).collect();
        for (ident, _, field) in &all {
            if matches!(self.types.kind(&field.ty), ValueKind::Secret) {
                self.needs_secrets = true;
                let text = format!("Store {ident} now: it has {{length}} characters.");
                let ident = format_ident!("{ident}");
                let shown = self.print_members(&quote!(response), structure);
                return quote! {
                    #shown
                    let length = response.#ident.expose_secret().len();
                    println!(#text);
                };
            }
        }
        for (ident, _, field) in &all {
            if let Some(shown) = self.show_inner(&response, ident, field) {
                return shown;
            }
        }
        if let [(ident, _, field)] = all.as_slice()
            && matches!(self.types.kind(&field.ty), ValueKind::Flag)
        {
            let text = format!("{}: {{}}", escaped(self.success().trim_end_matches('.')));
            let ident = format_ident!("{ident}");
            return quote!(println!(#text, response.#ident););
        }
        self.print_members(&quote!(response), structure)
    }

    /// Prints a list, or the only struct in the response.
    fn show_inner(&self, response: &Ident, name: &str, field: &'a Field) -> Option<TokenStream> {
        let member = format_ident!("{name}");
        match self.types.kind(&field.ty) {
            ValueKind::List(ty) => {
                let ValueKind::Struct(item) = self.types.kind(ty) else { return None };
                let variable = format_ident!("{}", noun(&ident_of(&item.ident)));
                let shown = self.print_members(&quote!(#variable), item);
                Some(quote!(for #variable in #response.#member { #shown }))
            }
            ValueKind::Struct(item) => {
                let shown = self.print_members(&quote!(#member), item);
                Some(quote!(let #member = #response.#member; #shown))
            }
            ValueKind::Optional(ty) => {
                let ValueKind::Struct(item) = self.types.kind(ty) else { return None };
                let shown = self.print_members(&quote!(#member), item);
                let none = format!("no {}", name.replace('_', " "));
                Some(quote! {
                    match #response.#member {
                        Some(#member) => { #shown }
                        None => println!(#none),
                    }
                })
            }
            _ => None,
        }
    }

    /// Prints the most informative members.
    fn print_members(&self, value: &TokenStream, structure: &'a ItemStruct) -> TokenStream {
        let own = snake(&ident_of(&structure.ident));
        let mut ranked: Vec<(u8, String, TokenStream, &str)> = members(structure)
            .filter_map(|(name, _, field)| {
                let (kind, optional) = match self.types.kind(&field.ty) {
                    ValueKind::Optional(ty) => (self.types.kind(ty), true),
                    kind => (kind, false),
                };
                let rank = rank(&kind, &name, &own)? + if optional { 10 } else { 0 };
                let member = format_ident!("{name}");
                let (shown, format) = match (kind, optional) {
                    (ValueKind::Payload, false) => (quote!(#value.#member.get()), "{}"),
                    (_, false) => (quote!(#value.#member), "{}"),
                    (_, true) => (quote!(#value.#member), "{:?}"),
                };
                Some((rank, name, shown, format))
            })
            .collect();
        ranked.sort_by_key(|(rank, ..)| *rank);
        if ranked.iter().all(|(rank, ..)| *rank >= 10) {
            return self.print_texts(value, structure);
        }
        // Members that may be absent are printed only if there are no others.
        let has_more = ranked.iter().any(|(rank, ..)| (1..10).contains(rank));
        ranked.retain(|(rank, ..)| *rank < 10 || !has_more);
        if has_more && ranked.first().is_some_and(|(rank, ..)| *rank < FOREIGN) {
            ranked.retain(|(rank, ..)| *rank < FOREIGN);
        }
        ranked.truncate(MAX_PRINTED);
        let mut text = String::new();
        for (rank, name, _, format) in &ranked {
            if !text.is_empty() {
                text.push_str(if text == "{}" { ": " } else { ", " });
            }
            match rank {
                0 => text.push_str(format),
                _ => {
                    // Writing to a String does not fail.
                    let _ = write!(text, "{name} {format}");
                }
            }
        }
        if ranked.is_empty() {
            let done = escaped(self.success());
            return quote!(println!(#done););
        }
        let shown = ranked.iter().map(|(_, _, shown, _)| shown);
        quote!(println!(#text, #(#shown),*);)
    }

    /// Prints the description of the success, and each string that is present. Used if every member may
    /// be absent.
    fn print_texts(&self, value: &TokenStream, structure: &'a ItemStruct) -> TokenStream {
        let done = escaped(self.success());
        let texts = members(structure).filter_map(|(name, _, field)| {
            let ValueKind::Optional(ty) = self.types.kind(&field.ty) else { return None };
            let text = format!("{name}: {{{name}}}");
            let member = format_ident!("{name}");
            matches!(self.types.kind(ty), ValueKind::Text).then(|| {
                quote! {
                    if let Some(#member) = #value.#member.filter(|text| !text.is_empty()) {
                        println!(#text);
                    }
                }
            })
        });
        quote!(println!(#done); #(#texts)*)
    }

    fn success(&self) -> &'a str {
        self.effective.success().filter(|text| text.chars().all(visible)).unwrap_or("done")
    }
}

/// The rank of an identifier of another object.
const FOREIGN: u8 = 9;

/// Returns the rank of a member, lowest first: the identifier, the name, the state, other values.
/// `None` if it is not printed.
fn rank(kind: &ValueKind<'_>, name: &str, own: &str) -> Option<u8> {
    let identifies = name.strip_suffix("_id").is_some_and(|kind| own.contains(kind));
    match kind {
        ValueKind::Text if identifies => Some(0),
        ValueKind::Text if name.ends_with("_id") => Some(FOREIGN),
        ValueKind::Text if name == "name" => Some(1),
        ValueKind::Enum(_) => Some(2),
        ValueKind::Text => Some(3),
        ValueKind::Flag => Some(5),
        ValueKind::Number => Some(6),
        ValueKind::Payload => Some(7),
        _ => None,
    }
}

/// Escapes text for the format string of `println!`.
fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Returns the last word of a type's name: `event` for `RunEvent`, or `item` if it is a keyword.
fn noun(name: &str) -> String {
    let snake = snake(name);
    let last = snake.rsplit('_').next().unwrap_or_default();
    if syn::parse_str::<Ident>(last).is_ok() { last.to_owned() } else { "item".to_owned() }
}
