//! Finds modules, builders and operations in progenitor's output.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use serde_json::Value;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprLit, ImplItem, ImplItemFn, Item, ItemImpl, ItemStruct, Lit, Meta, Type,
};

use crate::METHODS;
use crate::names::same_ident;

/// An operation of the document, with its names in the generated code.
#[derive(Debug, Clone)]
pub(crate) struct GeneratedOperation {
    /// The HTTP method in lower case, as in the document.
    pub(crate) method: String,
    /// The path template.
    pub(crate) path: String,
    /// The operation object.
    pub(crate) object: Value,
    /// The parameters of the path item and of the operation, without references.
    pub(crate) parameters: Vec<Value>,
    /// The builder's type name in `mod builder`.
    pub(crate) builder: String,
    /// The name of the function on `Client`.
    pub(crate) function: String,
}

impl GeneratedOperation {
    /// Returns the parameter with the Rust name `name`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters
            .iter()
            .find(|parameter| parameter["name"].as_str().is_some_and(|api| same_ident(api, name)))
    }
}

/// Returns the operations of `document` with their names in `tree`, in document order.
pub(crate) fn operations(
    tree: &syn::File,
    document: &Value,
) -> Result<Vec<GeneratedOperation>, String> {
    let builders = builders(tree)?;
    let functions = client_functions(tree);
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(object) = item.get(method) else { continue };
            let request = format!("`{}` request to `{path}`", method.to_uppercase());
            let builder = builders
                .get(&format!("Sends a {request}"))
                .ok_or_else(|| format!("no builder sends a {request}"))?;
            let function = functions
                .get(builder)
                .ok_or_else(|| format!("no function of Client returns builder::{builder}"))?;
            found.push(GeneratedOperation {
                method: method.to_owned(),
                path: path.clone(),
                object: object.clone(),
                parameters: parameters(document, item, object),
                builder: builder.clone(),
                function: function.clone(),
            });
        }
    }
    Ok(found)
}

/// Returns the builder for each request, from progenitor's doc comment of `send`.
fn builders(tree: &syn::File) -> Result<BTreeMap<String, String>, String> {
    let all = builders_by_name(tree)?;
    Ok(all
        .into_iter()
        .map(|(name, builder)| (doc_of(&builder.send.attrs).trim().to_owned(), name))
        .collect())
}

/// A builder of an operation: its struct and its `send`.
#[derive(Clone, Copy)]
pub(crate) struct Builder<'a> {
    pub(crate) item: &'a ItemStruct,
    pub(crate) send: &'a ImplItemFn,
}

/// Returns the builders of the operations by name.
pub(crate) fn builders_by_name(tree: &syn::File) -> Result<BTreeMap<String, Builder<'_>>, String> {
    let items = items_of(&tree.items, "builder")?;
    let sends: BTreeMap<String, &ImplItemFn> = items
        .iter()
        .filter_map(as_inherent_impl)
        .filter_map(|(name, item)| {
            let mut functions = item.items.iter().filter_map(as_fn);
            Some((name, functions.find(|function| function.sig.ident == "send")?))
        })
        .collect();
    Ok(items
        .iter()
        .filter_map(|item| {
            let Item::Struct(item) = item else { return None };
            let name = ident_of(&item.ident);
            let send = sends.get(&name).copied()?;
            Some((name, Builder { item, send }))
        })
        .collect())
}

/// Returns the parameters of the path item and of the operation, with references resolved.
fn parameters(document: &Value, item: &Value, operation: &Value) -> Vec<Value> {
    let follow = |parameter: &Value| match parameter["$ref"].as_str() {
        Some(reference) => crate::pointer::resolve(document, reference).cloned(),
        None => Some(parameter.clone()),
    };
    [item, operation]
        .iter()
        .flat_map(|place| place["parameters"].as_array().into_iter().flatten())
        .filter_map(follow)
        .collect()
}

/// Returns the function of `impl Client` for each builder.
fn client_functions(tree: &syn::File) -> BTreeMap<String, String> {
    tree.items
        .iter()
        .filter_map(as_inherent_impl)
        .filter(|(name, _)| name == "Client")
        .flat_map(|(_, item)| item.items.iter().filter_map(as_fn))
        .filter_map(|function| Some((return_ident(function)?, ident_of(&function.sig.ident))))
        .collect()
}

fn return_ident(function: &ImplItemFn) -> Option<String> {
    match &function.sig.output {
        syn::ReturnType::Type(_, ty) => last_segment(ty),
        syn::ReturnType::Default => None,
    }
}

/// Returns the items of the module `name`.
pub(crate) fn items_of<'a>(items: &'a [Item], name: &str) -> Result<&'a [Item], String> {
    items
        .iter()
        .find_map(|item| match item {
            Item::Mod(module) if module.ident == name => module.content.as_ref(),
            _ => None,
        })
        .map(|(_, items)| items.as_slice())
        .ok_or_else(|| format!("there is no mod {name}"))
}

/// Returns the items of the module `name`, mutably.
pub(crate) fn items_of_mut<'a>(
    items: &'a mut [Item],
    name: &str,
) -> Result<&'a mut Vec<Item>, String> {
    items
        .iter_mut()
        .find_map(|item| match item {
            Item::Mod(module) if module.ident == name => module.content.as_mut(),
            _ => None,
        })
        .map(|(_, items)| items)
        .ok_or_else(|| format!("there is no mod {name}"))
}

/// Returns every `send` of the builders with the builder's name, mutably.
pub(crate) fn sends_mut(
    tree: &mut syn::File,
) -> Result<impl Iterator<Item = (String, &mut ImplItemFn)>, String> {
    Ok(inherent_impls_mut(items_of_mut(&mut tree.items, "builder")?).filter_map(|(name, item)| {
        item.items
            .iter_mut()
            .filter_map(as_fn_mut)
            .find(|function| function.sig.ident == "send")
            .map(|function| (name, function))
    }))
}

/// Returns the inherent impls with the name of their type, mutably.
pub(crate) fn inherent_impls_mut(
    items: &mut [Item],
) -> impl Iterator<Item = (String, &mut ItemImpl)> {
    items.iter_mut().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() => {
            last_segment(&item.self_ty).map(|name| (name, item))
        }
        _ => None,
    })
}

/// Returns an inherent impl with the name of its type.
pub(crate) fn as_inherent_impl(item: &Item) -> Option<(String, &ItemImpl)> {
    match item {
        Item::Impl(item) if item.trait_.is_none() => {
            last_segment(&item.self_ty).map(|name| (name, item))
        }
        _ => None,
    }
}

/// Returns a function of an impl.
pub(crate) fn as_fn(item: &ImplItem) -> Option<&ImplItemFn> {
    match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    }
}

/// Returns a function of an impl, mutably.
pub(crate) fn as_fn_mut(item: &mut ImplItem) -> Option<&mut ImplItemFn> {
    match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    }
}

/// Returns the last identifier of a path type: `Run` of `super::types::Run<'_>`.
pub(crate) fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| ident_of(&segment.ident)),
        _ => None,
    }
}

/// Returns `T` if `ty` is `wrapper<T>`.
pub(crate) fn generic_argument<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Returns `T` if `ty` is `wrapper<T>`, mutably.
pub(crate) fn generic_argument_mut<'a>(ty: &'a mut Type, wrapper: &str) -> Option<&'a mut Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last_mut().filter(|segment| segment.ident == wrapper)?;
    let syn::PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { return None };
    arguments.args.iter_mut().find_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Returns an identifier without the `r#` of a raw one.
pub(crate) fn ident_of(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(ToOwned::to_owned).unwrap_or(text)
}

/// Returns the doc text of an item as lines.
pub(crate) fn doc_of(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(doc_line).collect();
    lines.join("\n")
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the value of `#[serde(rename = "…")]`.
pub(crate) fn serde_rename(attributes: &[Attribute]) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Other attributes may have a form that does not parse here.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<Expr>()?;
            }
            Ok(())
        });
    }
    name
}

/// Returns whether there is `#[serde(word)]` or `#[serde(word = …)]`. Doc attributes are ignored.
pub(crate) fn serde_has(attributes: &[Attribute], word: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("serde") && text_of(attribute).contains(word))
}

/// Returns the name of the trait of an impl.
pub(crate) fn trait_of(item: &ItemImpl) -> Option<String> {
    let (path, _) = item.trait_.as_ref()?;
    path.segments.last().map(|segment| ident_of(&segment.ident))
}

/// Collects the name of every type that the visited code mentions.
#[derive(Default)]
pub(crate) struct MentionedTypes(pub(crate) BTreeSet<String>);

impl<'ast> Visit<'ast> for MentionedTypes {
    fn visit_type(&mut self, ty: &'ast Type) {
        self.0.extend(last_segment(ty));
        visit::visit_type(self, ty);
    }
}

/// Returns the tokens as text, for comparisons and messages.
pub(crate) fn text_of(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}
