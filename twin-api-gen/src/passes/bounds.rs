//! A bound on a parameter is checked before the request is sent.
//!
//! typify would make the caller write `NonZeroU64`, or ignore the bound. The lowering
//! takes bounds out of the schemas and notes them on the operation; here they become a
//! check in `send`. Bounds inside bodies are not checked; the lowering says so.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;
use syn::{Expr, ImplItemFn, Pat, Stmt, parse_quote};

use super::tree::{Operation, sends_mut};
use super::{Context, ident_of};

pub(super) fn apply(tree: &mut syn::File, context: &Context<'_>) -> Result<(), String> {
    for (builder, send) in sends_mut(tree)? {
        let Some(operation) = context.operations.iter().find(|found| found.builder == builder)
        else {
            continue;
        };
        for bound in operation.object["x-twin-bounds"].as_array().into_iter().flatten() {
            check(send, operation, bound)
                .map_err(|cause| format!("in {builder}::send: {cause}"))?;
        }
    }
    Ok(())
}

fn check(send: &mut ImplItemFn, operation: &Operation, bound: &Value) -> Result<(), String> {
    let api_name = bound["name"].as_str().ok_or("a bound without a name")?;
    let parameter = operation
        .parameter(api_name)
        .ok_or_else(|| format!("a bound on {api_name}, which is no parameter"))?;
    // A required parameter is itself, an optional one an Option; a path one is required.
    let required = parameter["required"] == true;
    let (name, value) = send
        .block
        .stmts
        .iter_mut()
        .find_map(|statement| finalised(statement, operation, api_name))
        .ok_or_else(|| format!("no statement takes {api_name}"))?;
    let inside = inside(bound).ok_or_else(|| format!("a bound on {api_name} without a number"))?;
    let message = format!("{name} must be {}, not {{number}}", range_text(bound));
    let numbers = if required { quote!(::std::slice::from_ref(&value)) } else { quote!(&value) };
    let original = value.clone();
    *value = parse_quote! {
        #original.and_then(|value| {
            for number in #numbers {
                // Every integer type of a parameter fits into an i128.
                if #inside.contains(&i128::from(*number)) {
                    continue;
                }
                return Err(Error::InvalidRequest(format!(#message)));
            }
            Ok(value)
        })?
    };
    Ok(())
}

/// The range that a number must be in.
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

/// The expression before the `?` of `let name = name.map_err(Error::InvalidRequest)?;`.
fn finalised<'a>(
    statement: &'a mut Stmt,
    operation: &Operation,
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
