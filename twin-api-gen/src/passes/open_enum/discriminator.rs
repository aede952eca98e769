//! Finds the enums that distinguish the alternatives of an untagged union.
//!
//! serde tries the alternatives in order. An open enum accepts every value, so the first
//! alternative would accept the values of the others. These enums stay closed.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Fields, Item, ItemStruct, Type};

use crate::limits::MAX_DISCRIMINATOR_DEPTH;
use crate::passes::tree::{MentionedTypes, ident_of, serde_has, serde_rename};

/// Returns the types of members that two or more alternatives of one union share.
pub(super) fn discriminators(items: &[Item]) -> BTreeSet<String> {
    let structs: BTreeMap<String, &ItemStruct> = items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some((ident_of(&item.ident), item)),
            _ => None,
        })
        .collect();
    let mut found = BTreeSet::new();
    for item in items {
        let Item::Enum(union) = item else { continue };
        if !serde_has(&union.attrs, "untagged") {
            continue;
        }
        let mut members: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for variant in &union.variants {
            let mut found = AlternativeMembers { structs: &structs, types: BTreeMap::new() };
            found.collect("", &variant.fields, MAX_DISCRIMINATOR_DEPTH);
            for (name, types) in found.types {
                for ty in types {
                    *members.entry(name.clone()).or_default().entry(ty).or_default() += 1;
                }
            }
        }
        let shared = members.into_values().filter(|types| types.values().sum::<usize>() > 1);
        found.extend(shared.flat_map(BTreeMap::into_keys));
    }
    found
}

/// The members of an alternative with the types that they mention. The key is the API name, with dots
/// for nested members. The alternative itself has the empty key.
struct AlternativeMembers<'a> {
    structs: &'a BTreeMap<String, &'a ItemStruct>,
    types: BTreeMap<String, BTreeSet<String>>,
}

impl AlternativeMembers<'_> {
    fn collect(&mut self, prefix: &str, fields: &Fields, depth: usize) {
        for field in fields {
            let ident = field.ident.as_ref().map(ident_of);
            let own = serde_rename(&field.attrs).or(ident).unwrap_or_default();
            let name = if own.is_empty() { prefix.to_owned() } else { format!("{prefix}.{own}") };
            let mentioned = names(&field.ty);
            if depth > 0 {
                let inner: Vec<&ItemStruct> =
                    mentioned.iter().filter_map(|name| self.structs.get(name).copied()).collect();
                for item in inner {
                    self.collect(&name, &item.fields, depth - 1);
                }
            }
            self.types.entry(name).or_default().extend(mentioned);
        }
    }
}

fn names(ty: &Type) -> BTreeSet<String> {
    let mut mentions = MentionedTypes::default();
    mentions.visit_type(ty);
    mentions.0
}
