//! The documentation of an operation, on the function of `Client` and on its builder: request,
//! parameters, refusals, a program, and what twin-ext adds.
//!
//! Texts of the document are escaped. Lists, links and code blocks come from this module alone;
//! the attribute [`OPERATION`] tells [`check`](super::check) that a doc may have them.

use std::collections::BTreeMap;

use syn::{ImplItemFn, Item, ItemStruct, Type, Visibility};

use super::escape::{code, escape};
use super::shape::{Shape, Types, members};
use super::statement::Statement;
use super::{better, example, push_paragraph, set_doc, set_marked_doc, text};
use crate::Runtime;
use crate::lower::parameters::WIRE;
use crate::passes::Context;
use crate::passes::tree::{
    Operation, argument_of, as_fn_mut, builders_by_name, doc_of, ident_of, inherent_impls_mut,
    items_of, items_of_mut, last_segment,
};

/// Marks a doc of this module until it is checked. No text of a document can make an attribute.
pub(super) const OPERATION: &str = "twin_operation";

/// Documents the functions of `Client`, and each builder with its functions. Returns the programs.
pub(super) fn apply(tree: &mut syn::File, context: &Context<'_>) -> Result<Vec<String>, String> {
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
        let docs_of = Docs::of((builder.item, types), operation, context, example);
        docs.insert(operation.builder.clone(), docs_of);
    }
    document_client(tree, context, &docs);
    document_builders(tree, context, &docs)?;
    Ok(examples.into_values().collect())
}

fn document_client(tree: &mut syn::File, context: &Context<'_>, docs: &BTreeMap<String, Docs>) {
    let of_operations = context
        .operations
        .iter()
        .filter_map(|it| Some((it.function.as_str(), docs.get(&it.builder)?)));
    let by_function: BTreeMap<&str, &Docs> = of_operations.collect();
    for (_, item) in inherent_impls_mut(&mut tree.items).filter(|(name, _)| name == "Client") {
        for function in item.items.iter_mut().filter_map(as_fn_mut) {
            let ident = ident_of(&function.sig.ident);
            if let Some(docs) = by_function.get(ident.as_str()) {
                let mut lines = docs.about.clone();
                lines.extend(docs.rest.iter().cloned());
                set_marked_doc(&mut function.attrs, &lines, OPERATION);
            }
        }
    }
}

fn document_builders(
    tree: &mut syn::File,
    context: &Context<'_>,
    docs: &BTreeMap<String, Docs>,
) -> Result<(), String> {
    let builders = items_of_mut(&mut tree.items, "builder")?;
    for item in &mut *builders {
        let Item::Struct(item) = item else { continue };
        let Some(docs) = docs.get(&ident_of(&item.ident)) else { continue };
        let mut lines = vec![docs.builder.clone()];
        lines.extend(docs.rest.iter().cloned());
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
struct Docs {
    /// What it does.
    about: Vec<String>,
    /// What its builder is.
    builder: String,
    /// What both say: request, parameters, refusals, program.
    rest: Vec<String>,
}

impl Docs {
    fn of(
        (item, types): (&ItemStruct, Types<'_>),
        operation: &Operation,
        context: &Context<'_>,
        example: Option<&str>,
    ) -> Self {
        let mut about = Vec::new();
        let (summary, description) =
            (text(&operation.object, "summary"), text(&operation.object, "description"));
        // A description that is a sentence says what a summary in the imperative says.
        let sentence = description.split(' ').take(2).any(|word| word.ends_with('s'));
        push_paragraph(&mut about, &if sentence { String::new() } else { escape(summary) });
        push_paragraph(&mut about, &escape(description));
        let call = call(operation);
        let function = &operation.function;
        let builder =
            format!("Builds the request of [`Client::{function}`](super::Client::{function}).");
        let mut rest = Vec::new();
        push_paragraph(&mut rest, &sends(operation, context, &call));
        parameters(&mut rest, (item, types), operation);
        refusals(&mut rest, Statement::of(operation, context.effective));
        if let Some(example) = example {
            rest.extend(["", "# Examples", "```no_run"].map(ToOwned::to_owned));
            rest.extend(example.lines().map(ToOwned::to_owned));
            rest.push("```".to_owned());
        }
        if context.runtime == Runtime::TwinApi {
            for way in better::ways(operation) {
                push_paragraph(&mut rest, &way.sentence());
            }
        }
        if !about.is_empty() {
            rest.insert(0, String::new());
        }
        Self { about, builder, rest }
    }
}

fn call(operation: &Operation) -> String {
    code(&format!("{} {}", operation.method.to_uppercase(), operation.path))
}

fn sends(operation: &Operation, context: &Context<'_>, call: &str) -> String {
    match context.runtime {
        Runtime::TwinApi => format!("Sends {call}. {}", better::retries(operation)),
        Runtime::StandAlone => format!("Sends {call}."),
    }
}

/// What has to be set, and the names of what may be.
fn parameters(
    lines: &mut Vec<String>,
    (builder, types): (&ItemStruct, Types<'_>),
    operation: &Operation,
) {
    let (mut required, mut optional) = (Vec::new(), Vec::new());
    for field in &builder.fields {
        let (Some(ident), Some(ty)) = (&field.ident, argument_of(&field.ty, "Result")) else {
            continue;
        };
        let ident = ident_of(ident);
        match (operation.parameter(&ident), argument_of(ty, "Option")) {
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

/// `` - `name` (place, `Type`): description ``
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
        if matches!(types.shape(&field.ty), Shape::Optional(_)) {
            optional.push(code(&format!("body.{ident}")));
        } else {
            // Escaped already: this pass comes after that of the types.
            let mut line = item(&format!("body.{ident}"), "body", &field.ty, "");
            line.push_str(": ");
            line.push_str(&one_line(&doc_of(&field.attrs)));
            required.push(line);
        }
    }
}

fn type_text(ty: &Type) -> String {
    if let Some(item) = argument_of(ty, "Vec") {
        return format!("Vec<{}>", type_text(item));
    }
    last_segment(ty).unwrap_or_default()
}

/// A paragraph break would end the item of a list.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refusals(lines: &mut Vec<String>, statement: Statement<'_>) {
    let refusals = statement.refusals();
    if refusals.is_empty() {
        return;
    }
    lines.extend(["", "# Refusals", ""].map(ToOwned::to_owned));
    for (status, meaning) in refusals {
        lines.push(format!("- {status}: {}", one_line(&escape(meaning))));
    }
}

fn document_builder_fn(function: &mut ImplItemFn, operation: &Operation) -> Result<(), String> {
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
            "A parameter is missing or not valid (nothing is sent then), the request fails on its \
             way, the service refuses it, or the response cannot be read."
                .to_owned(),
        ],
        "body" => vec!["Sets the body.".to_owned()],
        "body_map" => vec!["Changes the body that is set so far.".to_owned()],
        _ => parameter_doc(operation, &ident)?,
    };
    set_doc(&mut function.attrs, &lines);
    Ok(())
}

fn parameter_doc(operation: &Operation, ident: &str) -> Result<Vec<String>, String> {
    let parameter = operation
        .parameter(ident)
        .ok_or_else(|| format!("{ident} is no parameter of {}", operation.function))?;
    let required = if parameter["required"] == true { "required" } else { "optional" };
    let place = text(parameter, "in");
    let wire = &parameter[WIRE];
    let place = wire["in"].as_str().unwrap_or(place);
    let name = wire["name"].as_str().unwrap_or(text(parameter, "name"));
    let mut lines = vec![format!("Sets {} ({place}, {required}).", code(name))];
    push_paragraph(&mut lines, &escape(text(parameter, "description")));
    Ok(lines)
}
