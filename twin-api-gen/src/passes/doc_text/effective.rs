//! Reads examples and refusals of an operation from the effective document. The lowered document no
//! longer has them.
//!
//! If there are several candidates, the first by name is used, because the order of members in
//! `serde_json` depends on features that other crates enable.

use std::cmp::Reverse;

use serde_json::Value;

use crate::names::same_ident;
use crate::passes::tree::GeneratedOperation;
use crate::pointer::resolve;

/// One operation of the effective document.
#[derive(Clone, Copy)]
pub(super) struct EffectiveOperation<'a> {
    document: &'a Value,
    item: &'a Value,
    object: &'a Value,
}

impl<'a> EffectiveOperation<'a> {
    /// Finds an operation in `document`. If the document lacks it, all functions return nothing.
    pub(super) fn of(operation: &GeneratedOperation, document: &'a Value) -> Self {
        let item = &document["paths"][&operation.path];
        Self { document, item, object: &item[&operation.method] }
    }

    /// Returns the example of a parameter, which is given as in the lowered document.
    pub(super) fn parameter_example(self, lowered: &Value) -> Option<Value> {
        let name = lowered["name"].as_str()?;
        let all = [self.object, self.item];
        let mut all = all.into_iter().filter_map(|place| place["parameters"].as_array());
        let found = all.find_map(|list| {
            let mut list = list.iter().map(|parameter| self.follow(parameter));
            list.find(|parameter| parameter["name"].as_str().is_some_and(|it| same_ident(it, name)))
        });
        let parameter = found.unwrap_or(lowered);
        example_of(parameter).or_else(|| self.schema_example(&parameter["schema"]))
    }

    /// Returns the example of the request body, the one with the most members if there are several.
    pub(super) fn body_example(self) -> Option<Value> {
        let content = self.follow(&self.object["requestBody"])["content"].as_object()?;
        let json = content.iter().filter(|(name, _)| name.contains("json"));
        let (_, media) = json.min_by_key(|(name, _)| *name)?;
        example_of(media).or_else(|| self.schema_example(&media["schema"]))
    }

    fn schema_example(self, schema: &Value) -> Option<Value> {
        let schema = self.follow(schema);
        let listed = || schema["examples"].get(0).cloned();
        let one = schema.get("example").cloned().or_else(listed);
        one.or_else(|| schema.get("default").cloned()).filter(|value| !value.is_null())
    }

    /// Returns the description of the success response, such as `The agent is deleted.`
    pub(super) fn success(self) -> Option<&'a str> {
        let responses = self.object["responses"].as_object()?;
        let successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
        let (_, response) = successes.min_by_key(|(status, _)| *status)?;
        self.follow(response)["description"].as_str().filter(|text| !text.is_empty())
    }

    /// Returns the error responses with an exact status, each with its description.
    pub(super) fn refusals(self) -> Vec<(&'a str, &'a str)> {
        let responses = self.object["responses"].as_object().into_iter().flatten();
        let exact = responses.filter(|(status, _)| {
            status.starts_with(['4', '5']) && status.bytes().all(|byte| byte.is_ascii_digit())
        });
        let described = exact.map(|(status, response)| {
            let text = self.follow(response)["description"].as_str();
            (status.as_str(), text.unwrap_or_default())
        });
        let mut refusals: Vec<_> = described.collect();
        refusals.sort_unstable();
        refusals
    }

    /// Returns whether the document describes a response with this status.
    pub(super) fn is_refused_with(self, status: &str) -> bool {
        self.object["responses"].get(status).is_some()
    }

    fn follow(self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => resolve(self.document, reference).unwrap_or(value),
            None => value,
        }
    }
}

/// Returns `example`, or the element of `examples` with the most members.
fn example_of(place: &Value) -> Option<Value> {
    if let Some(example) = place.get("example") {
        return Some(example.clone());
    }
    let examples = place["examples"].as_object()?.iter();
    let members = |value: &Value| value.as_object().map_or(0, serde_json::Map::len);
    let best = examples
        .filter_map(|(name, example)| Some((name, example.get("value")?)))
        .max_by_key(|(name, value)| (members(value), Reverse(*name)));
    best.map(|(_, value)| value.clone())
}
