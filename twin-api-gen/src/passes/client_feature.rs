//! Puts the generated client behind twin-api's feature `client`.
//!
//! A program that only verifies webhooks needs the types and no HTTP client, so the types and the
//! private modules that read them are always compiled. Stand-alone output has no such feature.

use syn::{Attribute, Item, Visibility, parse_quote};

use super::PassContext;
use crate::Runtime;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
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

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;
    use serde_json::Value;
    use syn::parse_quote;

    use super::{PassContext, Runtime, apply};

    fn gated(runtime: Runtime) -> Result<Vec<bool>, String> {
        let mut tree: syn::File = parse_quote! {
            use progenitor_client::encode_path;
            pub mod types {}
            pub struct Client;
            impl Client {}
            mod integers {}
            fn path_segment() {}
        };
        let document = Value::Null;
        apply(&mut tree, &PassContext::new((&document, &document), runtime, Vec::new()))?;
        let text = |item: &syn::Item| item.to_token_stream().to_string();
        Ok(tree.items.iter().map(|item| text(item).contains("feature = \"client\"")).collect())
    }

    #[test]
    fn gates_everything_but_types_and_private_modules() {
        assert_eq!(gated(Runtime::TwinApi).unwrap(), [true, false, true, true, false, true]);
        assert_eq!(gated(Runtime::StandAlone).unwrap(), [false; 6]);
    }

    #[test]
    fn rejects_a_client_without_types() {
        let document = Value::Null;
        let context = PassContext::new((&document, &document), Runtime::TwinApi, Vec::new());
        let mut tree: syn::File = parse_quote!(
            pub struct Client;
        );
        let error = apply(&mut tree, &context).unwrap_err();
        assert_eq!(error, "expected one module types, found 0");
    }
}
