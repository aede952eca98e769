//! Exchanges from the examples of a document, and values generated from its schemas.

use serde_json::{Map, Value, json};

use super::super::document::{follow, step};
use super::super::index::DocumentedOperation;
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

/// An operation with example exchanges: those of the document, and some generated from its
/// schemas.
pub(super) struct OperationExamples<'a> {
    pub(super) contract: &'a Contract,
    pub(super) operation: &'a DocumentedOperation,
}

/// An example of a body, and the pointer to its schema.
#[derive(Clone)]
pub(super) struct ExampleBody {
    pub(super) schema: String,
    pub(super) content_type: String,
    pub(super) body: Value,
}

impl<'a> OperationExamples<'a> {
    pub(super) fn all(contract: &'a Contract) -> impl Iterator<Item = Self> {
        contract.index.operations().map(move |operation| Self { contract, operation })
    }

    /// Returns the operation with this name.
    pub(super) fn named(contract: &'a Contract, name: &str) -> Self {
        let named = |examples: &Self| {
            let operation = contract.document.at(&examples.operation.pointer);
            operation.unwrap()["operationId"] == name
        };
        Self::all(contract).find(named).unwrap()
    }

    fn root(&self) -> &Value {
        self.contract.document.root()
    }

    /// Returns a request with the first example body.
    pub(super) fn request(&self) -> RecordedRequest {
        let body = self.bodies().first().map(|example| example.body.to_string());
        self.request_with(&body.unwrap_or_default())
    }

    pub(super) fn request_with(&self, body: &str) -> RecordedRequest {
        let mut path = self.operation.template.clone();
        for parameter in self.operation.parameters.iter().filter(|p| p.location == "path") {
            path = path.replace(&format!("{{{}}}", parameter.name), "a%20b");
        }
        request(self.operation.method.clone(), &path, body)
    }

    /// Returns example bodies of the request.
    pub(super) fn bodies(&self) -> Vec<ExampleBody> {
        self.bodies_of(step(&self.operation.pointer, "requestBody"))
    }

    /// Returns every documented response: its status with each example body, or without a body.
    pub(super) fn responses(&self) -> Vec<(StatusCode, Option<ExampleBody>)> {
        let holder = step(&self.operation.pointer, "responses");
        let documented = self.contract.document.at(&holder).unwrap().as_object().unwrap();
        let mut responses = Vec::new();
        for name in documented.keys() {
            let status = name.replace("XX", "18").parse().unwrap();
            let bodies = self.bodies_of(step(&holder, name));
            if bodies.is_empty() {
                responses.push((status, None));
            }
            responses.extend(bodies.into_iter().map(|example| (status, Some(example))));
        }
        responses
    }

    /// Returns the first successful response.
    pub(super) fn success(&self) -> BufferedResponse {
        let mut responses = self.responses().into_iter();
        let (status, example) = responses.find(|(status, _)| status.is_success()).unwrap();
        response(status, example.as_ref())
    }

    /// Returns the examples that the document has for a body, and a generated body with every listed
    /// member. `holder` is the pointer to the request body or response.
    fn bodies_of(&self, holder: String) -> Vec<ExampleBody> {
        let Some((pointer, holder)) = follow(self.root(), holder) else { return Vec::new() };
        let mut bodies = Vec::new();
        for (name, media) in holder["content"].as_object().into_iter().flatten() {
            let schema = step(&step(&step(&pointer, "content"), name), "schema");
            let named = media["examples"].as_object().into_iter().flatten();
            let named = named.map(|(_, example)| &example["value"]);
            let examples = media.get("example").into_iter().chain(named).cloned();
            let full = full(self.root(), &media["schema"]);
            bodies.extend(examples.chain([full]).map(|body| ExampleBody {
                schema: schema.clone(),
                content_type: name.clone(),
                body,
            }));
        }
        bodies
    }
}

/// Builds the response with this body.
pub(super) fn response(status: StatusCode, example: Option<&ExampleBody>) -> BufferedResponse {
    let Some(ExampleBody { content_type, body, .. }) = example else {
        return BufferedResponse::empty(status);
    };
    let content_type = content_type.parse().unwrap();
    let mut response = BufferedResponse::json(status, body);
    response.headers.insert("content-type", content_type);
    response
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
