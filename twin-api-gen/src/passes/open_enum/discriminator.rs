//! Which enums tell the alternatives of an untagged union apart.
//!
//! serde tries the alternatives in their order. Opened, an enum would take every value,
//! and the first alternative would swallow what is another's. These stay closed.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Fields, Item, ItemStruct, Type};

use crate::passes::tree::{ident_of, last_segment, serde_rename};

/// The names of the types of members that two or more alternatives of one union have.
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
        let untagged = union.attrs.iter().any(|attribute| {
            attribute.path().is_ident("serde")
                && attribute.to_token_stream().to_string().contains("untagged")
        });
        if !untagged {
            continue;
        }
        let mut members: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for variant in &union.variants {
            for (name, types) in members_of(&variant.fields, &structs) {
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

/// The members of an alternative by the names that the API gives them, with their types.
fn members_of(
    fields: &Fields,
    structs: &BTreeMap<String, &ItemStruct>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |fields: &Fields| {
        for field in fields {
            let Some(ident) = field.ident.as_ref().map(ident_of) else { continue };
            let name = serde_rename(&field.attrs).unwrap_or(ident);
            members.entry(name).or_default().extend(names(&field.ty));
        }
    };
    match fields {
        Fields::Named(_) => add(fields),
        Fields::Unnamed(inner) => {
            for name in inner.unnamed.iter().flat_map(|field| names(&field.ty)) {
                if let Some(item) = structs.get(&name) {
                    add(&item.fields);
                }
            }
        }
        Fields::Unit => {}
    }
    members
}

fn names(ty: &Type) -> BTreeSet<String> {
    let mut names = Names(BTreeSet::new());
    names.visit_type(ty);
    names.0
}

struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_type(&mut self, ty: &'ast Type) {
        self.0.extend(last_segment(ty));
        visit::visit_type(self, ty);
    }
}
