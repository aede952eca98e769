//! The attempts that a rule applies to.

use std::ops::{RangeFrom, RangeInclusive};

use crate::entry::{Entry, InvalidEntry};

/// Attempts, counted from 1.
///
/// As JSON: `"every"`, `3`, `[1, 4]`, `{"from": 2, "to": 5}` or `{"from": 2}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Attempts {
    /// All attempts.
    #[default]
    Every,
    /// The listed attempts.
    Listed(Vec<u64>),
    /// A range of attempts.
    Range {
        /// The first attempt.
        from: u64,
        /// The last attempt, inclusive; `None` for no last attempt.
        to: Option<u64>,
    },
}

impl Attempts {
    /// Returns whether `attempt` is included.
    pub fn contains(&self, attempt: u64) -> bool {
        match self {
            Self::Every => true,
            Self::Listed(attempts) => attempts.contains(&attempt),
            Self::Range { from, to } => *from <= attempt && to.is_none_or(|to| attempt <= to),
        }
    }

    pub(crate) fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        let attempts = if entry.is_object() {
            let range = entry.object(&["from", "to"])?;
            let from = range.required("from")?.number(0..=u64::MAX)?;
            Self::Range { from, to: range.read("to", |to| to.number(0..=u64::MAX))? }
        } else if entry.is_list() {
            let numbers = entry.list()?.into_iter().map(|number| number.number(0..=u64::MAX));
            Self::Listed(numbers.collect::<Result<_, _>>()?)
        } else if entry.is_text() {
            entry.choice(&[("every", ())])?;
            Self::Every
        } else {
            Self::from(entry.number(0..=u64::MAX)?)
        };
        attempts.check().map_err(|error| entry.invalid(error))?;
        Ok(attempts)
    }

    /// Rejects attempts that no request can match.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let first = match self {
            Self::Every => return Ok(()),
            Self::Listed(attempts) => attempts.iter().min().copied(),
            Self::Range { from, to } => to.is_none_or(|to| *from <= to).then_some(*from),
        };
        match first {
            None => Err("the list or range contains no attempt"),
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
