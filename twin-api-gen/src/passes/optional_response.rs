//! Makes the response of an operation optional if some of its successes have no body.
//!
//! progenitor uses one type for every success, and cannot read that type from an empty body. This
//! pass makes an empty body `None`. The lowering marks the operations.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Item, ReturnType, Type, parse_quote};

use super::PassContext;
use super::tree::{generic_argument_mut, sends_mut, text_of};
use crate::lower::responses::is_optional;

/// The function that reads an optional response, as the text of its tokens.
pub(super) const OPTIONAL_READER: &str = "super :: optional_response";

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let mut any = false;
    for (builder, send) in sends_mut(tree)? {
        if !is_optional(&context.operation(&builder)?.object) {
            continue;
        }
        let value = response_mut(&mut send.sig.output)
            .ok_or_else(|| format!("{builder}::send returns no ResponseValue"))?;
        *value = parse_quote!(::std::option::Option<#value>);
        let mut read = ReplaceReader { count: 0 };
        read.visit_block_mut(&mut send.block);
        if read.count != 1 {
            return Err(format!("{builder}::send reads {} successes, not one", read.count));
        }
        any = true;
    }
    // With the runtime of twin-api, the pass `send` replaces the calls.
    if any && context.runtime == crate::Runtime::StandAlone {
        tree.items.push(reader());
    }
    Ok(())
}

/// Returns `T` of `Result<ResponseValue<T>, …>`.
fn response_mut(output: &mut ReturnType) -> Option<&mut Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    generic_argument_mut(generic_argument_mut(ty, "Result")?, "ResponseValue")
}

/// Replaces the reader in the arm of the successes.
struct ReplaceReader {
    count: usize,
}

impl VisitMut for ReplaceReader {
    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        if text_of(&arm.pat).contains("200") {
            visit_mut::visit_arm_mut(self, arm);
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::Call(call) = expression
            && text_of(&call.func) == "ResponseValue :: from_response"
        {
            self.count += 1;
            *call.func = parse_quote!(super::optional_response);
        }
    }
}

fn reader() -> Item {
    parse_quote! {
        /// Reads a response that may be empty: `T` is an `Option`, and an empty body is `None`.
        async fn optional_response<T: ::serde::de::DeserializeOwned, E>(
            response: ::reqwest::Response,
        ) -> Result<ResponseValue<T>, Error<E>> {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response.bytes().await.map_err(Error::ResponseBodyError)?;
            let json: &[u8] = if body.is_empty() { b"null" } else { &body };
            match ::serde_json::from_slice(json) {
                Ok(value) => Ok(ResponseValue::new(value, status, headers)),
                Err(error) => Err(Error::InvalidResponsePayload(body, error)),
            }
        }
    }
}
