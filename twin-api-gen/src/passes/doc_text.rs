//! Writes the doc comments of the generated code.
//!
//! Every public item gets a doc comment. Text of the document is escaped, so that it cannot become a
//! doctest, HTML or a link; see [`escape`]. Where progenitor mixes its own words with text of the
//! document, this pass writes new docs: [`operation`] for operations, this module for everything else.
//! Finally, [`check`] parses every doc comment of the output. This module does not judge the content of
//! a description.

mod check;
mod effective;
pub(crate) mod escape;
mod example;
pub(crate) mod extension;
mod operation;
mod value_kind;

use proc_macro2::Span;
use serde_json::Value;
use syn::visit_mut::VisitMut;
use syn::{
    AttrStyle, Attribute, Expr, ExprLit, Fields, Ident, Item, ItemStruct, Lit, LitStr, Meta,
    MetaNameValue, Token, parse_quote, token,
};

use super::PassContext;
use super::tree::{
    as_fn_mut, doc_of, ident_of, inherent_impls_mut, items_of_mut, last_segment, serde_has,
    serde_rename,
};
pub(super) use escape::{code, escape};

/// Marks an item whose doc another pass has written, with text of the document already escaped. Text
/// of a document cannot create an attribute. [`check`] removes the mark.
pub(super) const WRITTEN: &str = "twin_written";

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let types = items_of_mut(&mut tree.items, "types")?;
    for item in &mut *types {
        EscapeAll.visit_item_mut(item);
        document_type(item);
    }
    if let Ok(builders) = items_of_mut(types, "builder") {
        for item in &mut *builders {
            if let Item::Struct(item) = item {
                let text = format!("Builder for [`{0}`](super::{0}).", item.ident);
                set_doc(&mut item.attrs, &[&text]);
            }
        }
        for (name, item) in inherent_impls_mut(builders) {
            let setters = item.items.iter_mut().filter_map(as_fn_mut);
            for setter in setters.filter(|setter| !is_written(&setter.attrs)) {
                let text = format!("Sets [`{name}::{0}`](super::{name}::{0}).", setter.sig.ident);
                set_doc(&mut setter.attrs, &[&text]);
            }
        }
    }
    document_client(tree, context)?;
    let examples = operation::apply(tree, context)?;
    check::apply(tree, examples);
    Ok(())
}

/// Escapes the doc comment of every item, except those that another pass has written.
struct EscapeAll;

impl VisitMut for EscapeAll {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let doc = doc_of(attributes);
        if !doc.is_empty() && !is_written(attributes) {
            set_doc(attributes, &[escape(doc.trim())]);
        }
    }
}

fn is_written(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(WRITTEN))
}

fn document_type(item: &mut Item) {
    match item {
        Item::Struct(item) => document_struct(item),
        Item::Enum(item) => {
            let name = item.ident.to_string();
            default_doc(&mut item.attrs, &name, &format!("`{name}`."));
            for variant in &mut item.variants {
                let name = variant.ident.to_string();
                default_doc(&mut variant.attrs, &name, &format!("`{name}`."));
            }
        }
        Item::Type(item) => {
            let name = item.ident.to_string();
            default_doc(&mut item.attrs, &name, &format!("`{name}`."));
        }
        Item::Impl(item) if item.trait_.is_none() => {
            let name = last_segment(&item.self_ty).unwrap_or_default();
            for function in item.items.iter_mut().filter_map(as_fn_mut) {
                if function.sig.ident == "builder" {
                    let text =
                        format!("Returns a builder for a [`{name}`], without any member set.");
                    set_doc(&mut function.attrs, &[&text]);
                }
            }
        }
        _ => {}
    }
}

fn document_struct(item: &mut ItemStruct) {
    let name = item.ident.to_string();
    default_doc(&mut item.attrs, &name, &format!("`{name}`."));
    if let Fields::Named(fields) = &mut item.fields {
        for field in &mut fields.named {
            let ident = field.ident.as_ref().map(ident_of).unwrap_or_default();
            let text = if serde_has(&field.attrs, "flatten") {
                "The members that the document does not describe.".to_owned()
            } else {
                let api_name = serde_rename(&field.attrs).unwrap_or_else(|| ident.clone());
                format!("The member {}.", code(&api_name))
            };
            default_doc(&mut field.attrs, &ident, &text);
        }
    }
}

fn document_client(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let info = &context.document["info"];
    let mut lines = vec![format!("Client for {}.", escape(text(info, "title")))];
    push_paragraph(&mut lines, &escape(text(info, "description")));
    push_paragraph(&mut lines, &format!("Version {}.", escape(text(info, "version"))));
    let client = tree.items.iter_mut().find_map(|item| match item {
        Item::Struct(item) if item.ident == "Client" => Some(item),
        _ => None,
    });
    let client = client.ok_or("there is no struct Client")?;
    set_doc(&mut client.attrs, &lines);
    Ok(())
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

fn push_paragraph(lines: &mut Vec<String>, text: &str) {
    if text.is_empty() {
        return;
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(text.lines().map(ToOwned::to_owned));
}

/// Sets `text` as the doc of an item without one. typify's default, the name of the item, counts as
/// none.
fn default_doc(attributes: &mut Vec<Attribute>, ident: &str, text: &str) {
    let doc = doc_of(attributes);
    let trimmed = doc.trim();
    if trimmed.is_empty() || trimmed == escape(&format!("`{ident}`")) {
        set_doc(attributes, &[text]);
    }
}

/// Replaces the doc of an item. Each line becomes one attribute.
fn set_doc(attributes: &mut Vec<Attribute>, lines: &[impl AsRef<str>]) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    let docs = lines.iter().flat_map(|line| line.as_ref().split('\n')).map(|line| {
        doc_attribute(&if line.is_empty() { String::new() } else { format!(" {line}") })
    });
    let rest = std::mem::take(attributes);
    attributes.extend(docs);
    attributes.extend(rest);
}

/// Replaces the doc of an item, and marks it with an attribute, which [`check`] removes.
pub(super) fn set_marked_doc(
    attributes: &mut Vec<Attribute>,
    lines: &[impl AsRef<str>],
    mark: &str,
) {
    set_doc(attributes, lines);
    let mark = Ident::new(mark, Span::call_site());
    attributes.push(parse_quote!(#[#mark]));
}

/// Builds `#[doc = "…"]` without parsing, because parsing thousands of attributes takes a tenth of the
/// time of a generation.
fn doc_attribute(text: &str) -> Attribute {
    let path = Ident::new("doc", Span::call_site()).into();
    let value = Expr::Lit(ExprLit {
        attrs: Vec::new(),
        lit: Lit::Str(LitStr::new(text, Span::call_site())),
    });
    let eq_token = Token![=](Span::call_site());
    Attribute {
        pound_token: Token![#](Span::call_site()),
        style: AttrStyle::Outer,
        bracket_token: token::Bracket::default(),
        meta: Meta::NameValue(MetaNameValue { path, eq_token, value }),
    }
}
