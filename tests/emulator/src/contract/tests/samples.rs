//! Exchanges from the examples of a document, and values generated from its schemas.

use serde_json::{Map, Value, json};

use super::super::document::{follow, step};
use super::super::index::Operation;
use super::{BufferedResponse, Contract, RecordedRequest, request};
use axum::http::StatusCode;

/// Calls `see` with every value in `value` and its pointer.
pub(super) fn walk<'a>(value: &'a Value, pointer: &str, see: &mut dyn FnMut(&str, &'a Value)) {
    see(pointer, value);
    for (name, member) in value.as_object().into_iter().flatten() {
        walk(member, &step(pointer, name), see);
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        walk(element, &format!("{pointer}/{index}"), see);
    }
}

/// An operation, and the exchanges that its document has or describes.
pub(super) struct Sample<'a> {
    pub(super) contract: &'a Contract,
    pub(super) operation: &'a Operation,
}

/// A body and the pointer to its schema.
pub(super) struct Shown {
    pub(super) schema: String,
    pub(super) content_type: String,
    pub(super) body: Value,
}

impl<'a> Sample<'a> {
    pub(super) fn all(contract: &'a Contract) -> impl Iterator<Item = Self> {
        contract.index.operations().map(move |operation| Self { contract, operation })
    }

    /// Returns the operation with this name.
    pub(super) fn named(contract: &'a Contract, name: &str) -> Self {
        let named = |sample: &Self| {
            let operation = contract.document.at(&sample.operation.pointer);
            operation.unwrap()["operationId"] == name
        };
        Self::all(contract).find(named).unwrap()
    }

    fn root(&self) -> &Value {
        self.contract.document.root()
    }

    /// Returns a request with the first of its bodies.
    pub(super) fn request(&self) -> RecordedRequest {
        let body = self.bodies().first().map(|shown| shown.body.to_string());
        self.request_with(&body.unwrap_or_default())
    }

    pub(super) fn request_with(&self, body: &str) -> RecordedRequest {
        let mut path = self.operation.template.clone();
        for parameter in self.operation.parameters.iter().filter(|p| p.location == "path") {
            path = path.replace(&format!("{{{}}}", parameter.name), "a%20b");
        }
        request(self.operation.method.clone(), &path, body)
    }

    /// Returns the bodies of the request.
    pub(super) fn bodies(&self) -> Vec<Shown> {
        self.shown(step(&self.operation.pointer, "requestBody"))
    }

    /// Returns each documented response: its status, and each of its bodies, or none.
    pub(super) fn answers(&self) -> Vec<(StatusCode, Option<Shown>)> {
        let holder = step(&self.operation.pointer, "responses");
        let responses = self.contract.document.at(&holder).unwrap().as_object().unwrap();
        let mut answers = Vec::new();
        for name in responses.keys() {
            let status = name.replace("XX", "18").parse().unwrap();
            let shown = self.shown(step(&holder, name));
            if shown.is_empty() {
                answers.push((status, None));
            }
            answers.extend(shown.into_iter().map(|shown| (status, Some(shown))));
        }
        answers
    }

    /// Returns the first successful response.
    pub(super) fn success(&self) -> BufferedResponse {
        let mut answers = self.answers().into_iter();
        let (status, shown) = answers.find(|(status, _)| status.is_success()).unwrap();
        answer(status, shown.as_ref())
    }

    /// Returns the examples of a body, and a body with every listed member.
    fn shown(&self, holder: String) -> Vec<Shown> {
        let Some((pointer, holder)) = follow(self.root(), holder) else { return Vec::new() };
        let mut shown = Vec::new();
        for (name, media) in holder["content"].as_object().into_iter().flatten() {
            let schema = step(&step(&step(&pointer, "content"), name), "schema");
            let named = media["examples"].as_object().into_iter().flatten();
            let named = named.map(|(_, example)| &example["value"]);
            let examples = media.get("example").into_iter().chain(named).cloned();
            let full = full(self.root(), &media["schema"]);
            shown.extend(examples.chain([full]).map(|body| Shown {
                schema: schema.clone(),
                content_type: name.clone(),
                body,
            }));
        }
        shown
    }
}

/// Builds the response with this body.
pub(super) fn answer(status: StatusCode, shown: Option<&Shown>) -> BufferedResponse {
    let Some(Shown { content_type, body, .. }) = shown else {
        return BufferedResponse::empty(status);
    };
    let content_type = content_type.parse().unwrap();
    let mut answer = BufferedResponse::json(status, body);
    answer.headers.insert("content-type", content_type);
    answer
}

/// Generates a value with every member that `schema` lists.
fn full(root: &Value, schema: &Value) -> Value {
    let schema = resolved(root, schema);
    if let Some(first) = schema["oneOf"].get(0).or(schema["enum"].get(0)) {
        return if schema["enum"].is_array() { first.clone() } else { full(root, first) };
    }
    match types(schema).first().copied() {
        Some("object") => {
            let members = schema["properties"].as_object().into_iter().flatten();
            members.map(|(name, member)| (name.clone(), full(root, member))).collect()
        }
        Some("array") => json!([full(root, &schema["items"])]),
        Some("string") if schema["format"] == "uri" => json!("https://example.com/"),
        Some("string") => json!("text"),
        Some("integer") => json!(42),
        Some("boolean") => json!(true),
        _ => json!({"any": "thing"}),
    }
}

/// Returns `schema`, or the target of its reference.
pub(super) fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().map(ToOwned::to_owned);
    reference.map_or(schema, |pointer| follow(root, pointer).unwrap().1)
}

/// Returns the types of a schema; empty if it accepts all types.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A pointer to an object and the schema of the object.
pub(super) struct DescribedObject<'a> {
    pub(super) instance: String,
    pub(super) schema: &'a Value,
    pub(super) members: &'a Map<String, Value>,
}

/// Returns the objects in `value` whose schemas list members.
pub(super) fn described_objects<'a>(
    root: &'a Value,
    schema: &'a Value,
    value: &'a Value,
    instance: &str,
    found: &mut Vec<DescribedObject<'a>>,
) {
    let mut schema = resolved(root, schema);
    if let Some(first) = schema["oneOf"].get(0) {
        schema = resolved(root, first);
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        described_objects(root, &schema["items"], element, &format!("{instance}/{index}"), found);
    }
    if let (Some(listed), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
        found.push(DescribedObject { instance: instance.to_owned(), schema, members });
        for (name, member) in listed.iter().filter_map(|(n, s)| Some((n, (s, members.get(n)?)))) {
            described_objects(root, member.0, member.1, &step(instance, name), found);
        }
    }
}
