//! Gives every operation a name that is unique in Rust.
//!
//! The `operationId` of the document is kept if possible. An operation without one is named after its
//! method and path, and so is the second of two operations with the same name. If the generated code
//! needs the name itself, the method is added as a suffix. Every change is reported.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::text;
use super::{Context, walk};
use crate::names::{pascal, snake};
use crate::pointer::unescape;

/// Names in the generated code beside the operations' methods.
const METHODS_OF_THE_CLIENT: [&str; 13] = [
    "new",
    "new_with_client",
    "pre",
    "post",
    "exec",
    "api_version",
    "baseurl",
    "client",
    "inner",
    "builder",
    "clone",
    "into",
    "connect",
];

/// Types and traits that a builder of the same name would hide.
const TYPES_OF_THE_BUILDERS: [&str; 42] = [
    "AsRef",
    "Box",
    "ByteStream",
    "Client",
    "ClientHooks",
    "ClientInfo",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Display",
    "Drop",
    "Eq",
    "Err",
    "Error",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromStr",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "OperationInfo",
    "Option",
    "PartialEq",
    "RequestBuilderExt",
    "ResponseValue",
    "Result",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Vec",
];

pub(super) fn apply(context: &mut Context) {
    let mut taken = wanted(&mut context.document);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    context.each_operation(|report, operation, pointer| {
        let id = text(operation, "operationId").filter(|id| has_letters(id)).map(str::to_owned);
        let name = id.as_deref().map(snake);
        if name.as_ref().is_some_and(|name| !is_reserved(name) && seen.insert(name.clone())) {
            return Ok(());
        }
        let place = place_name(pointer);
        let wanted = match &name {
            Some(name) if is_reserved(name) => {
                format!("{name}_{}", pointer.rsplit('/').next().unwrap_or_default())
            }
            _ => place,
        };
        let free = free(&wanted, &mut taken);
        let cause = match &id {
            None => "it has no operationId".to_owned(),
            Some(id) if is_reserved(&snake(id)) => format!("the client reserves {id:?}"),
            Some(id) => format!("another operation has the name {id:?}"),
        };
        report.note(pointer, format!("the operation is called `{free}`: {cause}"));
        operation.insert("operationId".to_owned(), json!(free));
        seen.insert(free);
        Ok(())
    });
}

fn has_letters(name: &str) -> bool {
    name.chars().any(char::is_alphanumeric)
}

fn is_reserved(name: &str) -> bool {
    METHODS_OF_THE_CLIENT.contains(&name) || TYPES_OF_THE_BUILDERS.contains(&pascal(name).as_str())
}

/// Returns the Rust names of all operationIds in the document.
fn wanted(document: &mut Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk::each_operation(document, &mut |operation, _| {
        names.extend(text(operation, "operationId").map(snake));
    });
    names
}

fn free(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = snake(wanted);
    let mut number = 1;
    while is_reserved(&name) || !taken.insert(name.clone()) {
        number += 1;
        name = snake(&format!("{wanted}_{number}"));
    }
    name
}

/// Returns a name from method and path: `get_plants_by_id` for `GET /plants/{id}`.
fn place_name(pointer: &str) -> String {
    let mut tokens = pointer.split('/').skip(2);
    let path = tokens.next().map(unescape).unwrap_or_default();
    let method = tokens.next().unwrap_or_default();
    let mut words = vec![method.to_owned()];
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        words.push(segment.replace('{', "-by-").replace('}', "-"));
    }
    snake(&words.join("-"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::run;

    fn names(document: Value) -> Vec<String> {
        let (document, lines) = run("operation-names", document).unwrap();
        let items = document["paths"].as_object().unwrap();
        let operations = items.values().flat_map(|item| item.as_object().unwrap().values());
        let names = operations.map(|it| it["operationId"].as_str().unwrap().to_owned());
        names.chain(lines).collect()
    }

    #[test]
    fn names_an_operation_without_id_after_method_and_path() {
        assert_eq!(
            names(json!({"paths": {
                "/a/{b}": {"get": {}}, "/a/by/b": {"get": {}}, "/": {"get": {"operationId": "$"}},
            }})),
            [
                "get",
                "get_a_by_b",
                "get_a_by_b_2",
                "note: #/paths/~1/get: the operation is called `get`: it has no operationId",
                "note: #/paths/~1a~1by~1b/get: the operation is called `get_a_by_b`: it has no operationId",
                "note: #/paths/~1a~1{b}/get: the operation is called `get_a_by_b_2`: it has no operationId",
            ]
        );
    }

    #[test]
    fn names_the_second_of_two_equal_names_after_its_path() {
        assert_eq!(
            names(json!({"paths": {
                "/a": {"get": {"operationId": "getIt"}, "put": {"operationId": "get_it"}},
            }})),
            [
                "getIt",
                "put_a",
                "note: #/paths/~1a/put: the operation is called `put_a`: another operation has \
                 the name \"get_it\"",
            ]
        );
    }

    #[test]
    fn adds_the_method_to_reserved_names() {
        for reserved in ["from", "new", "builder", "baseurl", "client", "inner", "clone", "Error"] {
            let found = names(json!({"paths": {"/a": {"get": {"operationId": reserved}}}}));
            assert_eq!(found[0], format!("{}_get", reserved.to_lowercase()));
        }
    }
}
