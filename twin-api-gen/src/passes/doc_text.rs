//! Doc comments: what the document says is text, and everything public says something.
//!
//! No description becomes a doctest, HTML or a link, whatever it holds; see [`escape`].
//! Every doc attribute of the types is escaped, whatever it stands on. The docs that mix
//! progenitor's words with the document's are written anew from the document; [`operation`]
//! writes those of the operations. At the end [`check`] parses every doc text of the output.
//! Nothing here judges what a description says.

pub(crate) mod better;
mod check;
pub(crate) mod escape;
mod example;
mod operation;
mod shape;
mod statement;

use proc_macro2::Span;
use serde_json::Value;
use syn::visit_mut::VisitMut;
use syn::{
    AttrStyle, Attribute, Expr, ExprLit, Fields, Ident, Item, ItemStruct, Lit, LitStr, Meta,
    MetaNameValue, Token, parse_quote, token,
};

use super::Context;
use super::tree::{
    as_fn_mut, doc_of, ident_of, inherent_impls_mut, items_of_mut, last_segment, serde_has,
    serde_rename,
};
pub(super) use escape::{code, escape};

/// The attribute of an item whose doc another pass wrote, from the document's words already
/// escaped. No text of a document can make an attribute. It goes here.
pub(super) const WRITTEN: &str = "twin_written";

pub(super) fn apply(tree: &mut syn::File, context: &Context<'_>) -> Result<(), String> {
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

/// Escapes the doc of everything that can have one, but for what another pass wrote.
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
                    let text = format!("A builder for a [`{name}`] on which nothing is set.");
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
                "The members that the document does not name.".to_owned()
            } else {
                let api_name = serde_rename(&field.attrs).unwrap_or_else(|| ident.clone());
                format!("The member {}.", code(&api_name))
            };
            default_doc(&mut field.attrs, &ident, &text);
        }
    }
}

fn document_client(tree: &mut syn::File, context: &Context<'_>) -> Result<(), String> {
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

/// Writes `otherwise` where there is no doc, or where typify put the mere name.
fn default_doc(attributes: &mut Vec<Attribute>, ident: &str, otherwise: &str) {
    let doc = doc_of(attributes);
    let trimmed = doc.trim();
    if trimmed.is_empty() || trimmed == escape(&format!("`{ident}`")) {
        set_doc(attributes, &[otherwise]);
    }
}

/// The lines, and each line of a line, as one doc attribute each.
fn set_doc(attributes: &mut Vec<Attribute>, lines: &[impl AsRef<str>]) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    let docs = lines.iter().flat_map(|line| line.as_ref().split('\n')).map(|line| {
        doc_attribute(&if line.is_empty() { String::new() } else { format!(" {line}") })
    });
    let rest = std::mem::take(attributes);
    attributes.extend(docs);
    attributes.extend(rest);
}

/// Sets a doc, and marks it with an attribute until [`check`] has seen it.
pub(super) fn set_marked_doc(
    attributes: &mut Vec<Attribute>,
    lines: &[impl AsRef<str>],
    mark: &str,
) {
    set_doc(attributes, lines);
    let mark = Ident::new(mark, Span::call_site());
    attributes.push(parse_quote!(#[#mark]));
}

/// `#[doc = "…"]`, built by hand: parsing thousands of them takes a tenth of the whole time.
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
