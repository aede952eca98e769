//! Lowers an OpenAPI 3.1 document to the part of 3.0.3 that progenitor supports.
//!
//! [`RULES`] lists the steps in order. The first group translates 3.1 to 3.0.3 and leaves a valid
//! 3.0 document unchanged. The second group restricts 3.0.3 to the constructs for which
//! progenitor and typify generate correct code, and applies to every document.
//!
//! If a rule drops a construct that affects requests or types, it adds a [`Diagnostic`]. An operation
//! that would be generated incorrectly is left out, with the reason. A type may become wider than in
//! the document, up to any JSON value, but never narrower.
//!
//! Facts about the Twin API belong in `known.json` and the overlay, not here.

use serde_json::Value;

use context::{Context, CopyBudget, Diagnostics};

use crate::client::no_operations;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Stage};
use crate::limits::MAX_DEPTH;
use crate::limits::MAX_POINTER_BYTES;
use crate::{LeftOut, Problem};

mod additional_properties;
mod annotations;
pub(crate) mod bodies;
mod boolean_schema;
mod bounds;
mod component_names;
mod composition;
mod constant;
mod constraints;
mod content_encoding;
mod context;
mod cycles;
mod default_value;
mod dereference;
mod directions;
mod document;
mod enumeration;
mod exclusive_bounds;
mod form;
mod format;
mod inheritance;
mod inline_types;
mod keywords;
pub(crate) mod left_out;
mod media_type;
mod merge;
mod native_type;
mod null_type;
mod nullable_component;
pub(crate) mod nulls;
mod operation_names;
mod optional_list;
mod parameter_names;
pub(crate) mod parameters;
mod path_items;
mod property_names;
mod ref_siblings;
mod references;
pub(crate) mod responses;
mod schema;
mod schema_pointer;
pub(crate) mod tagged_union;
mod tuple;
mod type_array;
pub(crate) mod typing;
mod unsigned;
mod walk;

/// The options of the lowering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoweringOptions {
    /// Whether the hand-written types that `x-twin-type` names are available.
    pub native_types: bool,
}

/// The result of the lowering.
#[derive(Debug, Clone, PartialEq)]
pub struct Lowered {
    /// The OpenAPI 3.0.3 document, with sorted keys.
    pub document: Value,
    /// The constructs that were rewritten or dropped, in sorted order.
    pub diagnostics: Vec<Diagnostic>,
    /// The operations that cannot be generated, each with its problems, in sorted order. `document`
    /// does not contain them.
    pub left_out: Vec<(LeftOut, Vec<Problem>)>,
}

/// One rule of the lowering.
#[derive(Debug, Clone, Copy)]
pub struct LoweringRule {
    /// The name of the rule in diagnostics.
    pub name: &'static str,
    step: RuleKind,
}

/// How a rule changes the document.
#[derive(Debug, Clone, Copy)]
enum RuleKind {
    /// The rule accepts every document. It may leave operations out.
    Rewrite(fn(&mut Context)),
    /// The rule may reject the whole document.
    RefuseOrRewrite(fn(&mut Context) -> Result<(), Error>),
}

impl RuleKind {
    fn run(self, context: &mut Context) -> Result<(), Error> {
        match self {
            Self::Rewrite(apply) => {
                apply(context);
                Ok(())
            }
            Self::RefuseOrRewrite(apply) => apply(context),
        }
    }
}

/// The rules, in the order in which they run.
pub const RULES: &[LoweringRule] = &[
    // 3.1 → 3.0.3. The parts outside schemas come first, then references, so that later rules find
    // every schema in `components` or inline. Add a rule for a 3.1 keyword before `keywords`,
    // which drops unhandled keywords.
    rewrite("document-3.1", document::bridge),
    rewrite("path-items", path_items::apply),
    refuse_or_rewrite("references", references::apply),
    refuse_or_rewrite("native-types", native_type::apply),
    rewrite("boolean-schemas", boolean_schema::apply),
    rewrite("ref-siblings", ref_siblings::apply),
    rewrite("type-arrays", type_array::apply),
    rewrite("null-types", null_type::apply),
    rewrite("const", constant::apply),
    rewrite("exclusive-bounds", exclusive_bounds::apply),
    rewrite("tuples", tuple::apply),
    rewrite("content-encoding", content_encoding::apply),
    // 3.0.3 → progenitor's subset. First come the rules for single schemas. Add a rule for schemas before
    // `composition`, which merges schemas and expects normalized ones.
    refuse_or_rewrite("document", document::narrow),
    rewrite("additional-properties", additional_properties::apply),
    rewrite("annotations", annotations::apply),
    rewrite("keywords", keywords::apply),
    rewrite("enums", enumeration::apply),
    rewrite("inheritance", inheritance::apply),
    rewrite("composition", composition::apply),
    rewrite("types", typing::apply),
    rewrite("formats", format::apply),
    rewrite("nullable-components", nullable_component::apply),
    rewrite("cycles", cycles::apply),
    rewrite("component-names", component_names::apply),
    rewrite("property-names", property_names::apply),
    // Then come the rules for operations. `dereference` copies shared parts into them.
    rewrite("dereference", dereference::apply),
    rewrite("operation-names", operation_names::apply),
    rewrite("parameters", parameters::apply),
    rewrite("bodies", bodies::apply),
    rewrite("parameter-names", parameter_names::apply),
    rewrite("responses", responses::apply),
    // Then come the rules that depend on whether requests or responses use a schema. Add a rule
    // for operations before these.
    rewrite("directions", directions::apply),
    rewrite("nulls", nulls::apply),
    rewrite("unsigned", unsigned::apply),
    rewrite("bounds", bounds::apply),
    rewrite("constraints", constraints::apply),
    rewrite("optional-lists", optional_list::apply),
    rewrite("defaults", default_value::apply),
    // The last rules name the remaining inline schemas, and copy named ones.
    rewrite("inline-types", inline_types::apply),
    refuse_or_rewrite("tagged-unions", tagged_union::apply),
    rewrite("error-responses", responses::copy_errors),
];

const fn rewrite(name: &'static str, apply: fn(&mut Context)) -> LoweringRule {
    LoweringRule { name, step: RuleKind::Rewrite(apply) }
}

const fn refuse_or_rewrite(
    name: &'static str,
    apply: fn(&mut Context) -> Result<(), Error>,
) -> LoweringRule {
    LoweringRule { name, step: RuleKind::RefuseOrRewrite(apply) }
}

/// Lowers a document that [`parse`](crate::parse::parse) has accepted.
///
/// # Errors
/// Returns an error of [`Stage::Lower`], with pointer, cause and help, if a problem affects the
/// whole document, if no operation can be generated, or if the document exceeds a limit: 256
/// levels of nesting, 64 MiB after copying shared parts.
pub fn lower(document: Value, options: LoweringOptions) -> Result<Lowered, Error> {
    check_shape(&document)?;
    let mut context = Context::new(document, options);
    for rule in RULES {
        context.report.rule = rule.name;
        rule.step.run(&mut context)?;
        context.budget.check()?;
        left_out::apply(&mut context)?;
        context.report.flush();
    }
    let mut left_out = context.left_out;
    left_out.sort_by(|(one, _), (other, _)| one.cmp(other));
    if no_operations(&context.document) {
        let problems = left_out.iter().flat_map(|(_, problems)| problems.iter().cloned());
        if let Some(error) = Error::from_problems(problems) {
            return Err(error);
        }
    }
    let mut diagnostics = context.report.list;
    diagnostics.sort();
    diagnostics.dedup();
    let mut document = context.document;
    document.sort_all_objects();
    Ok(Lowered { document, diagnostics, left_out })
}

fn refuse(pointer: &str, cause: impl Into<String>) -> Error {
    Error::new(Stage::Lower, cause).at(pointer)
}

/// Rejects documents that are nested too deeply or whose names are too long, before any rule
/// recurses.
fn check_shape(document: &Value) -> Result<(), Error> {
    let mut level: Vec<(&Value, usize)> = vec![(document, 1)];
    let mut pointers = 0_usize;
    for _ in 0..MAX_DEPTH {
        let mut next: Vec<(&Value, usize)> = Vec::new();
        for (value, length) in level {
            pointers = pointers.saturating_add(length);
            match value {
                Value::Object(members) => {
                    next.extend(members.iter().map(|(key, value)| (value, length + key.len() + 1)));
                }
                Value::Array(items) => next.extend(items.iter().map(|item| (item, length + 4))),
                _ => {}
            }
        }
        if pointers > MAX_POINTER_BYTES {
            return Err(refuse(
                "#",
                format!(
                    "the names and the nesting of the document exceed {MAX_POINTER_BYTES} bytes"
                ),
            ));
        }
        if next.is_empty() {
            return Ok(());
        }
        level = next;
    }
    Err(refuse("#", format!("the document is nested over {MAX_DEPTH} levels deep")))
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn lowered(document: Value) -> Result<Lowered, Error> {
        lower(document, LoweringOptions { native_types: false })
    }

    #[test]
    fn leaves_a_supported_3_0_document_unchanged() {
        let document = json!({
            "openapi": "3.0.3",
            "info": {"title": "t", "version": "1"},
            "paths": {"/a/{id}": {"get": {
                "operationId": "get_a",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "responses": {"2XX": {"description": "d", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/A"},
                }}}},
            }}},
            "components": {"schemas": {"A": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string", "description": "d", "example": {"$ref": "#/data"}},
                    "next": {"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": true},
                    "size": {"type": "integer", "format": "int64", "default": 3},
                },
            }}},
        });
        let lowered = lowered(document.clone()).unwrap();
        assert_eq!(lowered.document, document);
        assert_eq!(lowered.diagnostics, []);
    }

    #[test]
    fn sorts_the_keys_of_the_document() {
        let document =
            json!({"paths": {}, "openapi": "3.1.0", "info": {"version": "1", "title": "t"}});
        let keys: Vec<String> =
            lowered(document).unwrap().document.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["info", "openapi", "paths"]);
    }

    #[test]
    fn lowering_is_idempotent() {
        let document = json!({
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"post": {
                "operationId": "makeA",
                "requestBody": {"required": true, "content": {"application/json": {"schema": {
                    "properties": {"kind": {"const": "a"}, "at": {"type": ["string", "null"], "format": "date-time"}},
                }}}},
                "responses": {"201": {"description": "d"}, "default": {"description": "e", "content": {
                    "application/problem+json": {"schema": {"properties": {"status": {"type": "integer", "minimum": 100}}}},
                }}},
            }}},
        });
        let once = lowered(document).unwrap().document;
        let twice = lowered(once.clone()).unwrap();
        assert_eq!(twice.document, once);
        assert_eq!(twice.diagnostics, []);
        assert_eq!(
            once["components"]["schemas"].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["MakeABody", "MakeABodyKind", "MakeAError"]
        );
    }

    #[test]
    fn limits_growth_and_depth() {
        // One large response, copied to each place that refers to it.
        let mut responses = Map::new();
        responses.insert("R".to_owned(), json!({"description": "d".repeat(100_000)}));
        let mut codes = Map::new();
        for code in 200..999 {
            codes.insert(code.to_string(), json!({"$ref": "#/components/responses/R"}));
        }
        let wide = json!({
            "openapi": "3.1.0",
            "paths": {"/a": {"get": {"operationId": "a", "responses": codes}}},
            "components": {"responses": responses},
        });
        assert!(lowered(wide).unwrap_err().to_string().contains("beyond 64 MiB"));

        let mut deep = json!({});
        for _ in 0..300 {
            deep = json!({ "items": deep });
        }
        let deep = testing::with_schemas(json!({ "A": deep }));
        assert!(lowered(deep).unwrap_err().to_string().contains("levels deep"));
    }
}
