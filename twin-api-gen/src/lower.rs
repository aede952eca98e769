//! Lowering: an OpenAPI 3.1 document becomes a 3.0.3 one that progenitor can take.
//!
//! [`RULES`] is the whole story in its order, in two parts. The first bridges 3.1 to
//! 3.0.3: a valid 3.0 document passes it unchanged. The second bridges 3.0.3 to the part of it
//! that progenitor and typify turn into a right client: it applies to every document.
//!
//! Nothing is left out silently: what cannot be said gives a [`Diagnostic`], or stops with
//! an [`Error`] where a wrong client would come of it. Types may become wider than the
//! document says (any JSON value, at the widest), never narrower and never another.
//!
//! It knows nothing of Twin (that is the overlay's part), and writes no Rust.

use serde_json::Value;

use context::{Budget, Context, Report};

use crate::client::no_operations;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Stage};
use crate::{LeftOut, Problem};

mod additional_properties;
mod annotations;
pub(crate) mod bodies;
mod boolean_schema;
mod bounds;
mod casing;
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
mod typing;
mod unsigned;
mod walk;

/// What the lowered document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether hand-written types stand ready for what `x-twin-type` names.
    pub native_types: bool,
}

/// A 3.0.3 document, and what became of the original on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Lowered {
    /// The document; all its keys are sorted.
    pub document: Value,
    /// What was said in other words or lost, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// The operations that cannot be generated and are not in the document, sorted, each
    /// with its problems.
    pub left_out: Vec<(LeftOut, Vec<Problem>)>,
}

/// One step of the lowering.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The name, as diagnostics give it.
    pub name: &'static str,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Rewrite(fn(&mut Context)),
    RefuseOrRewrite(fn(&mut Context) -> Result<(), Error>),
}

impl Step {
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

/// The rules in their order.
pub const RULES: &[Rule] = &[
    // 3.1 → 3.0.3. What is not about schemas first, then the references, so that every
    // later rule meets schemas in their own places only. A new rule for a keyword of 3.1
    // goes before `keywords`, which drops what nobody took.
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
    // 3.0.3 → what progenitor takes. First each schema by itself. A new rule for a schema
    // goes before `composition`, which merges schemas and must not see odd ones.
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
    // Then the operations, with everything that they share copied into them.
    rewrite("dereference", dereference::apply),
    rewrite("operation-names", operation_names::apply),
    rewrite("parameters", parameters::apply),
    rewrite("bodies", bodies::apply),
    rewrite("parameter-names", parameter_names::apply),
    rewrite("responses", responses::apply),
    // Then what hangs on who speaks a schema. A new rule for operations goes before these.
    rewrite("directions", directions::apply),
    rewrite("nulls", nulls::apply),
    rewrite("unsigned", unsigned::apply),
    rewrite("bounds", bounds::apply),
    rewrite("constraints", constraints::apply),
    rewrite("optional-lists", optional_list::apply),
    rewrite("defaults", default_value::apply),
    // Last, because they name what the others left, and copy what has names.
    rewrite("inline-types", inline_types::apply),
    refuse_or_rewrite("tagged-unions", tagged_union::apply),
    rewrite("error-responses", responses::copy_errors),
];

const fn rewrite(name: &'static str, apply: fn(&mut Context)) -> Rule {
    Rule { name, step: Step::Rewrite(apply) }
}

const fn refuse_or_rewrite(
    name: &'static str,
    apply: fn(&mut Context) -> Result<(), Error>,
) -> Rule {
    Rule { name, step: Step::RefuseOrRewrite(apply) }
}

/// Lowers a document that [`parse`](crate::parse::parse) has let through.
///
/// # Errors
/// Of [`Stage::Lower`], where a right client is impossible: the pointer, the cause and
/// what to do.
pub fn lower(document: Value, options: Options) -> Result<Lowered, Error> {
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
    let mut diagnostics = context.report.diagnostics;
    diagnostics.sort();
    diagnostics.dedup();
    let mut document = context.document;
    document.sort_all_objects();
    Ok(Lowered { document, diagnostics, left_out })
}

fn refuse(pointer: &str, cause: impl Into<String>) -> Error {
    Error::new(Stage::Lower, cause).at(pointer)
}

/// Rules and their readers recurse; a parsed document is never deeper, a built one may be.
const DEPTH_LIMIT: usize = 256;

/// The length of all pointers together: the rules handle each of them more than once.
const POINTERS_LIMIT: usize = 256 << 20;

/// Refuses what is deep or has long names beyond any use, before anything recurses.
fn check_shape(document: &Value) -> Result<(), Error> {
    let mut level: Vec<(&Value, usize)> = vec![(document, 1)];
    let mut pointers = 0_usize;
    for _ in 0..DEPTH_LIMIT {
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
        if pointers > POINTERS_LIMIT {
            return Err(refuse(
                "#",
                "the document's names are too long, too deeply within each other",
            ));
        }
        if next.is_empty() {
            return Ok(());
        }
        level = next;
    }
    Err(refuse("#", format!("the document is nested over {DEPTH_LIMIT} levels deep")))
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn lowered(document: Value) -> Result<Lowered, Error> {
        lower(document, Options { native_types: false })
    }

    #[test]
    fn a_3_0_document_that_progenitor_can_take_stays_as_it_is() {
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
    fn keys_are_sorted_whatever_order_they_came_in() {
        let document =
            json!({"paths": {}, "openapi": "3.1.0", "info": {"version": "1", "title": "t"}});
        let keys: Vec<String> =
            lowered(document).unwrap().document.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["info", "openapi", "paths"]);
    }

    #[test]
    fn a_document_that_lowering_made_is_lowered_to_itself() {
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
    fn growth_and_depth_have_limits() {
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
