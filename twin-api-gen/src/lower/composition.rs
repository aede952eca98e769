//! Merges `allOf` into one schema, and reduces `anyOf` and `oneOf` to plain unions.
//!
//! After this rule, a composition is an `allOf` of one reference (an alias with its own
//! annotations), a `oneOf`, or an `anyOf` of objects. Only annotations stand beside it. typify
//! also merges schemas, but expands some recursive ones without end. If no single schema expresses
//! the composition, the result accepts any value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::inline_types::Namer;
use super::merge::merge;
use super::null_type::absorb;
use super::schema::{ANNOTATIONS, Object, SCHEMAS, alias, ref_name, ref_to};
use super::walk::SchemaPosition;
use super::{Context, CopyBudget, Diagnostics, refuse};
use crate::error::Error;
use crate::limits::MAX_MERGE_ROUNDS;
use crate::limits::MAX_REFERENCE_CHAIN;
use crate::pointer::escape;

mod union;

pub(super) use union::{tidy, warn_if_alike};

pub(super) fn apply(context: &mut Context) {
    let mut merged = BTreeMap::new();
    for _ in 0..MAX_MERGE_ROUNDS {
        if hoist(context, &mut merged) == 0 && !any_component_needs_merging(context) {
            break;
        }
        compose(context);
    }
    give_up(context);
    let schemas = context.schemas().into_owned();
    context.each_schema_object(|report, members, place| {
        tidy(report, members, &schemas, place.pointer);
    });
}

fn any_component_needs_merging(context: &Context) -> bool {
    context.schemas().values().any(|schema| schema.as_object().is_some_and(needs_merging))
}

/// Replaces schemas that still need merging after the last round by "any value".
fn give_up(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        let within_all = place.pointer.rsplit('/').nth(1) == Some("allOf");
        if !within_all && needs_merging(members) {
            report.loss(place.pointer, "any value is accepted: merging the schema does not end");
            members.retain(|key, _| ANNOTATIONS.contains(&key.as_str()));
        }
    });
}

fn compose(context: &mut Context) {
    let schemas = context.take_schemas();
    let mut composer = Composer {
        schemas: &schemas,
        done: BTreeMap::new(),
        doing: Vec::new(),
        report: &mut context.report,
        budget: &mut context.budget,
    };
    let mut broken = Vec::new();
    for name in schemas.keys() {
        if let Err(error) = composer.component(name) {
            broken.extend(error.problems().cloned());
            composer.doing.clear();
        }
    }
    let done = composer.done;
    context.broken.extend(broken);
    context.put_schemas(done);
}

/// Moves every composition that needs merging to a component of its own, and returns their number.
///
/// Merging then copies references to the component instead of expanding it again. Equal
/// compositions share a component; otherwise recursive ones would never end.
fn hoist(context: &mut Context, merged: &mut BTreeMap<String, String>) -> usize {
    let mut namer = Namer::new(&context.document);
    let mut hoisted = Vec::new();
    let mut count = 0;
    context.each_schema(|report, value, place| {
        let Value::Object(members) = value else { return Ok(()) };
        // A schema in an `allOf` is merged together with it.
        let within_all = place.pointer.rsplit('/').nth(1) == Some("allOf");
        if place.position == SchemaPosition::Component || within_all || !needs_merging(members) {
            return Ok(());
        }
        count += 1;
        let text = value.to_string();
        if let Some(name) = merged.get(&text) {
            *value = ref_to(name);
            return Ok(());
        }
        let name = namer.name(place.pointer);
        report.note(place.pointer, format!("merged into the component `{name}`"));
        merged.insert(text, name.clone());
        hoisted.push((name.clone(), std::mem::replace(value, ref_to(&name))));
        Ok(())
    });
    context.put_schemas(hoisted);
    count
}

fn needs_merging(members: &Object) -> bool {
    let composing: Vec<&String> =
        members.keys().filter(|key| !ANNOTATIONS.contains(&key.as_str())).collect();
    let is = |keyword: &str| composing.iter().any(|key| *key == keyword);
    let composed = is("allOf") || is("oneOf") || is("anyOf");
    let one_union = composing.len() == 1 && !is("allOf");
    let one_alias = members
        .get("allOf")
        .and_then(Value::as_array)
        .is_some_and(|all| composing.len() == 1 && all.len() == 1 && ref_name(&all[0]).is_some());
    composed && !one_union && !one_alias
}

/// Merges components, each only once.
struct Composer<'a> {
    schemas: &'a Object,
    done: BTreeMap<String, Value>,
    /// The components in progress, outermost first.
    doing: Vec<&'a str>,
    report: &'a mut Diagnostics,
    budget: &'a mut CopyBudget,
}

/// The parts that an `allOf` consists of.
#[derive(Default)]
struct MergeParts {
    /// Objects and scalars.
    plain: Vec<Object>,
    /// Unions: the keyword and the alternatives.
    unions: Vec<(&'static str, Vec<Value>)>,
}

/// The reason why a merge is not possible.
enum Unmerged {
    /// No single schema expresses the parts, for this reason: any value is accepted.
    AnyValue(String),
    /// The document is refused.
    Refused(Error),
}

impl From<String> for Unmerged {
    fn from(cause: String) -> Self {
        Self::AnyValue(cause)
    }
}

impl From<&str> for Unmerged {
    fn from(cause: &str) -> Self {
        Self::AnyValue(cause.to_owned())
    }
}

impl From<Error> for Unmerged {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl<'a> Composer<'a> {
    /// Returns the component in merged form.
    fn component(&mut self, name: &'a str) -> Result<Value, Error> {
        if let Some(done) = self.done.get(name) {
            return Ok(done.clone());
        }
        let Some(schema) = self.schemas.get(name) else { return Ok(json!({})) };
        let pointer = format!("{SCHEMAS}{}", escape(name));
        if self.doing.len() >= MAX_REFERENCE_CHAIN {
            let cause =
                format!("the chain of `allOf` is longer than {MAX_REFERENCE_CHAIN} schemas");
            return Err(refuse(&pointer, cause));
        }
        self.doing.push(name);
        let composed = match schema {
            Value::Object(members) if needs_merging(members) => self.compose(members, &pointer)?,
            other => other.clone(),
        };
        self.doing.pop();
        self.budget.spend(&composed, &pointer)?;
        self.done.insert(name.to_owned(), composed.clone());
        Ok(composed)
    }

    fn compose(&mut self, members: &'a Object, pointer: &str) -> Result<Value, Error> {
        let mut parts = MergeParts::default();
        self.collect(members, &mut parts, 0)?;
        let annotations = annotations(members, &parts);
        let mut composed = match self.unite(parts, pointer) {
            Ok(composed) => composed,
            Err(Unmerged::Refused(error)) => return Err(error),
            Err(Unmerged::AnyValue(cause)) => {
                self.report.loss(
                    pointer,
                    format!("any value is accepted: `allOf` cannot be merged, {cause}"),
                );
                Object::new()
            }
        };
        composed.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
        composed.extend(annotations);
        Ok(Value::Object(composed))
    }

    /// Collects the keywords of a schema, of the schemas that it extends, and its unions.
    fn collect(
        &mut self,
        members: &'a Object,
        parts: &mut MergeParts,
        depth: usize,
    ) -> Result<(), Error> {
        for member in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            match (ref_name(member), member) {
                (Some(name), _) => self.collect_component(name, parts, depth)?,
                (None, Value::Object(inner)) => self.collect(inner, parts, depth + 1)?,
                (None, _) => {}
            }
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(list)) = members.get(keyword) {
                parts.unions.push((keyword, list.clone()));
            }
        }
        let own = members
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "allOf" | "oneOf" | "anyOf" | "$ref"));
        parts.plain.push(own.map(|(key, value)| (key.clone(), value.clone())).collect());
        Ok(())
    }

    fn collect_component(
        &mut self,
        name: &'a str,
        parts: &mut MergeParts,
        depth: usize,
    ) -> Result<(), Error> {
        // A base may list its subtypes in a union. A subtype extends only its other keywords.
        let Some(Value::Object(target)) = self.schemas.get(name) else { return Ok(()) };
        let lists_us = ["oneOf", "anyOf"].iter().any(|keyword| {
            let list = target.get(*keyword).and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .any(|member| alias(member).is_some_and(|member| self.doing.contains(&member)))
        });
        if depth > MAX_REFERENCE_CHAIN || lists_us || self.doing.contains(&name) {
            let base = target
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "allOf" | "oneOf" | "anyOf" | "$ref"));
            parts.plain.push(base.map(|(key, value)| (key.clone(), value.clone())).collect());
            return Ok(());
        }
        let mut composed = self.component(name)?;
        let mut hops = 0;
        while let Some(next) = alias(&composed).and_then(|next| self.schemas.get_key_value(next)) {
            hops += 1;
            if hops > MAX_REFERENCE_CHAIN {
                break;
            }
            composed = self.component(next.0)?;
        }
        self.budget.spend(&composed, SCHEMAS)?;
        let Value::Object(mut composed) = composed else { return Ok(()) };
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(list)) = composed.remove(keyword) {
                parts.unions.push((keyword, list));
            }
        }
        parts.plain.push(composed);
        Ok(())
    }

    /// Merges the parts into one schema.
    fn unite(&mut self, parts: MergeParts, pointer: &str) -> Result<Object, Unmerged> {
        let mut base = Object::new();
        let mut lost = Vec::new();
        for part in &parts.plain {
            merge(&mut base, part, self.schemas, &mut lost)?;
        }
        let several = parts.plain.iter().filter(|part| part.contains_key("properties")).count() > 1;
        if several && base.get("additionalProperties") == Some(&json!(false)) {
            base.remove("additionalProperties");
        }
        for cause in std::mem::take(&mut lost) {
            self.report.loss(pointer, cause);
        }
        let mut unions = parts.unions;
        let before = unions.len();
        unions.retain(|(_, list)| !list.iter().all(is_condition));
        if unions.len() < before {
            self.report.loss(pointer, "which properties are required together is not checked");
        }
        match unions.len() {
            0 => Ok(base),
            1 => self.spread(&base, unions.remove(0), pointer),
            _ => Err("it combines several unions".into()),
        }
    }

    /// Merges `base` into each alternative of a union.
    fn spread(
        &mut self,
        base: &Object,
        (keyword, alternatives): (&'static str, Vec<Value>),
        pointer: &str,
    ) -> Result<Object, Unmerged> {
        let mut base = base.clone();
        base.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
        let mut united = Vec::new();
        for alternative in alternatives {
            let merged = self.with_base(&base, &alternative)?;
            self.budget.spend(&merged, pointer)?;
            united.push(merged);
        }
        Ok(Object::from_iter([(keyword.to_owned(), Value::Array(united))]))
    }

    fn with_base(&mut self, base: &Object, alternative: &Value) -> Result<Value, Unmerged> {
        if base.is_empty() {
            return Ok(alternative.clone());
        }
        let mut parts = MergeParts::default();
        match (ref_name(alternative), alternative) {
            (Some(name), _) => {
                if let Some((name, _)) = self.schemas.get_key_value(name) {
                    self.collect_component(name, &mut parts, 0)?;
                }
            }
            (None, Value::Object(inner))
                if !needs_merging(inner) && !inner.contains_key("allOf") =>
            {
                parts.plain.push(inner.clone());
            }
            _ => return Err("an alternative is itself composed".into()),
        }
        if !parts.unions.is_empty()
            || parts
                .plain
                .iter()
                .any(|part| part.contains_key("oneOf") || part.contains_key("anyOf"))
        {
            return Err("an alternative is itself a union".into());
        }
        let mut whole = base.clone();
        let mut alone = Object::new();
        let mut lost = Vec::new();
        for part in &parts.plain {
            merge(&mut whole, part, self.schemas, &mut lost)?;
            merge(&mut alone, part, self.schemas, &mut Vec::new())?;
        }
        // An alternative that the base does not change stays a reference.
        let same = lost.is_empty() && says_the_same(&whole, &alone);
        Ok(if same { alternative.clone() } else { Value::Object(whole) })
    }
}

fn says_the_same(whole: &Object, alone: &Object) -> bool {
    let sorted = |value: &Object| {
        let mut value = value.clone();
        if let Some(Value::Array(names)) = value.get_mut("required") {
            names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
        }
        value.retain(|key, _| key != "type" && !ANNOTATIONS.contains(&key.as_str()));
        value
    };
    let (whole_type, alone_type) = (whole.get("type"), alone.get("type"));
    sorted(whole) == sorted(alone)
        && (whole_type == alone_type || alone_type.is_none() && alone.contains_key("properties"))
}

/// Returns whether an alternative only lists required properties.
fn is_condition(alternative: &Value) -> bool {
    alternative.as_object().is_some_and(|members| {
        !members.is_empty()
            && members.iter().all(|(key, value)| match key.as_str() {
                "required" => true,
                "type" => value == "object",
                key => ANNOTATIONS.contains(&key),
            })
            && members.contains_key("required")
    })
}

/// Returns the annotations of the merged schema: its own, else the description of an inline part,
/// and `nullable` if every part is nullable.
fn annotations(members: &Object, parts: &MergeParts) -> Object {
    let mut own: Object = members
        .iter()
        .filter(|(key, _)| ANNOTATIONS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let inline = members.get("allOf").and_then(Value::as_array).into_iter().flatten();
    if let Some(text) = inline.filter_map(|member| member.get("description")).next_back() {
        own.entry("description").or_insert_with(|| text.clone());
    }
    let relevant: Vec<&Object> = parts.plain.iter().filter(|part| !part.is_empty()).collect();
    if parts.unions.is_empty()
        && !relevant.is_empty()
        && relevant.iter().all(|part| part.get("nullable") == Some(&json!(true)))
    {
        own.insert("nullable".to_owned(), json!(true));
    }
    own
}
