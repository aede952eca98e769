//! Normalizes a schema for comparison: follows references, merges `allOf`, unifies null.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::document::{ComparedDocument, Loc};
use crate::lower::typing::type_of;
use crate::schemas::BOUNDS;

/// Schemas that a value must satisfy together: usually one, and several for an `allOf`.
#[derive(Debug, Clone)]
pub(super) struct SchemaGroup<'a>(pub(super) Vec<Loc<'a>>);

impl<'a> SchemaGroup<'a> {
    pub(super) fn of(loc: Loc<'a>) -> Self {
        Self(vec![loc])
    }

    /// Returns the identity of the group: the addresses of its schemas.
    pub(super) fn key(&self) -> Vec<usize> {
        self.0.iter().map(|loc| std::ptr::from_ref(loc.value).addr()).collect()
    }
}

/// Keywords that only document a schema.
const TEXTS: [&str; 6] =
    ["title", "description", "example", "examples", "externalDocs", "$comment"];

/// Keywords that this module compares itself, or that do not affect data.
const COMPARED: [&str; 25] = [
    "$ref",
    "allOf",
    "oneOf",
    "anyOf",
    "type",
    "nullable",
    "format",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "prefixItems",
    "discriminator",
    "default",
    "readOnly",
    "writeOnly",
    "deprecated",
    "$defs",
    "definitions",
    "$schema",
    "$id",
    "xml",
];

/// How an object treats members outside `properties`.
#[derive(Debug, Clone)]
pub(super) enum Unknown<'a> {
    Allowed,
    Forbidden,
    Described(SchemaGroup<'a>),
}

/// The combined constraints of a group of schemas.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of JSON Schema")]
pub(super) struct MergedSchema<'a> {
    pub(super) at: Loc<'a>,
    /// The types except null. `None` means any type.
    pub(super) types: Option<BTreeSet<&'a str>>,
    pub(super) nullable: bool,
    pub(super) format: Option<&'a str>,
    /// The values of `enum` and `const`, without null.
    pub(super) values: Option<Vec<&'a Value>>,
    pub(super) members: BTreeMap<&'a str, SchemaGroup<'a>>,
    pub(super) required: BTreeSet<&'a str>,
    pub(super) unknown: Unknown<'a>,
    pub(super) items: Option<SchemaGroup<'a>>,
    pub(super) tuple: Vec<SchemaGroup<'a>>,
    pub(super) variants: Vec<SchemaGroup<'a>>,
    pub(super) discriminator: Option<Loc<'a>>,
    pub(super) bounds: BTreeMap<&'static str, Loc<'a>>,
    pub(super) default: Option<Loc<'a>>,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
    pub(super) deprecated: bool,
    pub(super) texts: BTreeMap<&'a str, &'a Value>,
    /// The other keywords, each with the hash of its value.
    pub(super) rest: BTreeMap<&'a str, u64>,
}

impl<'a> MergedSchema<'a> {
    /// Follows references and `allOf`, and combines the constraints.
    pub(super) fn read(document: &ComparedDocument<'a>, group: &SchemaGroup<'a>) -> Self {
        let mut parts = Applicable::default();
        for loc in &group.0 {
            parts.collect(document, loc.clone());
        }
        let at = parts.list.first().or(group.0.first()).cloned();
        let mut schema = Self::any(at.unwrap_or_else(|| document.root()));
        for part in &parts.list {
            schema.add(document, part);
        }
        schema.variants = parts.variants;
        if let Some(values) = parts.values {
            schema.restrict(values);
        }
        schema.types = schema.types.or(parts.types);
        schema.nullable |= parts.null;
        schema.finish();
        schema
    }

    fn any(at: Loc<'a>) -> Self {
        Self {
            at,
            types: None,
            nullable: false,
            format: None,
            values: None,
            members: BTreeMap::new(),
            required: BTreeSet::new(),
            unknown: Unknown::Allowed,
            items: None,
            tuple: Vec::new(),
            variants: Vec::new(),
            discriminator: None,
            bounds: BTreeMap::new(),
            default: None,
            read_only: false,
            write_only: false,
            deprecated: false,
            texts: BTreeMap::new(),
            rest: BTreeMap::new(),
        }
    }

    /// Adds the constraints of one more schema of the group.
    fn add(&mut self, document: &ComparedDocument<'a>, part: &Loc<'a>) {
        if part.value == &Value::Bool(false) {
            self.rest.insert("false", 0);
        }
        self.add_types(part);
        if let Some(values) = part.get("enum") {
            self.restrict(values.value.as_array().into_iter().flatten().collect());
        }
        if let Some(value) = part.value.get("const") {
            self.restrict(vec![value]);
        }
        self.format = self.format.or(part.text("format"));
        self.add_object(part);
        if let Some(items) = part.get("items") {
            self.items.get_or_insert(SchemaGroup(Vec::new())).0.push(items);
        }
        if let (true, Some(tuple)) = (self.tuple.is_empty(), part.get("prefixItems")) {
            self.tuple = tuple.items().map(SchemaGroup::of).collect();
        }
        for name in BOUNDS {
            if let Some(bound) = part.get(name) {
                self.bounds.entry(name).or_insert(bound);
            }
        }
        self.default = self.default.take().or_else(|| part.get("default"));
        self.discriminator = self.discriminator.take().or_else(|| part.get("discriminator"));
        self.read_only |= part.flag("readOnly");
        self.write_only |= part.flag("writeOnly");
        self.deprecated |= part.flag("deprecated");
        for (name, member) in part.members() {
            if TEXTS.contains(&name) {
                self.texts.entry(name).or_insert(member.value);
            } else if !name.starts_with("x-")
                && !name.starts_with("$dynamic")
                && name != "$anchor"
                && !COMPARED.contains(&name)
                && !BOUNDS.contains(&name)
            {
                self.rest.insert(name, fingerprint(document, member.value));
            }
        }
    }

    fn add_types(&mut self, part: &Loc<'a>) {
        let listed: BTreeSet<&'a str> = match part.value.get("type") {
            Some(Value::String(name)) => BTreeSet::from([name.as_str()]),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => return,
        };
        let null = listed.contains("null") || part.flag("nullable");
        let types: BTreeSet<&'a str> = listed.into_iter().filter(|name| *name != "null").collect();
        self.nullable = null && (self.types.is_none() || self.nullable);
        self.types = Some(match self.types.take() {
            Some(others) if !others.is_disjoint(&types) => {
                others.intersection(&types).copied().collect()
            }
            _ => types,
        });
    }

    fn add_object(&mut self, part: &Loc<'a>) {
        if let Some(members) = part.get("properties") {
            for (name, member) in members.members() {
                self.members.entry(name).or_insert(SchemaGroup(Vec::new())).0.push(member);
            }
        }
        if let Some(required) = part.get("required") {
            self.required.extend(required.items().filter_map(|name| name.value.as_str()));
        }
        let unknown =
            part.get("additionalProperties").or_else(|| part.get("unevaluatedProperties"));
        match unknown {
            Some(loc) if loc.value == &Value::Bool(false) => self.unknown = Unknown::Forbidden,
            Some(loc) if loc.value.as_object().is_some_and(|schema| !schema.is_empty()) => {
                if matches!(self.unknown, Unknown::Allowed) {
                    self.unknown = Unknown::Described(SchemaGroup::of(loc));
                }
            }
            _ => {}
        }
    }

    /// Restricts the allowed values to `values`.
    fn restrict(&mut self, values: Vec<&'a Value>) {
        let has_null = values.iter().any(|value| value.is_null());
        self.nullable |= has_null && self.types.is_none();
        let values = values.into_iter().filter(|value| !value.is_null());
        self.values = Some(match self.values.take() {
            Some(others) => values.filter(|value| others.contains(value)).collect(),
            None => values.collect(),
        });
    }

    /// Infers the type from other keywords if `type` is absent.
    fn finish(&mut self) {
        if self.types.is_some() || !self.variants.is_empty() {
            return;
        }
        if !self.members.is_empty() {
            self.types = Some(BTreeSet::from(["object"]));
        } else if self.items.is_some() || !self.tuple.is_empty() {
            self.types = Some(BTreeSet::from(["array"]));
        } else if let Some(values) = &self.values {
            self.types = Some(values.iter().map(|value| type_of(value)).collect());
        }
    }

    /// Returns whether the schema allows every value.
    pub(super) fn is_any(&self) -> bool {
        self.types.is_none() && self.variants.is_empty() && self.values.is_none()
    }
}

/// The schemas that apply to the same value, found by following references and `allOf`.
#[derive(Default)]
struct Applicable<'a> {
    list: Vec<Loc<'a>>,
    variants: Vec<SchemaGroup<'a>>,
    values: Option<Vec<&'a Value>>,
    types: Option<BTreeSet<&'a str>>,
    null: bool,
    seen: HashSet<usize>,
}

impl<'a> Applicable<'a> {
    fn collect(&mut self, document: &ComparedDocument<'a>, start: Loc<'a>) {
        let mut todo = vec![start];
        while let Some(loc) = todo.pop() {
            if !self.seen.insert(std::ptr::from_ref(loc.value).addr()) {
                continue;
            }
            if let Some(target) = loc.text("$ref").and_then(|to| document.target(to)) {
                todo.push(target);
            }
            if let Some(all) = loc.get("allOf") {
                todo.extend(all.items());
            }
            if loc.flag("nullable") {
                self.null = true;
            }
            for keyword in ["oneOf", "anyOf"] {
                if let Some(alternatives) = loc.get(keyword) {
                    todo.extend(self.alternatives(document, &alternatives));
                }
            }
            self.list.push(loc);
        }
    }

    /// Removes null from alternatives. Returns the remaining alternative if only one is left.
    fn alternatives(&mut self, document: &ComparedDocument<'a>, list: &Loc<'a>) -> Option<Loc<'a>> {
        let all: Vec<Loc<'a>> = list.items().collect();
        let (nulls, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|loc| is_null(&document.follow(loc.clone())));
        self.null |= !nulls.is_empty();
        match others.as_slice() {
            [] => return None,
            [only] => return Some(only.clone()),
            _ => {}
        }
        let schemas: Vec<Loc<'a>> = others.iter().map(|loc| document.follow(loc.clone())).collect();
        if let Some(lists) = schemas.iter().map(listed).collect::<Option<Vec<_>>>() {
            self.values.get_or_insert_default().extend(lists.concat());
        } else if let Some(types) = schemas.iter().map(bare_type).collect::<Option<Vec<_>>>() {
            self.types.get_or_insert_default().extend(types);
        } else {
            self.variants.extend(others.into_iter().map(SchemaGroup::of));
        }
        None
    }
}

/// Returns whether a schema allows only null.
fn is_null(loc: &Loc<'_>) -> bool {
    let null = Value::Null;
    loc.text("type") == Some("null")
        || loc.value.get("const") == Some(&null)
        || loc.value.get("enum").and_then(Value::as_array).is_some_and(|all| *all == [null])
}

/// Returns the values that a schema lists, if it has no other constraint.
fn listed<'a>(loc: &Loc<'a>) -> Option<Vec<&'a Value>> {
    let is_neutral = |name: &str| {
        matches!(name, "enum" | "const" | "type" | "title" | "description" | "deprecated")
            || name.starts_with("x-")
    };
    if !loc.value.as_object()?.keys().all(|name| is_neutral(name)) {
        return None;
    }
    match (loc.value.get("enum"), loc.value.get("const")) {
        (Some(Value::Array(values)), None) => Some(values.iter().collect()),
        (None, Some(value)) => Some(vec![value]),
        _ => None,
    }
}

/// Returns the type of a schema, if it has no other constraint.
fn bare_type<'a>(loc: &Loc<'a>) -> Option<&'a str> {
    let is_neutral = |name: &str| matches!(name, "type" | "title" | "description");
    loc.text("type").filter(|_| loc.members().all(|(name, _)| is_neutral(name)))
}

/// Hashes the parts of a value that affect data. Schema names, descriptions and the order of
/// arrays do not change the hash.
pub(super) fn fingerprint(document: &ComparedDocument<'_>, value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash(document, value, 4, false, &mut hasher);
    hasher.finish()
}

/// Hashes `value`, following at most `depth` references. With `names`, each key is the name of
/// a property and not a keyword.
fn hash(
    document: &ComparedDocument<'_>,
    value: &Value,
    depth: u8,
    names: bool,
    hasher: &mut DefaultHasher,
) {
    match value {
        Value::Object(object) => {
            if let (false, Some(Value::String(reference))) = (names, object.get("$ref")) {
                if let (true, Some(target)) = (depth > 0, document.target(reference)) {
                    hash(document, target.value, depth - 1, false, hasher);
                }
                return;
            }
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_unstable();
            for key in keys {
                if !names && (TEXTS.contains(&key.as_str()) || key.starts_with("x-")) {
                    continue;
                }
                key.hash(hasher);
                hash(document, &object[key], depth, key == "properties" && !names, hasher);
            }
        }
        Value::Array(items) => {
            items.len().hash(hasher);
            let mut prints: Vec<u64> = items
                .iter()
                .map(|item| {
                    let mut inner = DefaultHasher::new();
                    hash(document, item, depth, false, &mut inner);
                    inner.finish()
                })
                .collect();
            prints.sort_unstable();
            prints.hash(hasher);
        }
        other => other.to_string().hash(hasher),
    }
}
