//! Writes a short program for each operation. It calls the operation with the values of the document's
//! examples, and prints a part of the response.
//!
//! A program consists of identifiers of the generated client and of literals, so that text of the
//! document cannot become code. If the document has no example of a required value, the operation gets
//! no program. `tests/raw_client/examples.rs` runs every program.

mod request;
mod response;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Expr, ImplItemFn, Type};

use super::effective::EffectiveOperation;
use super::value_kind::Types;
use crate::passes::tree::{Builder, GeneratedOperation, generic_argument, last_segment};

/// The first line of the function around an example. rustdoc hides it.
const HEAD: &str = "async fn example(twin: &twin_api::Client) -> Result<(), twin_api::Error> {";

/// Returns the examples, by the name of the function on `Client`.
pub(super) fn examples(
    types: Types<'_>,
    builders: &BTreeMap<String, Builder<'_>>,
    operations: &[GeneratedOperation],
    document: &Value,
) -> BTreeMap<String, String> {
    let written = operations.iter().filter_map(|operation| {
        let effective = EffectiveOperation::of(operation, document);
        let example = Example { types, effective, uses: BTreeSet::new(), needs_secrets: false };
        let builder = *builders.get(&operation.builder)?;
        Some((operation.function.clone(), example.write(operation, builder)?))
    });
    written.collect()
}

/// The state while an example is written.
struct Example<'a> {
    types: Types<'a>,
    effective: EffectiveOperation<'a>,
    /// The types that the example names.
    uses: BTreeSet<String>,
    /// Whether the example reads a secret.
    needs_secrets: bool,
}

impl<'a> Example<'a> {
    fn write(mut self, operation: &GeneratedOperation, builder: Builder<'a>) -> Option<String> {
        let request = self.request(builder.item, operation)?;
        let function = format_ident!("{}", operation.function);
        let setters = request.setters;
        let call: Expr = syn::parse_quote!(twin.#function() #(#setters)* .send());
        let response = self.response(response_of(builder.send), &call);
        let body = request.body;
        self.print(&quote!(#body #response))
    }

    /// Returns the program as the text of a doc comment.
    fn print(&self, statements: &TokenStream) -> Option<String> {
        let file: syn::File = syn::parse2(quote!(async fn example() { #statements })).ok()?;
        let text = prettyplease::unparse(&file);
        let lines: Vec<&str> = text.lines().collect();
        let (_, rest) = lines.split_first()?;
        let (_, inner) = rest.split_last()?;
        let mut output = vec![format!("# {HEAD}")];
        output.extend(self.imports());
        output
            .extend(inner.iter().map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned()));
        output.push("# Ok(())\n# }".to_owned());
        let output = output.join("\n");
        // A fence inside the program would end the code block.
        (!output.contains("```")).then_some(output)
    }

    fn imports(&self) -> Vec<String> {
        let mut imports = Vec::new();
        let names: Vec<&str> = self.uses.iter().map(String::as_str).collect();
        match names.as_slice() {
            [] => {}
            [name] => imports.push(format!("use twin_api::types::{name};")),
            names => imports.push(format!("use twin_api::types::{{{}}};", names.join(", "))),
        }
        if self.needs_secrets {
            imports.insert(0, "use twin_api::secrecy::ExposeSecret as _;".to_owned());
        }
        if !imports.is_empty() {
            imports.push(String::new());
        }
        imports
    }
}

/// Returns the type that `send` of a builder returns.
fn response_of(send: &ImplItemFn) -> Option<&Type> {
    let syn::ReturnType::Type(_, ty) = &send.sig.output else { return None };
    let value = generic_argument(generic_argument(ty, "Result")?, "ResponseValue")?;
    (last_segment(value).as_deref() != Some("ByteStream")).then_some(value)
}
