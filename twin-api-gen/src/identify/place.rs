//! Parses and follows places. A place is the notation in `known.json` for where the API uses an
//! entity.
//!
//! | notation | place |
//! |---|---|
//! | `get_agent→agent` | the member `agent` of the response body |
//! | `list_agents→agents[]` | an element of the member `agents` of the response body |
//! | `get_webhook→` | the response body itself |
//! | `start_run←run_mode` | the member `run_mode` of the request body |
//! | `list_runs?filter_status` | the parameter `filter_status` |
//! | `Agent.agent_name` | the member `agent_name` of the entity `Agent` |
//! | `webhooks←` | the body of a webhook delivery |
//! | `*!` | the body of an error response |
//!
//! `{}` after a member means the values of a map.

use std::fmt;

use serde_json::{Map, Value};

use super::reference::resolve;
use crate::limits::MAX_VISITED_SCHEMAS;
use crate::pointer::child;

/// One place where the API uses an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) base: PlaceBase,
    pub(crate) steps: Vec<PlaceStep>,
}

/// The part of the API in which a place begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlaceBase {
    Response(String),
    Body(String),
    Parameter(String, String),
    Entity(String),
    Webhooks,
    ErrorResponses,
}

/// A step into a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlaceStep {
    Member(String),
    /// The elements of an array: `[]`.
    Items,
    /// The values of a map: `{}`.
    Values,
}

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("{text:?} is not a place");
        let (base, rest) = if let Some((operation, rest)) = text.split_once('→') {
            (PlaceBase::Response(operation.to_owned()), rest)
        } else if let Some((operation, rest)) = text.split_once('←') {
            let webhooks = operation == "webhooks";
            (
                if webhooks { PlaceBase::Webhooks } else { PlaceBase::Body(operation.to_owned()) },
                rest,
            )
        } else if let Some((operation, name)) = text.split_once('?') {
            (PlaceBase::Parameter(operation.to_owned(), name.to_owned()), "")
        } else if let Some(rest) = text.strip_prefix("*!") {
            (PlaceBase::ErrorResponses, rest)
        } else {
            let (entity, rest) = text.split_once('.').ok_or_else(malformed)?;
            (PlaceBase::Entity(entity.to_owned()), rest)
        };
        let mut steps = Vec::new();
        for part in rest.split('.').filter(|part| !part.is_empty()) {
            let name = part.split(['[', '{']).next().unwrap_or_default();
            if !name.is_empty() {
                steps.push(PlaceStep::Member(name.to_owned()));
            }
            match &part[name.len()..] {
                "" => {}
                "[]" => steps.push(PlaceStep::Items),
                "{}" => steps.push(PlaceStep::Values),
                _ => return Err(malformed()),
            }
        }
        Ok(Self { base, steps })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            PlaceBase::Response(operation) => write!(f, "{operation}→")?,
            PlaceBase::Body(operation) => write!(f, "{operation}←")?,
            PlaceBase::Parameter(operation, name) => write!(f, "{operation}?{name}")?,
            PlaceBase::Entity(entity) => write!(f, "{entity}.")?,
            PlaceBase::Webhooks => f.write_str("webhooks←")?,
            PlaceBase::ErrorResponses => f.write_str("*!")?,
        }
        for (index, step) in self.steps.iter().enumerate() {
            match step {
                PlaceStep::Member(name) if index == 0 => f.write_str(name)?,
                PlaceStep::Member(name) => write!(f, ".{name}")?,
                PlaceStep::Items => f.write_str("[]")?,
                PlaceStep::Values => f.write_str("{}")?,
            }
        }
        Ok(())
    }
}

/// Returns the pointer that `step` leads to from the schema at `pointer`.
///
/// Follows references, null wrappers and `allOf`, and takes the first branch that has the step.
pub(super) fn walk(document: &Value, pointer: &str, step: &PlaceStep) -> Option<String> {
    let mut todo = vec![pointer.to_owned()];
    let mut seen = Vec::new();
    while let Some(pointer) = todo.pop() {
        if seen.contains(&pointer) || seen.len() > MAX_VISITED_SCHEMAS {
            continue;
        }
        let Some(Value::Object(schema)) = document.pointer(&pointer) else { continue };
        if let Some(found) = take(schema, &pointer, step) {
            return Some(found);
        }
        todo.extend(inner(document, schema, &pointer).into_iter().rev());
        seen.push(pointer);
    }
    None
}

fn take(schema: &Map<String, Value>, pointer: &str, step: &PlaceStep) -> Option<String> {
    match step {
        PlaceStep::Member(name) => {
            schema.get("properties")?.get(name)?;
            Some(child(&child(pointer, "properties"), name))
        }
        PlaceStep::Items => schema.get("items")?.is_object().then(|| child(pointer, "items")),
        PlaceStep::Values => schema
            .get("additionalProperties")?
            .is_object()
            .then(|| child(pointer, "additionalProperties")),
    }
}

/// Returns the schemas that `schema` takes members from: its reference and its branches.
fn inner(document: &Value, schema: &Map<String, Value>, pointer: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        found.extend(resolve(document, reference));
    }
    for keyword in ["allOf", "oneOf", "anyOf"] {
        let branches = schema.get(keyword).and_then(Value::as_array);
        let branches = branches.map(Vec::as_slice).unwrap_or_default();
        let schemas = branches.iter().filter(|branch| branch["type"] != "null").count();
        if keyword == "allOf" || schemas == 1 {
            let pointer = child(pointer, keyword);
            found.extend((0..branches.len()).map(|index| child(&pointer, index)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_round_trip() {
        for text in [
            "get_agent→agent",
            "list_agents→agents[]",
            "get_webhook→",
            "start_run←run_mode",
            "list_runs?filter_status",
            "Agent.agent_name",
            "A.map{}",
            "A.b.c[]",
            "webhooks←",
            "*!",
        ] {
            assert_eq!(Place::parse(text).map(|place| place.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "agent", "A.b[]{}"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn steps_follow_references_null_wrappers_and_all_of() {
        let document = json!({"root": {"oneOf": [{"type": "null"}, {"$ref": "#/one"}]},
            "one": {"$ref": "#/two"},
            "two": {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {"items": {}}}}]},
            "loop": {"$ref": "#/loop"},
            "choice": {"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}});
        let step = |name: &str| PlaceStep::Member(name.to_owned());
        let found = walk(&document, "/root", &step("b")).unwrap();
        assert_eq!(found, "/two/allOf/1/properties/b");
        assert_eq!(walk(&document, &found, &PlaceStep::Items).unwrap(), format!("{found}/items"));
        assert_eq!(walk(&document, "/loop", &step("a")), None);
        assert_eq!(walk(&document, "/choice", &step("a")), None);
    }
}
