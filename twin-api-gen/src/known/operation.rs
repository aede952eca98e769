//! Applies the known operations to the document.

use serde_json::{Value, json};

use super::apply::{Applier, annotate};
use super::compare::JsonTypes;
use super::{Fact, FactStatus, KnownOperation};
use crate::Object;
use crate::closest::closest;
use crate::identify::Identified;
use crate::identify::site::{each_operation, json_media, success};
use crate::pointer::{child, escape};
use crate::problem::{Edit, EditedFile};

/// Completes the known operations of the document, and adds the missing ones.
pub(super) fn apply(applier: &mut Applier<'_>, identified: &mut Identified, document: &Value) {
    let known = applier.known;
    for (name, operation) in &known.operations {
        let there = identified.operations.get(name).cloned();
        let found = there.as_ref().and_then(|pointer| document.pointer(pointer)?.as_object());
        let object = match found {
            Some(found) if operation.upstream_wins => found.clone(),
            Some(found) => Merge { applier, document, name, operation, found }.merge(),
            None if operation.upstream_wins => continue,
            None => {
                applier.facts.push(missing(name, operation, identified, document));
                let mut object = operation.object.clone();
                object.insert("responses".to_owned(), responses(known, operation));
                object
            }
        };
        let item = &mut identified.document["paths"][&operation.path];
        if !item.is_object() {
            *item = json!({});
        }
        item[&operation.method] = Value::Object(object);
    }
}

/// Returns the operation's own responses and the error responses of every operation.
fn responses(known: &super::Known, operation: &KnownOperation) -> Value {
    let own = operation.object.get("responses").and_then(Value::as_object);
    let mut responses = known.refusals.clone();
    responses.extend(own.cloned().unwrap_or_default());
    Value::Object(responses)
}

fn missing(
    name: &str,
    operation: &KnownOperation,
    identified: &Identified,
    document: &Value,
) -> Fact {
    let unknown = each_operation(&document["paths"], "#/paths")
        .filter(|(pointer, _)| identified.operations.values().all(|known| *known != pointer[1..]));
    let pointers: Vec<String> = unknown.map(|(pointer, _)| pointer).collect();
    let method = format!("/{}", operation.method);
    let own = format!("{}{method}", child("#/paths", &operation.path));
    let candidates = pointers.iter().map(|it| (it.as_str(), it.ends_with(&method)));
    Fact {
        subject: operation.call(),
        says: format!("`{name}` is an operation"),
        source: operation.source.clone(),
        status: FactStatus::Missing,
        pointer: None,
        closest: closest(&own, candidates).map(ToOwned::to_owned),
        edit: Some(Edit::remove(EditedFile::Known, format!("/operations/{}", escape(name)))),
    }
}

/// Merges an operation of the document with the known one.
struct Merge<'a, 'b> {
    applier: &'a mut Applier<'b>,
    document: &'a Value,
    name: &'a str,
    operation: &'a KnownOperation,
    found: &'a Object,
}

impl Merge<'_, '_> {
    fn merge(mut self) -> Object {
        let ours = &self.operation.object;
        let mut merged = self.found.clone();
        for keyword in ["summary", "description"] {
            if let (None, Some(text)) = (merged.get(keyword), ours.get(keyword)) {
                merged.insert(keyword.to_owned(), text.clone());
            }
        }
        let parameters = self.parameters();
        merged.remove("parameters");
        if !parameters.is_empty() {
            merged.insert("parameters".to_owned(), Value::Array(parameters));
        }
        match self.body() {
            None => drop(merged.remove("requestBody")),
            Some(body) => drop(merged.insert("requestBody".to_owned(), body)),
        }
        let responses = self.responses();
        merged.insert("responses".to_owned(), responses);
        merged
    }

    fn pointer(&self) -> String {
        child(&child("#/paths", &self.operation.path), &self.operation.method)
    }

    fn contradict(&mut self, subject: &str, says: String, document: String) {
        let wins = format!("/operations/{}/upstream", escape(self.name));
        let fact = Fact {
            subject: format!("{}{subject}", self.operation.call()),
            says,
            source: self.operation.source.clone(),
            status: FactStatus::Contradicted { document, known_wins: true },
            pointer: Some(self.pointer()),
            closest: None,
            edit: Some(Edit::set(EditedFile::Known, wins, json!("wins"))),
        };
        self.applier.facts.push(fact);
    }

    fn parameters(&mut self) -> Vec<Value> {
        let list = |object: &Object| -> Vec<Value> {
            object.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let (ours, mut theirs) = (list(&self.operation.object), list(self.found));
        let mut merged = Vec::new();
        for own in ours {
            let at =
                theirs.iter().position(|it| it["name"] == own["name"] && it["in"] == own["in"]);
            let said = at.map(|at| theirs.remove(at));
            merged.push(self.parameter(own, said.as_ref(), &theirs));
        }
        // The document's other parameters follow. Sorting makes their order in the document
        // irrelevant.
        let key = |it: &Value| (it["in"].to_string(), it["name"].to_string());
        theirs.sort_by_key(key);
        merged.extend(theirs);
        merged
    }

    fn parameter(&mut self, mut own: Value, said: Option<&Value>, others: &[Value]) -> Value {
        let name = own["name"].as_str().unwrap_or_default().to_owned();
        let ours = JsonTypes::of(&self.applier.ours, &own["schema"]);
        let Some(said) = said else {
            if own["in"] != "path" {
                let others = others.iter().filter_map(|it| it["name"].as_str());
                let near = closest(&name, others.map(|other| (other, false)));
                let near = near.map(|near| format!("; the closest is `{near}`"));
                let text = format!("there is no such parameter{}", near.unwrap_or_default());
                self.contradict(&format!(" {name}"), ours.to_string(), text);
            }
            return own;
        };
        let schema = said.get("schema").cloned().unwrap_or_default();
        let theirs = JsonTypes::of(self.document, &schema);
        if !theirs.any() && !theirs.within(&ours) {
            self.contradict(&format!(" {name}"), ours.to_string(), theirs.to_string());
        }
        if said["required"] == true && own["required"] != true {
            self.contradict(&format!(" {name}"), "optional".to_owned(), "required".to_owned());
        }
        annotate(&mut own, said);
        add_bounds(&mut own["schema"], &schema);
        own
    }

    fn body(&mut self) -> Option<Value> {
        let ours = self.operation.object.get("requestBody").cloned();
        let theirs = self.found.get("requestBody");
        let Some(mut ours) = ours else {
            if theirs.is_some() {
                self.contradict(" body", "it takes no body".to_owned(), "a body".to_owned());
            }
            return None;
        };
        let Some(theirs) = theirs else {
            self.contradict(" body", "it takes a JSON body".to_owned(), "no body".to_owned());
            return Some(ours);
        };
        if let Some(description) = theirs.get("description") {
            ours["description"] = description.clone();
        }
        if json_media(theirs).is_none() {
            let media = theirs["content"].as_object().into_iter().flatten();
            let media: Vec<&str> = media.map(|(name, _)| name.as_str()).collect();
            self.contradict(" body", "it takes JSON".to_owned(), media.join(", "));
        }
        Some(ours)
    }

    fn responses(&mut self) -> Value {
        let mut merged = responses(self.applier.known, self.operation);
        let ours = success(&self.operation.object).map(|(status, it)| (status.clone(), it.clone()));
        let Some((status, ours)) = ours else { return merged };
        let shown = |status: &str, response: &Value| match json_media(response) {
            Some(_) => format!("{status} with JSON"),
            None if response["content"].is_object() => format!("{status} without JSON"),
            None => format!("{status} without content"),
        };
        match success(self.found) {
            None => {
                let says = format!("it returns {}", shown(&status, &ours));
                self.contradict(" response", says, "no success response".to_owned());
            }
            Some((theirs, response)) => {
                let (ours, found) = (shown(&status, &ours), shown(theirs, response));
                if ours != found && theirs != "2XX" && theirs != "default" {
                    self.contradict(" response", format!("it returns {ours}"), found);
                }
                if let Some(description) = response.get("description").filter(|it| *it != "") {
                    merged[&status]["description"] = description.clone();
                }
            }
        }
        merged
    }
}

/// Copies numeric and array bounds from the document if `known.json` has none.
///
/// The client checks them before it sends a request. Bounds of strings are not copied, because
/// they would change the Rust type.
pub(super) fn add_bounds(ours: &mut Value, theirs: &Value) {
    const BOUNDS: [&str; 6] =
        ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"];
    let plain = matches!(ours["type"].as_str(), Some("integer" | "number" | "array"));
    if !plain || ours.get("x-twin-type").is_some() {
        return;
    }
    for bound in BOUNDS {
        if let (None, Some(value)) = (ours.get(bound), theirs.get(bound)) {
            ours[bound] = value.clone();
        }
    }
}
