//! JSON pointers in URI-fragment form (RFC 6901 section 6): `#/paths/~1v1~1me/get`.
//!
//! Characters that a URI would percent-encode are left readable: the pointers are for
//! people and for [`resolve`], not for the wire.

use serde_json::Value;

/// Extends `pointer` by one `token`, which is escaped.
pub fn child(pointer: &str, token: impl std::fmt::Display) -> String {
    format!("{pointer}/{}", escape(&token.to_string()))
}

/// Escapes `~` and `/` as RFC 6901 does.
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Returns the value that `pointer` (with its leading `#`) names, if it exists.
pub fn resolve<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    document.pointer(pointer.strip_prefix('#')?)
}
