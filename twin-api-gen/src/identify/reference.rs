//! Reads and writes references within one document, such as `#/components/schemas/Vec%3CRun%3E`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::pointer::{escape, percent_decode, unescape};

const SCHEMAS: &str = "#/components/schemas/";

/// Returns the pointer (without `#`) of a reference, if it has a target in `document`.
pub(super) fn resolve(document: &Value, reference: &str) -> Option<String> {
    let pointer = decode(reference.strip_prefix('#')?);
    document.pointer(&pointer)?;
    Some(pointer)
}

/// Returns the name of the component schema that `reference` refers to.
pub(crate) fn component(reference: &str) -> Option<String> {
    let name = decode(reference.strip_prefix(SCHEMAS)?);
    (!name.contains('/')).then(|| unescape(&name))
}

/// Percent-decodes a fragment. Returns it unchanged if it is not validly encoded.
fn decode(fragment: &str) -> String {
    percent_decode(fragment).unwrap_or_else(|| fragment.to_owned())
}

/// Builds the reference to the component schema `name`.
pub(crate) fn to_component(name: &str) -> String {
    let mut reference = SCHEMAS.to_owned();
    for c in escape(name).chars() {
        match c {
            // Not allowed in a URI fragment (RFC 3986 section 3.5).
            '%' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | ' ' | '[' | ']' | '#' => {
                let _ = write!(reference, "%{:02X}", u32::from(c)); // Writing to a String cannot fail.
            }
            c => reference.push(c),
        }
    }
    reference
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_with_characters_invalid_in_a_uri_round_trip() {
        for name in ["Run", "Page<Run>", "a/b~c", "100%", "über", "A [B]"] {
            assert_eq!(component(&to_component(name)).as_deref(), Some(name));
        }
        let document = json!({"components": {"schemas": {"Vec<Run>": {}}}});
        assert!(resolve(&document, "#/components/schemas/Vec%3CRun%3E").is_some());
        assert!(resolve(&document, "#/components/schemas/Vec<Run>").is_some());
        assert!(resolve(&document, "other.json#/components").is_none());
    }
}
