//! Makes every `send` call a function of `twin_api::transport`.
//!
//! progenitor's own code loses the status and the headers if a response cannot be decoded, and its
//! error type cannot hold what a transport reports. This pass replaces everything after `.build()`,
//! and the error type. Stand-alone output keeps progenitor's code.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, ExprMethodCall, GenericArgument, Ident, Item, ItemImpl, Pat, PathArguments, Stmt, Type,
    parse_quote,
};

use super::tree::{
    GeneratedOperation, as_fn_mut, generic_argument, inherent_impls_mut, items_of_mut,
    last_segment, text_of,
};
use super::{PassContext, ident_of};
use crate::Runtime;
use crate::lower::responses::is_optional;

/// The function that sends a request and decodes its response.
pub(super) const SEND: &str = "crate::transport::send";

/// Imports that the generated code no longer uses.
const UNUSED: [&str; 4] = ["ClientHooks", "Error", "OperationInfo", "RequestBuilderExt"];

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    if context.runtime == Runtime::StandAlone {
        return Ok(());
    }
    remove_hooks(tree)?;
    let builders = items_of_mut(&mut tree.items, "builder")?;
    let mut calls = Vec::new();
    for (builder, item) in inherent_impls_mut(builders) {
        let operation = context.operation(&builder)?;
        calls.push(
            rewrite(item, operation).map_err(|cause| format!("in {builder}::send: {cause}"))?,
        );
    }
    builders.extend(calls);
    builders.iter_mut().for_each(drop_imports);
    tree.items.iter_mut().for_each(drop_imports);
    add_problem(tree)
}

/// Rewrites the `send` of a builder, and returns its implementation of `Call`.
fn rewrite(item: &mut ItemImpl, operation: &GeneratedOperation) -> Result<Item, String> {
    let mut functions = item.items.iter_mut().filter_map(as_fn_mut);
    let send =
        functions.find(|function| function.sig.ident == "send").ok_or("it does not exist")?;
    let response = response_type(&mut send.sig.output)?;
    let client = client(&send.block).ok_or("it does not begin with its client")?;

    let mut rewrite = ReplaceErrors { failed: None };
    rewrite.visit_block_mut(&mut send.block);
    if let Some(cause) = rewrite.failed {
        return Err(cause);
    }
    let statements = &mut send.block.stmts;
    let built = statements.iter_mut().position(unwrap_build);
    statements.truncate(built.ok_or("it builds no request")? + 1);
    let request = local(statements.last()).ok_or("the request has no name")?;

    let value =
        generic_argument(&response, "ResponseValue").ok_or("it does not return a ResponseValue")?;
    let (function, is_stream) = match last_segment(value).as_deref() {
        Some("ByteStream") => (parse_quote!(crate::transport::stream), true),
        Some("Upgraded") => return Err("an upgraded connection is not supported".to_owned()),
        _ if text_of(value) == "()" => (parse_quote!(crate::transport::send_empty), false),
        _ => (syn::parse_str::<Expr>(SEND).map_err(|error| error.to_string())?, false),
    };
    let info = info();
    statements.push(Stmt::Expr(
        parse_quote!(#function(&#client.client, &#client.inner, #request, #info).await),
        None,
    ));
    Ok(call(&item.self_ty, &response, operation, is_stream))
}

/// Returns an expression for the `OperationInfo` of the builder.
fn info() -> TokenStream {
    quote!(<Self as crate::Call>::OPERATION)
}

/// Returns `ResponseValue<T>` of `Result<ResponseValue<T>, Error<E>>` and replaces the error type.
fn response_type(output: &mut syn::ReturnType) -> Result<Type, String> {
    let syn::ReturnType::Type(_, ty) = output else { return Err("it returns nothing".to_owned()) };
    let Type::Path(path) = &mut **ty else { return Err("it returns no Result".to_owned()) };
    let last = path.path.segments.last_mut().ok_or("it returns no Result")?;
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
        return Err("its Result has no types".to_owned());
    };
    let mut types = arguments.args.iter_mut();
    match (types.next(), types.next()) {
        (Some(GenericArgument::Type(response)), Some(error)) => {
            *error = parse_quote!(crate::Error);
            Ok(response.clone())
        }
        _ => Err("its Result has no types".to_owned()),
    }
}

/// Returns the name of the client in `let Self { client, … } = self`. It differs if a parameter is
/// named `client`.
fn client(block: &syn::Block) -> Option<Ident> {
    let Some(Stmt::Local(local)) = block.stmts.first() else { return None };
    let Pat::Struct(pattern) = &local.pat else { return None };
    match &*pattern.fields.first()?.pat {
        Pat::Ident(bound) => Some(bound.ident.clone()),
        _ => None,
    }
}

/// Removes `mut` and `?` from `let mut request = ….build()?;`. Returns whether it is that
/// statement.
fn unwrap_build(statement: &mut Stmt) -> bool {
    let Stmt::Local(local) = statement else { return false };
    let Some(init) = local.init.as_mut() else { return false };
    let Expr::Try(attempt) = &*init.expr else { return false };
    let Expr::MethodCall(call) = &*attempt.expr else { return false };
    if call.method != "build" || !call.args.is_empty() {
        return false;
    }
    *init.expr = Expr::MethodCall(call.clone());
    local.attrs.clear();
    if let Pat::Ident(pattern) = &mut local.pat {
        pattern.mutability = None;
    }
    true
}

fn local(statement: Option<&Stmt>) -> Option<Ident> {
    let Some(Stmt::Local(local)) = statement else { return None };
    match &local.pat {
        Pat::Ident(pattern) => Some(pattern.ident.clone()),
        _ => None,
    }
}

/// Builds the replacement of `Error::InvalidRequest`, for a missing or invalid parameter.
fn invalid_request() -> TokenStream {
    let info = info();
    quote!(|message: ::std::string::String| crate::transport::invalid_request(#info, message))
}

fn is_variable(expression: &Expr, name: &str) -> bool {
    matches!(expression, Expr::Path(path) if path.path.is_ident(name))
}

fn is_invalid_request(expression: &Expr) -> bool {
    let Expr::Path(path) = expression else { return false };
    let segments: Vec<_> = path.path.segments.iter().collect();
    matches!(&segments[..], [first, second]
        if first.ident == "Error" && second.ident == "InvalidRequest")
}

/// Replaces the errors that occur before the request is sent.
struct ReplaceErrors {
    failed: Option<String>,
}

impl VisitMut for ReplaceErrors {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if is_invalid_request(expression) {
            let closure = invalid_request();
            *expression = parse_quote!(#closure);
            return;
        }
        visit_mut::visit_expr_mut(self, expression);
        let Expr::Try(attempt) = expression else { return };
        let Expr::MethodCall(call) = &*attempt.expr else { return };
        if call.method == "form_urlencoded" {
            let (request, body, info) = (&call.receiver, &call.args, info());
            *expression = parse_quote!(crate::transport::form(#request, #body, #info)?);
        }
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        visit_mut::visit_expr_method_call_mut(self, call);
        if call.method == "append" && is_variable(&call.receiver, "header_map") {
            match header(call) {
                Some(value) => call.args[1] = value,
                None => self.failed = Some("a header is set in an unexpected way".to_owned()),
            }
        }
    }

    /// Rewrites the arguments of `format!`, which builds the path. syn does not parse them, so this
    /// works on tokens.
    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        call.tokens = tokens(std::mem::take(&mut call.tokens));
    }
}

/// Returns the value of `header_map.append(name, ….try_into()?)` with our error.
fn header(call: &ExprMethodCall) -> Option<Expr> {
    let (name, value) = (call.args.first()?, call.args.get(1)?);
    let Expr::Try(attempt) = value else { return None };
    let Expr::MethodCall(conversion) = &*attempt.expr else { return None };
    let text = (conversion.method == "try_into").then_some(&conversion.receiver)?;
    let info = info();
    Some(parse_quote! {
        ::reqwest::header::HeaderValue::try_from(#text)
            .map_err(|_| crate::transport::invalid_header(#info, #name))?
    })
}

/// Replaces `Error::InvalidRequest` in the tokens of a macro.
fn tokens(input: TokenStream) -> TokenStream {
    let mut output: Vec<TokenTree> = Vec::new();
    for token in input {
        let token = match token {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), tokens(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        };
        output.push(token);
        let path = output.len().checked_sub(4).map(|start| &output[start..]);
        let is_error = path.is_some_and(|path| match path {
            [
                TokenTree::Ident(first),
                TokenTree::Punct(_),
                TokenTree::Punct(_),
                TokenTree::Ident(last),
            ] => first == "Error" && last == "InvalidRequest",
            _ => false,
        });
        if is_error {
            output.truncate(output.len() - 4);
            output.extend(invalid_request());
        }
    }
    output.into_iter().collect()
}

/// Implements `Call` for a builder.
fn call(builder: &Type, response: &Type, operation: &GeneratedOperation, is_stream: bool) -> Item {
    let name = operation.object["operationId"].as_str().unwrap_or(&operation.function);
    let (method, path) = (operation.method.to_uppercase(), &operation.path);
    let streamed = is_stream.then(|| quote!(.streamed()));
    let optional = is_optional(&operation.object).then(|| quote!(.or_empty()));
    parse_quote! {
        impl<'a> crate::Call for #builder {
            const OPERATION: &'static crate::transport::OperationInfo =
                &crate::transport::OperationInfo::new(#name, #method, #path) #streamed #optional;
            type Response = #response;
            fn call(
                self,
            ) -> impl ::std::future::Future<Output = Result<Self::Response, crate::Error>>
                + ::std::marker::Send {
                self.send()
            }
        }
    }
}

/// Removes progenitor's assertion that its hooks are implemented.
fn remove_hooks(tree: &mut syn::File) -> Result<(), String> {
    let before = tree.items.len();
    tree.items.retain(|item| !matches!(item, Item::Const(item) if item.ident == "_"));
    match before - tree.items.len() {
        1 => Ok(()),
        count => Err(format!("expected one assertion of the hooks, found {count}")),
    }
}

fn drop_imports(item: &mut Item) {
    let Item::Use(item) = item else { return };
    drop_names(&mut item.tree);
}

fn drop_names(tree: &mut syn::UseTree) {
    match tree {
        syn::UseTree::Path(path) => drop_names(&mut path.tree),
        syn::UseTree::Group(group) => {
            let kept = group.items.iter().filter(|item| match item {
                syn::UseTree::Name(name) => !UNUSED.contains(&ident_of(&name.ident).as_str()),
                _ => true,
            });
            group.items = kept.cloned().collect();
        }
        _ => {}
    }
}

/// Replaces the type of error responses by the hand-written one, under the same name.
fn add_problem(tree: &mut syn::File) -> Result<(), String> {
    let types = items_of_mut(&mut tree.items, "types")?;
    let taken = types.iter().any(|item| match item {
        Item::Struct(item) => item.ident == "Problem",
        Item::Enum(item) => item.ident == "Problem",
        Item::Type(item) => item.ident == "Problem",
        _ => false,
    });
    if !taken {
        types.push(parse_quote!(
            pub use crate::Problem;
        ));
    }
    Ok(())
}
