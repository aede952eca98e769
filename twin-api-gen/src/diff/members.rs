//! Compares the properties of objects and the items of arrays.

use std::collections::BTreeSet;

use super::graph::{Compared, Direction};
use super::rules;
use super::schema::{Group, Schema, Unknown};

pub(super) fn compare<'a>(pair: &mut Compared<'_, 'a>, was: &Schema<'a>, is: &Schema<'a>) {
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
fn takes_part(side: Direction, member: &Schema<'_>) -> bool {
    match side {
        Direction::Request => !member.read_only,
        Direction::Response => !member.write_only,
    }
}

fn both<'a>(
    pair: &mut Compared<'_, 'a>,
    name: &'a str,
    (was, old): (&Schema<'a>, &Group<'a>),
    (is, new): (&Schema<'a>, &Group<'a>),
) {
    let before = Schema::read(&pair.graph.old, old);
    let after = Schema::read(&pair.graph.new, new);
    let place = format!(".{name}");
    let at = new.0[0].clone();
    let side = pair.side;
    let required = is.required.contains(name);
    match (takes_part(side, &before), takes_part(side, &after)) {
        (true, true) => {}
        (true, false) => {
            let (rule, what) = match side {
                Direction::Request => (rules::BECAME_READ_ONLY, "became read-only"),
                Direction::Response => (rules::BECAME_WRITE_ONLY, "became write-only"),
            };
            return pair.find_in(&rule, &at, &place, what.to_owned());
        }
        (false, true) => {
            let (rule, what) = match side {
                Direction::Request if required => {
                    (rules::REQUIRED_MEMBER_ADDED, "was read-only and must now be sent")
                }
                Direction::Request => (rules::BECAME_WRITABLE, "was read-only and may now be sent"),
                Direction::Response => {
                    (rules::BECAME_READABLE, "was write-only and is now received")
                }
            };
            return pair.find_in(&rule, &at, &place, what.to_owned());
        }
        (false, false) => return,
    }
    let mut say = |rule: &rules::Pair, what: &str| {
        let rule = *rule.on(side);
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

fn removed<'a>(pair: &mut Compared<'_, 'a>, name: &str, old: &Group<'a>) {
    let schema = Schema::read(&pair.graph.old, old);
    if takes_part(pair.side, &schema) {
        let rule = *rules::MEMBER_REMOVED.on(pair.side);
        pair.find_in(&rule, &old.0[0], &format!(".{name}"), "was removed".to_owned());
    }
}

fn added<'a>(pair: &mut Compared<'_, 'a>, name: &str, is: &Schema<'a>, new: &Group<'a>) {
    let schema = Schema::read(&pair.graph.new, new);
    if !takes_part(pair.side, &schema) {
        return;
    }
    let (rule, message) = match pair.side {
        Direction::Request if is.required.contains(name) => {
            (rules::REQUIRED_MEMBER_ADDED, "is new and required")
        }
        Direction::Request => (rules::OPTIONAL_MEMBER_ADDED, "is new and optional"),
        Direction::Response => (rules::RESPONSE_MEMBER_ADDED, "is new"),
    };
    pair.find_in(&rule, &new.0[0], &format!(".{name}"), message.to_owned());
}

fn unknown<'a>(pair: &mut Compared<'_, 'a>, was: &Schema<'a>, is: &Schema<'a>) {
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

fn tuple<'a>(pair: &mut Compared<'_, 'a>, was: &Schema<'a>, is: &Schema<'a>) {
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
