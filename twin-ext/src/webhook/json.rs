//! Reads the JSON of a signed body without loss.
//!
//! RFC 8259 does not define repeated names, so two readers of one signed body may see different
//! events. This reader rejects repeated names. It keeps numbers as text until they become a [`Value`], and
//! keeps lone surrogates for the identity of an event. `serde_json` does none of this, and its
//! behaviour depends on features that other crates enable. No error contains a part of the body.

mod parse;

use std::borrow::Cow;

use serde_json::{Map, Value};

pub(super) use self::parse::object;

/// A JSON value.
#[derive(Debug)]
pub(super) enum JsonNode<'a> {
    Object(JsonMembers<'a>),
    Array(Vec<JsonNode<'a>>),
    Text(JsonText<'a>),
    Number(&'a str),
    Bool(bool),
    Null,
}

/// A name or a string without escapes.
#[derive(Debug)]
pub(super) enum JsonText<'a> {
    Exact(Cow<'a, str>),
    /// WTF-8 with at least one lone surrogate.
    Surrogates(Vec<u8>),
}

/// The members of an object. Their names are unique.
#[derive(Debug)]
pub(super) struct JsonMembers<'a>(Vec<(JsonText<'a>, JsonNode<'a>)>);

impl<'a> JsonMembers<'a> {
    /// Splits the members into those with these names, in their order, and the unknown ones.
    pub(super) fn split<const N: usize>(
        self,
        names: [&str; N],
    ) -> ([Option<JsonNode<'a>>; N], Map<String, Value>) {
        let mut known = [const { None }; N];
        let mut unknown = Map::new();
        for (name, node) in self.0 {
            match names.iter().position(|known| known.as_bytes() == name.as_bytes()) {
                Some(index) => known[index] = Some(node),
                None => drop(unknown.insert(name.into_string(), node.into_value())),
            }
        }
        (known, unknown)
    }

    /// Returns a member that is a string without lone surrogates.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.iter().find(|(other, _)| other.as_bytes() == name.as_bytes()) {
            Some((_, JsonNode::Text(JsonText::Exact(text)))) => Some(text),
            _ => None,
        }
    }

    fn into_map(self) -> Map<String, Value> {
        self.split([]).1
    }
}

impl JsonNode<'_> {
    /// Converts to a [`Value`]. A number outside the ranges of `u64`, `i64` and `f64` becomes a
    /// string, and a lone surrogate becomes U+FFFD.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Object(members) => Value::Object(members.into_map()),
            Self::Array(items) => items.into_iter().map(JsonNode::into_value).collect(),
            Self::Text(text) => Value::String(text.into_string()),
            Self::Number(digits) => number(digits),
            Self::Bool(value) => Value::Bool(value),
            Self::Null => Value::Null,
        }
    }

    /// Writes the canonical form: without whitespace, with members sorted by name. Equal values
    /// have equal bytes, and different values have different bytes. `replaced` is the name of a
    /// top-level member and its new text.
    pub(super) fn write_canonical(&self, out: &mut Vec<u8>, replaced: Option<(&str, &str)>) {
        match self {
            Self::Object(JsonMembers(members)) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by(|one, two| one.0.as_bytes().cmp(two.0.as_bytes()));
                write_list(out, *b"{}", sorted, |out, (name, value)| {
                    write_text(out, name.as_bytes());
                    out.push(b':');
                    match replaced {
                        Some((other, text)) if name.as_bytes() == other.as_bytes() => {
                            write_text(out, text.as_bytes());
                        }
                        _ => value.write_canonical(out, None),
                    }
                });
            }
            Self::Array(items) => write_list(out, *b"[]", items, |out, item| {
                item.write_canonical(out, None);
            }),
            Self::Text(text) => write_text(out, text.as_bytes()),
            Self::Number(digits) => out.extend_from_slice(digits.as_bytes()),
            Self::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Null => out.extend_from_slice(b"null"),
        }
    }
}

impl<'a> JsonText<'a> {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Exact(text) => text.as_bytes(),
            Self::Surrogates(bytes) => bytes,
        }
    }

    pub(super) fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// Replaces each lone surrogate with U+FFFD.
    pub(super) fn into_string(self) -> String {
        self.replaced().into_owned()
    }

    /// Replaces each lone surrogate with U+FFFD. Allocates only if there is one.
    pub(super) fn replaced(self) -> Cow<'a, str> {
        let bytes = match self {
            Self::Exact(text) => return text,
            Self::Surrogates(bytes) => bytes,
        };
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            // A surrogate has three bytes, of which only the first is 0xed.
            if chunk.invalid().first() == Some(&0xed) {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text.into()
    }
}

fn number(digits: &str) -> Value {
    let kept = || Value::String(digits.to_owned());
    if digits != "-0" && !digits.contains(['.', 'e', 'E']) {
        let whole = digits.parse::<u64>().map(Value::from);
        return whole
            .or_else(|_| digits.parse::<i64>().map(Value::from))
            .unwrap_or_else(|_| kept());
    }
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.contains(|digit| ('1'..='9').contains(&digit));
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && (number != 0.0 || is_zero) => Value::from(number),
        _ => kept(),
    }
}

fn write_list<T>(
    out: &mut Vec<u8>,
    [open, close]: [u8; 2],
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(close);
}

fn write_text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        // `Value` writes a string with JSON escapes.
        let quoted = Value::from(chunk.valid()).to_string();
        out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
        for byte in chunk.invalid() {
            // Valid text cannot contain this sequence, because its backslashes are escaped.
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
    out.push(b'"');
}
