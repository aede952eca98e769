//! Reads `known.json`, and reports every mistake in the file with its pointer.

use std::collections::BTreeSet;

use serde_json::Value;

use super::entity::{Entity, EntityMember, EntityShape, EnumValue, Place};
use super::{Known, KnownOperation, KnownSecurity, KnownServer};
use crate::Object;
use crate::identify::place::PlaceBase;
use crate::lower::typing::TYPES;
use crate::pointer::child;
use crate::problem::{EditedFile, Problem};
use crate::{Error, METHODS, Stage};

pub(super) fn read(bytes: &[u8]) -> Result<Known, Error> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Error::new(Stage::Known, format!("{} is not JSON: {error}", EditedFile::Known.path()))
    })?;
    let mut reader = Reader { problems: Vec::new() };
    let known = reader.known(&value);
    reader.check_names(&known);
    match Error::from_problems(reader.problems) {
        Some(error) => Err(error),
        None => Ok(known),
    }
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn refuse(&mut self, pointer: &str, what: impl Into<String>) {
        let what = format!("{} {pointer}: {}", EditedFile::Known.path(), what.into());
        self.problems.push(
            Problem::new(Stage::Known, what)
                .help("twin-api-gen/src/known.rs describes the form of the file"),
        );
    }

    fn known(&mut self, value: &Value) -> Known {
        let allowed = [
            "about",
            "server",
            "security",
            "webhooks",
            "responses",
            "refusals",
            "operations",
            "entities",
        ];
        let root = self.object(value, "#", &allowed);
        let mut known = Known::default();
        if let Some(server) = root.get("server") {
            let server = self.object(server, "#/server", &["url", "source", "also"]);
            known.server = Some(KnownServer {
                url: self.text(&server, "url", "#/server"),
                source: self.text(&server, "source", "#/server"),
                also: self.strings(&server, "also", "#/server"),
            });
        }
        if let Some(security) = root.get("security") {
            let security = self.object(security, "#/security", &["schemes", "source"]);
            known.security = Some(KnownSecurity {
                schemes: self.members(&security, "schemes", "#/security"),
                source: self.text(&security, "source", "#/security"),
            });
        }
        if let Some(webhooks) = root.get("webhooks") {
            let webhooks = self.object(webhooks, "#/webhooks", &["tag", "source", "requests"]);
            known.webhook_tag = Some(self.text(&webhooks, "tag", "#/webhooks"));
            self.text(&webhooks, "source", "#/webhooks");
            known.webhooks = self.members(&webhooks, "requests", "#/webhooks");
        }
        known.responses = self.members(&root, "responses", "#");
        known.refusals = self.members(&root, "refusals", "#");
        for (name, value) in self.members(&root, "operations", "#") {
            let pointer = child("#/operations", &name);
            if let Some(operation) = self.operation(&value, &pointer, &name) {
                known.operations.insert(name, operation);
            }
        }
        for (name, value) in self.members(&root, "entities", "#") {
            let pointer = child("#/entities", &name);
            let entity = self.entity(&value, &pointer);
            known.entities.insert(name, entity);
        }
        known
    }

    fn operation(&mut self, value: &Value, pointer: &str, name: &str) -> Option<KnownOperation> {
        let mut object = self.object(
            value,
            pointer,
            &[
                "call",
                "also",
                "source",
                "upstream",
                "tags",
                "summary",
                "description",
                "parameters",
                "requestBody",
                "responses",
            ],
        );
        let call = self.text(&object, "call", pointer);
        let source = self.text(&object, "source", pointer);
        let upstream_wins = self.upstream_wins(&object, pointer);
        let also = self.strings(&object, "also", pointer);
        for own in ["call", "also", "source", "upstream"] {
            object.remove(own);
        }
        object.insert("operationId".to_owned(), name.into());
        let parts = call.split_once(' ').map(|(method, path)| (method.to_lowercase(), path));
        match parts {
            Some((method, path)) if METHODS.contains(&method.as_str()) && path.starts_with('/') => {
                let path = path.to_owned();
                Some(KnownOperation { method, path, also, source, upstream_wins, object })
            }
            _ => {
                if !call.is_empty() {
                    self.refuse(pointer, format!("`call` {call:?} is not a method and a path"));
                }
                None
            }
        }
    }

    fn entity(&mut self, value: &Value, pointer: &str) -> Entity {
        let allowed = [
            "places",
            "source",
            "description",
            "members",
            "values",
            "schema",
            "additionalProperties",
        ];
        let object = self.object(value, pointer, &allowed);
        let places = self.strings(&object, "places", pointer);
        let places = places.iter().filter_map(|place| self.place(place, pointer)).collect();
        let source = self.text(&object, "source", pointer);
        let description = object.get("description").and_then(Value::as_str).map(ToOwned::to_owned);
        let shape = match (object.get("members"), object.get("values"), object.get("schema")) {
            (Some(_), None, None) => EntityShape::Object {
                members: self.entity_members(&object, pointer),
                additional: object.get("additionalProperties").cloned(),
            },
            (None, Some(_), None) => EntityShape::Enum(self.values(&object, pointer)),
            (None, None, Some(schema)) => EntityShape::Other(schema.clone()),
            _ => {
                self.refuse(pointer, "needs exactly one of `members`, `values` and `schema`");
                EntityShape::Other(Value::Bool(true))
            }
        };
        Entity { places, source, description, shape }
    }

    fn place(&mut self, text: &str, entity: &str) -> Option<Place> {
        match Place::parse(text) {
            Ok(place) => Some(place),
            Err(cause) => {
                self.refuse(&child(entity, "places"), cause);
                None
            }
        }
    }

    fn entity_members(&mut self, entity: &Object, pointer: &str) -> Vec<EntityMember> {
        let allowed = ["schema", "required", "secret", "source", "seen_absent", "upstream"];
        let mut members = Vec::new();
        for (name, value) in self.members(entity, "members", pointer) {
            let pointer = child(&child(pointer, "members"), &name);
            let object = self.object(&value, &pointer, &allowed);
            match object.get("schema") {
                Some(Value::Object(schema)) => self.schema_type(schema, &pointer),
                _ => self.refuse(&pointer, "has no `schema`"),
            }
            members.push(EntityMember {
                schema: object.get("schema").cloned().unwrap_or_default(),
                required: self.flag(&object, "required", &pointer),
                secret: self.flag(&object, "secret", &pointer),
                upstream_wins: self.upstream_wins(&object, &pointer),
                source: self.optional_text(&object, "source", &pointer),
                seen_absent: self.optional_text(&object, "seen_absent", &pointer),
                name,
            });
        }
        members
    }

    fn values(&mut self, entity: &Object, pointer: &str) -> Vec<EnumValue> {
        let mut found = Vec::new();
        for value in self.list(entity, "values", pointer) {
            match (value.as_str(), value["value"].as_str()) {
                (Some(text), _) => found.push(EnumValue { value: text.to_owned(), source: None }),
                (None, Some(text)) => found.push(EnumValue {
                    value: text.to_owned(),
                    source: value["source"].as_str().map(ToOwned::to_owned),
                }),
                (None, None) => {
                    let cause = "a value is neither a string nor an object with `value`";
                    self.refuse(&child(pointer, "values"), cause);
                }
            }
        }
        found
    }

    fn upstream_wins(&mut self, object: &Object, pointer: &str) -> bool {
        match object.get("upstream").map(|value| value == "wins") {
            None => false,
            Some(true) => true,
            Some(false) => {
                self.refuse(pointer, "`upstream` can only be \"wins\"");
                false
            }
        }
    }

    /// Reports a `type` that JSON Schema does not have.
    fn schema_type(&mut self, schema: &Object, pointer: &str) {
        let types = match schema.get("type") {
            Some(Value::Array(types)) => types.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let is_type =
            |it: &Value| it.as_str().is_some_and(|name| name == "null" || TYPES.contains(&name));
        for unknown in types.iter().filter(|it| !is_type(it)) {
            self.refuse(&child(pointer, "schema"), format!("has the unknown type {unknown}"));
        }
    }

    /// Reads a member that may be absent, and reports one that `read` does not accept.
    fn optional<T: Default>(
        &mut self,
        (parent, name): (&Object, &str),
        pointer: &str,
        mistake: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let Some(value) = parent.get(name) else { return T::default() };
        read(value).unwrap_or_else(|| {
            self.refuse(pointer, format!("`{name}` {mistake}"));
            T::default()
        })
    }

    fn flag(&mut self, parent: &Object, name: &str, pointer: &str) -> bool {
        self.optional((parent, name), pointer, "is neither true nor false", Value::as_bool)
    }

    fn optional_text(&mut self, parent: &Object, name: &str, pointer: &str) -> Option<String> {
        let read = |value: &Value| Some(Some(value.as_str()?.to_owned()));
        self.optional((parent, name), pointer, "is not a string", read)
    }

    /// Returns the members of `value`, and reports any that are not in `allowed`.
    fn object(&mut self, value: &Value, pointer: &str, allowed: &[&str]) -> Object {
        let Value::Object(members) = value else {
            self.refuse(pointer, "is not an object");
            return Object::new();
        };
        for name in members.keys().filter(|name| !allowed.contains(&name.as_str())) {
            self.refuse(pointer, format!("has the unknown member `{name}`"));
        }
        members.clone()
    }

    fn members(&mut self, parent: &Object, name: &str, pointer: &str) -> Object {
        let read = |value: &Value| value.as_object().cloned();
        self.optional((parent, name), pointer, "is not an object", read)
    }

    fn list(&mut self, parent: &Object, name: &str, pointer: &str) -> Vec<Value> {
        let read = |value: &Value| value.as_array().cloned();
        self.optional((parent, name), pointer, "is not an array", read)
    }

    fn strings(&mut self, parent: &Object, name: &str, pointer: &str) -> Vec<String> {
        let mut strings = Vec::new();
        for item in self.list(parent, name, pointer) {
            match item {
                Value::String(text) => strings.push(text),
                _ => self.refuse(&child(pointer, name), "an item is not a string"),
            }
        }
        strings
    }

    fn text(&mut self, object: &Object, name: &str, pointer: &str) -> String {
        let text = object.get(name).and_then(Value::as_str).unwrap_or_default();
        if text.trim().is_empty() {
            self.refuse(pointer, format!("has no `{name}`"));
        }
        text.to_owned()
    }

    /// Reports places and references whose target does not exist.
    fn check_names(&mut self, known: &Known) {
        for (name, entity) in &known.entities {
            for place in &entity.places {
                let there = match &place.base {
                    PlaceBase::Entity(other) => known.entities.contains_key(other),
                    PlaceBase::Response(operation)
                    | PlaceBase::Body(operation)
                    | PlaceBase::Parameter(operation, _) => {
                        known.operations.contains_key(operation)
                    }
                    PlaceBase::Webhooks | PlaceBase::ErrorResponses => true,
                };
                if !there {
                    let cause = format!("the place {place} names an unknown operation or entity");
                    self.refuse(&child("#/entities", name), cause);
                }
            }
        }
        let mut missing = BTreeSet::new();
        let objects = known.operations.values().map(|operation| &operation.object);
        for object in objects.chain([&known.refusals, &known.responses, &known.webhooks]) {
            missing_references(&Value::Object(object.clone()), known, &mut missing);
        }
        for entity in known.entities.values() {
            for member in entity.members() {
                missing_references(&member.schema, known, &mut missing);
            }
        }
        for name in missing {
            self.refuse("#/entities", format!("a $ref refers to {name:?}, which does not exist"));
        }
    }
}

fn missing_references(value: &Value, known: &Known, missing: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => {
            for item in items {
                missing_references(item, known, missing);
            }
        }
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let name = reference.strip_prefix("#/components/schemas/").unwrap_or(reference);
                let response = reference.strip_prefix("#/components/responses/");
                let there = match response {
                    Some(name) => known.responses.contains_key(name),
                    None => known.entities.contains_key(name),
                };
                if !there {
                    missing.insert(name.to_owned());
                }
            }
            members.values().for_each(|member| missing_references(member, known, missing));
        }
        _ => {}
    }
}
