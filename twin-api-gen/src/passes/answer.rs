//! A typed answer is read by `twin_api::transport`, not by `progenitor-client`.
//!
//! Where progenitor's own reading fails, status and headers are gone, nobody knows where in
//! the answer it was, and a key that the service quotes is shown. What refuses a request is
//! left alone: the transport has rewritten it so that it decodes.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, FieldPat, Ident, Pat, Stmt, parse_quote};

use super::Context;
use super::tree::{sends_mut, text_of};
use crate::Runtime;

/// The function that reads an answer.
pub(super) const DECODE: &str = "crate::transport::decode";

pub(super) fn apply(tree: &mut syn::File, context: &Context<'_>) -> Result<(), String> {
    if context.runtime == Runtime::StandAlone {
        return Ok(());
    }
    for (builder, send) in sends_mut(tree)? {
        let answers = text_of(&send.sig.output).replace(' ', "");
        let expected = usize::from(!answers.contains("Result<ResponseValue<()>,"));
        let client = client(&send.block)
            .ok_or_else(|| format!("{builder}::send does not begin with its client"))?;
        let mut rewrite = Rewrite { client, count: 0 };
        rewrite.visit_block_mut(&mut send.block);
        if rewrite.count != expected {
            return Err(format!(
                "{builder}::send has {expected} typed answers, {} are decoded",
                rewrite.count
            ));
        }
    }
    Ok(())
}

/// What `let Self { client, … } = self` calls the client: another name where a parameter has
/// this one.
fn client(block: &syn::Block) -> Option<Ident> {
    let Some(Stmt::Local(local)) = block.stmts.first() else { return None };
    let Pat::Struct(pattern) = &local.pat else { return None };
    let FieldPat { member: syn::Member::Named(client), .. } = pattern.fields.first()? else {
        return None;
    };
    Some(client.clone())
}

/// Rewrites `ResponseValue::from_response(response)` in the arm of the successes.
struct Rewrite {
    client: Ident,
    count: usize,
}

impl VisitMut for Rewrite {
    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        if text_of(&arm.pat).contains("200") {
            visit_mut::visit_arm_mut(self, arm);
        }
    }

    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        if text_of(&call.func).replace(' ', "") == "ResponseValue::from_response" {
            let client = &self.client;
            let function: Expr = parse_quote!(crate::transport::decode);
            *call.func = function;
            call.args.insert(0, parse_quote!(#client));
            self.count += 1;
        }
        visit_mut::visit_expr_call_mut(self, call);
    }
}
