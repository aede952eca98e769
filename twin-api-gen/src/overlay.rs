//! Applies an [OpenAPI Overlay 1.0](https://spec.openapis.org/overlay/v1.0.0.html): what is
//! known of an API beyond its document.
//!
//! Beyond the standard, each action must say three things. `description` says why it is
//! there. `x-evidence` says what was observed, and where. `x-expects` is a template of what
//! every node that `target` matches must look like for the action to be still right; it is
//! held against the document as the actions before have left it. A template says
//!
//! - by an object: the value is an object, and each member that the template names matches
//!   the template's; other members are free, and `{}` takes every object;
//! - by `null`: the value is absent, or null. So an action that adds a member is stopped on
//!   the day on which upstream documents that member itself;
//! - by an array: the value is an array, and each element of the template matches some
//!   element of it;
//! - by a string, number or boolean: the value equals it;
//! - by the member `x-any-of`, an array: one of its templates matches the value. Beside it,
//!   named members hold as well; alone, it does not ask for an object;
//! - by the member `x-only`, an array: the value is an array as for an array above, and each
//!   of its elements matches some template, so that nothing else is in it.
//!
//! Two properties of the standard are worth knowing when writing an action. Merging an
//! update appends to arrays; to replace one, remove it first. Merging `null` replaces what
//! is there by null, and merging into null replaces it, so that two actions can replace a
//! value whatever its form, present or not.
//!
//! It does nothing by halves: where an action matches nothing, or its expectation fails, all
//! such actions are reported and the document stays as it was. It reads no file.

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

/// What one action of an overlay did to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Which action, counted from 0.
    pub index: usize,
    /// The action's target, a JSONPath.
    pub target: String,
    /// What the target matched, as URI-fragment JSON pointers; one at least.
    pub pointers: Vec<String>,
    /// Why the action is there.
    pub description: String,
    /// Whether the action adds or takes away.
    pub operation: Operation,
}

/// What an action does to the nodes that its target matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Merges something into them.
    Update,
    /// Takes them away.
    Remove,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Update => "update",
            Self::Remove => "remove",
        })
    }
}

/// Applies every action of `overlay`, in order, to `document`.
///
/// # Errors
/// Stage [`Stage::Overlay`], with the problems of all actions, and the document as it was:
/// when `overlay` is not an overlay in the sense of this module, and when an action matches
/// nothing or not what it expects.
pub fn apply(document: &mut Value, overlay: &[u8]) -> Result<Vec<Applied>, Error> {
    let mut overlay = parse(overlay)?;
    let actions = std::mem::take(&mut overlay.actions);
    let mut working = document.clone();
    let mut applied = Vec::with_capacity(actions.len());
    let mut problems = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        overlay.actions = vec![action.clone()];
        let read = Reasoned::read(index, action);
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

/// Reads an overlay and checks what the standard asks of it.
fn parse(overlay: &[u8]) -> Result<Overlay, Error> {
    let overlay: Overlay = serde_json::from_slice(overlay).map_err(|error| {
        let what = if error.is_data() { "an OpenAPI Overlay 1.0 document" } else { "JSON" };
        refuse(format!("the overlay is not {what}: {error}"))
    })?;
    // The standard asks for one action at least; a file without corrections is as good.
    if overlay.actions.is_empty() {
        return Ok(overlay);
    }
    overlay.validate(EnumSet::empty()).map_err(|error| {
        let faults: Vec<String> = error.errors.iter().map(ToString::to_string).collect();
        refuse(format!("the overlay is not valid: {}", faults.join("; ")))
    })?;
    Ok(overlay)
}

/// An action that says why it is there.
struct Reasoned {
    index: usize,
    action: Action,
    description: String,
    expects: Value,
}

impl Reasoned {
    fn read(index: usize, action: &Action) -> Result<Self, Error> {
        let extension = |name: &str| action.extensions.as_ref()?.get(name);
        let lacks = |member: &str| {
            refuse(format!("action {index} of the overlay, on {}, lacks `{member}`", action.target))
                .help("every action says why it is there, what was observed and what it expects")
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

    /// Checks and applies the action, which `overlay` holds alone.
    fn run(self, overlay: &Overlay, document: &mut Value) -> Result<Applied, Error> {
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

    /// The nodes that the action is about, as JSON pointers without `#`.
    fn locate(&self, document: &Value) -> Result<Vec<String>, Error> {
        let pointers = find(document, &self.action.target);
        if pointers.is_empty() {
            let (prefix, missing) = self.deepest_match(document);
            let cause = self.says(&format!("matches nothing: there is no {missing} here"));
            return Err(refuse(cause).at(format!("#{prefix}")).help(UPSTREAM_CHANGED));
        }
        Ok(pointers)
    }

    /// The longest beginning of the target that matches one node, and the rest of the target.
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

    /// Applies `overlay`, which holds this action alone.
    fn apply(&self, overlay: &Overlay, document: &mut Value) -> Result<(), Error> {
        let strict = ApplyOptions::ErrorOnZeroMatch | ApplyOptions::ErrorOnMixedKindMatch;
        let report = overlay
            .apply(document, strict)
            .map_err(|error| refuse(self.says(&format!("cannot be applied: {}", error.kind))))?;
        if report.actions.iter().any(|outcome| outcome.matched == 0) {
            return Err(refuse(self.says("would take away the whole document")));
        }
        Ok(())
    }

    fn applied(self, pointers: Vec<String>) -> Applied {
        Applied {
            index: self.index,
            operation: if self.action.is_remove() { Operation::Remove } else { Operation::Update },
            target: self.action.target,
            pointers: pointers.into_iter().map(|pointer| format!("#{pointer}")).collect(),
            description: self.description,
        }
    }

    /// A sentence about this action.
    fn says(&self, what: &str) -> String {
        let Self { index, action, description, .. } = self;
        format!(
            "action {index} of the overlay, on {}, {what}; it says: {description}",
            action.target
        )
    }
}

/// Where `path` leads in `document`: nowhere, if it is not a JSONPath.
fn find(document: &Value, path: &str) -> Vec<String> {
    compile_path(path).map(|path| locate(document, &path)).unwrap_or_default()
}

fn refuse(cause: String) -> Error {
    Error::new(Stage::Overlay, cause)
}

#[cfg(test)]
mod tests;
