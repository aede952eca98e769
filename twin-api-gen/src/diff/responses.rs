//! Compares the responses of an operation: statuses, headers and bodies.

use std::collections::BTreeMap;

use super::document::{ComparedDocument, Loc};
use super::exchange::Scope;
use super::{body, rules};

pub(super) fn compare<'a>(scope: &mut Scope<'_, 'a>, old: &Loc<'a>, new: &Loc<'a>) {
    let (before, after) = (statuses(&scope.graph.old, old), statuses(&scope.graph.new, new));
    for (status, at) in before.iter().filter(|(status, _)| !after.contains_key(*status)) {
        let rule = if is_success(status) { &rules::SUCCESS_REMOVED } else { &rules::ERROR_REMOVED };
        scope.find(rule, at, format!("response {status} was removed"));
    }
    for (status, new) in &after {
        match before.get(status) {
            Some(old) => both(scope, status, old, new),
            None if is_success(status) => {
                scope.find(&rules::SUCCESS_ADDED, new, format!("response {status} is new"));
            }
            None => scope.find(&rules::ERROR_ADDED, new, format!("response {status} is new")),
        }
    }
}

fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// Returns the responses by status. As in the client, `default` describes errors if a success
/// status is listed.
fn statuses<'a>(document: &ComparedDocument<'a>, operation: &Loc<'a>) -> BTreeMap<String, Loc<'a>> {
    let responses = operation.get("responses");
    let responses = responses.iter().flat_map(Loc::members);
    responses
        .filter(|(status, _)| !status.starts_with("x-"))
        .map(|(status, loc)| (status.to_ascii_uppercase(), document.follow(loc)))
        .collect()
}

fn both<'a>(scope: &mut Scope<'_, 'a>, status: &str, old: &Loc<'a>, new: &Loc<'a>) {
    let context = format!("response {status}");
    if old.value.get("description") != new.value.get("description") {
        let message = format!("the documentation of {context} changed");
        scope.find(&rules::RESPONSE_DESCRIPTION, new, message);
    }
    headers(scope, &context, old, new);
    let has_body = |response: &Loc<'_>| {
        response.get("content").is_some_and(|content| content.members().next().is_some())
    };
    match (has_body(old), has_body(new)) {
        (false, true) => {
            scope.find(&rules::RESPONSE_BODY_ADDED, new, format!("{context} now has a body"));
        }
        (true, false) => {
            let message = format!("{context} no longer has a body");
            scope.find(&rules::RESPONSE_BODY_REMOVED, new, message);
        }
        _ => {
            let rules = (&rules::RESPONSE_MEDIA_TYPE_ADDED, &rules::RESPONSE_MEDIA_TYPE_REMOVED);
            for (_, old, new) in body::contents(scope, rules, &context, old, new) {
                let direction = scope.received;
                scope.schemas(context.clone(), old.get("schema"), new.get("schema"), direction);
            }
        }
    }
}

fn headers<'a>(scope: &mut Scope<'_, 'a>, context: &str, old: &Loc<'a>, new: &Loc<'a>) {
    let read = |document: &ComparedDocument<'a>, response: &Loc<'a>| -> BTreeMap<String, Loc<'a>> {
        let headers = response.get("headers");
        let headers = headers.iter().flat_map(Loc::members);
        headers
            .filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"))
            .map(|(name, loc)| (name.to_ascii_lowercase(), document.follow(loc)))
            .collect()
    };
    let (before, after) = (read(&scope.graph.old, old), read(&scope.graph.new, new));
    for (name, at) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        let message = format!("{context}: header `{name}` was removed");
        scope.find(&rules::HEADER_REMOVED, at, message);
    }
    for (name, new) in &after {
        let Some(old) = before.get(name) else {
            let message = format!("{context}: header `{name}` is new");
            scope.find(&rules::HEADER_ADDED, new, message);
            continue;
        };
        match (old.flag("required"), new.flag("required")) {
            (false, true) => {
                let message = format!("{context}: header `{name}` is now always sent");
                scope.find(&rules::HEADER_BECAME_REQUIRED, new, message);
            }
            (true, false) => {
                let message = format!("{context}: header `{name}` may now be missing");
                scope.find(&rules::HEADER_BECAME_OPTIONAL, new, message);
            }
            _ => {}
        }
        let direction = scope.received;
        let context = format!("{context}: header `{name}`");
        scope.schemas(context, old.get("schema"), new.get("schema"), direction);
    }
}
