//! Decides whether a JSON pointer is the pointer of a schema.
//!
//! It follows the same structure as [`walk`](super::walk). It does not look into the document, so it
//! also accepts a pointer that has no target.

use crate::schemas::{Container, container};

/// Returns whether a value at `pointer` would be a schema.
pub(super) fn is_schema(pointer: &str) -> bool {
    let tokens: Vec<&str> = pointer.split('/').skip(1).collect();
    match tokens.as_slice() {
        ["components", "schemas", _, rest @ ..] => is_inside(rest),
        ["components", "parameters" | "headers" | "requestBodies", _, rest @ ..]
        | ["paths", _, "parameters", _, rest @ ..]
        | ["paths", _, _, "parameters", _, rest @ ..]
        | ["paths", _, _, "requestBody", rest @ ..] => is_root(rest),
        ["components", "responses", _, rest @ ..] | ["paths", _, _, "responses", _, rest @ ..] => {
            is_in_response(rest)
        }
        _ => false,
    }
}

fn is_in_response(rest: &[&str]) -> bool {
    is_root(if let ["headers", _, rest @ ..] = rest { rest } else { rest })
}

fn is_root(rest: &[&str]) -> bool {
    match rest {
        ["schema", rest @ ..] | ["content", _, "schema", rest @ ..] => is_inside(rest),
        _ => false,
    }
}

fn is_inside(rest: &[&str]) -> bool {
    let Some((keyword, rest)) = rest.split_first() else { return true };
    let one_of_many = || rest.split_first().is_some_and(|(_, rest)| is_inside(rest));
    let numbered = rest.first().is_some_and(|token| token.parse::<usize>().is_ok());
    match container(keyword) {
        Container::Map | Container::List => one_of_many(),
        Container::Single if numbered => one_of_many(),
        Container::Single => is_inside(rest),
        Container::None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_pointers_of_schemas() {
        for (pointer, expected) in [
            ("#/components/schemas/A", true),
            ("#/components/schemas/A/properties/items/items/oneOf/0", true),
            ("#/components/schemas/A/items/0/$defs/B", true),
            ("#/paths/~1a/get/responses/200/content/a~1b/schema/not", true),
            ("#/paths/~1a/get/responses/200/headers/H/schema", true),
            ("#/components/parameters/P/schema", true),
            ("#/components/parameters/P", false),
            ("#/components/schemas/A/properties", false),
            ("#/components/schemas/A/example/items", false),
            ("#/components/schemas", false),
            ("#/openapi", false),
        ] {
            assert_eq!(is_schema(pointer), expected, "{pointer}");
        }
    }
}
