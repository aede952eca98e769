//! Writes the documentation of each operation, for the function of `Client` and for its builder:
//! request, parameters, refusals, a program, and what twin-ext adds.
//!
//! Text of the document is escaped. Lists, links and code blocks come only from this module. The
//! attribute [`OPERATION`] tells [`check`](super::check) that a doc may contain them.

use std::collections::BTreeMap;

use syn::{ImplItemFn, Item, ItemStruct, Type, Visibility};

use super::effective::EffectiveOperation;
use super::escape::{code, escape};
use super::value_kind::{Types, ValueKind, members};
use super::{example, extension, push_paragraph, set_doc, set_marked_doc, text};
use crate::Runtime;
use crate::lower::parameters::WIRE;
use crate::passes::PassContext;
use crate::passes::tree::{
    GeneratedOperation, as_fn_mut, builders_by_name, doc_of, generic_argument, ident_of,
    inherent_impls_mut, items_of, items_of_mut, last_segment,
};

/// Marks a doc of this module until it is checked. Text of a document cannot create an attribute.
pub(super) const OPERATION: &str = "twin_operation";

/// Documents the functions of `Client`, and each builder with its functions. Returns the programs.
pub(super) fn apply(
    tree: &mut syn::File,
    context: &PassContext<'_>,
) -> Result<Vec<String>, String> {
    let types = Types(items_of(&tree.items, "types")?);
    let builders = builders_by_name(tree)?;
    let examples = match context.runtime {
        Runtime::TwinApi => {
            example::examples(types, &builders, &context.operations, context.effective)
        }
        Runtime::StandAlone => BTreeMap::new(),
    };
    let mut docs = BTreeMap::new();
    for operation in &context.operations {
        let example = examples.get(&operation.function).map(String::as_str);
        let builder = builders
            .get(&operation.builder)
            .ok_or_else(|| format!("there is no builder::{}", operation.builder))?;
        let docs_of = OperationDocs::of((builder.item, types), operation, context, example);
        docs.insert(operation.builder.clone(), docs_of);
    }
    document_client(tree, context, &docs);
    document_builders(tree, context, &docs)?;
    Ok(examples.into_values().collect())
}

fn document_client(
    tree: &mut syn::File,
    context: &PassContext<'_>,
    docs: &BTreeMap<String, OperationDocs>,
) {
    let of_operations = context
        .operations
        .iter()
        .filter_map(|it| Some((it.function.as_str(), docs.get(&it.builder)?)));
    let by_function: BTreeMap<&str, &OperationDocs> = of_operations.collect();
    for (_, item) in inherent_impls_mut(&mut tree.items).filter(|(name, _)| name == "Client") {
        for function in item.items.iter_mut().filter_map(as_fn_mut) {
            let ident = ident_of(&function.sig.ident);
            if let Some(docs) = by_function.get(ident.as_str()) {
                let mut lines = docs.about.clone();
                lines.extend(docs.shared.iter().cloned());
                set_marked_doc(&mut function.attrs, &lines, OPERATION);
            }
        }
    }
}

fn document_builders(
    tree: &mut syn::File,
    context: &PassContext<'_>,
    docs: &BTreeMap<String, OperationDocs>,
) -> Result<(), String> {
    let builders = items_of_mut(&mut tree.items, "builder")?;
    for item in &mut *builders {
        let Item::Struct(item) = item else { continue };
        let Some(docs) = docs.get(&ident_of(&item.ident)) else { continue };
        let mut lines = vec![docs.builder.clone()];
        lines.extend(docs.shared.iter().cloned());
        set_marked_doc(&mut item.attrs, &lines, OPERATION);
    }
    for (name, item) in inherent_impls_mut(builders) {
        let operation = context.operation(&name)?;
        for function in item.items.iter_mut().filter_map(as_fn_mut) {
            document_builder_fn(function, operation)?;
        }
    }
    Ok(())
}

/// The documentation of one operation, in lines.
struct OperationDocs {
    /// What the operation does.
    about: Vec<String>,
    /// The first line of the builder's documentation.
    builder: String,
    /// The part that the function and the builder share: request, parameters, refusals, program.
    shared: Vec<String>,
}

impl OperationDocs {
    fn of(
        (item, types): (&ItemStruct, Types<'_>),
        operation: &GeneratedOperation,
        context: &PassContext<'_>,
        example: Option<&str>,
    ) -> Self {
        let mut about = Vec::new();
        let (summary, description) =
            (text(&operation.object, "summary"), text(&operation.object, "description"));
        // A description that begins with a verb ("Lists …") makes the imperative summary redundant.
        let begins_with_verb = description.split(' ').take(2).any(|word| word.ends_with('s'));
        push_paragraph(&mut about, &if begins_with_verb { String::new() } else { escape(summary) });
        push_paragraph(&mut about, &escape(description));
        let call = call(operation);
        let function = &operation.function;
        let builder =
            format!("Builds the request of [`Client::{function}`](super::Client::{function}).");
        let mut shared = Vec::new();
        push_paragraph(&mut shared, &sends(operation, context, &call));
        parameters(&mut shared, (item, types), operation);
        refusals(&mut shared, EffectiveOperation::of(operation, context.effective));
        if let Some(example) = example {
            shared.extend(["", "# Examples", "```no_run"].map(ToOwned::to_owned));
            shared.extend(example.lines().map(ToOwned::to_owned));
            shared.push("```".to_owned());
        }
        if context.runtime == Runtime::TwinApi {
            for extension in extension::extensions(operation) {
                push_paragraph(&mut shared, &extension.sentence());
            }
        }
        if !about.is_empty() {
            shared.insert(0, String::new());
        }
        Self { about, builder, shared }
    }
}

fn call(operation: &GeneratedOperation) -> String {
    code(&format!("{} {}", operation.method.to_uppercase(), operation.path))
}

fn sends(operation: &GeneratedOperation, context: &PassContext<'_>, call: &str) -> String {
    match context.runtime {
        Runtime::TwinApi => format!("Sends {call}. {}", extension::retries(operation)),
        Runtime::StandAlone => format!("Sends {call}."),
    }
}

/// Adds the required parameters with their descriptions, and the names of the optional ones.
fn parameters(
    lines: &mut Vec<String>,
    (builder, types): (&ItemStruct, Types<'_>),
    operation: &GeneratedOperation,
) {
    let (mut required, mut optional) = (Vec::new(), Vec::new());
    for field in &builder.fields {
        let (Some(ident), Some(ty)) = (&field.ident, generic_argument(&field.ty, "Result")) else {
            continue;
        };
        let ident = ident_of(ident);
        match (operation.parameter(&ident), generic_argument(ty, "Option")) {
            (Some(_), Some(_)) => optional.push(code(&ident)),
            (Some(parameter), None) => {
                let place = text(parameter, "in");
                required.push(item(&ident, place, ty, text(parameter, "description")));
            }
            (None, _) => body(&mut required, &mut optional, ty, types),
        }
    }
    if !required.is_empty() {
        lines.extend(["", "Required:", ""].map(ToOwned::to_owned));
        lines.append(&mut required);
    }
    if !optional.is_empty() {
        push_paragraph(lines, &format!("Optional: {}.", optional.join(", ")));
    }
}

/// Returns `` - `name` (place, `Type`): description ``.
fn item(name: &str, place: &str, ty: &Type, description: &str) -> String {
    let ty = code(&type_text(ty));
    let description = one_line(&escape(description));
    let colon = if description.is_empty() { "" } else { ": " };
    format!("- {} ({place}, {ty}){colon}{description}", code(name))
}

fn body(required: &mut Vec<String>, optional: &mut Vec<String>, ty: &Type, types: Types<'_>) {
    let name = last_segment(ty).unwrap_or_default();
    let Some(structure) = types.structure(&name) else {
        required.push(format!("- `body` ({})", code(&name)));
        return;
    };
    for (ident, _, field) in members(structure) {
        if matches!(types.kind(&field.ty), ValueKind::Optional(_)) {
            optional.push(code(&format!("body.{ident}")));
        } else {
            // The doc of the field is already escaped, because the docs of types are written first.
            let mut line = item(&format!("body.{ident}"), "body", &field.ty, "");
            line.push_str(": ");
            line.push_str(&one_line(&doc_of(&field.attrs)));
            required.push(line);
        }
    }
}

fn type_text(ty: &Type) -> String {
    if let Some(item) = generic_argument(ty, "Vec") {
        return format!("Vec<{}>", type_text(item));
    }
    last_segment(ty).unwrap_or_default()
}

/// Joins the lines of a text, because a paragraph break would end the item of a list.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refusals(lines: &mut Vec<String>, effective: EffectiveOperation<'_>) {
    let refusals = effective.refusals();
    if refusals.is_empty() {
        return;
    }
    lines.extend(["", "# Refusals", ""].map(ToOwned::to_owned));
    for (status, meaning) in refusals {
        lines.push(format!("- {status}: {}", one_line(&escape(meaning))));
    }
}

fn document_builder_fn(
    function: &mut ImplItemFn,
    operation: &GeneratedOperation,
) -> Result<(), String> {
    if !matches!(function.vis, Visibility::Public(_)) {
        return Ok(());
    }
    let ident = ident_of(&function.sig.ident);
    let lines = match ident.as_str() {
        "new" => vec![format!("See [`Client::{0}`](super::Client::{0}).", operation.function)],
        "send" => vec![
            format!("Sends {}.", call(operation)),
            String::new(),
            "# Errors".to_owned(),
            "Returns an error if a parameter is missing or not valid (the request is then not sent), \
             if the request fails, if the service refuses it, or if the response cannot be read."
                .to_owned(),
        ],
        "body" => vec!["Sets the body.".to_owned()],
        "body_map" => vec!["Changes the body.".to_owned()],
        _ => parameter_doc(operation, &ident)?,
    };
    set_doc(&mut function.attrs, &lines);
    Ok(())
}

fn parameter_doc(operation: &GeneratedOperation, ident: &str) -> Result<Vec<String>, String> {
    let parameter = operation
        .parameter(ident)
        .ok_or_else(|| format!("{} has no parameter {ident}", operation.function))?;
    let required = if parameter["required"] == true { "required" } else { "optional" };
    let place = text(parameter, "in");
    let wire = &parameter[WIRE];
    let place = wire["in"].as_str().unwrap_or(place);
    let name = wire["name"].as_str().unwrap_or(text(parameter, "name"));
    let mut lines = vec![format!("Sets {} ({place}, {required}).", code(name))];
    push_paragraph(&mut lines, &escape(text(parameter, "description")));
    Ok(lines)
}
