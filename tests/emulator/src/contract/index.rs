//! The operations of a document, found by method and path.
//!
//! It takes what it understands: an operation without `responses` has none, and what a
//! reference that leads nowhere stands for is not there.

use std::collections::HashMap;

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::content::Content;
use super::document::{Document, step};
use super::schema::Schema;

/// Where a document has the answer to whatever is refused.
const REFUSAL: &str = "#/components/responses/Problem";

/// The operations of a document.
#[derive(Debug)]
pub(super) struct Index {
    /// By the path with its parameters' names left out.
    paths: HashMap<String, Path>,
    /// What is sent to others, by the name of the event.
    webhooks: HashMap<String, Path>,
    refusal: Option<Response>,
}

#[derive(Debug)]
struct Path {
    pointer: String,
    operations: Vec<Operation>,
}

/// What a method and a path lead to.
pub(super) enum Place<'a> {
    /// An operation.
    Operation(&'a Operation),
    /// A path that lacks the method; where it stands, and the operations that it has.
    Path(&'a str, &'a [Operation]),
    /// Nothing that the document knows.
    Nowhere,
}

/// An operation, by the parts of it that bind an exchange.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) pointer: String,
    pub(super) method: Method,
    pub(super) template: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) keys: Option<Keys>,
    pub(super) body: Option<Body>,
    pub(super) responses: Vec<(Covered, Response)>,
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) pointer: String,
    pub(super) place: String,
    pub(super) name: String,
    pub(super) required: bool,
    /// Whether it is a whole number, and never a fraction.
    pub(super) whole: bool,
    pub(super) schema: Option<Schema>,
}

/// Headers one of which carries a key.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) pointer: String,
    pub(super) headers: Vec<String>,
}

/// The body that a request may have.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) pointer: String,
    pub(super) required: bool,
    pub(super) content: Content,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) pointer: String,
    pub(super) content: Content,
}

/// The statuses that an answer is documented for, the narrower the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Covered {
    One(u16),
    Hundred(u16),
    All,
}

impl Index {
    pub(super) fn of(document: &Document) -> Self {
        let paths = items(document, "#/paths");
        let paths = paths.map(|(template, path)| (anonymous(template), path));
        let webhooks = items(document, "#/webhooks");
        let webhooks = webhooks.map(|(event, path)| (event.to_owned(), path));
        let refusal = document.follow(REFUSAL.to_owned());
        let refusal = refusal.map(|(pointer, response)| Response {
            content: Content::of(document, &pointer, response),
            pointer,
        });
        Self { paths: paths.collect(), webhooks: webhooks.collect(), refusal }
    }

    pub(super) fn find(&self, method: &Method, template: &str) -> Place<'_> {
        let Some(path) = self.paths.get(&anonymous(template)) else { return Place::Nowhere };
        path.operation(method)
            .map_or(Place::Path(&path.pointer, &path.operations), Place::Operation)
    }

    /// What is sent when `event` happens.
    pub(super) fn webhook(&self, event: &str, method: &Method) -> Option<&Operation> {
        self.webhooks.get(event)?.operation(method)
    }

    /// The answer to whatever is refused, if the document has one.
    pub(super) const fn refusal(&self) -> Option<&Response> {
        self.refusal.as_ref()
    }

    #[cfg(test)]
    pub(super) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.paths.values().flat_map(|path| &path.operations)
    }
}

impl Path {
    fn operation(&self, method: &Method) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.method == method)
    }
}

/// The path items in `holder`, by name, with their operations.
fn items<'a>(document: &'a Document, holder: &str) -> impl Iterator<Item = (&'a str, Path)> {
    members(document.at(holder)).filter_map(move |(name, _)| {
        let (pointer, item) = document.follow(step(holder, name))?;
        let reader = Reader { document, template: name, path: &pointer, item };
        let operations = members(Some(item)).filter_map(|(name, _)| reader.operation(name));
        Some((name.as_str(), Path { operations: operations.collect(), pointer }))
    })
}

impl Operation {
    /// The answer that is documented for `status`.
    pub(super) fn response(&self, status: StatusCode) -> Option<&Response> {
        let covers = |covered: Covered| match covered {
            Covered::One(code) => code == status.as_u16(),
            Covered::Hundred(class) => class == status.as_u16() / 100,
            Covered::All => true,
        };
        let found = self.responses.iter().find(|(covered, _)| covers(*covered));
        found.map(|(_, response)| response)
    }
}

/// Reads the operations of one path item.
struct Reader<'a> {
    document: &'a Document,
    template: &'a str,
    path: &'a str,
    item: &'a Value,
}

impl Reader<'_> {
    fn operation(&self, name: &str) -> Option<Operation> {
        let method = method(name)?;
        let pointer = step(self.path, name);
        let mut parameters = self.parameters(&pointer, &self.item[name]);
        for shared in self.parameters(self.path, self.item) {
            if !parameters.iter().any(|own| own.name == shared.name && own.place == shared.place) {
                parameters.push(shared);
            }
        }
        let (keys, body) = (self.keys(&pointer), self.body(&pointer));
        let responses = self.responses(&pointer);
        let template = self.template.to_owned();
        Some(Operation { pointer, method, template, parameters, keys, body, responses })
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
            place: value["in"].as_str()?.to_owned(),
            name: value["name"].as_str()?.to_owned(),
            required: value["required"] == true,
            whole: kind.is_some_and(|kind| kind == "integer"),
            schema: self.document.at(&schema).map(|_| Schema::new(schema)),
            pointer,
        })
    }

    /// The headers that carry a key, unless the operation can be called without.
    fn keys(&self, operation: &str) -> Option<Keys> {
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
        (!headers.is_empty()).then_some(Keys { pointer, headers })
    }

    fn body(&self, operation: &str) -> Option<Body> {
        let (pointer, body) = self.document.follow(step(operation, "requestBody"))?;
        let content = Content::of(self.document, &pointer, body);
        Some(Body { required: body["required"] == true, content, pointer })
    }

    fn responses(&self, operation: &str) -> Vec<(Covered, Response)> {
        let holder = step(operation, "responses");
        let statuses = members(self.document.at(&holder)).filter_map(|(status, _)| {
            let (pointer, response) = self.document.follow(step(&holder, status))?;
            let content = Content::of(self.document, &pointer, response);
            Some((covered(status)?, Response { pointer, content }))
        });
        let mut responses: Vec<_> = statuses.collect();
        // In which order members come is the business of whoever builds `serde_json`.
        responses.sort_by_key(|(covered, _)| *covered);
        responses
    }
}

/// The parts of a segment of a template that has a parameter: before it, its name, after it.
pub(super) fn parameter_in(segment: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = segment.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

fn anonymous(template: &str) -> String {
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

fn covered(status: &str) -> Option<Covered> {
    match (status, status.to_ascii_lowercase().strip_suffix("xx")) {
        ("default", _) => Some(Covered::All),
        (_, Some(class)) => class.parse().ok().map(Covered::Hundred),
        (code, None) => code.parse().ok().map(Covered::One),
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}
