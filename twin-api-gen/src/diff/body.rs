//! Compares request bodies, and the media types of requests and responses.

use std::collections::BTreeMap;

use super::document::Loc;
use super::exchange::Scope;
use super::rules::{self, ChangeRule};

pub(super) fn compare<'a>(scope: &mut Scope<'_, 'a>, old: &Loc<'a>, new: &Loc<'a>) {
    let before = old.get("requestBody").map(|body| scope.graph.old.follow(body));
    let after = new.get("requestBody").map(|body| scope.graph.new.follow(body));
    match (before, after) {
        (None, None) => {}
        (Some(old), None) => {
            scope.find(&rules::BODY_REMOVED, &old, "the request body was removed");
        }
        (None, Some(new)) if new.flag("required") => {
            let message = "a request body is new and required";
            scope.find(&rules::BODY_REQUIRED_ADDED, &new, message);
        }
        (None, Some(new)) => {
            let message = "a request body is new and optional";
            scope.find(&rules::BODY_OPTIONAL_ADDED, &new, message);
        }
        (Some(old), Some(new)) => both(scope, &old, &new),
    }
}

fn both<'a>(scope: &mut Scope<'_, 'a>, old: &Loc<'a>, new: &Loc<'a>) {
    match (old.flag("required"), new.flag("required")) {
        (false, true) => {
            let message = "the request body was optional and is required";
            scope.find(&rules::BODY_BECAME_REQUIRED, new, message);
        }
        (true, false) => {
            let message = "the request body was required and is optional";
            scope.find(&rules::BODY_BECAME_OPTIONAL, new, message);
        }
        _ => {}
    }
    if old.value.get("description") != new.value.get("description") {
        let message = "the documentation of the request body changed";
        scope.find(&rules::BODY_DESCRIPTION, new, message);
    }
    let rules = (&rules::BODY_MEDIA_TYPE_ADDED, &rules::BODY_MEDIA_TYPE_REMOVED);
    for (name, old, new) in contents(scope, rules, "request body", old, new) {
        if old.value.get("encoding") != new.value.get("encoding") {
            let message = format!("the encoding of the request body as `{name}` changed");
            scope.find(&rules::BODY_ENCODING, &new, message);
        }
        let direction = scope.sent;
        scope.schemas("request body".to_owned(), old.get("schema"), new.get("schema"), direction);
    }
}

/// Reports added and removed media types, and returns those that both documents have.
pub(super) fn contents<'a>(
    scope: &mut Scope<'_, 'a>,
    (added, removed): (&ChangeRule, &ChangeRule),
    context: &str,
    old: &Loc<'a>,
    new: &Loc<'a>,
) -> Vec<(String, Loc<'a>, Loc<'a>)> {
    let (mut before, after) = (media_types(old), media_types(new));
    let mut both = Vec::new();
    for (name, new) in after {
        match before.remove(&name) {
            Some(old) => both.push((name, old, new)),
            None => scope.find(added, &new, format!("{context}: media type `{name}` is new")),
        }
    }
    for (name, old) in before {
        scope.find(removed, &old, format!("{context}: media type `{name}` was removed"));
    }
    both
}

/// Returns the media types in lower case, without parameters such as `charset`.
fn media_types<'a>(holder: &Loc<'a>) -> BTreeMap<String, Loc<'a>> {
    let content = holder.get("content");
    let name = |name: &str| name.split(';').next().unwrap_or(name).trim().to_ascii_lowercase();
    content.iter().flat_map(Loc::members).map(|(media, loc)| (name(media), loc)).collect()
}
