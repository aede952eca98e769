//! Generates the tokens of a client from OpenAPI 3.0.3 with progenitor-impl, in its builder style.
//!
//! This module sets progenitor's options. The passes then change the generated code. An error or a
//! panic of progenitor becomes an [`Error`], and [`write`](crate::write) finds the part of the
//! document that causes it.

use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle};
use quote::quote;
use schemars::schema::{InstanceType, SchemaObject};
use serde::Deserialize as _;
use serde_json::Value;

use crate::limits::MAX_SCHEMAS;
use crate::{Error, Runtime, Stage, guard};

/// String formats with a hand-written type of `twin-api`, and the path of the type.
///
/// OpenAPI defines `password`. The lowering sets the other formats, for `x-twin-type`.
pub(crate) const NATIVE_TYPES: [(&str, &str); 3] = [
    ("password", "::secrecy::SecretString"),
    ("twin:payload", "crate::Payload"),
    ("twin:lenient-integer", "crate::LenientInteger"),
];

/// Returns the tokens that progenitor generates from a lowered document.
pub(crate) fn generate(document: &Value, runtime: Runtime) -> Result<TokenStream, Error> {
    attempt(document, runtime).map_err(|cause| {
        Error::new(Stage::Client, format!("progenitor does not support it: {cause}"))
            .help("describe it differently in an overlay, or add a lowering rule")
    })
}

/// Rejects a document without operations.
pub(crate) fn check_operations(document: &Value) -> Result<(), Error> {
    if no_operations(document) {
        return Err(Error::new(Stage::Client, "the document has no operations")
            .at("#/paths")
            .help("a client needs at least one path with a method"));
    }
    Ok(())
}

/// Rejects a document that would take too long or too much memory.
pub(crate) fn check_size(document: &Value) -> Result<(), Error> {
    let size = size(document);
    if size > MAX_SCHEMAS {
        let cause = format!(
            "the document describes {size} schemas, properties and values; the limit is {MAX_SCHEMAS}"
        );
        return Err(Error::new(Stage::Client, cause)
            .at("#/components/schemas")
            .help("remove the parts of the document that are not needed"));
    }
    Ok(())
}

/// Returns whether the document has no operations.
pub(crate) fn no_operations(document: &Value) -> bool {
    document["paths"].as_object().is_none_or(|paths| {
        !paths
            .values()
            .filter_map(Value::as_object)
            .any(|item| item.keys().any(|key| crate::METHODS.contains(&key.as_str())))
    })
}

/// Counts schemas, properties, alternatives and enum values at any depth. An enum value counts for a
/// quarter.
fn size(document: &Value) -> usize {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut size = schemas.map_or(0, serde_json::Map::len);
    let mut todo = vec![document];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(members) => {
                size += members
                    .get("properties")
                    .and_then(Value::as_object)
                    .map_or(0, serde_json::Map::len);
                for keyword in ["oneOf", "anyOf"] {
                    size += members.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
                }
                size += members.get("enum").and_then(Value::as_array).map_or(0, Vec::len) / 4;
                todo.extend(members.values());
            }
            _ => {}
        }
    }
    size
}

fn attempt(document: &Value, runtime: Runtime) -> Result<TokenStream, String> {
    let document = OpenAPI::deserialize(document).map_err(|error| error.to_string())?;
    guard::catch(|| Generator::new(&settings(runtime)).generate_tokens(&document))?
        .map_err(|error| error.to_string())
}

fn settings(runtime: Runtime) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        // The order of a HashMap would change from run to run.
        .with_map_type("::std::collections::BTreeMap");
    if runtime == Runtime::TwinApi {
        settings.with_hooks(HooksMode::Expected).with_inner_type(quote!(crate::transport::Inner));
        // Error responses have a hand-written type, even if the document describes another.
        settings.with_replacement("Problem", "crate::Problem", std::iter::empty());
        for (format, path) in NATIVE_TYPES {
            settings.with_conversion(string_of(format), path, std::iter::empty());
        }
    }
    settings
}

fn string_of(format: &str) -> SchemaObject {
    SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some(format.to_owned()),
        ..SchemaObject::default()
    }
}
