//! JSON that names every member once.
//!
//! RFC 8259 leaves it to the reader what a name that comes twice means, so that two readers
//! of one signed body may see different events. Here such a body is no delivery, however deep
//! the name is, and however it is escaped. Nothing of the body gets into an error.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Whether this text is one JSON value in which no object names a member twice.
///
/// The error says where, by line and column.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Strict.deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "a member is named twice",
            _ => "it is not JSON, or nested too deeply",
        };
        format!("{what} (line {}, column {})", error.line(), error.column())
    })
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = Names::default();
        while let Some(name) = members.next_key()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member is named twice"));
            }
            members.next_value_seed(Self)?;
        }
        Ok(())
    }
}

/// The name of a member, without escapes.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The names of an object, of which there are few, unless somebody wants to be a burden.
#[derive(Default)]
struct Names<'a> {
    few: Vec<Name<'a>>,
    many: HashSet<Name<'a>>,
}

const FEW: usize = 16;

impl<'a> Names<'a> {
    /// False if it was there before.
    fn insert(&mut self, name: Name<'a>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}
