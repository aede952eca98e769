//! Finds the schemas in the document at the places of each entity.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::place::{Place, PlaceBase, walk};
use crate::known::Known;
use crate::pointer::child;

/// One use of an entity in the document.
#[derive(Debug, Clone)]
pub(super) struct Site {
    /// The pointer of the schema, without `#`.
    pub(super) pointer: String,
    /// The number of steps from the body, response or parameter.
    pub(super) depth: usize,
    /// The place, for messages.
    pub(super) place: String,
    /// Whether a reference may replace the schema. It may not for a webhook delivery, because its
    /// schema refines the entity.
    pub(super) replaceable: bool,
}

/// The search for all uses.
pub(super) struct Sites<'a> {
    document: &'a Value,
    places: BTreeMap<&'a str, Vec<Place>>,
    /// The known operations in the document, with their pointers.
    operations: &'a BTreeMap<String, String>,
    found: BTreeMap<String, Vec<Site>>,
}

/// Finds every use of every entity.
pub(super) fn find(
    document: &Value,
    known: &Known,
    operations: &BTreeMap<String, String>,
) -> BTreeMap<String, Vec<Site>> {
    let places = known.places();
    let mut sites = Sites { document, places, operations, found: BTreeMap::new() };
    for name in known.entities.keys() {
        sites.of(name);
    }
    sites.found
}

impl Sites<'_> {
    fn of(&mut self, entity: &str) -> Vec<Site> {
        if let Some(found) = self.found.get(entity) {
            return found.clone();
        }
        // Ends the recursion for an entity that contains itself.
        self.found.insert(entity.to_owned(), Vec::new());
        let mut found: Vec<Site> = Vec::new();
        for place in self.places.get(entity).cloned().unwrap_or_default() {
            for site in self.at(&place) {
                if !found.iter().any(|other| other.pointer == site.pointer) {
                    found.push(site);
                }
            }
        }
        self.found.insert(entity.to_owned(), found.clone());
        found
    }

    fn at(&mut self, place: &Place) -> Vec<Site> {
        let text = place.to_string();
        let replaceable = place.base != PlaceBase::Webhooks || !place.steps.is_empty();
        let base: Vec<(String, usize)> = match &place.base {
            PlaceBase::Entity(entity) => {
                self.of(entity).into_iter().map(|site| (site.pointer, site.depth)).collect()
            }
            base => self.roots(base).into_iter().map(|pointer| (pointer, 0)).collect(),
        };
        base.into_iter()
            .filter_map(|(pointer, depth)| {
                let mut steps = place.steps.iter();
                let pointer = steps.try_fold(pointer, |at, step| walk(self.document, &at, step))?;
                let depth = depth + place.steps.len();
                Some(Site { pointer, depth, place: text.clone(), replaceable })
            })
            .collect()
    }

    fn roots(&self, base: &PlaceBase) -> Vec<String> {
        let operation = |name: &str| {
            let pointer = self.operations.get(name)?;
            Some((pointer.as_str(), self.document.pointer(pointer)?.as_object()?))
        };
        match base {
            PlaceBase::Response(name) => {
                operation(name).and_then(|(at, it)| response(it, at)).into_iter().collect()
            }
            PlaceBase::Body(name) => {
                operation(name).and_then(|(at, it)| body(it, at)).into_iter().collect()
            }
            PlaceBase::Parameter(name, parameter) => operation(name)
                .and_then(|(at, it)| parameter_schema(it, at, parameter))
                .into_iter()
                .collect(),
            PlaceBase::Webhooks => self.deliveries(),
            PlaceBase::ErrorResponses => self.error_responses(),
            PlaceBase::Entity(_) => Vec::new(),
        }
    }

    fn deliveries(&self) -> Vec<String> {
        each_operation(&self.document["webhooks"], "/webhooks")
            .filter_map(|(pointer, operation)| body(operation, &pointer))
            .collect()
    }

    fn error_responses(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (pointer, operation) in each_operation(&self.document["paths"], "/paths") {
            let responses = operation.get("responses").and_then(Value::as_object);
            for (status, response) in responses.into_iter().flatten() {
                if !is_success(status) {
                    let at = child(&child(&pointer, "responses"), status);
                    found.extend(json_schema(response, &at));
                }
            }
        }
        found
    }
}

/// Iterates over the operations of the path items `items` at `pointer`.
pub(crate) fn each_operation<'a>(
    items: &'a Value,
    pointer: &'a str,
) -> impl Iterator<Item = (String, &'a Map<String, Value>)> {
    items.as_object().into_iter().flatten().flat_map(move |(path, item)| {
        let at = child(pointer, path);
        crate::METHODS
            .into_iter()
            .filter_map(move |method| Some((child(&at, method), item.get(method)?.as_object()?)))
    })
}

pub(crate) fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// Returns the success response: the first 2xx with content. If there is none, the first 2xx, and
/// then `default`.
pub(crate) fn success(operation: &Map<String, Value>) -> Option<(&String, &Value)> {
    let responses = operation.get("responses")?.as_object()?;
    let mut successes = responses.iter().filter(|(status, _)| is_success(status));
    let with_content = successes.clone().find(|(_, it)| it.get("content").is_some());
    with_content
        .or_else(|| successes.next())
        .or_else(|| responses.iter().find(|(status, _)| *status == "default"))
}

fn response(operation: &Map<String, Value>, pointer: &str) -> Option<String> {
    let (status, response) = success(operation)?;
    json_schema(response, &child(&child(pointer, "responses"), status))
}

fn body(operation: &Map<String, Value>, pointer: &str) -> Option<String> {
    json_schema(operation.get("requestBody")?, &child(pointer, "requestBody"))
}

fn parameter_schema(operation: &Map<String, Value>, pointer: &str, name: &str) -> Option<String> {
    let parameters = operation.get("parameters")?.as_array()?;
    let index = parameters.iter().position(|parameter| parameter["name"] == name)?;
    let at = child(&child(pointer, "parameters"), index);
    if parameters[index].get("schema").is_some() {
        return Some(child(&at, "schema"));
    }
    json_schema(&parameters[index], &at)
}

/// Returns the pointer of the JSON schema in `content`.
fn json_schema(body: &Value, pointer: &str) -> Option<String> {
    let (media, _) = json_media(body)?;
    Some(child(&child(&child(pointer, "content"), media), "schema"))
}

/// Returns the JSON media type of a body or response, if it has one.
pub(crate) fn json_media(body: &Value) -> Option<(&String, &Value)> {
    let content = body.get("content")?.as_object()?;
    let is_json = |media: &str| {
        let media = media.split(';').next().unwrap_or_default().trim().to_lowercase();
        media == "application/json" || media.ends_with("+json") || media == "*/*"
    };
    let exact = content.iter().find(|(media, _)| *media == "application/json");
    exact.or_else(|| content.iter().find(|(media, _)| is_json(media)))
}
