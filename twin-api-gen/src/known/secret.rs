//! Checks that every secret member of `known.json` has a secret type in the generated code.
//!
//! The check reads the generated syntax tree instead of the document, because an overlay action or
//! a pass may replace the type.

use quote::ToTokens;
use syn::{Fields, Item, ItemStruct};

use super::Known;
use crate::Stage;
use crate::names::letters;
use crate::passes::{ident_of, items_of, serde_rename};
use crate::problem::{EditedFile, Problem};

/// The name of the Rust type that hides its value.
const SECRET: &str = "SecretString";

/// Returns a problem for each secret whose Rust type would print its value.
pub(crate) fn check(tree: &syn::File, known: &Known) -> Vec<Problem> {
    let types = items_of(&tree.items, "types").unwrap_or_default();
    let mut problems = Vec::new();
    for (entity, member) in known
        .entities
        .iter()
        .flat_map(|(name, entity)| entity.members().iter().map(move |member| (name, member)))
        .filter(|(_, member)| member.secret)
    {
        let found = types.iter().find_map(|item| match item {
            Item::Struct(item) if letters(&ident_of(&item.ident)) == letters(entity) => Some(item),
            _ => None,
        });
        let ty = found.and_then(|item| type_of(item, &member.name));
        if ty.as_ref().is_some_and(|ty| ty.contains(SECRET)) {
            continue;
        }
        let what = format!("{entity}.{} is a secret, but its type is not secret", member.name);
        let found = ty.unwrap_or_else(|| "no such field".to_owned());
        problems.push(Problem::new(Stage::Known, what).expected(SECRET, found).help(format!(
            "its value would appear in logs; look for an overlay action or an `upstream` in {} \
             that removes its format",
            EditedFile::Known.path()
        )));
    }
    problems
}

/// Returns the type of the field whose JSON name is `member`.
fn type_of(item: &ItemStruct, member: &str) -> Option<String> {
    let Fields::Named(fields) = &item.fields else { return None };
    let field = fields.named.iter().find(|field| {
        let name = field.ident.as_ref().map(ident_of).unwrap_or_default();
        serde_rename(&field.attrs).unwrap_or(name) == member
    })?;
    Some(field.ty.to_token_stream().to_string().replace(' ', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_with_a_plain_type_is_a_problem() {
        let known = Known::read(
            br#"{"entities": {"KeyMade": {"source": "s", "members": {
                "api_key": {"schema": {"type": "string"}, "secret": true},
                "name": {"schema": {"type": "string"}}}}}}"#,
        )
        .unwrap();
        let tree = |ty: &str| {
            let text = format!("pub mod types {{ pub struct KeyMade {{ pub api_key: {ty} }} }}");
            syn::parse_file(&text).unwrap()
        };
        assert_eq!(check(&tree("Option<::secrecy::SecretString>"), &known), []);
        let problems = check(&tree("String"), &known);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].found.as_deref(), Some("String"));
        let gone = syn::parse_file("pub mod types {}").unwrap();
        assert!(check(&gone, &known)[0].to_string().contains("no such field"));
    }
}
