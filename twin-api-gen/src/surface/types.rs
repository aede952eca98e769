//! Describes the structs, enums and aliases of `mod types`, one block each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use quote::ToTokens;
use serde_json::Value;
use syn::visit::Visit;
use syn::{Fields, Item, ItemEnum, ItemImpl, ItemStruct, Type};

use crate::names::letters;
use crate::passes::{
    MentionedTypes, generic_argument, ident_of, items_of, last_segment, serde_has, serde_rename,
    trait_of,
};

/// The description of one type, and the types that it mentions.
pub(super) struct DescribedType {
    pub(super) text: String,
    pub(super) mentions: BTreeSet<String>,
}

/// The `impl` blocks of `mod types`, by type name.
type Impls<'a> = BTreeMap<String, Vec<&'a ItemImpl>>;

/// Describes every public type of `mod types`.
pub(super) fn read(tree: &syn::File, document: &Value) -> BTreeMap<String, DescribedType> {
    let items = items_of(&tree.items, "types").unwrap_or_default();
    let mut impls = Impls::new();
    for item in items {
        if let Item::Impl(item) = item
            && let Some(name) = last_segment(&item.self_ty)
        {
            impls.entry(name).or_default().push(item);
        }
    }
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let schemas: BTreeMap<String, &Value> =
        schemas.into_iter().flatten().map(|(name, schema)| (letters(name), schema)).collect();
    let schema_of = |ident: &syn::Ident| -> &Value {
        schemas.get(&letters(&ident_of(ident))).copied().unwrap_or(&Value::Null)
    };
    let mut found = BTreeMap::new();
    for item in items {
        let (name, text) = match item {
            Item::Struct(item) => {
                (ident_of(&item.ident), structure(item, &impls, schema_of(&item.ident)))
            }
            Item::Enum(item) => (ident_of(&item.ident), enumeration(item, &impls)),
            Item::Type(item) => {
                let name = ident_of(&item.ident);
                let text = format!("type {name} = {}\n", type_text(&item.ty));
                (name, text)
            }
            _ => continue,
        };
        let mut names = MentionedTypes::default();
        names.visit_item(item);
        found.insert(name, DescribedType { text, mentions: names.0 });
    }
    found
}

fn structure(item: &ItemStruct, impls: &Impls<'_>, schema: &Value) -> String {
    let mut text = format!("struct {}", item.ident);
    match &item.fields {
        Fields::Named(fields) => {
            text.push('\n');
            for field in &fields.named {
                let ident = field.ident.as_ref().map(ident_of).unwrap_or_default();
                let api_name = serde_rename(&field.attrs);
                let bounds = bounds(schema, api_name.as_deref().unwrap_or(&ident));
                let renamed = api_name
                    .filter(|name| *name != ident)
                    .map(|name| format!(" as {name:?}"))
                    .unwrap_or_default();
                let flat =
                    if serde_has(&field.attrs, "flatten") { " (every other member)" } else { "" };
                let ty = type_text(&field.ty);
                // `Option` already shows that the field may be absent.
                let may_miss = serde_has(&field.attrs, "default") && !ty.starts_with("Option<");
                let mark = if may_miss { "?" } else { "" };
                let _ = writeln!(text, "  {ident}{mark}: {ty}{bounds}{renamed}{flat}");
            }
        }
        Fields::Unnamed(fields) => {
            let inner: Vec<String> =
                fields.unnamed.iter().map(|field| type_text(&field.ty)).collect();
            let _ = writeln!(text, "({})", inner.join(", "));
            text.push_str(&limits(&ident_of(&item.ident), impls));
        }
        Fields::Unit => text.push('\n'),
    }
    text
}

/// Returns ` 1..=9` if the client checks that the value or length of `api_name` is in that range.
pub(super) fn bounds(bounded: &Value, api_name: &str) -> String {
    let bounds = bounded["x-twin-bounds"].as_array();
    let bound = bounds.into_iter().flatten().find(|bound| bound["name"] == api_name);
    bound.map_or_else(String::new, |bound| {
        let low = bound["minimum"].as_i64().map(|it| it.to_string()).unwrap_or_default();
        let high = bound["maximum"].as_i64().map(|it| format!("={it}")).unwrap_or_default();
        format!(" {low}..{high}")
    })
}

/// Returns the error messages of a newtype's constructor.
fn limits(name: &str, impls: &Impls<'_>) -> String {
    let mut refusals = Refusals(Vec::new());
    for item in impls.get(name).into_iter().flatten() {
        if trait_of(item).is_some_and(|name| name == "FromStr") {
            refusals.visit_item_impl(item);
        }
    }
    let lines: Vec<String> = refusals.0.iter().map(|text| format!("  not {text}\n")).collect();
    lines.concat()
}

/// Collects string literals: the error messages of a constructor.
struct Refusals(Vec<String>);

impl<'ast> Visit<'ast> for Refusals {
    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.0.push(text.value());
    }
}

fn enumeration(item: &ItemEnum, impls: &Impls<'_>) -> String {
    let values = wire_values(&ident_of(&item.ident), impls);
    // An open enum shows its `Unknown` variant. An enum of unit variants is marked as closed.
    let units = item.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
    let closed = if units { " (closed)" } else { "" };
    let mut text = format!("enum {}{closed}\n", item.ident);
    for variant in &item.variants {
        let name = ident_of(&variant.ident);
        let line = match (values.get(&name), &variant.fields) {
            (Some(value), Fields::Unit) => format!("  {name} = {value:?}"),
            (_, Fields::Unnamed(fields)) => {
                let inner: Vec<String> =
                    fields.unnamed.iter().map(|field| type_text(&field.ty)).collect();
                format!("  {name}({})", inner.join(", "))
            }
            (_, Fields::Named(fields)) => {
                format!("  {name} {}", tidy(&fields.to_token_stream().to_string()))
            }
            (None, Fields::Unit) => {
                let value = serde_rename(&variant.attrs).unwrap_or_else(|| name.clone());
                format!("  {name} = {value:?}")
            }
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Returns the JSON value of each variant, read from `as_str`.
fn wire_values(name: &str, impls: &Impls<'_>) -> BTreeMap<String, String> {
    let mut arms = Arms(BTreeMap::new());
    for item in impls.get(name).into_iter().flatten().filter(|item| item.trait_.is_none()) {
        arms.visit_item_impl(item);
    }
    arms.0
}

/// Collects the match arms of `as_str`: variant to value.
struct Arms(BTreeMap<String, String>);

impl<'ast> Visit<'ast> for Arms {
    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let (syn::Pat::Path(variant), syn::Expr::Lit(value)) = (&arm.pat, &*arm.body)
            && let Some(segment) = variant.path.segments.last()
            && let syn::Lit::Str(value) = &value.lit
        {
            self.0.insert(ident_of(&segment.ident), value.value());
        }
    }
}

/// Formats a type without paths: `Option<Vec<Run>>`.
pub(super) fn type_text(ty: &Type) -> String {
    for wrapper in ["Option", "Vec", "Box"] {
        if let Some(inner) = generic_argument(ty, wrapper) {
            return format!("{wrapper}<{}>", type_text(inner));
        }
    }
    tidy(&ty.to_token_stream().to_string())
}

fn tidy(tokens: &str) -> String {
    let mut text =
        tokens.replace(' ', "").replace(',', ", ").replace(':', ": ").replace(": : ", "::");
    for prefix in [
        "::std::string::",
        "::std::vec::",
        "::std::option::",
        "::std::boxed::",
        "::std::collections::",
        "::std::primitive::",
        "::serde_json::",
        "::secrecy::",
        "crate::",
        "types::",
    ] {
        text = text.replace(prefix, "");
    }
    text
}
