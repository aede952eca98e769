//! Compares the credentials that an operation accepts.
//!
//! Security schemes are compared by their content, not by their name. A request needs all scopes
//! of an alternative, so an additional scope is breaking.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{ComparedDocument, Exchange, Loc};
use super::exchange::Scope;
use super::rules;

/// Schemes as text, with the scopes that each needs.
type Alternatives<'a> = BTreeMap<Vec<String>, BTreeSet<&'a str>>;

pub(super) fn compare<'a>(scope: &mut Scope<'_, 'a>, old: &Exchange<'a>, new: &Exchange<'a>) {
    let before = read(&scope.graph.old, old.security.as_ref());
    let after = read(&scope.graph.new, new.security.as_ref());
    let at = new.security.as_ref().unwrap_or(&new.operation);
    match (is_open(&before), is_open(&after)) {
        (true, true) => return,
        (true, false) => {
            let message = "the operation now needs credentials";
            return scope.find(&rules::SECURITY_ADDED, at, message);
        }
        (false, true) => {
            let message = "the operation no longer needs credentials";
            return scope.find(&rules::SECURITY_REMOVED, at, message);
        }
        (false, false) => {}
    }
    for gone in before.keys().filter(|schemes| !after.contains_key(*schemes)) {
        let message = format!("{} is no longer accepted", show(gone));
        scope.find(&rules::SECURITY_ALTERNATIVE_REMOVED, at, message);
    }
    for (schemes, scopes) in &after {
        let Some(earlier) = before.get(schemes) else {
            let message = format!("{} is now accepted", show(schemes));
            scope.find(&rules::SECURITY_ALTERNATIVE_ADDED, at, message);
            continue;
        };
        for name in scopes.difference(earlier) {
            let message = format!("{} now needs the scope `{name}`", show(schemes));
            scope.find(&rules::SECURITY_SCOPE_ADDED, at, message);
        }
        for name in earlier.difference(scopes) {
            let message = format!("{} no longer needs the scope `{name}`", show(schemes));
            scope.find(&rules::SECURITY_SCOPE_REMOVED, at, message);
        }
    }
}

/// Returns whether an anonymous request is accepted.
fn is_open(alternatives: &Alternatives<'_>) -> bool {
    alternatives.is_empty() || alternatives.contains_key(&Vec::new())
}

fn show(schemes: &[String]) -> String {
    format!("authentication by {}", schemes.join(" and "))
}

fn read<'a>(document: &ComparedDocument<'a>, security: Option<&Loc<'a>>) -> Alternatives<'a> {
    let mut found = Alternatives::new();
    for requirement in security.into_iter().flat_map(Loc::items) {
        let mut schemes = Vec::new();
        let mut scopes = BTreeSet::new();
        for (name, needed) in requirement.members() {
            schemes.push(scheme(document, name));
            scopes.extend(needed.items().filter_map(|scope| scope.value.as_str()));
        }
        schemes.sort_unstable();
        found.insert(schemes, scopes);
    }
    found
}

/// Describes a scheme by its content, without descriptions and URLs.
fn scheme(document: &ComparedDocument<'_>, name: &str) -> String {
    let declared = document.at("/components/securitySchemes").and_then(|all| all.get(name));
    let Some(declared) = declared else { return format!("the unknown scheme `{name}`") };
    let declared = document.follow(declared);
    match (declared.text("type"), declared.text("in"), declared.text("name")) {
        (Some("apiKey"), Some("header"), Some(name)) => {
            format!("the header `{}`", name.to_ascii_lowercase())
        }
        (Some("apiKey"), Some(place), Some(name)) => format!("the {place} value `{name}`"),
        (Some("http"), ..) => {
            format!("HTTP {}", declared.text("scheme").unwrap_or_default().to_ascii_lowercase())
        }
        (Some("oauth2"), ..) => {
            let flows = declared.get("flows");
            let flows: Vec<&str> =
                flows.iter().flat_map(Loc::members).map(|(name, _)| name).collect();
            format!("OAuth 2 ({})", flows.join(", "))
        }
        (Some(other), ..) => other.to_owned(),
        (None, ..) => format!("the scheme `{name}` without a type"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn describes_a_security_scheme_by_content() {
        let root: Value = json!({"components": {"securitySchemes": {
            "a": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "d"},
            "b": {"type": "http", "scheme": "Bearer"},
            "c": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://a"}}},
        }}});
        let document = ComparedDocument::new(&root);
        assert_eq!(scheme(&document, "a"), "the header `x-api-key`");
        assert_eq!(scheme(&document, "b"), "HTTP bearer");
        assert_eq!(scheme(&document, "c"), "OAuth 2 (implicit)");
        assert_eq!(scheme(&document, "d"), "the unknown scheme `d`");
    }
}
