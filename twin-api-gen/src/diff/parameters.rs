//! Compares the parameters of an operation.
//!
//! Path parameters are matched by position, all others by location and name.

use std::collections::BTreeSet;

use super::document::{Exchange, Loc};
use super::exchange::Scope;
use super::rules;

type Name = (String, String);

pub(super) fn compare<'a>(scope: &mut Scope<'_, 'a>, old: &Exchange<'a>, new: &Exchange<'a>) {
    let gone: Vec<&Name> =
        old.parameters.keys().filter(|name| !new.parameters.contains_key(*name)).collect();
    let added: Vec<&Name> =
        new.parameters.keys().filter(|name| !old.parameters.contains_key(*name)).collect();
    let mut moved = BTreeSet::new();
    for name in &gone {
        let at = &old.parameters[*name];
        // A parameter of the same name in another location.
        if let Some(other) = added.iter().find(|other| other.1.eq_ignore_ascii_case(&name.1)) {
            moved.insert(*other);
            let message = format!("parameter `{}` was in {} and is in {}", name.1, name.0, other.0);
            scope.find(&rules::PARAMETER_MOVED, &new.parameters[*other], message);
            continue;
        }
        let hint = match (gone.as_slice(), added.as_slice()) {
            ([_], [only]) if only.0 == name.0 => format!("; was it renamed to `{}`?", only.1),
            _ => String::new(),
        };
        let message = format!("{} was removed{hint}", show(name, at));
        scope.find(&rules::PARAMETER_REMOVED, at, message);
    }
    for name in added.into_iter().filter(|name| !moved.contains(name)) {
        let at = &new.parameters[name];
        let (rule, what) = if is_required(at) {
            (&rules::PARAMETER_REQUIRED_ADDED, "required")
        } else {
            (&rules::PARAMETER_OPTIONAL_ADDED, "optional")
        };
        scope.find(rule, at, format!("{} is new and {what}", show(name, at)));
    }
    for (name, before) in &old.parameters {
        if let Some(after) = new.parameters.get(name) {
            both(scope, name, before, after);
        }
    }
}

fn show(name: &Name, parameter: &Loc<'_>) -> String {
    format!("{} parameter `{}`", name.0, parameter.text("name").unwrap_or(&name.1))
}

fn is_required(parameter: &Loc<'_>) -> bool {
    parameter.flag("required") || parameter.text("in") == Some("path")
}

fn both<'a>(scope: &mut Scope<'_, 'a>, name: &Name, old: &Loc<'a>, new: &Loc<'a>) {
    let shown = show(name, new);
    match (is_required(old), is_required(new)) {
        (false, true) => {
            let message = format!("{shown} was optional and is required");
            scope.find(&rules::PARAMETER_BECAME_REQUIRED, new, message);
        }
        (true, false) => {
            let message = format!("{shown} was required and is optional");
            scope.find(&rules::PARAMETER_BECAME_OPTIONAL, new, message);
        }
        _ => {}
    }
    let (before, after) = (encoding(old), encoding(new));
    if before != after {
        let message = format!("{shown} was encoded as {before} and is encoded as {after}");
        scope.find(&rules::PARAMETER_ENCODING, new, message);
    }
    match (old.flag("deprecated"), new.flag("deprecated")) {
        (false, true) => {
            let message = format!("{shown} became deprecated");
            scope.find(&rules::PARAMETER_DEPRECATED, new, message);
        }
        (true, false) => {
            let message = format!("{shown} is no longer deprecated");
            scope.find(&rules::PARAMETER_REACTIVATED, new, message);
        }
        _ => {}
    }
    if ["description", "example", "examples"]
        .iter()
        .any(|key| old.value.get(key) != new.value.get(key))
    {
        let message = format!("the documentation of {shown} changed");
        scope.find(&rules::PARAMETER_DESCRIPTION, new, message);
    }
    let direction = scope.sent;
    scope.schemas(shown, schema(old), schema(new), direction);
}

/// Returns the schema of a parameter, or of its only media type.
fn schema<'a>(parameter: &Loc<'a>) -> Option<Loc<'a>> {
    parameter.get("schema").or_else(|| {
        let content = parameter.get("content")?;
        let (_, media) = content.members().next()?;
        media.get("schema")
    })
}

/// Describes how the value is serialized, with OpenAPI's default `style` and `explode`.
fn encoding(parameter: &Loc<'_>) -> String {
    if let Some(content) = parameter.get("content") {
        return content.members().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    }
    let default = match parameter.text("in") {
        Some("query" | "cookie") => "form",
        _ => "simple",
    };
    let style = parameter.text("style").unwrap_or(default);
    let explode = parameter
        .value
        .get("explode")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(style == "form");
    let reserved =
        if parameter.flag("allowReserved") { ", reserved characters not encoded" } else { "" };
    format!("style `{style}`, explode {explode}{reserved}")
}
