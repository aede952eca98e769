//! Compares the methods of two clients: parameters, body and responses of each operation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape;
use super::{BECAME_DEPRECATED, ClientSurface, DOCUMENTATION_CHANGED, Found, Verdict};
use crate::METHODS;
use crate::diff::document::ComparedDocument;
use crate::diff::graph::DataDirection;
use crate::lower::responses::is_optional;

/// An operation of a lowered document.
struct Method<'a> {
    path: String,
    operation: &'a Value,
    parameters: Vec<&'a Value>,
}

pub(super) fn compare(old: ClientSurface<'_>, new: ClientSurface<'_>, found: &mut Found) {
    let (before, after) = (methods(old), methods(new));
    for (name, was) in &before {
        let Some(is) = after.get(name) else {
            let left_out = new.left_out.iter().find(|one| one.operation == was.path);
            let why = left_out.map_or(String::new(), |one| format!(": left out, {}", one.reason));
            found.add(Verdict::Major, name, format!("the method was removed ({}){why}", was.path));
            continue;
        };
        both(name, was, is, found);
    }
    for (name, is) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        found.add(Verdict::Minor, name, format!("the method is new ({})", is.path));
    }
    for gone in new.left_out.iter().filter(|one| !old.left_out.contains(one)) {
        if !before.values().any(|method| method.path == gone.operation) {
            let message = format!("a new operation is left out of the client: {}", gone.reason);
            found.add(Verdict::Patch, &gone.operation, message);
        }
    }
    servers(old.effective, new.effective, found);
    security(old.effective, new.effective, found);
}

fn methods(client: ClientSurface<'_>) -> BTreeMap<&str, Method<'_>> {
    let mut found = BTreeMap::new();
    for (path, item) in client.lowered["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let name = operation["operationId"].as_str().unwrap_or_default();
            let path = format!("{} {path}", method.to_uppercase());
            if client.left_out.iter().any(|one| one.operation == path) {
                continue;
            }
            let lists = [&item["parameters"], &operation["parameters"]];
            let parameters = lists.into_iter().filter_map(Value::as_array).flatten().collect();
            found.insert(name, Method { path, operation, parameters });
        }
    }
    found
}

fn both(name: &str, was: &Method<'_>, is: &Method<'_>, found: &mut Found) {
    if was.path != is.path {
        let message = format!("calls {} where it called {}", is.path, was.path);
        found.add(Verdict::Patch, name, message);
    }
    let (old, new) = (was.operation, is.operation);
    if old["deprecated"] != new["deprecated"] {
        let deprecated = new["deprecated"] == true;
        let message = if deprecated { BECAME_DEPRECATED } else { "is no longer deprecated" };
        found.add(Verdict::Minor, name, message);
    }
    if old["description"] != new["description"] || old["summary"] != new["summary"] {
        found.add(Verdict::Patch, name, DOCUMENTATION_CHANGED);
    }
    parameters(name, was, is, found);
    shape::bounds(name, old, new, found);
    body(name, old, new, found);
    for (status, what) in [("2XX", "response"), ("4XX", "error"), ("default", "response")] {
        let place = format!("{name} ({what})");
        let content = |operation: &Value| operation["responses"][status]["content"].clone();
        contents(&place, &content(old), &content(new), DataDirection::Response, found);
    }
    match (is_optional(old), is_optional(new)) {
        (false, true) => found.add(Verdict::Major, name, "the response became optional"),
        (true, false) => found.add(Verdict::Major, name, "the response is no longer optional"),
        _ => {}
    }
}

fn parameters(name: &str, was: &Method<'_>, is: &Method<'_>, found: &mut Found) {
    let index = |method: &Method<'_>| -> BTreeMap<String, Value> {
        let key = |parameter: &Value| parameter["name"].as_str().unwrap_or_default().to_owned();
        method.parameters.iter().map(|parameter| (key(parameter), (*parameter).clone())).collect()
    };
    let (before, after) = (index(was), index(is));
    for (parameter, old) in &before {
        let place = format!("{name}.{parameter}");
        let Some(new) = after.get(parameter) else {
            found.add(Verdict::Major, &place, "the setter was removed");
            continue;
        };
        match (old["required"] == true, new["required"] == true) {
            (false, true) => found.add(Verdict::Major, &place, "must now be set"),
            (true, false) => found.add(Verdict::Minor, &place, "became optional"),
            _ => {}
        }
        if old["in"] != new["in"] || old["style"] != new["style"] {
            found.add(Verdict::Patch, &place, "is sent in another way");
        }
        if old["description"] != new["description"] {
            found.add(Verdict::Patch, &place, DOCUMENTATION_CHANGED);
        }
        shape::compare(&place, &old["schema"], &new["schema"], DataDirection::Request, found);
    }
    for (parameter, new) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let place = format!("{name}.{parameter}");
        if new["required"] == true {
            found.add(Verdict::Major, &place, "is new and must be set");
        } else {
            found.add(Verdict::Minor, &place, "is new");
        }
    }
}

fn body(name: &str, old: &Value, new: &Value, found: &mut Found) {
    let place = format!("{name}.body");
    match (old.get("requestBody"), new.get("requestBody")) {
        (None, None) => {}
        (Some(_), None) => found.add(Verdict::Major, &place, "the setter was removed"),
        (None, Some(_)) => found.add(Verdict::Major, &place, "is new and must be set"),
        (Some(old), Some(new)) => {
            contents(&place, &old["content"], &new["content"], DataDirection::Request, found);
        }
    }
}

/// Compares the first media type of two bodies. The client supports one per body.
fn contents(place: &str, old: &Value, new: &Value, direction: DataDirection, found: &mut Found) {
    let first = |content: &Value| {
        let members = content.as_object();
        members.and_then(|all| all.iter().next()).map(|(name, media)| (name.clone(), media.clone()))
    };
    match (first(old), first(new)) {
        (None, None) => {}
        (Some((was, old)), Some((is, new))) => {
            if was != is {
                let typed = |name: &str| name.ends_with("json") || name.contains("urlencoded");
                let verdict =
                    if typed(&was) && typed(&is) { Verdict::Patch } else { Verdict::Major };
                found.add(verdict, place, format!("was `{was}` and is `{is}`"));
            }
            shape::compare(place, &old["schema"], &new["schema"], direction, found);
        }
        (Some(_), None) => found.add(Verdict::Major, place, "no longer has content"),
        (None, Some(_)) => found.add(Verdict::Major, place, "now has content"),
    }
}

fn servers(old: &Value, new: &Value, found: &mut Found) {
    let (old, new) = (ComparedDocument::new(old), ComparedDocument::new(new));
    let (was, is) = (old.origins(), new.origins());
    for origin in was.keys().filter(|origin| !is.contains_key(*origin)) {
        found.add(Verdict::Major, origin, "the server was removed");
    }
    for origin in is.keys().filter(|origin| !was.contains_key(*origin)) {
        found.add(Verdict::Minor, origin, "the server is new");
    }
}

/// Compares the security schemes of the documents.
fn security(old: &Value, new: &Value, found: &mut Found) {
    let schemes = |document: &Value| {
        let declared = document.pointer("/components/securitySchemes").and_then(Value::as_object);
        let mut schemes: Vec<String> = declared
            .into_iter()
            .flat_map(serde_json::Map::values)
            .map(|scheme| {
                let part = |name: &str| scheme[name].as_str().unwrap_or_default().to_lowercase();
                format!("{} {} {} {}", part("type"), part("in"), part("name"), part("scheme"))
            })
            .collect();
        schemes.sort_unstable();
        schemes
    };
    let (was, is) = (schemes(old), schemes(new));
    for gone in was.iter().filter(|scheme| !is.contains(scheme)) {
        // Without any scheme in the document, the client still sends its key.
        let verdict = if is.is_empty() { Verdict::Patch } else { Verdict::Major };
        found.add(verdict, gone.trim_end(), "the security scheme was removed");
    }
    for added in is.iter().filter(|scheme| !was.contains(scheme)) {
        found.add(Verdict::Minor, added.trim_end(), "the security scheme is new");
    }
}
