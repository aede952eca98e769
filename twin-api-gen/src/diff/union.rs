//! Compares alternatives: `oneOf` and `anyOf` with more than one schema.
//!
//! The alternatives of two documents are matched by content, then by discriminator value, then by
//! name, then by type. Unmatched alternatives were added or removed.

use serde_json::Value;

use super::document::{ComparedDocument, Loc};
use super::graph::PairComparison;
use super::rules;
use super::schema::{MergedSchema, SchemaGroup, fingerprint};

pub(super) fn compare<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    discriminators(pair, was, is);
    let mut old = read(&pair.graph.old, was);
    let mut new = read(&pair.graph.new, is);
    if old.is_empty() || new.is_empty() {
        return;
    }
    let mut matched = Vec::new();
    take_pairs(&mut old, &mut new, &mut matched, |a, b| a.fingerprint == b.fingerprint);
    take_pairs(&mut old, &mut new, &mut matched, |a, b| a.tag.is_some() && a.tag == b.tag);
    take_pairs(&mut old, &mut new, &mut matched, |a, b| a.name.is_some() && a.name == b.name);
    take_pairs(&mut old, &mut new, &mut matched, |a, b| {
        (a.tag.is_none() || b.tag.is_none()) && a.types.is_some() && a.types == b.types
    });
    for (old, new) in matched {
        if let (Some(was), Some(is)) = (&old.tag, &new.tag)
            && was != is
        {
            let message = format!("the discriminator value {was} became {is}");
            pair.find(&rules::TAG_CHANGED, &new.group.0[0], message);
        }
        pair.descend(format!(" (as {})", new.label()), &old.group, &new.group);
    }
    for gone in old {
        let message = format!("alternative {} was removed", gone.label());
        pair.find(&rules::VARIANT_REMOVED, &gone.group.0[0], message);
    }
    for added in new {
        let message = format!("alternative {} is new", added.label());
        pair.find(&rules::VARIANT_ADDED, &added.group.0[0], message);
    }
}

fn discriminators<'a>(
    pair: &mut PairComparison<'_, 'a>,
    was: &MergedSchema<'a>,
    is: &MergedSchema<'a>,
) {
    let name = |schema: &MergedSchema<'a>| {
        schema.discriminator.as_ref().and_then(|loc| loc.text("propertyName"))
    };
    let (old, new) = (name(was), name(is));
    if old != new {
        let show = |name: Option<&str>| name.map_or("none".to_owned(), |name| format!("`{name}`"));
        let message = format!("the discriminator was {} and is {}", show(old), show(new));
        pair.find(&rules::DISCRIMINATOR_CHANGED, &is.at, message);
    }
}

/// An alternative, with the properties that match it to one of the other document.
struct Alternative<'a> {
    group: SchemaGroup<'a>,
    fingerprint: u64,
    tag: Option<String>,
    name: Option<&'a str>,
    types: Option<String>,
    index: usize,
}

impl Alternative<'_> {
    fn label(&self) -> String {
        let number = || format!("number {}", self.index + 1);
        self.tag.clone().or_else(|| self.name.map(str::to_owned)).unwrap_or_else(number)
    }
}

fn read<'a>(document: &ComparedDocument<'a>, schema: &MergedSchema<'a>) -> Vec<Alternative<'a>> {
    let discriminator = schema.discriminator.as_ref();
    let variant = |(index, group): (usize, &SchemaGroup<'a>)| {
        let loc = &group.0[0];
        let read = MergedSchema::read(document, group);
        Alternative {
            group: group.clone(),
            fingerprint: fingerprint(document, loc.value),
            tag: discriminator.and_then(|found| tag(document, found, loc, &read)),
            name: name(loc).or_else(|| loc.text("title")),
            types: read.types.map(|types| types.into_iter().collect::<Vec<_>>().join(" ")),
            index,
        }
    };
    schema.variants.iter().enumerate().map(variant).collect()
}

/// Returns the name of the component that `loc` refers to.
fn name<'a>(loc: &Loc<'a>) -> Option<&'a str> {
    loc.text("$ref").and_then(|reference| reference.rsplit('/').next())
}

/// Returns the discriminator value that selects this alternative.
fn tag<'a>(
    document: &ComparedDocument<'a>,
    discriminator: &Loc<'a>,
    loc: &Loc<'a>,
    schema: &MergedSchema<'a>,
) -> Option<String> {
    let mapping = discriminator.get("mapping");
    let target = loc.text("$ref");
    let mapped = mapping.iter().flat_map(Loc::members).find(|(_, to)| {
        let to = to.value.as_str();
        target.is_some() && (to == target || to == name(loc))
    });
    if let Some((value, _)) = mapped {
        return Some(value.to_owned());
    }
    let member = schema.members.get(discriminator.text("propertyName")?)?;
    match MergedSchema::read(document, member).values.as_deref() {
        Some([Value::String(value)]) => Some(value.clone()),
        Some([value]) => Some(value.to_string()),
        _ => None,
    }
}

/// Moves every pair that satisfies `alike` from both lists to `matched`.
fn take_pairs<'a>(
    old: &mut Vec<Alternative<'a>>,
    new: &mut Vec<Alternative<'a>>,
    matched: &mut Vec<(Alternative<'a>, Alternative<'a>)>,
    alike: impl Fn(&Alternative<'a>, &Alternative<'a>) -> bool,
) {
    let mut rest = Vec::new();
    for one in old.drain(..) {
        match new.iter().position(|other| alike(&one, other)) {
            Some(at) => matched.push((one, new.remove(at))),
            None => rest.push(one),
        }
    }
    *old = rest;
}
