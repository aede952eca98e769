//! Compares the properties of objects and the items of arrays.

use std::collections::BTreeSet;

use super::graph::{DataDirection, PairComparison};
use super::rules;
use super::schema::{MergedSchema, SchemaGroup, Unknown};

pub(super) fn compare<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    let names: BTreeSet<&'a str> = was.members.keys().chain(is.members.keys()).copied().collect();
    for name in names {
        match (was.members.get(name), is.members.get(name)) {
            (Some(old), Some(new)) => both(pair, name, (was, old), (is, new)),
            (Some(old), None) => removed(pair, name, old),
            (None, Some(new)) => added(pair, name, is, new),
            (None, None) => {}
        }
    }
    unknown(pair, was, is);
    if let (Some(old), Some(new)) = (&was.items, &is.items) {
        pair.descend("[]".to_owned(), old, new);
    }
    tuple(pair, was, is);
}

/// Returns whether data in this direction contains the member.
fn takes_part(direction: DataDirection, member: &MergedSchema<'_>) -> bool {
    match direction {
        DataDirection::Request => !member.read_only,
        DataDirection::Response => !member.write_only,
    }
}

fn both<'a>(
    pair: &mut PairComparison<'_, 'a>,
    name: &'a str,
    (was, old): (&MergedSchema<'a>, &SchemaGroup<'a>),
    (is, new): (&MergedSchema<'a>, &SchemaGroup<'a>),
) {
    let before = MergedSchema::read(&pair.graph.old, old);
    let after = MergedSchema::read(&pair.graph.new, new);
    let place = format!(".{name}");
    let at = new.0[0].clone();
    let direction = pair.direction;
    let required = is.required.contains(name);
    match (takes_part(direction, &before), takes_part(direction, &after)) {
        (true, true) => {}
        (true, false) => {
            let (rule, what) = match direction {
                DataDirection::Request => (rules::BECAME_READ_ONLY, "became read-only"),
                DataDirection::Response => (rules::BECAME_WRITE_ONLY, "became write-only"),
            };
            return pair.find_in(&rule, &at, &place, what.to_owned());
        }
        (false, true) => {
            let (rule, what) = match direction {
                DataDirection::Request if required => {
                    (rules::REQUIRED_MEMBER_ADDED, "was read-only and must now be sent")
                }
                DataDirection::Request => {
                    (rules::BECAME_WRITABLE, "was read-only and may now be sent")
                }
                DataDirection::Response => {
                    (rules::BECAME_READABLE, "was write-only and is now received")
                }
            };
            return pair.find_in(&rule, &at, &place, what.to_owned());
        }
        (false, false) => return,
    }
    let mut say = |rule: &rules::RulePair, what: &str| {
        let rule = *rule.on(direction);
        pair.find_in(&rule, &at, &place, what.to_owned());
    };
    match (was.required.contains(name), required) {
        (false, true) => say(&rules::MEMBER_BECAME_REQUIRED, "was optional and is required"),
        (true, false) => say(&rules::MEMBER_BECAME_OPTIONAL, "was required and is optional"),
        _ => {}
    }
    match (before.deprecated, after.deprecated) {
        (false, true) => say(&rules::MEMBER_DEPRECATED, "became deprecated"),
        (true, false) => say(&rules::MEMBER_REACTIVATED, "is no longer deprecated"),
        _ => {}
    }
    pair.descend(place, old, new);
}

fn removed<'a>(pair: &mut PairComparison<'_, 'a>, name: &str, old: &SchemaGroup<'a>) {
    let schema = MergedSchema::read(&pair.graph.old, old);
    if takes_part(pair.direction, &schema) {
        let rule = *rules::MEMBER_REMOVED.on(pair.direction);
        pair.find_in(&rule, &old.0[0], &format!(".{name}"), "was removed".to_owned());
    }
}

fn added<'a>(
    pair: &mut PairComparison<'_, 'a>,
    name: &str,
    is: &MergedSchema<'a>,
    new: &SchemaGroup<'a>,
) {
    let schema = MergedSchema::read(&pair.graph.new, new);
    if !takes_part(pair.direction, &schema) {
        return;
    }
    let (rule, message) = match pair.direction {
        DataDirection::Request if is.required.contains(name) => {
            (rules::REQUIRED_MEMBER_ADDED, "is new and required")
        }
        DataDirection::Request => (rules::OPTIONAL_MEMBER_ADDED, "is new and optional"),
        DataDirection::Response => (rules::RESPONSE_MEMBER_ADDED, "is new"),
    };
    pair.find_in(&rule, &new.0[0], &format!(".{name}"), message.to_owned());
}

fn unknown<'a>(pair: &mut PairComparison<'_, 'a>, was: &MergedSchema<'a>, is: &MergedSchema<'a>) {
    match (&was.unknown, &is.unknown) {
        (Unknown::Described(old), Unknown::Described(new)) => {
            pair.descend(".*".to_owned(), old, new);
        }
        (Unknown::Allowed, Unknown::Allowed) | (Unknown::Forbidden, Unknown::Forbidden) => {}
        (_, Unknown::Forbidden) => {
            let message = "undescribed members are now forbidden".to_owned();
            pair.find(&rules::UNKNOWN_FORBIDDEN, &is.at, message);
        }
        (Unknown::Forbidden, _) => {
            let message = "undescribed members are now allowed".to_owned();
            pair.find(&rules::UNKNOWN_ALLOWED, &is.at, message);
        }
        (Unknown::Allowed, Unknown::Described(new)) => {
            let message = "additional members now have a type".to_owned();
            pair.find(&rules::TYPE_NARROWED, &new.0[0], message);
        }
        (Unknown::Described(_), Unknown::Allowed) => {
            let message = "additional members no longer have a type".to_owned();
            pair.find(&rules::TYPE_WIDENED, &is.at, message);
        }
    }
}

fn tuple<'a>(pair: &mut PairComparison<'_, 'a>, was: &MergedSchema<'a>, is: &MergedSchema<'a>) {
    if was.tuple.len() != is.tuple.len() {
        let message = format!(
            "the number of items with a fixed position was {} and is {}",
            was.tuple.len(),
            is.tuple.len()
        );
        return pair.find(&rules::TUPLE_CHANGED, &is.at, message);
    }
    for (index, (old, new)) in was.tuple.iter().zip(&is.tuple).enumerate() {
        pair.descend(format!("[{index}]"), old, new);
    }
}
