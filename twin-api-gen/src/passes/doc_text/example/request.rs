//! Writes the request of an example: setters and a body, with values of the document.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;
use syn::{ItemEnum, ItemStruct, Type};

use super::Example;
use crate::names::letters;
use crate::passes::doc_text::escape::visible;
use crate::passes::doc_text::value_kind::{ValueKind, members};
use crate::passes::tree::{
    GeneratedOperation, generic_argument, ident_of, last_segment, serde_rename,
};

/// The code of an example's request.
pub(super) struct ExampleRequest {
    /// `let body = …;`, if there is a body.
    pub(super) body: Option<TokenStream>,
    /// `.name(value)`, one for each parameter and the body.
    pub(super) setters: Vec<TokenStream>,
}

impl<'a> Example<'a> {
    /// Returns the request, or `None` if the document has no example of a required value.
    pub(super) fn request(
        &mut self,
        builder: &'a ItemStruct,
        operation: &GeneratedOperation,
    ) -> Option<ExampleRequest> {
        let mut request = ExampleRequest { body: None, setters: Vec::new() };
        for field in &builder.fields {
            let ident = field.ident.as_ref()?;
            let Some(ty) = generic_argument(&field.ty, "Result") else { continue };
            if let Some(parameter) = operation.parameter(&ident_of(ident)) {
                let optional = generic_argument(ty, "Option");
                let value = self.effective.parameter_example(parameter);
                let literal = value.and_then(|value| self.value(&value, optional.unwrap_or(ty)));
                match literal {
                    Some(literal) => request.setters.push(quote!(.#ident(#literal))),
                    None if optional.is_some() => {}
                    None => return None,
                }
            } else {
                let example = self.effective.body_example()?;
                let body = self.types.structure(&last_segment(ty)?)?;
                let built = self.object(&example, body)?;
                request.body = Some(quote!(let body = #built;));
                request.setters.push(quote!(.body(body)));
            }
        }
        Some(request)
    }

    /// Returns `Type::builder().member(value)`, or `None` if a required member has no value.
    fn object(&mut self, example: &Value, item: &'a ItemStruct) -> Option<TokenStream> {
        let example = example.as_object()?;
        let mut setters = Vec::new();
        for (_, name, field) in members(item) {
            let ident = field.ident.as_ref()?;
            let optional = generic_argument(&field.ty, "Option");
            let bare = optional.map(|ty| generic_argument(ty, "Option").unwrap_or(ty));
            let value = example.get(&name).filter(|value| !value.is_null());
            let literal = value.and_then(|value| self.value(value, bare.unwrap_or(&field.ty)));
            match literal {
                Some(literal) => setters.push(quote!(.#ident(#literal))),
                None if optional.is_some() => {}
                None => return None,
            }
        }
        let ident = &item.ident;
        self.uses.insert(ident_of(ident));
        Some(quote!(#ident::builder() #(#setters)*))
    }

    fn value(&mut self, value: &Value, ty: &'a Type) -> Option<TokenStream> {
        match (self.types.kind(ty), value) {
            (ValueKind::Text, Value::String(text)) => literal(text),
            (ValueKind::Number, Value::Number(number)) => digits(number),
            (ValueKind::Flag, Value::Bool(flag)) => Some(quote!(#flag)),
            (ValueKind::Enum(item), Value::String(text)) => self.variant(item, text),
            (ValueKind::Struct(item), Value::Object(_)) => self.object(value, item),
            (ValueKind::List(ty), Value::Array(items)) => {
                let owned =
                    matches!(self.types.kind(ty), ValueKind::Text).then(|| quote!(.to_owned()));
                if !matches!(self.types.kind(ty), ValueKind::Text | ValueKind::Enum(_)) {
                    return None;
                }
                let items = items.iter().map(|item| self.value(item, ty));
                let items = items.collect::<Option<Vec<_>>>()?;
                Some(quote!(vec![#(#items #owned),*]))
            }
            _ => None,
        }
    }

    fn variant(&mut self, item: &ItemEnum, text: &str) -> Option<TokenStream> {
        let mut variants = item.variants.iter().filter(|variant| variant.fields.is_empty());
        let variant = variants.find(|variant| {
            let name = serde_rename(&variant.attrs);
            name.map_or_else(
                || letters(&ident_of(&variant.ident)) == letters(text),
                |name| name == text,
            )
        })?;
        let (name, variant) = (&item.ident, &variant.ident);
        self.uses.insert(ident_of(name));
        Some(quote!(#name::#variant))
    }
}

fn literal(text: &str) -> Option<TokenStream> {
    text.chars().all(visible).then(|| quote!(#text))
}

/// Returns the literal of a number. Without a suffix, rustc would infer `i32`.
fn digits(number: &serde_json::Number) -> Option<TokenStream> {
    if let Some(number) = number.as_u64() {
        let small = i32::try_from(number).is_ok();
        let literal =
            if small { Literal::u64_unsuffixed(number) } else { Literal::u64_suffixed(number) };
        return Some(quote!(#literal));
    }
    None
}
