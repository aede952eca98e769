//! Matches the path parameters to the path template, which determines the URL.
//!
//! An invalid template is rejected.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Diagnostics, Error, Value, refuse};
use crate::pointer::unescape;

/// Makes the path parameters in `parameters` match the template in an operation's pointer.
///
/// A declared parameter that the template lacks is renamed to an undeclared one of the template,
/// in order. Remaining declared parameters are dropped, and remaining undeclared ones are declared
/// as strings.
pub(super) fn apply(
    report: &mut Diagnostics,
    parameters: &mut Vec<Value>,
    pointer: &str,
) -> Result<(), Error> {
    let path = unescape(pointer.split('/').nth(2).unwrap_or_default());
    let wanted = names(&path).map_err(|cause| {
        refuse(pointer, format!("the path {path:?} {cause}"))
            .help("correct the path in the document")
    })?;
    let is_extra = |it: &Value| {
        it["in"] == "path" && it["name"].as_str().is_none_or(|name| !wanted.contains(&name))
    };
    let declared: BTreeSet<String> = parameters
        .iter()
        .filter(|it| it["in"] == "path")
        .filter_map(|it| it["name"].as_str().map(ToOwned::to_owned))
        .collect();
    for name in wanted.iter().filter(|name| !declared.contains(**name)) {
        if let Some(extra) = parameters.iter_mut().find(|it| is_extra(it)) {
            report.loss(
                pointer,
                format!("the parameter {} is used for {{{name}}} in the path", extra["name"]),
            );
            extra["name"] = json!(name);
        } else {
            let text = format!("{{{name}}} in the path is not declared: used as a string");
            report.loss(pointer, text);
            parameters.push(json!({
                "name": name, "in": "path", "required": true, "schema": {"type": "string"},
            }));
        }
    }
    parameters.retain(|it| {
        if is_extra(it) {
            let text = format!("the path parameter {} is not in the path: dropped", it["name"]);
            report.loss(pointer, text);
        }
        !is_extra(it)
    });
    Ok(())
}

/// Returns the distinct parameter names of a template, in order.
fn names(path: &str) -> Result<Vec<&str>, &'static str> {
    let mut found = Vec::new();
    let mut rest = path;
    while let Some((constant, after)) = rest.split_once('{') {
        if constant.contains('}') {
            return Err("has a } without a {");
        }
        let Some((name, after)) = after.split_once('}') else {
            return Err("has a { without a }");
        };
        if name.is_empty() || name.contains(['/', '{']) {
            return Err("has a parameter with an invalid name");
        }
        if !found.contains(&name) {
            found.push(name);
        }
        rest = after;
    }
    match () {
        () if rest.contains('}') => Err("has a } without a {"),
        () if path.contains("//") => Err("has an empty segment, which the client would not send"),
        () => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, check_refusals, with_operation_at};

    fn with(path: &str, parameters: &Value) -> Value {
        with_operation_at(path, json!({ "parameters": parameters }))
    }

    fn named(name: &str) -> Value {
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
    }

    #[test]
    fn matches_path_parameters_to_the_template() {
        let agreed = with("/a/{b}:c/{d}", &json!([named("b"), named("d")]));
        check_documents(
            "parameters",
            &[
                (agreed.clone(), agreed, &[]),
                (
                    with("/a/{b}", &json!([])),
                    with("/a/{b}", &json!([named("b")])),
                    &["loss: #/paths/~1a~1{b}/get: {b} in the path is not declared"],
                ),
                (
                    with("/a", &json!([named("b")])),
                    with_operation_at("/a", json!({})),
                    &["loss: #/paths/~1a/get: the path parameter \"b\" is not in the path"],
                ),
                (
                    with("/a/{b}/{c}", &json!([named("c"), named("id"), named("more")])),
                    with("/a/{b}/{c}", &json!([named("c"), named("b")])),
                    &[
                        "loss: #/paths/~1a~1{b}~1{c}/get: the parameter \"id\" is used for {b}",
                        "loss: #/paths/~1a~1{b}~1{c}/get: the path parameter \"more\" is not in",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn rejects_an_invalid_template() {
        let operation = |path| with(path, &json!([]));
        check_refusals(
            "parameters",
            &[
                (operation("/{b"), "has a { without"),
                (operation("/b}"), "has a } without"),
                (operation("/{}"), "with an invalid name"),
                (operation("//a"), "empty segment"),
            ],
        );
    }
}
