//! Protects secrets, so that only `expose_secret` reveals them.
//!
//! Secrets have the type of the crate secrecy, whose `Debug` output is redacted. This pass also skips
//! them when a struct is serialized, and prevents errors from quoting a response that contains one.
//! It rejects a secret in a request body, because the body would be sent without it. The API has no
//! such operation.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Item, parse_quote};

use super::native_type::holds;
use super::tree::{MentionedTypes, ident_of, items_of, items_of_mut, sends_mut, text_of};
use super::{PassContext, send};
use crate::Runtime;
use crate::client::NATIVE_TYPES;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    if context.runtime == Runtime::StandAlone {
        return Ok(());
    }
    let (_, secret) = NATIVE_TYPES[0];
    let mut holders = BTreeSet::new();
    for item in items_of_mut(&mut tree.items, "types")? {
        if let Item::Struct(item) = item {
            for field in item.fields.iter_mut().filter(|field| holds(field, secret)) {
                field.attrs.push(parse_quote!(#[serde(skip_serializing)]));
                holders.insert(ident_of(&item.ident));
            }
        }
    }
    let holders = transitive(holders, items_of(&tree.items, "types")?);
    for (builder, send) in sends_mut(tree)? {
        if text_of(&send.block).contains("json (& body)") && body_of(context, &builder, &holders) {
            return Err(format!("{builder} sends a secret in its body; that is not supported"));
        }
        let mut response = MentionedTypes::default();
        response.visit_return_type(&send.sig.output);
        if !response.0.is_disjoint(&holders) {
            let mut withhold = Withhold { count: 0 };
            withhold.visit_block_mut(&mut send.block);
            if withhold.count != 1 {
                return Err(format!("{builder}::send decodes its response in an unexpected way"));
            }
        }
    }
    Ok(())
}

/// Returns whether the schema of the operation's body is one of `holders`.
fn body_of(context: &PassContext<'_>, builder: &str, holders: &BTreeSet<String>) -> bool {
    let operation = context.operation(builder).ok();
    operation
        .into_iter()
        .filter_map(|operation| operation.object["requestBody"]["content"].as_object())
        .flatten()
        .filter_map(|(_, media)| media["schema"]["$ref"].as_str())
        .filter_map(|reference| reference.rsplit('/').next())
        .any(|name| holders.contains(name))
}

/// Extends `holders` with every type that contains one.
fn transitive(mut holders: BTreeSet<String>, types: &[Item]) -> BTreeSet<String> {
    loop {
        let before = holders.len();
        for item in types {
            let name = match item {
                Item::Struct(item) => ident_of(&item.ident),
                Item::Enum(item) => ident_of(&item.ident),
                Item::Type(item) => ident_of(&item.ident),
                _ => continue,
            };
            let mut mentions = MentionedTypes::default();
            mentions.visit_item(item);
            if !mentions.0.is_disjoint(&holders) {
                holders.insert(name);
            }
        }
        if holders.len() == before {
            return holders;
        }
    }
}

/// Replaces the decoding function by one whose errors do not quote the response.
struct Withhold {
    count: usize,
}

impl VisitMut for Withhold {
    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        if text_of(&call.func).replace(' ', "") == send::SEND {
            let function: Expr = parse_quote!(crate::transport::send_secret);
            *call.func = function;
            self.count += 1;
        }
        visit_mut::visit_expr_call_mut(self, call);
    }
}
