//! Known facts: statements in `known.json` that hold whatever the OpenAPI document says.
//!
//! Known facts protect the client against changes of the document. A documented operation or
//! member stays in the client, and a response that was observed once stays readable. The file
//! has these members:
//!
//! - `server`: the `url` of the API, with its `source`. `also` lists other URLs that a document may
//!   state. Their path is already part of each path of the document.
//! - `security`: the security `schemes` of every request, in the form of `securitySchemes` in
//!   OpenAPI, with their `source`. They are added if the document requires no security anywhere.
//! - `webhooks`: the requests that the service sends. `tag` and `source` apply to all of them;
//!   `requests` maps each name to an OpenAPI Operation Object for POST.
//! - `responses`: shared responses by name, as in `components` of OpenAPI.
//! - `refusals`: the error responses of every operation, as an OpenAPI Responses Object.
//! - `operations`: maps each name to an OpenAPI Operation Object with additional members.
//!   `call` is the method and path. `source` names the reference section or the observation.
//!   `also` lists other path shapes, such as `/agents/{}/schedule`, that a document may use for
//!   the operation. `responses` needs only the responses that `refusals` lacks.
//! - `entities`: the types of the API by name. `entity.rs` describes their form.
//!
//! `known.json` wins over the document, unless a member or operation has `"upstream": "wins"`. If
//! you delete an operation, a parameter or a member from the file, the document decides.

pub(crate) mod apply;
mod compare;
pub(crate) mod entity;
mod fact;
mod operation;
mod read;
pub(crate) mod repair;
pub(crate) mod secret;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use entity::{Entity, EntityShape};
pub use fact::{Fact, FactStatus};

use crate::Error;
use crate::identify::place::{Place, PlaceBase, PlaceStep};
use crate::identify::reference::{component, to_component};
use crate::identify::site::{json_media, success};

/// The content of `known.json`.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub(crate) server: Option<KnownServer>,
    pub(crate) security: Option<KnownSecurity>,
    pub(crate) webhook_tag: Option<String>,
    pub(crate) webhooks: Map<String, Value>,
    pub(crate) responses: Map<String, Value>,
    pub(crate) refusals: Map<String, Value>,
    pub(crate) operations: BTreeMap<String, KnownOperation>,
    pub(crate) entities: BTreeMap<String, Entity>,
}

/// The URL of the API.
#[derive(Debug, Clone)]
pub(crate) struct KnownServer {
    pub(crate) url: String,
    pub(crate) source: String,
    pub(crate) also: Vec<String>,
}

/// The security of every request.
#[derive(Debug, Clone)]
pub(crate) struct KnownSecurity {
    pub(crate) schemes: Map<String, Value>,
    pub(crate) source: String,
}

/// A known operation.
#[derive(Debug, Clone)]
pub(crate) struct KnownOperation {
    /// In lower case.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) also: Vec<String>,
    pub(crate) source: String,
    pub(crate) upstream_wins: bool,
    /// The OpenAPI Operation Object, without the members that only `known.json` has.
    pub(crate) object: Map<String, Value>,
}

impl KnownOperation {
    /// Returns method and path: `GET /v1/me`.
    pub(crate) fn call(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    pub(crate) fn tag(&self) -> Option<&str> {
        self.object.get("tags")?.get(0)?.as_str()
    }
}

impl Known {
    /// Reads `known.json`.
    ///
    /// # Errors
    /// Returns an error of [`Stage::Known`](crate::Stage::Known) if the file is not JSON, or not
    /// of the form that the module describes. The error lists all problems.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        read::read(bytes)
    }

    /// Returns whether an entity is the body of a request.
    pub(crate) fn is_body(&self, entity: &str) -> bool {
        self.operations.values().any(|operation| {
            let schema = operation.object.get("requestBody").and_then(schema_of);
            let name = schema.and_then(|schema| component(schema["$ref"].as_str()?));
            name.is_some_and(|name| name == entity)
        })
    }

    /// Returns references to all entities. They stay in the document even if unused.
    pub(crate) fn references(&self) -> Vec<String> {
        self.entities.keys().map(|name| to_component(name)).collect()
    }

    /// Returns whether no operations and no entities are known. Documents then stay unchanged.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.entities.is_empty()
    }

    /// Returns the places of each entity: those it lists itself, and those where `known.json`
    /// refers to it.
    pub(crate) fn places(&self) -> BTreeMap<&str, Vec<Place>> {
        let mut places = Places { known: self, found: BTreeMap::new() };
        for (name, entity) in &self.entities {
            places.found.insert(name, entity.places.clone());
        }
        for (name, operation) in &self.operations {
            places.operation(name, &operation.object);
        }
        for (name, entity) in &self.entities {
            let base = || PlaceBase::Entity(name.clone());
            match &entity.shape {
                EntityShape::Object { members, .. } => {
                    for member in members {
                        let steps = vec![PlaceStep::Member(member.name.clone())];
                        places.schema(&member.schema, &Place { base: base(), steps });
                    }
                }
                EntityShape::Other(schema) => {
                    places.schema(schema, &Place { base: base(), steps: Vec::new() });
                }
                EntityShape::Enum(_) => {}
            }
        }
        places.found
    }
}

/// Collects the places where `known.json` refers to entities.
struct Places<'a> {
    known: &'a Known,
    found: BTreeMap<&'a str, Vec<Place>>,
}

impl Places<'_> {
    fn operation(&mut self, name: &str, object: &Map<String, Value>) {
        let root = |base| Place { base, steps: Vec::new() };
        if let Some(schema) = success(object).and_then(|(_, response)| schema_of(response)) {
            self.schema(schema, &root(PlaceBase::Response(name.to_owned())));
        }
        if let Some(schema) = object.get("requestBody").and_then(schema_of) {
            self.schema(schema, &root(PlaceBase::Body(name.to_owned())));
        }
        for parameter in object.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            if let (Some(own), Some(schema)) = (parameter["name"].as_str(), parameter.get("schema"))
            {
                self.schema(schema, &root(PlaceBase::Parameter(name.to_owned(), own.to_owned())));
            }
        }
    }

    fn schema(&mut self, schema: &Value, place: &Place) {
        let entity = schema["$ref"].as_str().and_then(component);
        if let Some((name, _)) =
            entity.and_then(|name| self.known.entities.get_key_value(name.as_str()))
        {
            let places = self.found.entry(name).or_default();
            if !places.contains(place) {
                places.push(place.clone());
            }
        }
        let then = |step| {
            let mut place = place.clone();
            place.steps.push(step);
            place
        };
        for keyword in ["allOf", "oneOf", "anyOf"] {
            for branch in schema[keyword].as_array().into_iter().flatten() {
                self.schema(branch, place);
            }
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            self.schema(member, &then(PlaceStep::Member(name.clone())));
        }
        for (keyword, step) in
            [("items", PlaceStep::Items), ("additionalProperties", PlaceStep::Values)]
        {
            if schema[keyword].is_object() {
                self.schema(&schema[keyword], &then(step));
            }
        }
    }
}

fn schema_of(body: &Value) -> Option<&Value> {
    json_media(body)?.1.get("schema")
}
