//! Renames parameters whose Rust names collide with each other or with the builder's methods.
//!
//! The first of two colliding parameters keeps its name. A pass makes the client send a renamed
//! parameter under its original name. A path parameter is renamed together with the path template.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::parameters::WIRE;
use super::schema::{Object, as_object};
use super::{Context, Diagnostics, refuse};
use crate::METHODS;
use crate::names::letters;
use crate::names::snake;
use crate::pointer::child;

/// Builder methods, and local variables and functions that a parameter would hide.
const RESERVED: [&str; 10] = [
    "new",
    "send",
    "header_map",
    "body",
    "body_map",
    "clone",
    "encode_path",
    "into",
    "try_into",
    "info",
];

pub(super) fn apply(context: &mut Context) {
    rename_in_paths(context);
    context.each_operation(|report, operation, pointer| {
        rename(report, operation, pointer);
        Ok(())
    });
}

/// Returns whether the Rust name has the same letters as `name`, and is neither reserved nor taken.
fn is_plain(name: &str, taken: &BTreeSet<String>) -> bool {
    let rust = snake(name);
    letters(&rust) == letters(name) && !RESERVED.contains(&rust.as_str()) && !taken.contains(&rust)
}

/// Returns a free Rust name for `name`. `place` is its location, such as `query`.
fn free(name: &str, place: &str, taken: &BTreeSet<String>) -> String {
    let rust = snake(name);
    let has_letters = name.chars().any(char::is_alphanumeric);
    let rust = if has_letters { rust } else { "parameter".to_owned() };
    let with_place = snake(&format!("{place}_{rust}"));
    let mut candidates = [rust, with_place.clone()]
        .into_iter()
        .chain((2_usize..).map(|number| format!("{with_place}{number}")));
    let found = candidates.find(|name| is_plain(name, taken));
    found.unwrap_or(with_place)
}

/// Returns the parameter names of a path template, in order.
fn names(path: &str) -> Vec<String> {
    let parts = path.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.to_owned()).collect()
}

fn rename_in_paths(context: &mut Context) {
    let Context { document, report, broken, .. } = context;
    let Some(Value::Object(paths)) = document.get_mut("paths") else { return };
    let mut renamed = Vec::new();
    for path in paths.keys() {
        let mut taken = BTreeSet::new();
        let mut changes: Vec<(String, String)> = Vec::new();
        for name in names(path) {
            let plain = is_plain(&name, &taken);
            let rust = if plain { snake(&name) } else { free(&name, "path", &taken) };
            if !plain && !changes.iter().any(|(known, _)| *known == name) {
                changes.push((name, rust.clone()));
            }
            taken.insert(rust);
        }
        if !changes.is_empty() {
            renamed.push((path.clone(), changes));
        }
    }
    for (path, changes) in renamed {
        let pointer = child("#/paths", &path);
        let new = changes.iter().fold(path.clone(), |path, (name, rust)| {
            path.replace(&format!("{{{name}}}"), &format!("{{{rust}}}"))
        });
        if paths.contains_key(&new) {
            let cause = format!("the path would become {new:?} in Rust, which already exists");
            broken.extend(refuse(&pointer, cause).problems().cloned());
            continue;
        }
        report.note(&pointer, format!("the path becomes {new:?}: valid names in Rust"));
        let mut item = paths.remove(&path).unwrap_or_default();
        rename_of_path(as_object(&mut item), &changes);
        paths.insert(new, item);
    }
}

fn rename_of_path(item: &mut Object, changes: &[(String, String)]) {
    for method in METHODS {
        let parameters = item.get_mut(method).and_then(|it| it.get_mut("parameters"));
        let list = parameters.and_then(Value::as_array_mut).into_iter().flatten();
        for parameter in list.filter(|parameter| parameter["in"] == "path") {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            if let Some((_, rust)) = changes.iter().find(|(known, _)| *known == name) {
                note_wire_name(parameter, &name);
                parameter["name"] = json!(rust);
            }
        }
    }
}

fn note_wire_name(parameter: &mut Value, name: &str) {
    let wire = as_object(as_object(parameter).entry(WIRE).or_insert_with(|| json!({})));
    wire.insert("name".to_owned(), json!(name));
}

fn rename(report: &mut Diagnostics, operation: &mut Object, pointer: &str) {
    let Some(Value::Array(list)) = operation.get_mut("parameters") else { return };
    let in_path = |parameter: &Value| parameter["in"] == "path";
    let path_names = list.iter().filter(|parameter| in_path(parameter));
    let mut taken: BTreeSet<String> =
        path_names.filter_map(|parameter| parameter["name"].as_str()).map(snake).collect();
    for (index, parameter) in list.iter_mut().enumerate() {
        let at = child(&child(pointer, "parameters"), index);
        let Some(name) = parameter["name"].as_str().map(str::to_owned) else { continue };
        if in_path(parameter) {
            continue;
        }
        let is_cookie = parameter.get(WIRE).is_some_and(|wire| wire["in"] == "cookie");
        let place = if is_cookie { "cookie" } else { parameter["in"].as_str().unwrap_or("query") };
        let rust = if is_plain(&name, &taken) {
            snake(&name)
        } else {
            let rust = free(&name, place, &taken);
            report.note(&at, format!("the {place} parameter {name:?} is `{rust}` in Rust"));
            note_wire_name(parameter, &name);
            parameter["name"] = json!(rust);
            rust
        };
        if is_cookie {
            note_wire_name(parameter, &name);
        }
        taken.insert(rust);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, run, with_operation};

    fn with(parameters: &[Value]) -> Value {
        with_operation(json!({ "parameters": parameters }))
    }

    #[test]
    fn renames_colliding_parameters_and_keeps_their_wire_names() {
        let named = |name: &str, place: &str| json!({"name": name, "in": place});
        let renamed = |rust: &str, place: &str, wire: &str| json!({"name": rust, "in": place, "x-twin-wire": {"name": wire}});
        let plain = [named("a", "query"), named("url", "query"), named("client", "header")];
        check_documents(
            "parameter-names",
            &[
                (with(&plain), with(&plain), &[]),
                (
                    with(&[named("last_event_id", "query"), named("Last-Event-ID", "header")]),
                    with(&[
                        named("last_event_id", "query"),
                        renamed("header_last_event_id", "header", "Last-Event-ID"),
                    ]),
                    &["note: parameters/1: the header parameter \"Last-Event-ID\""],
                ),
                (
                    with(&[
                        named("userId", "query"),
                        named("user_id", "query"),
                        named("user-id", "query"),
                    ]),
                    with(&[
                        named("userId", "query"),
                        renamed("query_user_id", "query", "user_id"),
                        renamed("query_user_id2", "query", "user-id"),
                    ]),
                    &["note: `query_user_id`", "note: `query_user_id2`"],
                ),
                (
                    with(&[named("_", "query"), named("$", "query"), named("1st", "query")]),
                    with(&[
                        renamed("parameter", "query", "_"),
                        renamed("query_parameter", "query", "$"),
                        renamed("x1st", "query", "1st"),
                    ]),
                    &["note: `parameter`", "note: `query_parameter`", "note: `x1st`"],
                ),
                (
                    with(&[named("send", "query"), named("Body", "query")]),
                    with(&[
                        renamed("query_send", "query", "send"),
                        renamed("query_body", "query", "Body"),
                    ]),
                    &["note: `query_send`", "note: `query_body`"],
                ),
            ],
        );
    }

    #[test]
    fn renames_a_path_parameter_together_with_its_path() {
        let document = json!({"paths": {"/a/{_}/{new}/{b}": {"get": {"parameters": [
            {"name": "_", "in": "path"}, {"name": "new", "in": "path"}, {"name": "b", "in": "path"},
            {"name": "b", "in": "query"},
        ]}}}});
        let (document, _) = run("parameter-names", document).unwrap();
        let item = &document["paths"]["/a/{parameter}/{path_new}/{b}"];
        let names: Vec<&str> = item["get"]["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["parameter", "path_new", "b", "query_b"]);
    }
}
