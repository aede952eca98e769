//! Rewrites every reference between schemas to `#/components/schemas/<name>`.
//!
//! A target outside `components` (`$defs`, a property of another schema, the schema of a response) is
//! copied to a component. A reference is rejected if it leaves the document, has no target, does not
//! refer to a schema, uses an ambiguous anchor, or makes a schema an alias of itself. Recursion
//! through properties or items is allowed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::inline_types::TypeNames;
use super::schema::{Object, SCHEMAS, object_at, ref_to};
use super::schema_pointer::is_schema;
use super::{Context, cycles, refuse, walk};
use crate::error::Error;
use crate::names::type_name;
use crate::pointer::{escape, percent_decode, resolve};

pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
    let mut resolver = Resolver::new(&context.document);
    context.each_schema(|_, value, place| resolver.rewrite(value, place.pointer, place.pointer));
    while let Some((pointer, name)) = resolver.pending.pop() {
        let Some(copy) = resolve(&resolver.original, &pointer).cloned() else { continue };
        context.budget.spend(&copy, &pointer)?;
        let (hoisted, errors) = resolver.rewrite_copy(copy, &name, &pointer);
        let at = format!("{SCHEMAS}{}", escape(&name));
        // Operations refer to the copy, so its pointer locates the problem.
        let problems = errors.iter().flat_map(Error::problems).cloned();
        context.broken.extend(problems.map(|problem| problem.at(at.clone())));
        context.report.note(&pointer, format!("copied to the component `{name}`"));
        context.put_schemas([(name, hoisted)]);
    }
    cycles::report_alias_cycles(context);
    Ok(())
}

/// Returns the percent-decoded pointer of a reference within the document.
pub(super) fn local_pointer(reference: &str, at: &str) -> Result<String, Error> {
    let Some(fragment) = reference.strip_prefix('#') else {
        return Err(refuse(at, format!("$ref {reference:?} leaves the document"))
            .help("bundle its target into the document; the generator fetches nothing"));
    };
    let decoded = percent_decode(fragment)
        .ok_or_else(|| refuse(at, format!("$ref {reference:?} is not percent-encoded UTF-8")))?;
    if !decoded.starts_with('/') {
        return Err(refuse(
            at,
            format!("$ref {reference:?} is the whole document, or an unknown or ambiguous anchor"),
        )
        .help("refer to a JSON pointer, such as #/components/schemas/Name"));
    }
    Ok(format!("#{decoded}"))
}

/// Resolves references in the original document.
struct Resolver {
    original: Value,
    /// Component names by the original pointers of the copied schemas.
    hoisted: BTreeMap<String, String>,
    /// Pointers and names of copies whose references are not rewritten yet.
    pending: Vec<(String, String)>,
    names: TypeNames,
    /// The pointers of the schemas that have an anchor, by its name.
    anchors: BTreeMap<String, Vec<String>>,
}

impl Resolver {
    fn new(document: &Value) -> Self {
        let mut original = document.clone();
        let anchors = anchors(&mut original);
        let names = TypeNames::of_components(document);
        Self { original, hoisted: BTreeMap::new(), pending: Vec::new(), names, anchors }
    }

    /// Rewrites the reference of the schema at `at`, resolving it relative to `base`.
    fn rewrite(&mut self, value: &mut Value, at: &str, base: &str) -> Result<(), Error> {
        let Value::Object(members) = value else { return Ok(()) };
        self.make_static(members, at, base)?;
        let Some(reference) = members.get("$ref") else { return Ok(()) };
        let Some(reference) = reference.as_str() else {
            return Err(refuse(at, "$ref is not a string"));
        };
        let target = self.target(reference, at, base)?;
        let name = self.component(&target, reference, at)?;
        members.extend(match ref_to(&name) {
            Value::Object(rewritten) => rewritten,
            _ => Object::new(),
        });
        Ok(())
    }

    /// Replaces a dynamic reference by a static one if it has exactly one possible target.
    fn make_static(&self, members: &mut Object, at: &str, base: &str) -> Result<(), Error> {
        let target = if let Some(reference) = members.remove("$dynamicRef") {
            reference.as_str().and_then(|reference| self.anchored(reference)).map(str::to_owned)
        } else if let Some(reference) = members.remove("$recursiveRef") {
            (reference == "#").then(|| root_of(base).to_owned())
        } else {
            return Ok(());
        };
        match target.filter(|_| !members.contains_key("$ref")) {
            Some(target) => {
                members.insert("$ref".to_owned(), Value::String(target));
                Ok(())
            }
            None => Err(refuse(at, "the dynamic reference has no unique target")
                .help("refer to the intended schema with $ref")),
        }
    }

    /// Returns the schema with the anchor of a reference, if there is exactly one.
    fn anchored(&self, reference: &str) -> Option<&str> {
        match self.anchors.get(reference.strip_prefix('#')?)?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Returns the target of a reference. It is relative to the root of the document. Some tools write
    /// `$defs` relative to an enclosing schema, which is tried next.
    fn target(&self, reference: &str, at: &str, base: &str) -> Result<String, Error> {
        if let Some(target) = self.anchored(reference) {
            return Ok(target.to_owned());
        }
        let pointer = local_pointer(reference, at)?;
        if resolve(&self.original, &pointer).is_some() {
            return Ok(pointer);
        }
        let local = pointer.starts_with("#/$defs/") || pointer.starts_with("#/definitions/");
        let mut around = Some(base).filter(|_| local);
        while let Some(prefix) = around {
            let candidate = format!("{prefix}{}", &pointer[1..]);
            if resolve(&self.original, &candidate).is_some() {
                return Ok(candidate);
            }
            around = prefix.rsplit_once('/').map(|(shorter, _)| shorter);
        }
        Err(refuse(at, format!("$ref {reference:?} has no target"))
            .help("correct the document, or add the missing part in an overlay"))
    }

    /// Returns the component for a pointer. If the target is not a component, schedules a copy of it.
    fn component(&mut self, target: &str, reference: &str, at: &str) -> Result<String, Error> {
        if let Some(name) = target.strip_prefix(SCHEMAS).filter(|rest| !rest.contains('/')) {
            return Ok(name.replace("~1", "/").replace("~0", "~"));
        }
        if let Some(name) = self.hoisted.get(target) {
            return Ok(name.clone());
        }
        let at_root =
            ["#/$defs/", "#/definitions/"].iter().any(|prefix| target.starts_with(prefix));
        if !at_root && !is_schema(target) {
            return Err(refuse(at, format!("$ref {reference:?} does not refer to a schema")));
        }
        let name = self.fresh(target);
        self.hoisted.insert(target.to_owned(), name.clone());
        self.pending.push((target.to_owned(), name.clone()));
        Ok(name)
    }

    /// Returns a free component name for a target.
    fn fresh(&mut self, target: &str) -> String {
        let short = target
            .rsplit_once('/')
            .filter(|(parent, _)| parent.ends_with("/$defs") || parent.ends_with("/definitions"));
        match short.map(|(_, last)| type_name(last)) {
            Some(short) if self.names.take(short.clone()) => short,
            _ => self.names.free(&specific_tokens(target).join("-")),
        }
    }

    /// Rewrites the references inside a copied schema.
    fn rewrite_copy(&mut self, copy: Value, name: &str, from: &str) -> (Value, Vec<Error>) {
        let mut alone = Value::Object(Object::new());
        if let Value::Object(members) = &mut alone {
            object_at(object_at(members, "components"), "schemas").insert(name.to_owned(), copy);
        }
        let prefix = format!("{SCHEMAS}{}", escape(name));
        let mut errors = Vec::new();
        walk::each_schema(&mut alone, &mut |value, place| {
            let base = place.pointer.replacen(&prefix, from, 1);
            errors.extend(self.rewrite(value, &base, &base).err());
        });
        (alone["components"]["schemas"][name].take(), errors)
    }
}

/// Returns the pointers of the schemas with anchors, by anchor name.
fn anchors(document: &mut Value) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    walk::each_schema(document, &mut |value, place| {
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = value.get(keyword).and_then(Value::as_str) {
                found.entry(name.to_owned()).or_default().push(place.pointer.to_owned());
            }
        }
    });
    found
}

/// Returns the pointer of the outermost schema that contains the one at `pointer`.
fn root_of(pointer: &str) -> &str {
    let component = pointer
        .strip_prefix(SCHEMAS)
        .map(|rest| SCHEMAS.len() + rest.find('/').unwrap_or(rest.len()));
    let inline = || pointer.find("/schema/").map(|at| at + "/schema".len());
    component.or_else(inline).and_then(|end| pointer.get(..end)).unwrap_or(pointer)
}

/// Returns the tokens of a pointer that are specific enough for a name.
fn specific_tokens(pointer: &str) -> Vec<&str> {
    const GENERIC: [&str; 12] = [
        "#",
        "components",
        "schemas",
        "paths",
        "properties",
        "content",
        "schema",
        "$defs",
        "definitions",
        "parameters",
        "responses",
        "application~1json",
    ];
    pointer.split('/').filter(|token| !GENERIC.contains(token)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, check_refusals, with_schemas};

    #[test]
    fn unescapes_references_and_keeps_recursion() {
        check_documents(
            "references",
            &[(
                with_schemas(
                    json!({"a/b c": {"items": {"$ref": "#/components/schemas/a~1b%20c"}}}),
                ),
                with_schemas(json!({"a/b c": {"items": {"$ref": "#/components/schemas/a/b c"}}})),
                &[],
            )],
        );
    }

    /// A reference to `$defs` starts at the root of its schema or of the document.
    #[test]
    fn copies_definitions_to_components() {
        check_documents(
            "references",
            &[(
                with_schemas(json!({"A": {
                    "$defs": {"B": {"type": "string"}},
                    "properties": {
                        "x": {"$ref": "#/$defs/B"}, "y": {"$ref": "#/components/schemas/A/$defs/B"},
                    },
                }})),
                with_schemas(json!({
                    "A": {
                        "$defs": {"B": {"type": "string"}},
                        "properties": {
                            "x": {"$ref": "#/components/schemas/B"},
                            "y": {"$ref": "#/components/schemas/B"},
                        },
                    },
                    "B": {"type": "string"},
                })),
                &["note: copied to the component `B`"],
            )],
        );
    }

    #[test]
    fn resolves_anchors_and_dynamic_references_with_one_target() {
        check_documents(
            "references",
            &[(
                with_schemas(json!({
                    "Tree": {
                        "$dynamicAnchor": "node",
                        "properties": {"children": {"items": {"$dynamicRef": "#node"}}},
                    },
                    "List": {"$recursiveAnchor": true, "properties": {
                        "next": {"$recursiveRef": "#"}, "tree": {"$ref": "#node"},
                    }},
                })),
                with_schemas(json!({
                    "Tree": {
                        "$dynamicAnchor": "node",
                        "properties": {"children": {"items": {"$ref": "#/components/schemas/Tree"}}},
                    },
                    "List": {"$recursiveAnchor": true, "properties": {
                        "next": {"$ref": "#/components/schemas/List"},
                        "tree": {"$ref": "#/components/schemas/Tree"},
                    }},
                })),
                &[],
            )],
        );
    }

    #[test]
    fn copies_a_part_of_another_schema_to_a_component() {
        check_documents(
            "references",
            &[(
                with_schemas(json!({
                    "A": {"properties": {"b": {"type": "string"}}},
                    "C": {"$ref": "#/components/schemas/A/properties/b"},
                })),
                with_schemas(json!({
                    "A": {"properties": {"b": {"type": "string"}}},
                    "Ab": {"type": "string"},
                    "C": {"$ref": "#/components/schemas/Ab"},
                })),
                &["note: #/components/schemas/A/properties/b: copied to the component `Ab`"],
            )],
        );
    }

    #[test]
    fn rejects_references_without_a_schema_as_target() {
        let a = |schema| with_schemas(json!({ "A": schema }));
        check_refusals(
            "references",
            &[
                (
                    a(json!({"$ref": "https://example.org/a.json"})),
                    "#/components/schemas/A: $ref \"https",
                ),
                (a(json!({"items": {"$ref": "a.json#/B"}})), "A/items: $ref \"a.json#/B\" leaves"),
                (a(json!({"$ref": "#/components/schemas/B"})), "has no target"),
                (a(json!({"$ref": "#anchor"})), "an unknown or ambiguous anchor"),
                (a(json!({"$ref": "#/openapi"})), "does not refer to a schema"),
                (a(json!({"$ref": "#/%zz"})), "not percent-encoded"),
                (a(json!({"$ref": 7})), "not a string"),
                (a(json!({"$dynamicRef": "#meta"})), "no unique target"),
                (
                    with_schemas(json!({
                        "A": {"$dynamicAnchor": "node", "items": {"$dynamicRef": "#node"}},
                        "B": {"$dynamicAnchor": "node"},
                    })),
                    "A/items: the dynamic reference has no unique target",
                ),
                (a(json!({"$ref": "#/components/schemas/A"})), "A → A"),
                (a(json!({"allOf": [{"$ref": "#/components/schemas/A"}]})), "A → A"),
                (
                    with_schemas(json!({
                        "A": {"$ref": "#/components/schemas/B"},
                        "B": {"allOf": [{"type": "object"}, {"$ref": "#/components/schemas/A"}]},
                    })),
                    "A → B → A",
                ),
            ],
        );
    }
}
