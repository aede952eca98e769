//! Which attempts a rule is for. It does not count them.

use std::fmt;
use std::ops::{RangeFrom, RangeInclusive};

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// Attempts, counted from 1.
///
/// As JSON: `"every"`, `3`, `[1, 4]`, `{"from": 2, "to": 5}` or `{"from": 2}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Attempts {
    /// All of them.
    #[default]
    Every,
    /// These.
    Listed(Vec<u64>),
    /// From one to another, both among them.
    Range {
        /// The first.
        from: u64,
        /// The last; there is none if this is left out.
        to: Option<u64>,
    },
}

impl Attempts {
    /// Whether this attempt is one of them.
    pub fn hit(&self, attempt: u64) -> bool {
        match self {
            Self::Every => true,
            Self::Listed(attempts) => attempts.contains(&attempt),
            Self::Range { from, to } => *from <= attempt && to.is_none_or(|to| attempt <= to),
        }
    }

    /// Refuses what can never be meant: a rule that no attempt can hit.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let first = match self {
            Self::Every => return Ok(()),
            Self::Listed(attempts) => attempts.iter().min().copied(),
            Self::Range { from, to } => to.is_none_or(|to| *from <= to).then_some(*from),
        };
        match first {
            None => Err("no attempt is named"),
            Some(0) => Err("attempts are counted from 1"),
            Some(_) => Ok(()),
        }
    }
}

impl From<u64> for Attempts {
    fn from(attempt: u64) -> Self {
        Self::Listed(vec![attempt])
    }
}

impl<const N: usize> From<[u64; N]> for Attempts {
    fn from(attempts: [u64; N]) -> Self {
        Self::Listed(attempts.to_vec())
    }
}

impl From<RangeInclusive<u64>> for Attempts {
    fn from(range: RangeInclusive<u64>) -> Self {
        Self::Range { from: *range.start(), to: Some(*range.end()) }
    }
}

impl From<RangeFrom<u64>> for Attempts {
    fn from(range: RangeFrom<u64>) -> Self {
        Self::Range { from: range.start, to: None }
    }
}

impl<'de> Deserialize<'de> for Attempts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let attempts = deserializer.deserialize_any(Forms)?;
        attempts.check().map_err(D::Error::custom)?;
        Ok(attempts)
    }
}

/// Written out, because `untagged` would not say what is wrong with a form.
struct Forms;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    from: u64,
    to: Option<u64>,
}

impl<'de> Visitor<'de> for Forms {
    type Value = Attempts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a list of numbers, {\"from\", \"to\"} or \"every\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Attempts, E> {
        match text {
            "every" => Ok(Attempts::Every),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_u64<E>(self, attempt: u64) -> Result<Attempts, E> {
        Ok(Attempts::from(attempt))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Attempts, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Attempts::Listed)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Attempts, A::Error> {
        let Range { from, to } = Range::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Attempts::Range { from, to })
    }
}
