//! Applies the known facts to an identified document.
//!
//! New members, values, parameters and operations of the document stay, and so do its descriptions.
//! If the document lacks a known fact or contradicts it, the fact is applied and the difference is
//! reported as a [`Fact`].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::compare::JsonTypes;
use super::entity::{Entity, EntityMember, EntityShape, EnumValue, observed};
use super::{Fact, FactStatus, Known, KnownSecurity, operation};
use crate::closest::closest;
use crate::identify::{Identified, collect};
use crate::names::letters;
use crate::pointer::{child, escape};
use crate::problem::{Edit, EditedFile};

/// Applies all facts of `known` to the document, and returns how the document compares with them.
pub(crate) fn apply(identified: &mut Identified, known: &Known) -> Vec<Fact> {
    if known.is_empty() || !crate::parse::has_shape(&identified.document) {
        return Vec::new();
    }
    let mut applier = Applier { known, ours: ours(known), facts: Vec::new() };
    let document = identified.document.clone();
    operation::apply(&mut applier, identified, &document);
    let mut entities = Map::new();
    for (name, entity) in &known.entities {
        entities.insert(name.clone(), applier.entity(&document, name, entity));
    }
    if let Some(Value::Object(all)) = identified.document.pointer_mut("/components/schemas") {
        all.extend(entities);
    }
    webhooks(&mut identified.document, known);
    finish(&mut identified.document, known);
    let mut facts = applier.facts;
    facts.extend(known.security.as_ref().and_then(|it| secure(&mut identified.document, it)));
    for fact in &mut facts {
        for pointer in [&mut fact.pointer, &mut fact.closest].into_iter().flatten() {
            *pointer = identified.origins().of(pointer);
        }
    }
    facts
}

/// Builds a document whose components are the known entities.
fn ours(known: &Known) -> Value {
    let schemas: Map<String, Value> =
        known.entities.iter().map(|(name, entity)| (name.clone(), schema(entity))).collect();
    json!({ "components": {"schemas": schemas} })
}

fn schema(entity: &Entity) -> Value {
    match &entity.shape {
        EntityShape::Object { .. } => json!({ "type": "object" }),
        EntityShape::Enum(_) => json!({ "type": "string" }),
        EntityShape::Other(schema) => schema.clone(),
    }
}

/// Adds the known webhooks to the document, and replaces those of the same name.
fn webhooks(document: &mut Value, known: &Known) {
    for (name, request) in &known.webhooks {
        document["webhooks"][name] = json!({ "post": request });
    }
    crate::identify::webhooks::name(document, known);
}

/// Adds the security of every request, unless the document requires some.
fn secure(document: &mut Value, security: &KnownSecurity) -> Option<Fact> {
    let required = |value: Option<&Value>| {
        value.and_then(Value::as_array).is_some_and(|requirements| !requirements.is_empty())
    };
    let is_required = required(document.get("security"))
        || crate::identify::site::each_operation(&document["paths"], "")
            .into_iter()
            .any(|(_, operation)| required(operation.get("security")));
    if is_required {
        return None;
    }
    let requirement: Map<String, Value> =
        security.schemes.keys().map(|name| (name.clone(), json!([]))).collect();
    let names: Vec<&str> = security.schemes.keys().map(String::as_str).collect();
    let says = format!("every request needs {}", names.join(", "));
    document["security"] = json!([requirement]);
    let schemes = &mut document["components"]["securitySchemes"];
    if !schemes.is_object() {
        *schemes = json!({});
    }
    for (name, scheme) in &security.schemes {
        schemes[name] = scheme.clone();
    }
    Some(Fact {
        subject: "security".to_owned(),
        says,
        source: security.source.clone(),
        status: FactStatus::Added,
        pointer: None,
        closest: None,
        edit: None,
    })
}

/// Sets servers and tags, and removes components that became unused.
fn finish(document: &mut Value, known: &Known) {
    if let Some(server) = &known.server {
        document["servers"] = json!([{ "url": server.url }]);
    }
    let mut descriptions: BTreeMap<String, Value> = BTreeMap::new();
    for tag in document["tags"].as_array().into_iter().flatten() {
        if let (Some(name), Some(text)) = (tag["name"].as_str(), tag.get("description")) {
            descriptions.entry(letters(name)).or_insert_with(|| text.clone());
        }
    }
    let mut tags: Vec<Value> = Vec::new();
    for kind in ["paths", "webhooks"] {
        for (_, operation) in crate::identify::site::each_operation(&document[kind], "") {
            let Some(name) = operation.get("tags").and_then(|tags| tags.get(0)) else { continue };
            if tags.iter().all(|tag| tag["name"] != *name) {
                let mut tag = json!({ "name": name });
                if let Some(text) = descriptions.get(&letters(name.as_str().unwrap_or_default())) {
                    tag["description"] = text.clone();
                }
                tags.push(tag);
            }
        }
    }
    document["tags"] = Value::Array(tags);
    document["components"]["responses"] = Value::Object(known.responses.clone());
    collect(document, known.references());
}

pub(super) struct Applier<'a> {
    pub(super) known: &'a Known,
    /// A document with the known entities, to resolve their references.
    pub(super) ours: Value,
    pub(super) facts: Vec<Fact>,
}

impl Applier<'_> {
    fn entity(&mut self, document: &Value, name: &str, entity: &Entity) -> Value {
        let at = child("#/components/schemas", name);
        let found = crate::pointer::resolve(document, &at).and_then(Value::as_object);
        let description = found
            .and_then(|found| found.get("description").filter(|text| text.is_string()).cloned())
            .or(entity.description.clone().map(Value::String));
        let mut schema = match &entity.shape {
            EntityShape::Object { members, additional } => {
                let mut schema = self.object(document, name, entity, members, found);
                if let Some(additional) = additional {
                    schema.insert("additionalProperties".to_owned(), additional.clone());
                }
                schema
            }
            EntityShape::Enum(values) => self.values(name, entity, values, found),
            EntityShape::Other(schema) => schema.as_object().cloned().unwrap_or_default(),
        };
        schema.extend(description.map(|text| ("description".to_owned(), text)));
        Value::Object(schema)
    }

    fn object(
        &mut self,
        document: &Value,
        name: &str,
        entity: &Entity,
        members: &[EntityMember],
        found: Option<&Map<String, Value>>,
    ) -> Map<String, Value> {
        let empty = Map::new();
        let own = found.and_then(|it| it.get("properties")?.as_object()).unwrap_or(&empty);
        let own_required = required_of(found);
        let mut properties = own.clone();
        // A known response may lack a new member, so only a request body may require it.
        let new_may_be_required = self.known.is_body(name);
        let mut required: Vec<String> = own_required
            .iter()
            .filter(|it| own.contains_key(**it))
            .map(ToString::to_string)
            .collect();
        required
            .retain(|it| new_may_be_required && members.iter().all(|member| member.name != *it));
        let mut optional_in_document = Vec::new();
        for member in members {
            let context = MemberContext { document, entity: name, source: &entity.source, member };
            let said = own.get(&member.name);
            if member.upstream_wins && found.is_some() {
                if own_required.contains(&member.name.as_str()) {
                    required.push(member.name.clone());
                }
                if said.is_some() {
                    self.report_upstream_wins(&context);
                    continue;
                }
            }
            if found.is_some() {
                self.member(&context, said, own, &own_required);
            }
            if member.upstream_wins && found.is_some() {
                continue; // the document decides, and it has dropped the member
            }
            properties.insert(member.name.clone(), known_member(member, said));
            if member.required {
                required.push(member.name.clone());
                if said.is_some() && !own_required.contains(&member.name.as_str()) {
                    optional_in_document.push(member.name.as_str());
                }
            }
        }
        self.report_optional(name, entity, &optional_in_document);
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema
    }

    /// Reports the members that are optional in the document but required in `known.json`.
    fn report_optional(&mut self, name: &str, entity: &Entity, members: &[&str]) {
        if members.is_empty() {
            return;
        }
        let (these, they) = if members.len() == 1 {
            ("this member is", "it")
        } else {
            ("these members are", "they")
        };
        self.facts.push(Fact {
            subject: name.to_owned(),
            says: format!("{these} always there: {}", members.join(", ")),
            source: entity.source.clone(),
            status: FactStatus::Contradicted {
                document: format!("{they} may be absent"),
                known_wins: true,
            },
            pointer: Some(child("#/components/schemas", name)),
            closest: None,
            edit: None,
        });
    }

    /// Reports that the document decides the schema of a member.
    fn report_upstream_wins(&mut self, context: &MemberContext<'_>) {
        let fact = context.fact(
            "the document decides its schema",
            FactStatus::Contradicted { document: "it exists".to_owned(), known_wins: false },
        );
        self.facts.push(fact);
    }

    fn member(
        &mut self,
        context: &MemberContext<'_>,
        said: Option<&Value>,
        own: &Map<String, Value>,
        own_required: &[&str],
    ) {
        let ours = JsonTypes::of(&self.ours, &context.member.schema);
        let Some(said) = said else {
            let fact = self.missing(context, &ours, own);
            self.facts.push(fact);
            return;
        };
        let theirs = JsonTypes::of(context.document, said);
        let says = ours.to_string();
        let may_be_null = theirs.nullable && !ours.nullable && context.member.required;
        let status = if !may_be_null && theirs.within(&ours) && !ours.lenient() {
            Some(FactStatus::Agreed)
        } else if theirs.any() {
            None // the document does not restrict the type
        } else {
            Some(FactStatus::Contradicted { document: theirs.to_string(), known_wins: true })
        };
        // Agreement is reported only for observations: the document now describes them.
        let reported = status.filter(|it| *it != FactStatus::Agreed || observed(context.source()));
        self.facts.extend(reported.map(|status| context.fact(&says, status)));
        if let Some(seen_absent) = &context.member.seen_absent {
            let status = if own_required.contains(&context.member.name.as_str()) {
                FactStatus::Contradicted {
                    document: "it is always there".to_owned(),
                    known_wins: true,
                }
            } else {
                FactStatus::Agreed
            };
            let mut fact = context.fact("it may be absent", status);
            fact.source.clone_from(seen_absent);
            self.facts.push(fact);
        }
    }

    fn missing(
        &self,
        context: &MemberContext<'_>,
        ours: &JsonTypes,
        own: &Map<String, Value>,
    ) -> Fact {
        let says = ours.to_string();
        if observed(context.source()) {
            let mut fact = context.fact(&says, FactStatus::Added);
            fact.pointer = None;
            fact.edit = None;
            return fact;
        }
        let entity = &self.known.entities[context.entity];
        let unknown = own
            .iter()
            .filter(|(name, _)| entity.members().iter().all(|member| member.name != **name));
        let unknown = unknown.map(|(name, schema)| {
            (name.as_str(), JsonTypes::of(context.document, schema).same(ours))
        });
        let at = child("#/components/schemas", context.entity);
        let mut fact = context.fact(
            &says,
            FactStatus::Contradicted {
                document: "there is no such member".to_owned(),
                known_wins: true,
            },
        );
        fact.closest = closest(&context.member.name, unknown)
            .map(|name| child(&child(&at, "properties"), name));
        fact.pointer = Some(at);
        let give_up = || Edit::remove(EditedFile::Known, context.file_pointer());
        fact.edit = (!context.member.secret).then(give_up);
        fact
    }

    fn values(
        &mut self,
        name: &str,
        entity: &Entity,
        values: &[EnumValue],
        found: Option<&Map<String, Value>>,
    ) -> Map<String, Value> {
        let theirs = found.and_then(|found| found.get("enum")?.as_array());
        let mut all: Vec<Value> = values.iter().map(|value| json!(value.value)).collect();
        for (index, value) in values.iter().enumerate() {
            let Some(theirs) = theirs else { break };
            let source = value.source.as_ref().unwrap_or(&entity.source);
            let status = match (theirs.contains(&json!(value.value)), observed(source)) {
                (true, true) => FactStatus::Agreed,
                (false, true) => FactStatus::Added,
                (true, false) => continue,
                (false, false) => FactStatus::Contradicted {
                    document: "there is no such value".to_owned(),
                    known_wins: true,
                },
            };
            let contradicted = matches!(status, FactStatus::Contradicted { .. });
            let at = format!("/entities/{}/values/{index}", escape(name));
            self.facts.push(Fact {
                subject: name.to_owned(),
                says: format!("{:?} is a value", value.value),
                source: source.clone(),
                status,
                pointer: Some(child(&child("#/components/schemas", name), "enum")),
                closest: None,
                edit: contradicted.then(|| Edit::remove(EditedFile::Known, at)),
            });
        }
        let new: Vec<Value> = theirs
            .into_iter()
            .flatten()
            .filter(|value| value.is_string() && !all.contains(value))
            .cloned()
            .collect();
        all.extend(new);
        Map::from_iter([("type".to_owned(), json!("string")), ("enum".to_owned(), json!(all))])
    }
}

fn required_of(found: Option<&Map<String, Value>>) -> Vec<&str> {
    let required = found.and_then(|found| found.get("required")?.as_array());
    required.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Returns the known schema with the document's description.
fn known_member(member: &EntityMember, said: Option<&Value>) -> Value {
    let mut schema = member.schema.clone();
    if let Some(said) = said {
        annotate(&mut schema, said);
    }
    if member.secret {
        schema["format"] = json!("password");
    }
    schema
}

/// Copies `description` and `deprecated` from the document. Examples are not copied, because they
/// need not match the known type.
pub(super) fn annotate(schema: &mut Value, said: &Value) {
    for keyword in ["description", "deprecated"] {
        if let Some(value) = said.get(keyword) {
            schema[keyword] = value.clone();
        }
    }
}

/// A known member, with the data that a fact about it needs.
struct MemberContext<'a> {
    document: &'a Value,
    entity: &'a str,
    source: &'a str,
    member: &'a EntityMember,
}

impl MemberContext<'_> {
    fn source(&self) -> &str {
        self.member.source.as_deref().unwrap_or(self.source)
    }

    /// Returns the pointer of the member in `known.json`.
    fn file_pointer(&self) -> String {
        format!("/entities/{}/members/{}", escape(self.entity), escape(&self.member.name))
    }

    fn fact(&self, says: &str, status: FactStatus) -> Fact {
        let at = child("#/components/schemas", self.entity);
        let known_wins = matches!(status, FactStatus::Contradicted { known_wins: true, .. });
        let wins = || {
            let pointer = format!("{}/upstream", self.file_pointer());
            Edit::set(EditedFile::Known, pointer, json!("wins"))
        };
        Fact {
            subject: format!("{}.{}", self.entity, self.member.name),
            says: says.to_owned(),
            source: self.source().to_owned(),
            status,
            pointer: Some(child(&child(&at, "properties"), &self.member.name)),
            closest: None,
            // Without the known fact, the secret's value would appear in logs.
            edit: (known_wins && !self.member.secret).then(wins),
        }
    }
}
