//! Compares a value with a template of `x-expects`. [`super`] describes the templates.

use serde_json::{Map, Value};

use crate::pointer;

const ANY_OF: &str = "x-any-of";
const ONLY: &str = "x-only";
/// The maximum length of a value in messages, in characters.
const SHOWN: usize = 160;

/// A difference between a value and its template.
#[derive(Debug)]
pub(super) struct TemplateMismatch {
    pub(super) pointer: String,
    pub(super) expected: String,
    pub(super) found: String,
}

/// Returns the first keyword in `template` that must be an array and is not.
pub(super) fn malformed(template: &Value) -> Option<&'static str> {
    match template {
        Value::Object(members) => [ANY_OF, ONLY]
            .into_iter()
            .find(|keyword| members.get(*keyword).is_some_and(|value| !value.is_array()))
            .or_else(|| members.values().find_map(malformed)),
        Value::Array(elements) => elements.iter().find_map(malformed),
        _ => None,
    }
}

/// Compares the value at `pointer` with `template`. `found` is `None` if the value is absent.
pub(super) fn check(
    template: &Value,
    found: Option<&Value>,
    pointer: &str,
) -> Result<(), TemplateMismatch> {
    let mismatch = |expected: String| TemplateMismatch {
        pointer: pointer.to_owned(),
        expected,
        found: found.map_or_else(|| "nothing".to_owned(), show),
    };
    match (template, found) {
        (Value::Null, None | Some(Value::Null)) => Ok(()),
        (Value::Null, _) => Err(mismatch("nothing".to_owned())),
        (Value::Object(members), _) => check_object(members, found, pointer, &mismatch),
        (Value::Array(templates), Some(Value::Array(elements))) => {
            match templates.iter().find(|template| !in_array(template, elements)) {
                Some(missing) => Err(mismatch(format!("an array with {}", show(missing)))),
                None => Ok(()),
            }
        }
        (Value::Array(_), _) => Err(mismatch("an array".to_owned())),
        (scalar, Some(value)) if scalar == value => Ok(()),
        (scalar, _) => Err(mismatch(show(scalar))),
    }
}

fn check_object(
    template: &Map<String, Value>,
    found: Option<&Value>,
    pointer: &str,
    mismatch: &dyn Fn(String) -> TemplateMismatch,
) -> Result<(), TemplateMismatch> {
    if let Some(Value::Array(alternatives)) = template.get(ANY_OF)
        && !alternatives.iter().any(|alternative| check(alternative, found, pointer).is_ok())
    {
        let shown: Vec<String> = alternatives.iter().map(show_expected).collect();
        return Err(mismatch(format!("one of {}", shown.join(", "))));
    }
    if let Some(Value::Array(templates)) = template.get(ONLY) {
        check_only(templates, found, mismatch)?;
    }
    let mut named = template.iter().filter(|(name, _)| *name != ANY_OF && *name != ONLY).peekable();
    if named.peek().is_none() && !template.is_empty() {
        return Ok(());
    }
    let Some(Value::Object(members)) = found else {
        return Err(mismatch("an object".to_owned()));
    };
    named.try_for_each(|(name, template)| {
        check(template, members.get(name), &pointer::child(pointer, name))
    })
}

fn check_only(
    templates: &[Value],
    found: Option<&Value>,
    mismatch: &dyn Fn(String) -> TemplateMismatch,
) -> Result<(), TemplateMismatch> {
    let Some(Value::Array(elements)) = found else {
        return Err(mismatch("an array".to_owned()));
    };
    let all_there = templates.iter().all(|template| in_array(template, elements));
    let no_other = elements
        .iter()
        .all(|element| templates.iter().any(|template| check(template, Some(element), "").is_ok()));
    if all_there && no_other {
        return Ok(());
    }
    let shown: Vec<String> = templates.iter().map(show_expected).collect();
    Err(mismatch(format!("an array of only {}", shown.join(", "))))
}

fn in_array(template: &Value, elements: &[Value]) -> bool {
    elements.iter().any(|element| check(template, Some(element), "").is_ok())
}

fn show_expected(template: &Value) -> String {
    if template.is_null() { "nothing".to_owned() } else { show(template) }
}

fn show(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
