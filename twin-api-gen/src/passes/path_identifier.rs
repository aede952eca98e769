//! Keeps every path parameter within its segment.
//!
//! A URL parser removes empty segments, `.` and `..`, so that a request to delete the run `..` would
//! delete the agent. The URL standard also treats `\` as a slash. Therefore every parameter goes
//! through `path_segment`, a function that this pass adds. It rejects such values and percent-encodes
//! all others.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::visit_mut::VisitMut;

use super::PassContext;
use super::tree::sends_mut;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let mut total = 0;
    for (builder, send) in sends_mut(tree)? {
        let mut rewrite = EncodeSegments { count: 0 };
        rewrite.visit_block_mut(&mut send.block);
        let expected = context
            .operations
            .iter()
            .find(|operation| operation.builder == builder)
            .map_or(0, |operation| operation.path.matches('{').count());
        if rewrite.count != expected {
            return Err(format!(
                "{builder}: the path has {expected} parameters, {} are encoded",
                rewrite.count
            ));
        }
        total += expected;
    }
    if total > 0 {
        tree.items.push(path_segment());
    }
    Ok(())
}

fn path_segment() -> syn::Item {
    syn::parse_quote! {
        /// Encodes `value` as one path segment, or returns why it cannot be one.
        fn path_segment(name: &str, value: &str) -> ::std::result::Result<String, String> {
            match value {
                "" | "." | ".." => Err(format!(
                    "{name} must not be {value:?}: as a path segment it would address another resource"
                )),
                _ => Ok(encode_path(value).replace('\\', "%5C")),
            }
        }
    }
}

/// Rewrites `encode_path(&name.to_string())` in `format!(…)`.
struct EncodeSegments {
    count: usize,
}

impl VisitMut for EncodeSegments {
    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        if call.path.is_ident("format") {
            call.tokens = self.tokens(std::mem::take(&mut call.tokens));
        }
    }
}

impl EncodeSegments {
    fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut output = TokenStream::new();
        let mut input = tokens.into_iter().peekable();
        while let Some(token) = input.next() {
            if let (TokenTree::Ident(function), Some(TokenTree::Group(arguments))) =
                (&token, input.peek())
                && function == "encode_path"
                && let Some(name) = encoded(arguments)
            {
                input.next();
                self.count += 1;
                let text = super::ident_of(&name);
                output.extend(quote! {
                    super::path_segment(#text, &#name.to_string()).map_err(Error::InvalidRequest)?
                });
            } else {
                output.extend([token]);
            }
        }
        output
    }
}

/// Returns `name` of `(&name.to_string())`.
fn encoded(arguments: &Group) -> Option<Ident> {
    let tokens: Vec<TokenTree> = arguments.stream().into_iter().collect();
    match tokens.as_slice() {
        [
            TokenTree::Punct(reference),
            TokenTree::Ident(name),
            TokenTree::Punct(dot),
            TokenTree::Ident(method),
            TokenTree::Group(empty),
        ] if arguments.delimiter() == Delimiter::Parenthesis
            && reference.as_char() == '&'
            && dot.as_char() == '.'
            && method == "to_string"
            && empty.stream().is_empty() =>
        {
            Some(name.clone())
        }
        _ => None,
    }
}
