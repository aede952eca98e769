//! Every operation has a name, and no two the same in Rust.
//!
//! It invents none: a name that a machine makes up changes when the path does.

use std::collections::BTreeMap;

use super::casing::{pascal, snake};
use super::schema::text;
use super::{Context, refuse};
use crate::error::Error;

/// Methods and types that stand beside the operations in the generated code.
const METHODS_OF_THE_CLIENT: [&str; 9] =
    ["new", "new_with_client", "pre", "post", "exec", "api_version", "baseurl", "client", "inner"];
const TYPES_OF_THE_BUILDERS: [&str; 10] = [
    "ByteStream",
    "ClientInfo",
    "ClientHooks",
    "Error",
    "OperationInfo",
    "RequestBuilderExt",
    "ResponseValue",
    "Result",
    "Option",
    "String",
];

pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
    let mut seen: BTreeMap<String, (String, String)> = BTreeMap::new();
    context.each_operation(|_, operation, pointer| {
        let help = "pin another operationId in an overlay";
        let Some(id) = text(operation, "operationId") else {
            return Err(refuse(pointer, "the operation has no operationId")
                .help("pin one in an overlay: the client's method is named after it"));
        };
        let name = snake(id);
        let taken = METHODS_OF_THE_CLIENT.contains(&name.as_str())
            || TYPES_OF_THE_BUILDERS.contains(&pascal(&name).as_str());
        if taken {
            let cause = format!("the operationId {id:?} is a name that the client needs itself");
            return Err(refuse(pointer, cause).help(help));
        }
        if let Some((other, at)) = seen.get(&name) {
            let cause = if other == id {
                format!("the operationId {id:?} is also that of {at}")
            } else {
                format!("the operationId {id:?} and {other:?} of {at} are both `{name}` in Rust")
            };
            return Err(refuse(pointer, cause).help(help));
        }
        seen.insert(name, (id.to_owned(), pointer.to_owned()));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_refusals, with_operation};

    #[test]
    fn refusals() {
        let two = |one: &str, two: &str| {
            json!({"paths": {
                "/a": {"get": {"operationId": one}, "put": {"operationId": two}},
            }})
        };
        check_refusals(
            "operation-names",
            &[
                (with_operation(json!({})), "#/paths/~1a/get: the operation has no operationId"),
                (
                    two("x", "x"),
                    "#/paths/~1a/put: the operationId \"x\" is also that of #/paths/~1a/get",
                ),
                (two("getA", "get_a"), "both `get_a` in Rust"),
                (two("a", "new"), "\"new\" is a name that the client needs"),
                (two("a", "error"), "\"error\" is a name"),
            ],
        );
    }
}
