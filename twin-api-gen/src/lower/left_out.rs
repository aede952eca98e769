//! Removes the operations that cannot be generated, and keeps the others.
//!
//! A rule records its problems and continues. After the rule, each operation that contains a
//! problem, or refers to a component that contains one, is removed. The reason lists all its
//! problems. The broken components are removed too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::context::Context;
use crate::error::Error;
use crate::pointer::{child, percent_decode, unescape};
use crate::{LeftOut, METHODS, Problem};

/// The maximum number of problems that a reason lists.
const MAX_LISTED: usize = 4;

/// The part of the document that contains a problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Operation { path: String, method: String },
    PathItem { path: String },
    Component(Component),
}

/// A component's kind and name.
type Component = (String, String);

/// Removes the operations and components that the last rule reported as broken.
///
/// # Errors
/// Returns an error if a problem lies outside all operations and components.
pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
    let problems = std::mem::take(&mut context.broken);
    let taken = take_out(&mut context.document, problems)?;
    for (pointer, reason) in taken.components {
        context.report.loss(&pointer, format!("the component is removed: {reason}"));
    }
    context.left_out.extend(taken.operations);
    Ok(())
}

/// The parts that were removed from a document.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The operations, each with its problems.
    pub(crate) operations: Vec<(LeftOut, Vec<Problem>)>,
    /// The pointers of the components that contain a problem, with the reason.
    components: Vec<(String, String)>,
}

/// Removes the operations and components that contain `problems`, and those that refer to them.
///
/// # Errors
/// Returns an error if a problem lies outside all operations and components.
pub(crate) fn take_out(document: &mut Value, problems: Vec<Problem>) -> Result<Taken, Error> {
    if problems.is_empty() {
        return Ok(Taken::default());
    }
    let mut broken: BTreeMap<Owner, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        let Some(owner) = problem.pointer.as_deref().and_then(owner) else {
            return Err(problem.into());
        };
        broken.entry(owner).or_default().push(problem);
    }
    let components = Components::of(document);
    let gone = components.affected_by(&broken);
    Ok(Taken {
        operations: take_operations(document, &broken, &gone),
        components: take_components(document, &broken, &gone),
    })
}

fn owner(pointer: &str) -> Option<Owner> {
    let mut tokens = pointer.split('/').skip(1);
    let kind = tokens.next()?;
    let first = unescape(tokens.next()?);
    let second = tokens.next().map(unescape);
    match (kind, second) {
        ("paths", Some(method)) if METHODS.contains(&method.as_str()) => {
            Some(Owner::Operation { path: first, method })
        }
        ("paths", _) => Some(Owner::PathItem { path: first }),
        ("components", Some(name)) => Some(Owner::Component((first, name))),
        _ => None,
    }
}

/// The components that each component refers to.
struct Components(BTreeMap<Component, BTreeSet<Component>>);

impl Components {
    fn of(document: &Value) -> Self {
        let kinds = document.get("components").and_then(Value::as_object);
        let mut all = BTreeMap::new();
        for (kind, components) in kinds.into_iter().flatten() {
            for (name, component) in components.as_object().into_iter().flatten() {
                all.insert((kind.clone(), name.clone()), referred(component));
            }
        }
        Self(all)
    }

    /// Returns the broken components and all components that refer to them, directly or indirectly.
    /// The value is the broken component that is the cause.
    fn affected_by(
        &self,
        broken: &BTreeMap<Owner, Vec<Problem>>,
    ) -> BTreeMap<Component, Component> {
        let mut users: BTreeMap<&Component, Vec<&Component>> = BTreeMap::new();
        for (user, referred) in &self.0 {
            for component in referred {
                users.entry(component).or_default().push(user);
            }
        }
        let mut gone: BTreeMap<Component, Component> = BTreeMap::new();
        for owner in broken.keys() {
            let Owner::Component(cause) = owner else { continue };
            let mut pending = vec![cause];
            while let Some(component) = pending.pop() {
                if !gone.contains_key(component) {
                    gone.insert(component.clone(), cause.clone());
                    pending.extend(users.get(component).into_iter().flatten());
                }
            }
        }
        gone
    }
}

/// Returns the components that a value refers to with `$ref`, at any depth.
fn referred(value: &Value) -> BTreeSet<Component> {
    let mut found = BTreeSet::new();
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(members) => {
                todo.extend(members.values());
                found.extend(members.get("$ref").and_then(Value::as_str).and_then(component));
            }
            _ => {}
        }
    }
    found
}

fn component(reference: &str) -> Option<Component> {
    let decoded = percent_decode(reference.strip_prefix('#')?)?;
    let mut tokens = decoded.strip_prefix("/components/")?.split('/');
    Some((unescape(tokens.next()?), unescape(tokens.next()?)))
}

fn take_operations(
    document: &mut Value,
    broken: &BTreeMap<Owner, Vec<Problem>>,
    gone: &BTreeMap<Component, Component>,
) -> Vec<(LeftOut, Vec<Problem>)> {
    let mut taken = Vec::new();
    let Some(Value::Object(paths)) = document.get_mut("paths") else { return taken };
    for (path, item) in paths.iter_mut() {
        let of_item = Owner::PathItem { path: path.clone() };
        let Value::Object(members) = item else {
            if let Some(problems) = broken.get(&of_item) {
                taken.push(left_out(path, None, problems));
            }
            continue;
        };
        let shared = members.get("parameters").map(referred).unwrap_or_default();
        for method in METHODS {
            let Some(operation) = members.get(method) else { continue };
            let own = Owner::Operation { path: path.clone(), method: method.to_owned() };
            let mut causes: BTreeSet<Owner> = [own, of_item.clone()].into();
            let used = referred(operation);
            let causing = used.iter().chain(&shared).filter_map(|used| gone.get(used));
            causes.extend(causing.cloned().map(Owner::Component));
            let problems: Vec<&Problem> =
                causes.iter().filter_map(|cause| broken.get(cause)).flatten().collect();
            if !problems.is_empty() {
                taken.push(left_out(path, Some(method), problems));
                members.remove(method);
            }
        }
    }
    paths.retain(|path, _| !broken.contains_key(&Owner::PathItem { path: path.clone() }));
    taken
}

fn left_out<'a>(
    path: &str,
    method: Option<&str>,
    problems: impl IntoIterator<Item = &'a Problem>,
) -> (LeftOut, Vec<Problem>) {
    let problems: Vec<Problem> = problems.into_iter().cloned().collect();
    let pointer = child("#/paths", path);
    let (operation, pointer) = match method {
        Some(method) => (format!("{} {path}", method.to_uppercase()), child(&pointer, method)),
        None => (path.to_owned(), pointer),
    };
    (LeftOut { operation, pointer, reason: reason(&problems) }, problems)
}

/// Joins the distinct problems with their places.
fn reason(problems: &[Problem]) -> String {
    let mut said: Vec<String> = Vec::new();
    for problem in problems {
        let place = problem.pointer.as_deref().unwrap_or("#");
        let text = format!("{} at {place}", problem.what);
        if !said.contains(&text) {
            said.push(text);
        }
    }
    let more = said.len().saturating_sub(MAX_LISTED);
    said.truncate(MAX_LISTED);
    let mut text = said.join("; ");
    if more > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, "; and {more} more");
    }
    text
}

fn take_components(
    document: &mut Value,
    broken: &BTreeMap<Owner, Vec<Problem>>,
    gone: &BTreeMap<Component, Component>,
) -> Vec<(String, String)> {
    let mut taken = Vec::new();
    for (owner, problems) in broken {
        let Owner::Component((kind, name)) = owner else { continue };
        let pointer = child(&child("#/components", kind), name);
        taken.push((pointer, reason(problems)));
    }
    let Some(Value::Object(kinds)) = document.get_mut("components") else { return taken };
    for (kind, components) in kinds {
        if let Value::Object(components) = components {
            remove_all(components, kind, gone);
        }
    }
    taken
}

fn remove_all(
    components: &mut Map<String, Value>,
    kind: &str,
    gone: &BTreeMap<Component, Component>,
) {
    components.retain(|name, _| !gone.contains_key(&(kind.to_owned(), name.clone())));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::{Lowered, LoweringOptions, lower};

    fn lowered(document: Value) -> Lowered {
        lower(document, LoweringOptions { native_types: false }).unwrap()
    }

    fn operation(reference: &str) -> Value {
        json!({"operationId": reference.rsplit('/').next(), "responses": {"200": {
            "description": "d", "content": {"application/json": {"schema": {"$ref": reference}}},
        }}})
    }

    fn document() -> Value {
        json!({
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/good": {"get": operation("#/components/schemas/Good")},
                "/through": {"get": operation("#/components/schemas/Through")},
                "/dangling": {
                    "get": operation("#/components/schemas/Gone"),
                    "post": operation("#/components/schemas/Good2"),
                },
            },
            "components": {"schemas": {
                "Good": {"type": "string"},
                "Good2": {"type": "string"},
                "Through": {"properties": {"bad": {"$ref": "#/components/schemas/Bad"}}},
                "Bad": {"properties": {
                    "one": {"$ref": "#/components/schemas/Gone"},
                    "two": {"$ref": "other.json"},
                }},
            }},
        })
    }

    #[test]
    fn operation_that_reaches_a_broken_schema_is_left_out() {
        let lowered = lowered(document());
        let left_out: Vec<String> = lowered
            .left_out
            .iter()
            .map(|(left, _)| format!("{}: {}: {}", left.operation, left.pointer, left.reason))
            .collect();
        assert_eq!(
            left_out,
            [
                "GET /dangling: #/paths/~1dangling/get: $ref \"#/components/schemas/Gone\" has \
                 no target at #/paths/~1dangling/get/responses/200/content/application~1json/schema",
                "GET /through: #/paths/~1through/get: $ref \"#/components/schemas/Gone\" has \
                 no target at #/components/schemas/Bad/properties/one; $ref \"other.json\" leaves \
                 the document at #/components/schemas/Bad/properties/two",
            ]
        );
        let paths = lowered.document["paths"].as_object().unwrap();
        assert!(paths["/good"]["get"].is_object() && paths["/dangling"]["post"].is_object());
        assert!(paths["/dangling"].get("get").is_none());
        let schemas = lowered.document["components"]["schemas"].as_object().unwrap();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Good", "Good2"]);
    }

    #[test]
    fn refuses_a_document_without_remaining_operations_and_lists_every_problem() {
        let mut document = document();
        let paths = document["paths"].as_object_mut().unwrap();
        paths.retain(|path, _| path == "/through");
        let error = lower(document, LoweringOptions { native_types: false }).unwrap_err();
        let places: Vec<&str> =
            error.problems().filter_map(|problem| problem.pointer.as_deref()).collect();
        assert_eq!(
            places,
            ["#/components/schemas/Bad/properties/one", "#/components/schemas/Bad/properties/two"]
        );
    }
}
