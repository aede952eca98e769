//! Sends parameters and bodies with the names and formats of the API.
//!
//! progenitor sends a parameter under its Rust identifier. It supports only few media types, and no
//! cookies, objects in a query or list styles. The lowering describes a request that progenitor
//! supports, and records the intended format. This pass rewrites the generated request to that format.
//! It also rewrites the calls for OPTIONS and TRACE requests, for which reqwest has no function.

mod helpers;

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprLit, ExprMethodCall, Ident, ImplItemFn, Lit, Member, parse_quote};

use super::PassContext;
use super::tree::{GeneratedOperation, sends_mut, text_of};
use crate::lower::bodies::{FORM_STYLES, MEDIA_TYPE};
use crate::lower::parameters::WIRE;
use crate::lower::responses::ACCEPT;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let mut used = helpers::UsedHelpers::default();
    for (builder, send) in sends_mut(tree)? {
        let operation = context.operation(&builder)?;
        parameters(send, operation, &mut used)
            .and_then(|()| body(send, operation, &mut used))
            .map_err(|cause| format!("in {builder}::send: {cause}"))?;
    }
    tree.items.extend(used.items());
    Ok(())
}

fn parameters(
    send: &mut ImplItemFn,
    operation: &GeneratedOperation,
    used: &mut helpers::UsedHelpers,
) -> Result<(), String> {
    for parameter in &operation.parameters {
        let Some(wire) = parameter.get(WIRE).filter(|_| parameter["in"] != "path") else {
            continue;
        };
        let name = parameter["name"].as_str().unwrap_or_default();
        let form = match (wire["in"].as_str(), wire["style"].as_str()) {
            (Some("cookie"), _) => Form::Cookie,
            (_, Some("brackets")) => Form::Brackets,
            _ => Form::Plain,
        };
        used.cookie |= form == Form::Cookie;
        used.brackets |= form == Form::Brackets;
        let wire = wire["name"].as_str().unwrap_or(name);
        let mut rename = Rename { name, wire, form, count: 0 };
        rename.visit_block_mut(&mut send.block);
        if rename.count != 1 {
            return Err(format!("{name} is sent {} times, not once", rename.count));
        }
    }
    Ok(())
}

fn body(
    send: &mut ImplItemFn,
    operation: &GeneratedOperation,
    used: &mut helpers::UsedHelpers,
) -> Result<(), String> {
    let text = |key: &str| operation.object[key].as_str();
    let content = operation.object["requestBody"]["content"].as_object();
    let is_form = content.is_some_and(|all| all.contains_key("application/x-www-form-urlencoded"));
    let mut rewrite = SetMediaTypes {
        media_type: text(MEDIA_TYPE),
        accept: text(ACCEPT),
        form: is_form.then(|| styles(operation)),
        typed: 0,
        forms: 0,
    };
    rewrite.visit_block_mut(&mut send.block);
    if rewrite.media_type.is_some() && rewrite.typed != 1 {
        return Err(format!("the body has a media type {} times, not once", rewrite.typed));
    }
    if rewrite.forms != usize::from(is_form) {
        return Err(format!("{} forms are sent", rewrite.forms));
    }
    used.form |= is_form;
    Ok(())
}

/// Builds `&[("name", "style")]` for the members with another style than the default.
fn styles(operation: &GeneratedOperation) -> Expr {
    let styles = operation.object[FORM_STYLES].as_object().into_iter().flatten();
    let pairs = styles.map(|(name, style)| {
        let style = style.as_str().unwrap_or_default();
        quote::quote!((#name, #style))
    });
    parse_quote!(&[#(#pairs),*])
}

/// The format of a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// `name[member]=value` for each member of an object.
    Brackets,
    Cookie,
}

/// Sends the parameter `name` as `wire`.
struct Rename<'a> {
    name: &'a str,
    wire: &'a str,
    form: Form,
    count: usize,
}

impl Rename<'_> {
    fn is_meant(&self, expression: Option<&Expr>) -> bool {
        matches!(expression, Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))
            if text.value() == self.name)
    }
}

impl VisitMut for Rename<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        let wire = self.wire;
        match expression {
            Expr::Reference(reference) => {
                let Expr::Call(call) = &mut *reference.expr else { return };
                let is_query = text_of(&call.func).ends_with("QueryParam :: new");
                if !is_query || !self.is_meant(call.args.first()) {
                    return;
                }
                self.count += 1;
                match (self.form, call.args.get(1).cloned()) {
                    (Form::Brackets, Some(value)) => {
                        *reference.expr = parse_quote! {
                            super::in_brackets(#wire, #value).map_err(Error::InvalidRequest)?
                        };
                    }
                    _ => call.args[0] = parse_quote!(#wire),
                }
            }
            Expr::MethodCall(call) if call.method == "append" => {
                if text_of(&call.receiver) != "header_map" || !self.is_meant(call.args.first()) {
                    return;
                }
                self.count += 1;
                match (self.form, call.args.get(1).and_then(text_value)) {
                    (Form::Cookie, Some(value)) => {
                        *expression = parse_quote! {
                            super::add_cookie(&mut header_map, #wire, &#value)
                                .map_err(Error::InvalidRequest)?
                        };
                    }
                    _ => call.args[0] = parse_quote!(#wire),
                }
            }
            _ => {}
        }
    }
}

/// Returns `value.to_string()` of `value.to_string().try_into()?`.
fn text_value(expression: &Expr) -> Option<Expr> {
    let Expr::Try(attempt) = expression else { return None };
    match &*attempt.expr {
        Expr::MethodCall(call) if call.method == "try_into" => Some((*call.receiver).clone()),
        _ => None,
    }
}

/// Sets the media types that the document names.
struct SetMediaTypes<'a> {
    media_type: Option<&'a str>,
    accept: Option<&'a str>,
    form: Option<Expr>,
    /// The number of times that the media type was set.
    typed: usize,
    /// The number of forms that were found.
    forms: usize,
}

impl VisitMut for SetMediaTypes<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        let Expr::MethodCall(call) = expression else { return };
        match call.method.to_string().as_str() {
            "options" if begins_request(call) => with_method(call, &parse_quote!(OPTIONS)),
            "trace" if begins_request(call) => with_method(call, &parse_quote!(TRACE)),
            "json" if is_body(call) => self.with_media_type(expression),
            "form_urlencoded" if is_body(call) => {
                if let Some(styles) = &self.form {
                    self.forms += 1;
                    call.args[0] = parse_quote! {
                        &super::form_pairs(&body, #styles).map_err(Error::InvalidRequest)?
                    };
                    if self.media_type.is_some() {
                        self.with_media_type(expression);
                    }
                }
            }
            "header" if names(call, "CONTENT_TYPE") => {
                // This pass has already rewritten it.
                if let Some(media_type) = self.media_type.filter(|_| self.typed == 0) {
                    self.typed += 1;
                    call.args[1] =
                        parse_quote!(::reqwest::header::HeaderValue::from_static(#media_type));
                }
            }
            "header" if names(call, "ACCEPT") => {
                if let Some(accept) = self.accept {
                    call.args[1] =
                        parse_quote!(::reqwest::header::HeaderValue::from_static(#accept));
                }
            }
            _ => {}
        }
    }
}

impl SetMediaTypes<'_> {
    /// Sets the content type. reqwest sets its own only if there is none.
    fn with_media_type(&mut self, expression: &mut Expr) {
        let (Some(media_type), Expr::MethodCall(call)) = (self.media_type, &mut *expression) else {
            return;
        };
        self.typed += 1;
        let receiver = (*call.receiver).clone();
        *call.receiver = parse_quote! {
            #receiver.header(
                ::reqwest::header::CONTENT_TYPE,
                ::reqwest::header::HeaderValue::from_static(#media_type),
            )
        };
    }
}

/// Returns whether the call is a function of `reqwest::Client`: `client.client.trace(url)`.
fn begins_request(call: &ExprMethodCall) -> bool {
    call.args.len() == 1
        && matches!(&*call.receiver, Expr::Field(field)
            if matches!(&field.member, Member::Named(name) if name == "client"))
}

/// Rewrites `client.client.trace(url)` to `client.client.request(Method::TRACE, url)`.
fn with_method(call: &mut ExprMethodCall, method: &Ident) {
    call.method = parse_quote!(request);
    call.args.insert(0, parse_quote!(::reqwest::Method::#method));
}

fn is_body(call: &ExprMethodCall) -> bool {
    text_of(&call.args) == "& body"
}

fn names(call: &ExprMethodCall, header: &str) -> bool {
    match call.args.first() {
        Some(Expr::Path(path)) if call.args.len() == 2 => {
            path.path.segments.last().is_some_and(|segment| segment.ident == header)
        }
        _ => false,
    }
}
