//! Converts names of the API to Rust names, and compares the two.
//!
//! progenitor and typify convert names with the crate heck. This module reimplements its rule, to find
//! collisions before they generate code.

/// The case of a Rust name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Types and variants.
    Pascal,
    /// Functions, fields and parameters.
    Snake,
}

/// Returns the Rust name of a type or variant.
pub(crate) fn pascal(name: &str) -> String {
    sanitize(name, Case::Pascal)
}

/// Returns a type name that typify does not change again.
///
/// typify converts `a_b` to `AB`, but `AB` to `Ab`.
pub(crate) fn type_name(name: &str) -> String {
    let mut name = pascal(name);
    // Only mixed scripts need more than one round.
    for _ in 0..4 {
        name = pascal(&name);
    }
    name
}

/// Returns the Rust name of a function, field or parameter.
pub(crate) fn snake(name: &str) -> String {
    sanitize(name, Case::Snake)
}

/// Returns the names of an enum's variants, or `None` if two are equal.
///
/// If the names collide, it tries again with `X` in place of each character that is not allowed in
/// an identifier, as typify does.
pub(crate) fn variants<'a>(values: impl Iterator<Item = &'a str> + Clone) -> Option<Vec<String>> {
    let plain: Vec<String> = values.clone().map(pascal).collect();
    if all_different(&plain) {
        return Some(plain);
    }
    let marked: Vec<String> = values
        .map(|value| pascal(&value.replace(|c: char| c == '_' || !continues_ident(c), "X")))
        .collect();
    all_different(&marked).then_some(marked)
}

/// Returns whether an API name and a Rust identifier differ only in case and punctuation.
pub(crate) fn same_ident(api: &str, ident: &str) -> bool {
    letters_in(api).eq(letters_in(ident))
}

/// Reduces an API name or an identifier to the letters that both share.
pub(crate) fn letters(name: &str) -> String {
    letters_in(name).collect()
}

fn letters_in(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

fn all_different(names: &[String]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    names.iter().all(|name| seen.insert(name))
}

fn sanitize(name: &str, case: Case) -> String {
    let cased = match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        _ => recase(&name.replace('\'', "").replace(|c: char| !continues_ident(c), "-"), case),
    };
    let prefixed = match cased.chars().next() {
        Some(first) if starts_ident(first) => cased,
        _ => format!("{}{cased}", if case == Case::Pascal { "X" } else { "x" }),
    };
    if is_keyword(&prefixed) { format!("{prefixed}_") } else { prefixed }
}

fn continues_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_ident(c: char) -> bool {
    c.is_alphabetic()
}

fn recase(name: &str, case: Case) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).flat_map(words);
    let mut out = String::new();
    for word in words {
        match case {
            Case::Snake => {
                if !out.is_empty() {
                    out.push('_');
                }
                out.push_str(&word.to_lowercase());
            }
            Case::Pascal => {
                let mut chars = word.chars();
                out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
                out.push_str(&chars.as_str().to_lowercase());
            }
        }
    }
    out
}

/// Splits a name into words: `HTTPStatus2Code` → `HTTP`, `Status2`, `Code`.
fn words(run: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut upper_before, mut lower_before) = (0, false, false);
    let mut chars = run.char_indices().peekable();
    while let Some((at, current)) = chars.next() {
        let Some(&(next_at, next)) = chars.peek() else { break };
        let lower = current.is_lowercase() || (lower_before && !current.is_uppercase());
        if lower && next.is_uppercase() {
            found.push(&run[start..next_at]);
            (start, upper_before, lower_before) = (next_at, false, false);
        } else if upper_before && current.is_uppercase() && next.is_lowercase() {
            found.push(&run[start..at]);
            (start, upper_before, lower_before) = (at, false, false);
        } else {
            upper_before = current.is_uppercase() || (upper_before && !current.is_lowercase());
            lower_before = lower;
        }
    }
    if start < run.len() {
        found.push(&run[start..]);
    }
    found
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "_", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
        "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
        "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
        "pub", "ref", "return", "Self", "self", "static", "struct", "super", "trait", "true",
        "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ];
    KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_names_as_heck_does() {
        for (name, expected_pascal, expected_snake) in [
            ("list_runs", "ListRuns", "list_runs"),
            ("listRuns", "ListRuns", "list_runs"),
            ("HTTPStatus2Code", "HttpStatus2Code", "http_status2_code"),
            ("X-API-Key", "XApiKey", "x_api_key"),
            ("type", "Type", "type_"),
            ("self", "Self_", "self_"),
            ("$filter", "Filter", "filter"),
            ("2fa", "X2fa", "x2fa"),
            ("", "X", "x"),
            ("it's", "Its", "its"),
            ("+1", "plus1", "plus1"),
        ] {
            assert_eq!(
                (pascal(name).as_str(), snake(name).as_str()),
                (expected_pascal, expected_snake)
            );
        }
    }

    #[test]
    fn replaces_characters_by_x_if_variant_names_collide() {
        assert_eq!(variants(["a", "b"].into_iter()), Some(vec!["A".into(), "B".into()]));
        assert_eq!(variants(["<", "<="].into_iter()), Some(vec!["X".into(), "Xx".into()]));
        assert_eq!(variants(["ab", "AB", "Ab"].into_iter()), None);
    }
}
