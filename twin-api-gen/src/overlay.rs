//! Applies an [OpenAPI Overlay 1.0](https://spec.openapis.org/overlay/v1.0.0.html), which corrects
//! the document.
//!
//! In addition to the standard, each action must have three members. `description` says why the
//! action exists. `x-evidence` says what was observed, and where. `x-expects` is a template that
//! every matched node must satisfy. If upstream changes the document, the template no longer
//! matches, and the outdated action is an error. The template is checked after the preceding actions
//! have been applied. It is one of these:
//!
//! - an object: the value must be an object, and each member of the template must match. Other
//!   members are allowed, so `{}` matches every object.
//! - `null`: the value must be absent or null. An action that adds a member therefore fails as
//!   soon as upstream documents that member.
//! - an array: the value must be an array, and each element of the template must match an element.
//! - a string, number or boolean: the value must be equal.
//! - an object with `x-any-of`, an array of templates: one of them must match the value. Other
//!   members of the template must match as well. Without other members, the value need not be an
//!   object.
//! - an object with `x-only`, an array of templates: like an array, and in addition each element
//!   of the value must match one of the templates.
//!
//! Two rules of the standard matter when you write an action. An update appends to arrays, so to
//! replace an array, remove it first. An update with `null` sets any value to null, and an update of
//! a null value replaces it, so two such actions replace a value of any type.
//!
//! An overlay is applied completely or not at all. If actions match nothing or their expectations
//! fail, the error lists all of them and the document stays unchanged.

mod expect;

use std::fmt;

use enumset::EnumSet;
use roas_overlay::apply::{Apply, ApplyOptions};
use roas_overlay::common::apply::{compile_path, locate};
use roas_overlay::v1_0::{Action, Overlay};
use roas_overlay::validation::Validate;
use serde_json::Value;

use crate::error::{Error, Stage};
use crate::problem::{Edit, EditedFile};

const UPSTREAM_CHANGED: &str =
    "upstream changed; update or delete this action in twin-api-gen/overlay.json";

/// The effect of one overlay action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedAction {
    /// The index of the action, from 0.
    pub index: usize,
    /// The target of the action, a JSONPath.
    pub target: String,
    /// The matched nodes, at least one, as URI-fragment JSON pointers.
    pub pointers: Vec<String>,
    /// Why the action exists.
    pub description: String,
    /// Whether the action updates or removes the nodes.
    pub kind: ActionKind,
}

/// What an action does with the nodes that its target matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Merges a value into the nodes.
    Update,
    /// Removes the nodes.
    Remove,
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Update => "update",
            Self::Remove => "remove",
        })
    }
}

/// Applies all actions of `overlay` to `document`, in order.
///
/// # Errors
/// Returns an error of [`Stage::Overlay`], with the problems of all actions, if `overlay` is not
/// an overlay as this module describes, if an action matches nothing, or if its expectation
/// fails. The document then stays unchanged.
pub fn apply(document: &mut Value, overlay: &[u8]) -> Result<Vec<AppliedAction>, Error> {
    let mut overlay = parse(overlay)?;
    let actions = std::mem::take(&mut overlay.actions);
    let mut working = document.clone();
    let mut applied = Vec::with_capacity(actions.len());
    let mut problems = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        overlay.actions = vec![action.clone()];
        let read = ExtendedAction::read(index, action);
        match read.and_then(|action| action.run(&overlay, &mut working)) {
            Ok(action) => applied.push(action),
            Err(error) => problems.extend(error.problems().cloned()),
        }
    }
    if let Some(error) = Error::from_problems(problems) {
        return Err(error);
    }
    *document = working;
    Ok(applied)
}

/// Reads an overlay and validates it against the standard.
fn parse(overlay: &[u8]) -> Result<Overlay, Error> {
    let overlay: Overlay = serde_json::from_slice(overlay).map_err(|error| {
        let what = if error.is_data() { "an OpenAPI Overlay 1.0 document" } else { "JSON" };
        refuse(format!("the overlay is not {what}: {error}"))
    })?;
    // The standard requires at least one action. This module also accepts an empty list.
    if overlay.actions.is_empty() {
        return Ok(overlay);
    }
    overlay.validate(EnumSet::empty()).map_err(|error| {
        let faults: Vec<String> = error.errors.iter().map(ToString::to_string).collect();
        refuse(format!("the overlay is not valid: {}", faults.join("; ")))
    })?;
    Ok(overlay)
}

/// An action with the members that this module requires in addition to the standard.
struct ExtendedAction {
    index: usize,
    action: Action,
    description: String,
    expects: Value,
}

impl ExtendedAction {
    fn read(index: usize, action: &Action) -> Result<Self, Error> {
        let extension = |name: &str| action.extensions.as_ref()?.get(name);
        let lacks = |member: &str| {
            refuse(format!("action {index} of the overlay, on {}, lacks `{member}`", action.target))
                .help("an action needs `description`, `x-evidence` and `x-expects`")
        };
        let description = action.description.as_deref().filter(|text| !text.trim().is_empty());
        let description = description.ok_or_else(|| lacks("description"))?.to_owned();
        extension("x-evidence")
            .and_then(Value::as_str)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| lacks("x-evidence"))?;
        let expects = extension("x-expects").filter(|template| !template.is_null());
        let expects = expects.ok_or_else(|| lacks("x-expects"))?.clone();
        let action = Self { index, action: action.clone(), description, expects };
        if let Some(keyword) = expect::malformed(&action.expects) {
            return Err(refuse(action.says(&format!("has an `{keyword}` that is not an array"))));
        }
        Ok(action)
    }

    /// Checks and applies the action. `overlay` must contain only this action.
    fn run(self, overlay: &Overlay, document: &mut Value) -> Result<AppliedAction, Error> {
        let delete = Edit::remove(EditedFile::Overlay, format!("/actions/{}", self.index));
        let attempt = |document: &mut Value| {
            let pointers = self.locate(document)?;
            for pointer in &pointers {
                self.check(document, pointer)?;
            }
            self.apply(overlay, document)?;
            Ok(pointers)
        };
        match attempt(document) {
            Ok(pointers) => Ok(self.applied(pointers)),
            Err(error) => Err(Error::edit(error, delete)),
        }
    }

    /// Returns the nodes that the target matches, as JSON pointers without `#`.
    fn locate(&self, document: &Value) -> Result<Vec<String>, Error> {
        let pointers = find(document, &self.action.target);
        if pointers.is_empty() {
            let (prefix, missing) = self.deepest_match(document);
            let cause = self.says(&format!("matches nothing: there is no {missing} here"));
            return Err(refuse(cause).at(format!("#{prefix}")).help(UPSTREAM_CHANGED));
        }
        Ok(pointers)
    }

    /// Returns the node that the longest matching prefix of the target selects, and the rest.
    fn deepest_match(&self, document: &Value) -> (String, &str) {
        let target = self.action.target.as_str();
        target
            .rmatch_indices(['.', '['])
            .map(|(at, _)| target.split_at(at))
            .find_map(|(prefix, rest)| match find(document, prefix).as_slice() {
                [pointer] => Some((pointer.clone(), rest)),
                _ => None,
            })
            .unwrap_or((String::new(), target))
    }

    fn check(&self, document: &Value, pointer: &str) -> Result<(), Error> {
        let found = document.pointer(pointer);
        expect::check(&self.expects, found, &format!("#{pointer}")).map_err(|mismatch| {
            let cause =
                self.says(&format!("expects {}, but finds {}", mismatch.expected, mismatch.found));
            refuse(cause).at(mismatch.pointer).help(UPSTREAM_CHANGED)
        })
    }

    /// Applies `overlay`, which must contain only this action.
    fn apply(&self, overlay: &Overlay, document: &mut Value) -> Result<(), Error> {
        let strict = ApplyOptions::ErrorOnZeroMatch | ApplyOptions::ErrorOnMixedKindMatch;
        let report = overlay
            .apply(document, strict)
            .map_err(|error| refuse(self.says(&format!("cannot be applied: {}", error.kind))))?;
        if report.actions.iter().any(|outcome| outcome.matched == 0) {
            return Err(refuse(self.says("would remove the whole document")));
        }
        Ok(())
    }

    fn applied(self, pointers: Vec<String>) -> AppliedAction {
        AppliedAction {
            index: self.index,
            kind: if self.action.is_remove() { ActionKind::Remove } else { ActionKind::Update },
            target: self.action.target,
            pointers: pointers.into_iter().map(|pointer| format!("#{pointer}")).collect(),
            description: self.description,
        }
    }

    /// Builds a message about this action.
    fn says(&self, what: &str) -> String {
        let Self { index, action, description, .. } = self;
        format!(
            "action {index} of the overlay, on {}, {what}; its description: {description}",
            action.target
        )
    }
}

/// Returns the nodes of `document` that `path` matches. An invalid JSONPath matches none.
fn find(document: &Value, path: &str) -> Vec<String> {
    compile_path(path).map(|path| locate(document, &path)).unwrap_or_default()
}

fn refuse(cause: String) -> Error {
    Error::new(Stage::Overlay, cause)
}

#[cfg(test)]
mod tests;
