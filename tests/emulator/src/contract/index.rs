//! The operations of a document, found by method and path.
//!
//! Missing and malformed parts of the document are skipped, such as an operation without
//! `responses` or a reference without a target.

use std::collections::HashMap;

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::content::Content;
use super::document::{Document, step};
use super::schema::LazySchema;

/// The response that Twin's document has for all errors.
const ERROR_RESPONSE: &str = "#/components/responses/Problem";

/// The operations of a document.
#[derive(Debug)]
pub(super) struct Index {
    /// By path template, with the names of the parameters removed.
    paths: HashMap<String, PathItem>,
    /// By the name of the event.
    webhooks: HashMap<String, PathItem>,
    error_response: Option<DocumentedResponse>,
}

#[derive(Debug)]
struct PathItem {
    pointer: String,
    operations: Vec<DocumentedOperation>,
}

/// The result of [`Index::find`].
pub(super) enum Lookup<'a> {
    /// The document has the operation.
    Operation(&'a DocumentedOperation),
    /// The document has the path, but not the method: the pointer and the operations of the path.
    Path(&'a str, &'a [DocumentedOperation]),
    /// The document does not have the path.
    Unknown,
}

/// An operation as the document describes it.
#[derive(Debug)]
pub(super) struct DocumentedOperation {
    pub(super) pointer: String,
    pub(super) method: Method,
    pub(super) template: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) keys: Option<KeyHeaders>,
    pub(super) body: Option<RequestBody>,
    pub(super) responses: Vec<(StatusRange, DocumentedResponse)>,
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) pointer: String,
    /// `path`, `query`, `header` or `cookie`.
    pub(super) location: String,
    pub(super) name: String,
    pub(super) required: bool,
    /// Whether the type of its schema is `integer`.
    pub(super) is_integer: bool,
    pub(super) schema: Option<LazySchema>,
}

/// The headers that can contain the API key. A request needs one of them.
#[derive(Debug)]
pub(super) struct KeyHeaders {
    pub(super) pointer: String,
    pub(super) headers: Vec<String>,
}

/// A request body.
#[derive(Debug)]
pub(super) struct RequestBody {
    pub(super) pointer: String,
    pub(super) required: bool,
    pub(super) content: Content,
}

/// A documented response.
#[derive(Debug)]
pub(super) struct DocumentedResponse {
    pub(super) pointer: String,
    pub(super) content: Content,
}

/// The statuses that a documented response is for. Narrower ranges sort first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StatusRange {
    /// One status, such as `404`.
    Exact(u16),
    /// The first digit of a range, such as `4XX`.
    Class(u16),
    /// `default`.
    All,
}

impl Index {
    pub(super) fn of(document: &Document) -> Self {
        let paths = items(document, "#/paths");
        let paths = paths.map(|(template, path)| (without_parameter_names(template), path));
        let webhooks = items(document, "#/webhooks");
        let webhooks = webhooks.map(|(event, path)| (event.to_owned(), path));
        let error_response = document.follow(ERROR_RESPONSE.to_owned());
        let error_response = error_response.map(|(pointer, response)| DocumentedResponse {
            content: Content::of(document, &pointer, response),
            pointer,
        });
        Self { paths: paths.collect(), webhooks: webhooks.collect(), error_response }
    }

    pub(super) fn find(&self, method: &Method, template: &str) -> Lookup<'_> {
        let Some(path) = self.paths.get(&without_parameter_names(template)) else {
            return Lookup::Unknown;
        };
        path.operation(method)
            .map_or(Lookup::Path(&path.pointer, &path.operations), Lookup::Operation)
    }

    /// Returns the operation of a webhook.
    pub(super) fn webhook(&self, event: &str, method: &Method) -> Option<&DocumentedOperation> {
        self.webhooks.get(event)?.operation(method)
    }

    /// Returns the response for all errors, if the document has one.
    pub(super) const fn error_response(&self) -> Option<&DocumentedResponse> {
        self.error_response.as_ref()
    }

    #[cfg(test)]
    pub(super) fn operations(&self) -> impl Iterator<Item = &DocumentedOperation> {
        self.paths.values().flat_map(|path| &path.operations)
    }
}

impl PathItem {
    fn operation(&self, method: &Method) -> Option<&DocumentedOperation> {
        self.operations.iter().find(|operation| operation.method == method)
    }
}

/// Returns the path items in `holder`, by name, with their operations.
fn items<'a>(document: &'a Document, holder: &str) -> impl Iterator<Item = (&'a str, PathItem)> {
    members(document.at(holder)).filter_map(move |(name, _)| {
        let (pointer, item) = document.follow(step(holder, name))?;
        let reader = OperationReader { document, template: name, path: &pointer, item };
        let operations = members(Some(item)).filter_map(|(name, _)| reader.operation(name));
        Some((name.as_str(), PathItem { operations: operations.collect(), pointer }))
    })
}

impl DocumentedOperation {
    /// Returns the response that is documented for `status`.
    pub(super) fn response(&self, status: StatusCode) -> Option<&DocumentedResponse> {
        let covers = |status_range: StatusRange| match status_range {
            StatusRange::Exact(code) => code == status.as_u16(),
            StatusRange::Class(class) => class == status.as_u16() / 100,
            StatusRange::All => true,
        };
        let found = self.responses.iter().find(|(status_range, _)| covers(*status_range));
        found.map(|(_, response)| response)
    }
}

/// Reads the operations of one path item.
struct OperationReader<'a> {
    document: &'a Document,
    template: &'a str,
    path: &'a str,
    item: &'a Value,
}

impl OperationReader<'_> {
    fn operation(&self, name: &str) -> Option<DocumentedOperation> {
        let method = method(name)?;
        let pointer = step(self.path, name);
        let mut parameters = self.parameters(&pointer, &self.item[name]);
        for shared in self.parameters(self.path, self.item) {
            if !parameters
                .iter()
                .any(|own| own.name == shared.name && own.location == shared.location)
            {
                parameters.push(shared);
            }
        }
        let (keys, body) = (self.keys(&pointer), self.body(&pointer));
        let responses = self.responses(&pointer);
        let template = self.template.to_owned();
        Some(DocumentedOperation { pointer, method, template, parameters, keys, body, responses })
    }

    fn parameters(&self, holder: &str, value: &Value) -> Vec<Parameter> {
        let count = value["parameters"].as_array().map_or(0, Vec::len);
        let pointers = (0..count).map(|index| format!("{holder}/parameters/{index}"));
        pointers.filter_map(|pointer| self.parameter(pointer)).collect()
    }

    fn parameter(&self, pointer: String) -> Option<Parameter> {
        let (pointer, value) = self.document.follow(pointer)?;
        let schema = step(&pointer, "schema");
        let kind = self.document.follow(schema.clone()).map(|(_, schema)| &schema["type"]);
        Some(Parameter {
            location: value["in"].as_str()?.to_owned(),
            name: value["name"].as_str()?.to_owned(),
            required: value["required"] == true,
            is_integer: kind.is_some_and(|kind| kind == "integer"),
            schema: self.document.at(&schema).map(|_| LazySchema::new(schema)),
            pointer,
        })
    }

    /// Returns the headers for the API key; `None` if the operation needs no key, or can have it
    /// elsewhere.
    fn keys(&self, operation: &str) -> Option<KeyHeaders> {
        let own = step(operation, "security");
        let pointer = if self.document.at(&own).is_some() { own } else { "#/security".to_owned() };
        let mut headers = Vec::new();
        for choice in elements(self.document.at(&pointer)) {
            let (name, _) = members(Some(choice)).next()?;
            let scheme = step("#/components/securitySchemes", name);
            let (_, scheme) = self.document.follow(scheme)?;
            if scheme["in"] != "header" {
                return None;
            }
            headers.push(scheme["name"].as_str()?.to_owned());
        }
        (!headers.is_empty()).then_some(KeyHeaders { pointer, headers })
    }

    fn body(&self, operation: &str) -> Option<RequestBody> {
        let (pointer, body) = self.document.follow(step(operation, "requestBody"))?;
        let content = Content::of(self.document, &pointer, body);
        Some(RequestBody { required: body["required"] == true, content, pointer })
    }

    fn responses(&self, operation: &str) -> Vec<(StatusRange, DocumentedResponse)> {
        let holder = step(operation, "responses");
        let statuses = members(self.document.at(&holder)).filter_map(|(status, _)| {
            let (pointer, response) = self.document.follow(step(&holder, status))?;
            let content = Content::of(self.document, &pointer, response);
            Some((status_range(status)?, DocumentedResponse { pointer, content }))
        });
        let mut responses: Vec<_> = statuses.collect();
        // The order of members depends on a feature of `serde_json`.
        responses.sort_by_key(|(status_range, _)| *status_range);
        responses
    }
}

/// Splits a template segment at its parameter: the text before, the name, the text after.
pub(super) fn parameter_in(segment: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = segment.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// Removes the names of the parameters: `/v1/agents/{}`.
fn without_parameter_names(template: &str) -> String {
    let segments = template.split('/').map(|segment| match parameter_in(segment) {
        Some((before, _, after)) => format!("{before}{{}}{after}"),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

fn method(name: &str) -> Option<Method> {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
    ];
    known.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name))
}

fn status_range(status: &str) -> Option<StatusRange> {
    match (status, status.to_ascii_lowercase().strip_suffix("xx")) {
        ("default", _) => Some(StatusRange::All),
        (_, Some(class)) => class.parse().ok().map(StatusRange::Class),
        (code, None) => code.parse().ok().map(StatusRange::Exact),
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}
