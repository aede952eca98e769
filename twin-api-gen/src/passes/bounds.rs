//! Checks bounds of request values before the request is sent.
//!
//! typify would require `NonZeroU64` from the caller, or ignore a bound. The lowering therefore
//! moves bounds from the schemas to `x-twin-bounds`. This pass adds the checks. Those for parameters
//! are in `send`. Those for the members of a body are in the conversion from its builder, which
//! `send` uses for every body.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;
use syn::{Expr, ImplItemFn, Item, ItemImpl, ItemStruct, Pat, Stmt, parse_quote};

use super::tree::{
    GeneratedOperation, as_fn_mut, generic_argument, items_of, items_of_mut, last_segment,
    sends_mut, serde_has, serde_rename, trait_of,
};
use super::{PassContext, ident_of};
use crate::lower::nulls::NULLS;
use crate::names::same_ident;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    for (builder, send) in sends_mut(tree)? {
        let operation = context.operation(&builder)?;
        for bound in operation.object["x-twin-bounds"].as_array().into_iter().flatten() {
            check_parameter(send, operation, bound)
                .map_err(|cause| format!("in {builder}::send: {cause}"))?;
        }
    }
    let schemas = context.document.pointer("/components/schemas").and_then(Value::as_object);
    let bounded = schemas
        .into_iter()
        .flatten()
        .filter_map(|(name, schema)| Some((name, schema, schema["x-twin-bounds"].as_array()?)));
    for (name, schema, bounds) in bounded {
        check_members(tree, name, schema, bounds)
            .map_err(|cause| format!("in the body {name}: {cause}"))?;
    }
    Ok(())
}

fn check_parameter(
    send: &mut ImplItemFn,
    operation: &GeneratedOperation,
    bound: &Value,
) -> Result<(), String> {
    let api_name = bound["name"].as_str().ok_or("a bound without a name")?;
    let parameter = operation
        .parameter(api_name)
        .ok_or_else(|| format!("a bound on {api_name}, which is not a parameter"))?;
    // A required parameter is stored directly, an optional one in an Option.
    let required = parameter["required"] == true;
    let (name, value) = send
        .block
        .stmts
        .iter_mut()
        .find_map(|statement| finalised(statement, operation, api_name))
        .ok_or_else(|| format!("no statement takes {api_name}"))?;
    let numbers = if required { quote!(::std::slice::from_ref(&value)) } else { quote!(&value) };
    let check = range_check(&name, bound, &numbers, &quote!(i128::from(*each)), "")?;
    let original = value.clone();
    *value = parse_quote! {
        #original.and_then(|value| {
            #check.map_err(Error::InvalidRequest)?;
            Ok(value)
        })?
    };
    Ok(())
}

/// Adds checks for the members of a body to the conversion from its builder.
fn check_members(
    tree: &mut syn::File,
    name: &str,
    schema: &Value,
    bounds: &[Value],
) -> Result<(), String> {
    let types = items_of(&tree.items, "types")?;
    let fields = types.iter().find_map(|item| match item {
        Item::Struct(item) if same_ident(name, &ident_of(&item.ident)) => Some(fields(item)),
        _ => None,
    });
    let fields = fields.ok_or("the struct does not exist")?;
    let builders = items_of_mut(items_of_mut(&mut tree.items, "types")?, "builder")?;
    let conversion = builders.iter_mut().find_map(|item| match item {
        Item::Impl(item) if becomes(item, name) => item.items.iter_mut().find_map(as_fn_mut),
        _ => None,
    });
    let conversion = conversion.ok_or("the conversion from its builder does not exist")?;
    let Some(Stmt::Expr(Expr::Call(made), _)) = conversion.block.stmts.last_mut() else {
        return Err("the conversion from its builder has an unexpected form".to_owned());
    };
    let Some(Expr::Struct(value)) = made.args.first_mut() else {
        return Err("the conversion from its builder has an unexpected form".to_owned());
    };
    for bound in bounds {
        let api_name = bound["name"].as_str().ok_or("a bound without a name")?;
        let field = fields.get(api_name).ok_or_else(|| format!("there is no field {api_name}"))?;
        let given = value.fields.iter_mut().find(|given| match &given.member {
            syn::Member::Named(member) => ident_of(member) == field.ident,
            syn::Member::Unnamed(_) => false,
        });
        let given = given.ok_or_else(|| format!("nothing is given for {}", field.ident))?;
        let nulls = schema[NULLS].as_array();
        let may_be_null = nulls.is_some_and(|all| all.iter().any(|null| null == api_name));
        given.expr = field.with_check(&given.expr, bound, may_be_null)?;
    }
    Ok(())
}

/// The facts about a member that a check needs.
struct BoundedField {
    ident: String,
    list: bool,
    optional: bool,
    /// Whether an absent list is stored as an empty one, which is not sent.
    may_be_empty: bool,
}

impl BoundedField {
    /// Builds the check. A nullable member is an `Option` of an `Option`; see the pass `nulls`.
    fn with_check(
        &self,
        original: &Expr,
        bound: &Value,
        may_be_null: bool,
    ) -> Result<Expr, String> {
        let each = match (self.optional, self.may_be_empty) {
            (true, _) if may_be_null => quote!(value.iter().flatten()),
            (true, _) => quote!(&value),
            (false, true) => {
                quote!(::std::slice::from_ref(&value).iter().filter(|it| !it.is_empty()))
            }
            (false, false) => quote!(::std::slice::from_ref(&value)),
        };
        let (number, unit) = if self.list {
            (quote!(each.len() as i128), " items long")
        } else {
            (quote!(i128::from(*each)), "")
        };
        let check = range_check(&self.ident, bound, &each, &number, unit)?;
        Ok(parse_quote! {
            {
                let value = #original;
                #check?;
                value
            }
        })
    }
}

/// Returns the members of a struct by their API names.
fn fields(item: &ItemStruct) -> BTreeMap<String, BoundedField> {
    let member = |field: &syn::Field| {
        let ident = field.ident.as_ref().map(ident_of)?;
        let bare = generic_argument(&field.ty, "Option").unwrap_or(&field.ty);
        let list = last_segment(bare).is_some_and(|name| name == "Vec");
        let optional = generic_argument(&field.ty, "Option").is_some();
        let defaults = serde_has(&field.attrs, "default");
        let api_name = serde_rename(&field.attrs).unwrap_or_else(|| ident.clone());
        Some((api_name, BoundedField { ident, list, optional, may_be_empty: list && defaults }))
    };
    item.fields.iter().filter_map(member).collect()
}

/// Returns whether this is `impl TryFrom<Name> for super::Name`.
fn becomes(item: &ItemImpl, name: &str) -> bool {
    trait_of(item).is_some_and(|name| name == "TryFrom")
        && last_segment(&item.self_ty).is_some_and(|found| same_ident(name, &found))
}

/// Builds an expression that returns `Err` with a message for the first of `numbers` out of range.
fn range_check(
    name: &str,
    bound: &Value,
    numbers: &TokenStream,
    number: &TokenStream,
    unit: &str,
) -> Result<TokenStream, String> {
    let inside = inside(bound).ok_or_else(|| format!("a bound on {name} without a number"))?;
    let message = format!("{name} must be {}{unit}, not {{number}}", range_text(bound));
    Ok(quote! {
        (#numbers).into_iter().try_for_each(|each| {
            // An i128 holds every integer type and every length.
            let number = #number;
            if #inside.contains(&number) { Ok(()) } else { Err(format!(#message)) }
        })
    })
}

/// Returns the pattern of the allowed range.
fn inside(bound: &Value) -> Option<TokenStream> {
    let literal =
        |key: &str| bound[key].as_i64().map(|number| Literal::i128_suffixed(number.into()));
    match (literal("minimum"), literal("maximum")) {
        (Some(low), Some(high)) => Some(quote!((#low..=#high))),
        (Some(low), None) => Some(quote!((#low..))),
        (None, Some(high)) => Some(quote!((..=#high))),
        (None, None) => None,
    }
}

fn range_text(bound: &Value) -> String {
    match (bound["minimum"].as_i64(), bound["maximum"].as_i64()) {
        (Some(low), Some(high)) => format!("from {low} to {high}"),
        (Some(low), None) => format!("at least {low}"),
        (_, Some(high)) => format!("at most {high}"),
        (None, None) => String::new(),
    }
}

/// Returns the expression before the `?` of `let name = name.map_err(Error::InvalidRequest)?;`.
fn finalised<'a>(
    statement: &'a mut Stmt,
    operation: &GeneratedOperation,
    api_name: &str,
) -> Option<(String, &'a mut Expr)> {
    let Stmt::Local(local) = statement else { return None };
    let Pat::Ident(pattern) = &local.pat else { return None };
    let name = ident_of(&pattern.ident);
    operation.parameter(&name).filter(|parameter| parameter["name"] == api_name)?;
    let init = local.init.as_mut()?;
    match &mut *init.expr {
        Expr::Try(attempt) => {
            let inner = (*attempt.expr).clone();
            *init.expr = inner;
            Some((name, &mut init.expr))
        }
        _ => None,
    }
}
