//! Checks that the path template and the path parameters have the same names.
//!
//! A mismatch is rejected and not repaired, because the client could call the wrong path.

use std::collections::BTreeSet;

use super::super::inline_types::unescape;
use super::{Error, Value, refuse};

/// Checks the template in an operation's pointer against its parameters.
pub(super) fn check(parameters: &[Value], pointer: &str) -> Result<(), Error> {
    let path = unescape(pointer.split('/').nth(2).unwrap_or_default());
    let wanted = names(&path).map_err(|cause| {
        refuse(pointer, format!("the path {path:?} {cause}"))
            .help("correct the path in the document")
    })?;
    let declared: BTreeSet<&str> = parameters
        .iter()
        .filter(|parameter| parameter["in"] == "path")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    if let Some(name) = wanted.iter().find(|name| !declared.contains(**name)) {
        return Err(refuse(
            pointer,
            format!("{{{name}}} in the path is not declared as a parameter"),
        )
        .help("add a path parameter of that name in an overlay"));
    }
    match declared.iter().find(|name| !wanted.contains(**name)) {
        Some(name) => {
            Err(refuse(pointer, format!("the path parameter {name:?} is not in the path"))
                .help("remove it in an overlay"))
        }
        None => Ok(()),
    }
}

fn names(path: &str) -> Result<BTreeSet<&str>, &'static str> {
    let mut found = BTreeSet::new();
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
        found.insert(name);
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
    use serde_json::json;

    use super::*;

    #[test]
    fn templates() {
        let path = |name: &str| json!({"name": name, "in": "path"});
        for (pointer, parameters, expected) in [
            ("#/paths/~1a~1{b}:c~1{d}/get", vec![path("b"), path("d")], None),
            ("#/paths/~1a/get", vec![], None),
            ("#/paths/~1{b}/get", vec![], Some("{b} in the path is not declared")),
            ("#/paths/~1a/get", vec![path("b")], Some("\"b\" is not in the path")),
            ("#/paths/~1{b/get", vec![], Some("has a { without")),
            ("#/paths/~1b}/get", vec![], Some("has a } without")),
            ("#/paths/~1{}/get", vec![], Some("with an invalid name")),
            ("#/paths/~1~1a/get", vec![], Some("empty segment")),
        ] {
            let said = check(&parameters, pointer).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(said, None),
                Some(part) => {
                    assert!(said.as_deref().is_some_and(|said| said.contains(part)), "{said:?}");
                }
            }
        }
    }
}
