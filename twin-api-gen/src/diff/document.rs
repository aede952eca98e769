//! Reads a document for the comparison: pointers, references, and operations by path shape.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::METHODS;
use crate::limits::MAX_REFERENCE_CHAIN;
use crate::pointer::{escape, percent_decode};

static NOTHING: Value = Value::Null;

/// A value with its JSON pointer (without `#`).
#[derive(Debug, Clone)]
pub(super) struct Loc<'a> {
    pub(super) value: &'a Value,
    pub(super) pointer: String,
}

impl<'a> Loc<'a> {
    /// Returns the member `key` of an object.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Self { value, pointer: format!("{}/{}", self.pointer, escape(key)) })
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }

    /// Iterates over the members of an object. Other values have none.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'_, 'a> {
        self.value.as_object().into_iter().flatten().map(|(name, value)| {
            (name.as_str(), Self { value, pointer: format!("{}/{}", self.pointer, escape(name)) })
        })
    }

    /// Iterates over the items of an array. Other values have none.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> + use<'_, 'a> {
        self.value
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, value)| Self { value, pointer: format!("{}/{index}", self.pointer) })
    }
}

/// The kind of an exchange: which side sends the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ExchangeKind {
    /// The client sends the request.
    Operation,
    /// The service sends the request: a webhook or a callback.
    Webhook,
}

impl fmt::Display for ExchangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operation => "operation",
            Self::Webhook => "webhook",
        })
    }
}

/// The identity of an exchange: kind, path without parameter names, method.
pub(super) type ExchangeKey = (ExchangeKind, String, &'static str);

/// One operation, webhook or callback of a document.
#[derive(Debug, Clone)]
pub(super) struct Exchange<'a> {
    pub(super) key: ExchangeKey,
    pub(super) kind: ExchangeKind,
    /// `GET /v1/agents/{agent_id}`.
    pub(super) name: String,
    pub(super) operation: Loc<'a>,
    /// Parameters by location and name. A path parameter has its position as its name.
    pub(super) parameters: BTreeMap<(String, String), Loc<'a>>,
    /// The security requirements of the operation. If it states none, those of the document.
    pub(super) security: Option<Loc<'a>>,
}

/// A parsed document.
#[derive(Debug)]
pub(super) struct ComparedDocument<'a> {
    root: &'a Value,
}

impl<'a> ComparedDocument<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> Loc<'a> {
        Loc { value: self.root, pointer: String::new() }
    }

    pub(super) fn at(&self, pointer: &str) -> Option<Loc<'a>> {
        Some(Loc { value: self.root.pointer(pointer)?, pointer: pointer.to_owned() })
    }

    /// Returns the target of a `$ref` within this document.
    pub(super) fn target(&self, reference: &str) -> Option<Loc<'a>> {
        let pointer = reference.strip_prefix('#')?;
        let decoded = pointer.contains('%').then(|| percent_decode(pointer)).flatten();
        self.at(decoded.as_deref().unwrap_or(pointer))
    }

    /// Follows references from `loc`. A cycle or a missing target gives null.
    pub(super) fn follow(&self, mut loc: Loc<'a>) -> Loc<'a> {
        for _ in 0..MAX_REFERENCE_CHAIN {
            let Some(reference) = loc.text("$ref") else { return loc };
            match self.target(reference) {
                Some(target) => loc = target,
                None => break,
            }
        }
        Loc { value: &NOTHING, pointer: loc.pointer }
    }

    /// Returns the origins of the document's servers.
    pub(super) fn origins(&self) -> BTreeMap<String, Loc<'a>> {
        let servers = self.at("/servers");
        let servers: Vec<Loc<'a>> = servers.iter().flat_map(Loc::items).collect();
        let origin = |server: Loc<'a>| {
            let url = server_url(&server)?;
            let origin = split_url(&url).0.to_ascii_lowercase();
            (!origin.is_empty()).then_some((origin, server))
        };
        servers.into_iter().filter_map(origin).collect()
    }

    /// Returns all operations, webhooks and callbacks, in the order of the document.
    pub(super) fn exchanges(&self) -> Vec<Exchange<'a>> {
        let mut found = Vec::new();
        let paths = self.at("/paths");
        for (path, item) in paths.iter().flat_map(Loc::members) {
            if path.starts_with("x-") {
                continue;
            }
            self.add_path_item(ExchangeKind::Operation, path, &self.follow(item), &mut found);
        }
        let webhooks = self.at("/webhooks");
        for (name, item) in webhooks.iter().flat_map(Loc::members) {
            self.add_path_item(ExchangeKind::Webhook, name, &self.follow(item), &mut found);
        }
        for index in 0..found.len() {
            self.callbacks(index, &mut found);
        }
        found
    }

    fn add_path_item(
        &self,
        kind: ExchangeKind,
        path: &str,
        item: &Loc<'a>,
        found: &mut Vec<Exchange<'a>>,
    ) {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let full = match kind {
                ExchangeKind::Operation => format!("{}{path}", self.prefix(item, &operation)),
                ExchangeKind::Webhook => path.to_owned(),
            };
            let full = if full.len() > 1 { full.trim_end_matches('/').to_owned() } else { full };
            let (shape, names) = match kind {
                ExchangeKind::Operation => shape(&full),
                ExchangeKind::Webhook => (full.clone(), Vec::new()),
            };
            let name = match kind {
                ExchangeKind::Operation => format!("{} {full}", method.to_uppercase()),
                ExchangeKind::Webhook => format!("webhook {full}"),
            };
            let mut key = (kind, shape, method);
            if found.iter().any(|other| other.key == key) {
                // Another path has the same shape, so only the parameter names tell them apart.
                key.1.clone_from(&full);
            }
            let security = operation.get("security").or_else(|| self.at("/security"));
            let parameters = self.parameters(item, &operation, &names);
            found.push(Exchange { key, kind, name, operation, parameters, security });
        }
    }

    fn callbacks(&self, index: usize, found: &mut Vec<Exchange<'a>>) {
        let (owner, callbacks) = (found[index].name.clone(), found[index].operation.clone());
        let Some(callbacks) = callbacks.get("callbacks") else { return };
        for (name, callback) in callbacks.members() {
            for (expression, item) in self.follow(callback).members() {
                if !expression.starts_with("x-") && expression != "$ref" {
                    let path = format!("{name} of {owner}");
                    self.add_path_item(ExchangeKind::Webhook, &path, &self.follow(item), found);
                }
            }
        }
    }

    /// Returns the path of the server that handles an operation.
    fn prefix(&self, item: &Loc<'a>, operation: &Loc<'a>) -> String {
        let servers = operation
            .get("servers")
            .or_else(|| item.get("servers"))
            .or_else(|| self.at("/servers"));
        let first = servers.as_ref().and_then(|servers| servers.items().next());
        let url = first.as_ref().and_then(server_url).unwrap_or_default();
        split_url(&url).1.trim_end_matches('/').to_owned()
    }

    fn parameters(
        &self,
        item: &Loc<'a>,
        operation: &Loc<'a>,
        path_names: &[String],
    ) -> BTreeMap<(String, String), Loc<'a>> {
        let mut found = BTreeMap::new();
        for list in [item.get("parameters"), operation.get("parameters")].into_iter().flatten() {
            for parameter in list.items() {
                let parameter = self.follow(parameter);
                let (Some(name), Some(place)) = (parameter.text("name"), parameter.text("in"))
                else {
                    continue;
                };
                let name = match place {
                    "path" => match path_names.iter().position(|other| other == name) {
                        Some(position) => position.to_string(),
                        None => continue,
                    },
                    "header" if is_reserved_header(name) => continue,
                    "header" => name.to_ascii_lowercase(),
                    _ => name.to_owned(),
                };
                found.insert((place.to_owned(), name), parameter);
            }
        }
        found
    }
}

/// Returns whether OpenAPI ignores `name` as a header parameter, because another part of the
/// document describes it.
fn is_reserved_header(name: &str) -> bool {
    ["accept", "content-type", "authorization"].iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Splits a path into its shape (`{}` for each parameter) and the names of its parameters.
fn shape(path: &str) -> (String, Vec<String>) {
    let (mut shape, mut names, mut rest) = (String::new(), Vec::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        shape.push_str(before);
        shape.push_str("{}");
        names.push(name.to_owned());
        rest = after;
    }
    shape.push_str(rest);
    (shape, names)
}

/// Returns the URL of a server with the default values of its variables.
fn server_url(server: &Loc<'_>) -> Option<String> {
    let mut url = server.text("url")?.to_owned();
    if let Some(variables) = server.get("variables") {
        for (name, variable) in variables.members() {
            let default = variable.text("default").unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    Some(url)
}

/// Splits a URL into origin and path. A relative URL has an empty origin.
fn split_url(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    if authority == 0 {
        return ("", url.split(['?', '#']).next().unwrap_or_default());
    }
    let path = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    (&url[..path], &url[path..])
}
