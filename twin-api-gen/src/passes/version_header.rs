//! Removes the header `api-version`. The service ignores it, and a version that is not ASCII would
//! make every request panic.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItemFn, Pat, Stmt};

use super::PassContext;
use super::tree::{sends_mut, text_of};

pub(super) fn apply(tree: &mut syn::File, _: &PassContext<'_>) -> Result<(), String> {
    for (builder, send) in sends_mut(tree)? {
        strip(send).map_err(|cause| format!("in {builder}::send: {cause}"))?;
    }
    Ok(())
}

fn strip(send: &mut ImplItemFn) -> Result<(), String> {
    let statements = &mut send.block.stmts;
    let before = statements.len();
    statements.retain(|statement| !appends_version(statement));
    if before - statements.len() != 1 {
        return Err("expected one statement that appends api-version".to_owned());
    }
    // A header parameter of the operation uses the same map, which then stays.
    if statements.iter().any(appends) {
        return Ok(());
    }
    let before = statements.len();
    statements.retain(|statement| !declares_map(statement));
    let mut unused = DropHeaders { dropped: 0 };
    unused.visit_block_mut(&mut send.block);
    match (before - send.block.stmts.len(), unused.dropped) {
        (1, 1) => Ok(()),
        _ => Err("expected one header_map and one use of it".to_owned()),
    }
}

fn appends_version(statement: &Stmt) -> bool {
    let text = text_of(statement);
    appends(statement) && text.contains("\"api-version\"") && text.contains("api_version ()")
}

fn appends(statement: &Stmt) -> bool {
    text_of(statement).contains("header_map . append")
}

fn declares_map(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Local(local)
        if matches!(&local.pat, Pat::Ident(pattern) if pattern.ident == "header_map"))
}

/// Removes `.headers(header_map)` from the chain that builds the request.
struct DropHeaders {
    dropped: usize,
}

impl VisitMut for DropHeaders {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression
            && call.method == "headers"
            && call.args.len() == 1
            && text_of(&call.args) == "header_map"
        {
            let receiver = (*call.receiver).clone();
            *expression = receiver;
            self.dropped += 1;
        }
    }
}
