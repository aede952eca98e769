//! Describes operations: method, path, function, parameters and response.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{ImplItemFn, ItemStruct, Type};

use super::types::type_text;
use crate::passes::{Builder, GeneratedOperation, MentionedTypes, generic_argument, ident_of};

/// The maximum width of one line. In a longer description, each parameter has its own line.
const WIDTH: usize = 100;

/// Describes one operation: `METHOD path → fn name(parameters) → response`.
pub(super) fn describe(
    builder: Option<&Builder<'_>>,
    operation: &GeneratedOperation,
    missing: bool,
) -> String {
    let head = format!(
        "{} {} → fn {}(",
        operation.method.to_uppercase(),
        operation.path,
        operation.function
    );
    let parameters = builder.map(|found| parameters(found.item, operation)).unwrap_or_default();
    let response = builder.map(|found| response(found.send)).unwrap_or_default();
    let mark = if missing { " (not in the document)" } else { "" };
    let one_line = format!("{head}{}) → {response}", parameters.join(", "));
    if one_line.chars().count() < WIDTH {
        return format!("{one_line}{mark}\n");
    }
    format!("{head}\n    {},\n) → {response}{mark}\n", parameters.join(",\n    "))
}

/// Returns the types that the builder of an operation mentions.
pub(super) fn mentions(builder: Builder<'_>) -> BTreeSet<String> {
    let mut names = MentionedTypes::default();
    names.visit_item_struct(builder.item);
    names.visit_return_type(&builder.send.sig.output);
    names.0
}

fn parameters(builder: &ItemStruct, operation: &GeneratedOperation) -> Vec<String> {
    builder
        .fields
        .iter()
        // The first field is the client.
        .filter_map(|field| {
            Some((field.ident.as_ref().map(ident_of)?, generic_argument(&field.ty, "Result")?))
        })
        .map(|(name, ty)| match generic_argument(ty, "Option") {
            Some(optional) => {
                format!("{name}?: {}{}", type_text(optional), bounds(operation, &name))
            }
            None => format!("{name}: {}{}", body_text(ty), bounds(operation, &name)),
        })
        .collect()
}

/// Returns the type of a body. A builder is shown as the type that it builds.
fn body_text(ty: &Type) -> String {
    let text = type_text(ty);
    text.strip_prefix("builder::").map(ToOwned::to_owned).unwrap_or(text)
}

fn bounds(operation: &GeneratedOperation, name: &str) -> String {
    let api_name = operation.parameter(name).and_then(|it| it["name"].as_str());
    api_name.map_or_else(String::new, |api_name| super::types::bounds(&operation.object, api_name))
}

/// Returns the response type of `send`, or `nothing` for an empty response.
fn response(send: &ImplItemFn) -> String {
    let syn::ReturnType::Type(_, ty) = &send.sig.output else { return String::new() };
    generic_argument(ty, "Result")
        .and_then(|value| generic_argument(value, "ResponseValue"))
        .map(type_text)
        .map_or_else(String::new, |text| match text.as_str() {
            "()" => "nothing".to_owned(),
            _ => text,
        })
}
