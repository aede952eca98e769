//! Members of a script that have a meaning in HTTP, read with errors that name it.
//!
//! No value is mended here: what cannot be sent is an error in the script.

use std::fmt;

use axum::http::{HeaderValue, StatusCode};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::kind::{Cursor, RetryAfter};

/// A status that ends an exchange; hyper sends no other.
pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
    status_in(deserializer, 200..=599, &"a status from 200 to 599")
}

/// A status that sends the client elsewhere.
pub(super) fn redirect<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
    status_in(deserializer, 300..=399, &"a status from 300 to 399")
}

fn status_in<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: std::ops::RangeInclusive<u16>,
    expected: &&str,
) -> Result<StatusCode, D::Error> {
    let number = u16::deserialize(deserializer)?;
    StatusCode::from_u16(number)
        .ok()
        .filter(|_| range.contains(&number))
        .ok_or_else(|| D::Error::invalid_value(Unexpected::Unsigned(number.into()), expected))
}

/// The value of a header.
pub(super) fn header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderValue, D::Error> {
    parse_header(&String::deserialize(deserializer)?)
}

fn parse_header<E: Error>(text: &str) -> Result<HeaderValue, E> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| E::invalid_value(Unexpected::Str(text), &"the value of a header"))
}

impl<'de> Deserialize<'de> for RetryAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RetryAfterForms)
    }
}

struct RetryAfterForms;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateIn {
    date_in: i64,
}

impl<'de> Visitor<'de> for RetryAfterForms {
    type Value = RetryAfter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds, a text, {\"date_in\": seconds} or a list of these")
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<RetryAfter, E> {
        Ok(RetryAfter::Seconds(seconds))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RetryAfter, E> {
        parse_header(text).map(RetryAfter::Literal)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RetryAfter, A::Error> {
        let DateIn { date_in } = DateIn::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RetryAfter::DateIn(date_in))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<RetryAfter, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(RetryAfter::Each)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CursorForms)
    }
}

struct CursorForms;

impl Visitor<'_> for CursorForms {
    type Value = Cursor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, null, or false for none at all")
    }

    fn visit_str<E>(self, text: &str) -> Result<Cursor, E> {
        Ok(Cursor::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Cursor, E> {
        Ok(Cursor::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Cursor, E> {
        if value {
            return Err(E::invalid_value(Unexpected::Bool(value), &self));
        }
        Ok(Cursor::Absent)
    }
}
