//! Compares the limits of values, such as `maximum`, `minLength` and `pattern`.
//!
//! `exclusiveMaximum` is a number in OpenAPI 3.1, and a flag beside `maximum` in 3.0. Both forms
//! are read as the same limit.

use serde_json::Value;

use super::document::Loc;
use super::graph::PairComparison;
use super::rules::{self, RulePair};
use super::schema::MergedSchema;

/// The keyword, its rule when tightened, its rule when loosened, and whether larger is tighter.
const LIMITS: [(&str, &RulePair, &RulePair, bool); 8] = [
    ("maxLength", &rules::MAX_LENGTH_TIGHTENED, &rules::MAX_LENGTH_LOOSENED, false),
    ("minLength", &rules::MIN_LENGTH_TIGHTENED, &rules::MIN_LENGTH_LOOSENED, true),
    ("maxItems", &rules::MAX_ITEMS_TIGHTENED, &rules::MAX_ITEMS_LOOSENED, false),
    ("minItems", &rules::MIN_ITEMS_TIGHTENED, &rules::MIN_ITEMS_LOOSENED, true),
    ("maxProperties", &rules::MAX_PROPERTIES_TIGHTENED, &rules::MAX_PROPERTIES_LOOSENED, false),
    ("minProperties", &rules::MIN_PROPERTIES_TIGHTENED, &rules::MIN_PROPERTIES_LOOSENED, true),
    ("maximum", &rules::MAXIMUM_TIGHTENED, &rules::MAXIMUM_LOOSENED, false),
    ("minimum", &rules::MINIMUM_TIGHTENED, &rules::MINIMUM_LOOSENED, true),
];

pub(super) fn compare<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    for (keyword, tightened, loosened, larger_is_tighter) in LIMITS {
        let (old, new) = (Limit::read(was, keyword), Limit::read(is, keyword));
        if old == new {
            continue;
        }
        let is_tighter = match (&old, &new) {
            (Some(old), Some(new)) => old.is_tightened_to(new, larger_is_tighter),
            (old, _) => old.is_none(),
        };
        let rule = if is_tighter { tightened } else { loosened };
        let message = format!("`{keyword}` was {} and is {}", show(old), show(new));
        pair.find(rule, &is.at, message);
    }
    multiples(pair, was, is);
    flags(pair, was, is);
    patterns(pair, was, is);
}

/// A limit, and whether the limit itself is excluded.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    value: f64,
    exclusive: bool,
}

impl Limit {
    fn read(schema: &MergedSchema<'_>, keyword: &str) -> Option<Self> {
        let number = |name: &str| schema.bounds.get(name).and_then(|loc| loc.value.as_f64());
        let exclusive = match keyword {
            "maximum" => "exclusiveMaximum",
            "minimum" => "exclusiveMinimum",
            _ => return number(keyword).map(|value| Self { value, exclusive: false }),
        };
        let flag = schema.bounds.get(exclusive).is_some_and(|loc| loc.value == &Value::Bool(true));
        let inclusive = number(keyword).map(|value| Self { value, exclusive: flag });
        let exclusive = number(exclusive).map(|value| Self { value, exclusive: true });
        match (inclusive, exclusive) {
            (Some(one), Some(other)) => {
                Some(if one.is_tightened_to(&other, keyword == "minimum") { other } else { one })
            }
            (one, other) => one.or(other),
        }
    }

    /// Returns whether `new` allows fewer values than `self`.
    fn is_tightened_to(&self, new: &Self, larger_is_tighter: bool) -> bool {
        #[expect(clippy::float_cmp, reason = "both are read from the same kind of text")]
        if self.value == new.value {
            return new.exclusive && !self.exclusive;
        }
        (new.value > self.value) == larger_is_tighter
    }
}

fn show(limit: Option<Limit>) -> String {
    match limit {
        None => "absent".to_owned(),
        Some(Limit { value, exclusive: false }) => value.to_string(),
        Some(Limit { value, exclusive: true }) => format!("{value} (exclusive)"),
    }
}

fn multiples<'a>(pair: &mut PairComparison<'_, 'a>, was: &MergedSchema<'a>, is: &MergedSchema<'a>) {
    let read = |schema: &MergedSchema<'_>| {
        schema.bounds.get("multipleOf").and_then(|loc| loc.value.as_f64())
    };
    let (old, new) = (read(was), read(is));
    if old == new {
        return;
    }
    let rule = match (old, new) {
        // Every multiple of the old number is also a multiple of the new one.
        (Some(old), Some(new)) if (old / new).fract() == 0.0 => &rules::MULTIPLE_OF_LOOSENED,
        (Some(_), None) => &rules::MULTIPLE_OF_LOOSENED,
        _ => &rules::MULTIPLE_OF_TIGHTENED,
    };
    let show = |value: Option<f64>| value.map_or("absent".to_owned(), |value| value.to_string());
    let message = format!("`multipleOf` was {} and is {}", show(old), show(new));
    pair.find(rule, &is.at, message);
}

fn flags<'a>(pair: &mut PairComparison<'_, 'a>, was: &MergedSchema<'a>, is: &MergedSchema<'a>) {
    let read = |schema: &MergedSchema<'_>| {
        schema.bounds.get("uniqueItems").is_some_and(|loc| loc.value == &Value::Bool(true))
    };
    match (read(was), read(is)) {
        (false, true) => {
            let message = "items must now be unique".to_owned();
            pair.find(&rules::UNIQUE_ITEMS_TIGHTENED, &is.at, message);
        }
        (true, false) => {
            let message = "items may now repeat".to_owned();
            pair.find(&rules::UNIQUE_ITEMS_LOOSENED, &is.at, message);
        }
        _ => {}
    }
}

/// Compares `pattern`. Every change from one pattern to another counts as breaking, because this
/// module does not compute whether one regular expression accepts more than another.
fn patterns<'a>(pair: &mut PairComparison<'_, 'a>, was: &MergedSchema<'a>, is: &MergedSchema<'a>) {
    let read =
        |schema: &MergedSchema<'a>| schema.bounds.get("pattern").map(|loc: &Loc<'a>| loc.value);
    let (old, new) = (read(was), read(is));
    if old == new {
        return;
    }
    let show = |value: Option<&Value>| value.map_or("absent".to_owned(), Value::to_string);
    let message = format!("`pattern` was {} and is {}", show(old), show(new));
    match (old, new) {
        (Some(_), Some(_)) => pair.find(&rules::PATTERN_CHANGED, &is.at, message),
        (None, _) => pair.find(&rules::PATTERN_TIGHTENED, &is.at, message),
        (_, None) => pair.find(&rules::PATTERN_LOOSENED, &is.at, message),
    }
}
