//! Parses a token stream item by item.
//!
//! `syn::parse2` copies the whole stream before it parses. For a large client the copy takes
//! hundreds of megabytes. This module parses one item at a time and then drops its tokens.

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{Item, ItemMod};

/// How an item that contains a brace ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Semicolon,
    Brace,
    /// With the brace of a module. Its items are parsed one by one.
    Module,
}

/// Parses the items of a file or of a module. An inner attribute is an error.
pub(super) fn parse(tokens: TokenStream) -> syn::Result<Vec<Item>> {
    let mut tokens = tokens.into_iter();
    let mut items = Vec::new();
    while let Some(item) = next(&mut tokens)? {
        items.push(item);
    }
    Ok(items)
}

fn next(tokens: &mut IntoIter) -> syn::Result<Option<Item>> {
    let mut item: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let mut is_last = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        if let TokenTree::Group(group) = &token
            && group.delimiter() == Delimiter::Brace
        {
            match end(&item) {
                End::Semicolon => {}
                End::Brace => is_last = true,
                End::Module => {
                    let content = group.stream();
                    drop(token);
                    return module(item, content).map(Some);
                }
            }
        }
        item.push(token);
        if is_last {
            break;
        }
    }
    if item.is_empty() { Ok(None) } else { syn::parse2(item.into_iter().collect()).map(Some) }
}

/// Returns how an item ends whose tokens before the first brace are `head`.
fn end(head: &[TokenTree]) -> End {
    for (index, token) in head.iter().enumerate() {
        let TokenTree::Ident(ident) = token else { continue };
        return match ident.to_string().as_str() {
            "mod" => End::Module,
            "use" | "static" | "type" => End::Semicolon,
            // `const fn` and `const unsafe fn` have a body; in `const NAME: Type` a colon follows.
            "const" if matches!(head.get(index + 2), Some(TokenTree::Punct(_))) => End::Semicolon,
            "pub" | "unsafe" | "extern" => continue,
            _ => End::Brace,
        };
    }
    End::Brace
}

fn module(mut head: Vec<TokenTree>, content: TokenStream) -> syn::Result<Item> {
    head.push(Group::new(Delimiter::Brace, TokenStream::new()).into());
    let mut module: ItemMod = syn::parse2(head.into_iter().collect())?;
    if let Some((_, items)) = &mut module.content {
        *items = parse(content)?;
    }
    Ok(Item::Mod(module))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn parses_the_same_items_as_syn() {
        let tokens = quote! {
            use a::{b, c};
            pub use d::{self, E};
            /// A brace in a value.
            const A: B = B { c: 1 };
            pub(crate) static D: [u8; 2] = { [1, 2] };
            type F = [u8; { 1 }];
            struct G;
            struct H(u8);
            #[derive(Debug)]
            pub struct I { j: u8 }
            impl I { const fn k() {} }
            pub const fn l() -> u8 { 1 }
            unsafe extern "C" fn m() {}
            macro_rules! n { () => {}; }
            n! {}
            n!();
            pub mod o { mod p {} pub enum Q { R, S } mod t; }
            union U { v: u8 }
            trait W { fn x() {} }
        };
        let whole: syn::File = syn::parse2(tokens.clone()).unwrap();
        let text = |items: &[Item]| quote!(#(#items)*).to_string();
        let items = parse(tokens).unwrap();
        assert_eq!((items.len(), text(&items)), (whole.items.len(), text(&whole.items)));
    }

    #[test]
    fn rejects_tokens_that_are_not_items() {
        for tokens in [quote!(struct A {}, 1), quote!(mod a { struct }), quote!(fn f() {} ;)] {
            assert!(parse(tokens).is_err());
        }
    }
}
