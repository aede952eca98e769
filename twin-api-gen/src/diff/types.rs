//! Compares descriptions, types, nullability, formats, enum values and defaults of one schema.

use std::collections::BTreeSet;

use serde_json::Value;

use super::graph::PairComparison;
use super::rules::{self, RulePair};
use super::schema::MergedSchema;

/// How the new set of values relates to the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Same,
    Wider,
    Narrower,
    /// Neither set contains the other.
    Different,
}

/// Compares titles, descriptions and examples.
pub(super) fn texts<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    let names: BTreeSet<&str> = was.texts.keys().chain(is.texts.keys()).copied().collect();
    let changed: Vec<&str> =
        names.into_iter().filter(|name| was.texts.get(name) != is.texts.get(name)).collect();
    if !changed.is_empty() {
        let message = format!("`{}` changed", changed.join("`, `"));
        pair.find(&rules::DESCRIPTION, &is.at, message);
    }
}

/// Compares types, nullability and formats. Returns `false` if the types differ so much that the
/// remaining keywords are not comparable.
pub(super) fn compare<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) -> bool {
    let relation = match (was.is_any(), is.is_any()) {
        (true, true) => return true,
        (true, false) => Relation::Narrower,
        (false, true) => Relation::Wider,
        (false, false) => relate(was, is),
    };
    let message = format!("was {} and is {}", spell(was), spell(is));
    match relation {
        Relation::Same => {}
        Relation::Wider => pair.find(&rules::TYPE_WIDENED, &is.at, message),
        Relation::Narrower => pair.find(&rules::TYPE_NARROWED, &is.at, message),
        Relation::Different => {
            pair.find(&rules::TYPE_CHANGED, &is.at, message);
            return false;
        }
    }
    if !was.is_any() && !is.is_any() {
        nullability(pair, was, is);
    }
    if relation == Relation::Same {
        format(pair, was, is);
    }
    true
}

/// Relates the types of two schemas. A union has no types of its own: `union` compares its
/// alternatives.
fn relate(was: &MergedSchema<'_>, is: &MergedSchema<'_>) -> Relation {
    let (Some(old), Some(new)) = (&was.types, &is.types) else {
        let alike = was.variants.is_empty() == is.variants.is_empty();
        return if alike || was.types.is_none() && is.types.is_none() {
            Relation::Same
        } else {
            Relation::Different
        };
    };
    let within = |few: &BTreeSet<&str>, many: &BTreeSet<&str>| {
        few.iter()
            .all(|name| many.contains(name) || (*name == "integer" && many.contains("number")))
    };
    match (within(old, new), within(new, old)) {
        (true, true) => Relation::Same,
        (true, false) => Relation::Wider,
        (false, true) => Relation::Narrower,
        (false, false) => Relation::Different,
    }
}

/// Describes the types of a schema for messages.
fn spell(schema: &MergedSchema<'_>) -> String {
    let mut names: Vec<&str> = schema.types.iter().flatten().copied().collect();
    if names.is_empty() {
        names.push(if schema.variants.is_empty() { "any value" } else { "one of several schemas" });
    } else if schema.nullable {
        names.push("null");
    }
    names.join(" or ")
}

fn nullability<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    match (was.nullable, is.nullable) {
        (false, true) => {
            pair.find(&rules::BECAME_NULLABLE, &is.at, "may now be null".to_owned());
        }
        (true, false) => {
            pair.find(&rules::BECAME_NOT_NULLABLE, &is.at, "is no longer nullable".to_owned());
        }
        _ => {}
    }
}

fn format<'a>(pair: &mut PairComparison<'_, 'a>, was: &MergedSchema<'a>, is: &MergedSchema<'a>) {
    if was.format == is.format {
        return;
    }
    let show = |format: Option<&str>| match format {
        Some(format) => format!("format `{format}`"),
        None => "no format".to_owned(),
    };
    let rule = match (was.format, is.format) {
        (Some(_), None) => &rules::FORMAT_WIDENED,
        (None, Some(_)) => &rules::FORMAT_NARROWED,
        (Some(old), Some(new)) => match range(old).zip(range(new)) {
            Some((old, new)) if new.0 <= old.0 && old.1 <= new.1 => &rules::FORMAT_WIDENED,
            Some((old, new)) if old.0 <= new.0 && new.1 <= old.1 => &rules::FORMAT_NARROWED,
            _ => &rules::FORMAT_CHANGED,
        },
        (None, None) => return,
    };
    let message = format!("had {} and has {}", show(was.format), show(is.format));
    pair.find(rule, &is.at, message);
}

/// Returns the range of a number format, as powers of two below and above zero.
fn range(format: &str) -> Option<(i16, i16)> {
    match format {
        "float" => return Some((-128, 128)),
        "double" => return Some((-1024, 1024)),
        _ => {}
    }
    let (unsigned, signed) = (format.strip_prefix("uint"), format.strip_prefix("int"));
    let bits: i16 = unsigned.or(signed)?.parse().ok()?;
    Some(if unsigned.is_some() { (0, bits) } else { (1 - bits, bits - 1) })
}

/// Compares the listed values.
pub(super) fn values<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    match (&was.values, &is.values) {
        (None, None) => {}
        (None, Some(_)) => {
            // From "any value", `TYPE_NARROWED` reports the change.
            if !was.is_any() {
                let message = "only listed values are now allowed".to_owned();
                pair.find(&rules::BECAME_ENUM, &is.at, message);
            }
        }
        (Some(_), None) => {
            if !is.is_any() {
                let message = "values are no longer restricted to a list".to_owned();
                pair.find(&rules::BECAME_OPEN, &is.at, message);
            }
        }
        (Some(old), Some(new)) => {
            let mut each = |rule: &RulePair, some: &[&Value], others: &[&Value], what: &str| {
                for value in some.iter().filter(|value| !others.contains(value)) {
                    pair.find(rule, &is.at, format!("value {value} {what}"));
                }
            };
            each(&rules::ENUM_VALUE_REMOVED, old, new, "was removed from the list");
            each(&rules::ENUM_VALUE_ADDED, new, old, "is new");
        }
    }
}

/// Compares default values, and the keywords that no other rule covers.
pub(super) fn rest<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    let (old, new) =
        (was.default.as_ref().map(|loc| loc.value), is.default.as_ref().map(|loc| loc.value));
    if old != new {
        let show = |value: Option<&Value>| value.map_or("absent".to_owned(), Value::to_string);
        let message = format!("`default` was {} and is {}", show(old), show(new));
        pair.find(&rules::DEFAULT_CHANGED, &is.at, message);
    }
    let names: BTreeSet<&str> = was.rest.keys().chain(is.rest.keys()).copied().collect();
    for name in names {
        if was.rest.get(name) != is.rest.get(name) {
            pair.find(&rules::KEYWORD_CHANGED, &is.at, format!("keyword `{name}` changed"));
        }
    }
}
