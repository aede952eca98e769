//! Recognizes known operations by method and path shape, and renames them.
//!
//! The path of `servers` becomes part of the paths. Path parameters get our names by position,
//! and known operations get our operationId and tag. A known operation that the document
//! describes under another URL is a problem, because the client would call the known URL.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Findings;
use super::server::BaseUrl;
use super::shape::{self, ParameterNames};
use crate::known::{Fact, FactStatus, Known};
use crate::names::letters;
use crate::pointer::{child, escape};
use crate::problem::{Edit, EditedFile, Problem};
use crate::{METHODS, Stage};

/// One operation of the original document.
struct DocumentOperation {
    path: String,
    method: &'static str,
    operation: Map<String, Value>,
    /// The base URL from the `servers` of the operation or of its path item.
    own_base: Option<BaseUrl>,
}

impl DocumentOperation {
    fn pointer(&self) -> String {
        child(&child("#/paths", &self.path), self.method)
    }

    fn call(&self, path: &str) -> String {
        format!("{} {path}", self.method.to_uppercase())
    }
}

/// Identifies all operations. Returns the names and pointers of the known ones.
pub(super) fn identify(
    document: &mut Value,
    known: &Known,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let ours = known.server.as_ref().map(|server| BaseUrl::parse(&server.url));
    let root = BaseUrl::read(document.get("servers"), ours.as_ref()).unwrap_or_default();
    let described = take(document, ours.as_ref());
    let mut matcher = Matcher::new(known, root, ours);
    matcher.choose_prefix(&described, findings);
    let found = matcher.match_all(&described, findings);
    super::server::without_paths(document, matcher.ours.as_ref());
    write(document, described, found, known, findings)
}

/// Takes the operations out of the document.
fn take(document: &mut Value, ours: Option<&BaseUrl>) -> Vec<DocumentOperation> {
    let mut found = Vec::new();
    let Some(paths) = document["paths"].as_object_mut() else { return found };
    for (path, item) in paths {
        let Some(item) = item.as_object_mut() else { continue };
        let shared = BaseUrl::read(item.get("servers"), ours);
        for method in METHODS {
            let Some(Value::Object(_)) = item.get(method) else { continue };
            let Some(Value::Object(mut operation)) = item.remove(method) else { continue };
            let own_base = BaseUrl::read(operation.get("servers"), ours).or_else(|| shared.clone());
            operation.remove("servers");
            found.push(DocumentOperation { path: path.clone(), method, operation, own_base });
        }
    }
    found
}

/// Matches the operations of the document to the known ones.
struct Matcher<'a> {
    known: &'a Known,
    root: BaseUrl,
    ours: Option<BaseUrl>,
    /// The path prefix of operations without `servers` of their own.
    prefix: String,
    /// Known names by method and path shape.
    names: BTreeMap<(String, String), String>,
}

/// The full path of an operation of the document, and its known name.
struct Match {
    /// The full path, with the document's parameter names.
    path: String,
    /// The name in `known.json`, if the operation is known.
    name: Option<String>,
}

impl<'a> Matcher<'a> {
    fn new(known: &'a Known, root: BaseUrl, ours: Option<BaseUrl>) -> Self {
        let mut names = BTreeMap::new();
        for (name, operation) in &known.operations {
            let also = operation.also.iter().map(|path| shape::of(path));
            for shape in also.chain([shape::of(&operation.path)]) {
                names.insert((operation.method.clone(), shape), name.clone());
            }
        }
        let prefix = root.path.clone();
        Self { known, root, ours, prefix, names }
    }

    fn name(&self, method: &str, path: &str) -> Option<&String> {
        self.names.get(&(method.to_owned(), shape::of(path)))
    }

    /// Chooses the path prefix. Some documents already repeat the path of `servers` in each path.
    fn choose_prefix(&mut self, described: &[DocumentOperation], findings: &mut Findings) {
        let count = |prefix: &str| {
            let without_own = described.iter().filter(|it| it.own_base.is_none());
            without_own
                .filter(|it| self.name(it.method, &format!("{prefix}{}", it.path)).is_some())
                .count()
        };
        let folded = count(&self.root.path);
        if !self.root.path.is_empty() && count("") > folded {
            self.prefix = String::new();
            findings.facts.extend(self.repeated_prefix());
        } else if let Some(origin) = &self.root.origin
            && self.ours.as_ref().is_some_and(|ours| ours.origin != self.root.origin)
        {
            let edit = Edit::set(EditedFile::Known, "/server/url", json!(origin));
            findings.facts.push(self.server_fact(origin.clone(), edit));
        }
    }

    /// Reports that each path repeats the path of the server's URL, unless `known.json` lists that
    /// URL in `also`.
    fn repeated_prefix(&self) -> Option<Fact> {
        let server = self.known.server.as_ref()?;
        if server.also.iter().any(|url| BaseUrl::parse(url) == self.root) {
            return None;
        }
        let BaseUrl { origin, path } = &self.root;
        let mut also = server.also.clone();
        also.push(format!("{}{path}", origin.as_deref().unwrap_or_default()));
        let edit = Edit::set(EditedFile::Known, "/server/also", json!(also));
        Some(self.server_fact(format!("{path} before every path"), edit))
    }

    fn server_fact(&self, document: String, edit: Edit) -> Fact {
        let server = self.known.server.as_ref();
        Fact {
            subject: "servers".to_owned(),
            says: format!("the API is at {}", server.map_or("", |server| server.url.as_str())),
            source: server.map(|server| server.source.clone()).unwrap_or_default(),
            status: FactStatus::Contradicted { document, known_wins: true },
            pointer: Some("#/servers".to_owned()),
            closest: None,
            edit: Some(edit),
        }
    }

    fn match_all(&self, described: &[DocumentOperation], findings: &mut Findings) -> Vec<Match> {
        let mut found: Vec<Match> = described.iter().map(|it| self.match_one(it)).collect();
        let mut there: BTreeSet<String> = found.iter().filter_map(|it| it.name.clone()).collect();
        for (it, found) in described.iter().zip(&mut found) {
            if let Some(name) = &found.name {
                self.check_origin(it, &found.path, name, findings);
            } else if let Some(name) = self.moved(it, &found.path, &there) {
                findings.problems.push(self.url_problem(it, &found.path, &name));
                there.insert(name.clone());
                found.name = Some(name);
            }
        }
        found
    }

    fn match_one(&self, it: &DocumentOperation) -> Match {
        let prefix = it.own_base.as_ref().map_or(self.prefix.as_str(), |own| own.path.as_str());
        let path = format!("{prefix}{}", it.path);
        let name = self.name(it.method, &path).cloned();
        Match { path, name }
    }

    /// Returns the known operation whose path differs from `path` only by a prefix.
    fn moved(
        &self,
        it: &DocumentOperation,
        path: &str,
        there: &BTreeSet<String>,
    ) -> Option<String> {
        let shape = shape::of(path);
        let absent = self.known.operations.iter().filter(|(name, _)| !there.contains(*name));
        absent
            .filter(|(_, operation)| operation.method == it.method)
            .find(|(_, operation)| shape::differ_by_prefix(&shape, &shape::of(&operation.path)))
            .map(|(name, _)| name.clone())
    }

    fn check_origin(
        &self,
        it: &DocumentOperation,
        path: &str,
        name: &str,
        findings: &mut Findings,
    ) {
        let Some(origin) = it.own_base.as_ref().and_then(|own| own.origin.as_ref()) else { return };
        let ours = self.ours.as_ref().and_then(|ours| ours.origin.as_ref());
        if ours.is_some_and(|ours| ours != origin) && self.root.origin.as_ref() != Some(origin) {
            findings.problems.push(self.url_problem(it, &format!("{origin}{path}"), name));
        }
    }

    /// Returns the problem that a known operation has another URL in the document.
    fn url_problem(&self, it: &DocumentOperation, found: &str, name: &str) -> Problem {
        let operation = &self.known.operations[name];
        let by = if it.own_base.is_some() { ", by its own `servers`" } else { "" };
        let mut also = operation.also.clone();
        also.push(shape::of(
            found
                .split_once("//")
                .map_or(found, |(_, rest)| rest.find('/').map_or("/", |slash| &rest[slash..])),
        ));
        Problem::new(Stage::Identify, format!("`{name}` has another URL in the document"))
            .at(it.pointer())
            .expected(operation.call(), format!("{}{by}", it.call(found)))
            .help(
                "if the document is wrong, accept the edit and the client calls the expected URL; \
                 if the service has moved, change `call` of the operation in known.json",
            )
            .edit(Edit::set(
                EditedFile::Known,
                format!("/operations/{}/also", escape(name)),
                json!(also),
            ))
    }
}

/// Writes the operations to the document, with known paths and names.
fn write(
    document: &mut Value,
    described: Vec<DocumentOperation>,
    found: Vec<Match>,
    known: &Known,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let names = ParameterNames::of(known);
    let tags = Tags::of(known);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut there = BTreeMap::new();
    for (mut it, found) in described.into_iter().zip(found) {
        let before = it.pointer();
        let path = match &found.name {
            Some(name) => known.operations[name].path.clone(),
            None => shape::rename(&found.path, &names.apply(&found.path)),
        };
        let item = paths.entry(path.clone()).or_default();
        if item.contains_key(it.method) {
            findings.facts.push(duplicate(&it.call(&path), &before));
            continue;
        }
        rename_parameters(&mut it.operation, &found.path, &path);
        name_operation(&mut it.operation, found.name.as_deref(), known, &tags);
        let after = child(&child("", &path), it.method);
        findings.origins.insert(format!("#/paths{after}"), before);
        if let Some(name) = found.name {
            there.insert(name, format!("/paths{after}"));
        }
        item.insert(it.method.to_owned(), Value::Object(it.operation));
    }
    let rest = leftovers(document);
    let paths = paths.into_iter().map(|(path, item)| (path, Value::Object(item)));
    document["paths"] = paths.chain(rest).collect();
    there
}

/// Returns the path items that this stage cannot read. The lowering reports them.
fn leftovers(document: &mut Value) -> Vec<(String, Value)> {
    let paths = document["paths"].take();
    let Value::Object(paths) = paths else { return Vec::new() };
    let wrong = |item: &Value| !item.is_object() || item.get("$ref").is_some();
    paths.into_iter().filter(|(_, item)| wrong(item)).collect()
}

fn duplicate(call: &str, pointer: &str) -> Fact {
    Fact {
        subject: call.to_owned(),
        says: "an operation is described once".to_owned(),
        source: "OpenAPI".to_owned(),
        status: FactStatus::Contradicted {
            document: "it twice; the second description is not used".to_owned(),
            known_wins: true,
        },
        pointer: Some(pointer.to_owned()),
        closest: None,
        edit: None,
    }
}

fn rename_parameters(operation: &mut Map<String, Value>, from: &str, to: &str) {
    let renamed: BTreeMap<&str, &str> =
        shape::parameters(from).into_iter().zip(shape::parameters(to)).collect();
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter(|it| it["in"] == "path") {
        let name = parameter["name"].as_str().and_then(|name| renamed.get(name));
        if let Some(name) = name.map(|name| json!(name)) {
            parameter["name"] = name;
        }
    }
}

fn name_operation(
    operation: &mut Map<String, Value>,
    name: Option<&str>,
    known: &Known,
    tags: &Tags,
) {
    if let Some(name) = name {
        operation.insert("operationId".to_owned(), json!(name));
        if let Some(tag) = known.operations[name].tag() {
            operation.insert("tags".to_owned(), json!([tag]));
        }
        return;
    }
    let id = operation.get("operationId").and_then(Value::as_str).map(letters);
    if id.is_some_and(|id| known.operations.keys().any(|name| letters(name) == id)) {
        operation.remove("operationId"); // a known operation has this name; the lowering makes one
    }
    let own = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str);
    if let Some(tag) = own.and_then(|own| tags.0.get(&letters(own))) {
        operation.insert("tags".to_owned(), json!([tag]));
    }
}

/// The known tags, by their lower-case letters.
struct Tags(BTreeMap<String, String>);

impl Tags {
    fn of(known: &Known) -> Self {
        let tags = known.operations.values().filter_map(|operation| operation.tag());
        Self(tags.map(|tag| (letters(tag), tag.to_owned())).collect())
    }
}
