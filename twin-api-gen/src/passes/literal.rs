//! Lets setters of optional members take plain values, like the setters of query parameters.
//!
//! Without this pass, `.user_message("hello")` would need `&str: TryInto<Option<String>>`. A caller
//! that has an `Option` sets the public field instead. The pass also lets the map of additional
//! members start empty, because typify's builder would require it.

use quote::quote;
use syn::{Expr, ImplItemFn, Item, WherePredicate, parse_quote};

use super::PassContext;
use super::tree::{
    as_fn_mut, generic_argument, inherent_impls_mut, items_of_mut, serde_has, text_of, trait_of,
};

pub(super) fn apply(tree: &mut syn::File, _: &PassContext<'_>) -> Result<(), String> {
    let types = items_of_mut(&mut tree.items, "types")?;
    let maps = types.iter().filter(|item| has_extra(item)).count();
    // A document with only scalar types has no builders.
    let Ok(builders) = items_of_mut(types, "builder") else { return Ok(()) };
    let emptied: usize = builders.iter_mut().map(empty_map).sum();
    if emptied != maps {
        return Err(format!("{maps} structs have a map of additional members, {emptied} builders"));
    }
    for (name, item) in inherent_impls_mut(builders) {
        for setter in item.items.iter_mut().filter_map(as_fn_mut) {
            accept_plain_value(setter)
                .map_err(|cause| format!("in {name}::{}: {cause}", setter.sig.ident))?;
        }
    }
    Ok(())
}

/// Changes `T: TryInto<Option<X>>` to `T: TryInto<X>` and wraps the value.
fn accept_plain_value(setter: &mut ImplItemFn) -> Result<(), String> {
    let Some(clause) = setter.sig.generics.where_clause.as_mut() else {
        return Err("a setter without a bound".to_owned());
    };
    let Some(WherePredicate::Type(bound)) = clause.predicates.first_mut() else {
        return Err("a setter without a bound on its type".to_owned());
    };
    let Some(syn::TypeParamBound::Trait(target)) = bound.bounds.first_mut() else {
        return Err("a setter that is not bound by a trait".to_owned());
    };
    let wanted: syn::Type = parse_quote!(#target);
    let Some(member) = generic_argument(&wanted, "TryInto") else {
        return Err("a setter that is not bound by TryInto".to_owned());
    };
    let Some(bare) = generic_argument(member, "Option").cloned() else { return Ok(()) };
    *target = parse_quote!(::std::convert::TryInto<#bare>);
    let assignment = setter.block.stmts.iter_mut().find_map(|statement| match statement {
        syn::Stmt::Expr(Expr::Assign(assignment), _) => Some(assignment),
        _ => None,
    });
    let Some(assignment) = assignment else {
        return Err("a setter that assigns nothing".to_owned());
    };
    let value = assignment.right.clone();
    *assignment.right = parse_quote!(#value.map(::std::option::Option::Some));
    Ok(())
}

/// Returns whether a struct has typify's map of additional members.
fn has_extra(item: &Item) -> bool {
    let Item::Struct(item) = item else { return false };
    item.fields.iter().any(|field| {
        field.ident.as_ref().is_some_and(|ident| ident == "extra")
            && serde_has(&field.attrs, "flatten")
    })
}

/// Starts a builder with an empty map. Returns the number of its maps, zero or one.
fn empty_map(item: &mut Item) -> usize {
    let Item::Impl(item) = item else { return 0 };
    if trait_of(item).is_none_or(|name| name != "Default") {
        return 0;
    }
    let unset = quote!(Err("no value supplied for extra".to_string())).to_string();
    let mut emptied = 0;
    for function in item.items.iter_mut().filter_map(as_fn_mut) {
        let Some(syn::Stmt::Expr(Expr::Struct(value), _)) = function.block.stmts.last_mut() else {
            continue;
        };
        for field in &mut value.fields {
            if text_of(&field.member) == "extra" && text_of(&field.expr) == unset {
                field.expr = parse_quote!(Ok(::std::default::Default::default()));
                emptied += 1;
            }
        }
    }
    emptied
}
