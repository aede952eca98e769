//! The observed facts: those that confirm the document, those that contradict it, and new ones.
//!
//! A fact consists of names, types and enum values, never of other values of a response. A name or
//! enum value that is not a plain word may be data of the account. It is counted, but not shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::Utc;
use serde_json::{Value, json};

use crate::comparison::type_of;

/// The maximum length of a shown name or value.
const MAX_LENGTH: usize = 40;

/// All observed facts.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The members that known.json lists with a source, as `Agent.icon_config`.
    observed_before: BTreeSet<String>,
    confirmed: BTreeSet<String>,
    contradicted: BTreeMap<String, BTreeSet<String>>,
    /// The entries for known.json, by entity.
    entries: BTreeMap<String, Value>,
    new: BTreeSet<String>,
    skipped: Vec<String>,
    hidden: usize,
}

impl Facts {
    pub(crate) fn new(known: &Value) -> Self {
        let mut observed_before = BTreeSet::new();
        for (entity, described) in known["entities"].as_object().into_iter().flatten() {
            for (name, member) in described["members"].as_object().into_iter().flatten() {
                if member.get("source").is_some() {
                    observed_before.insert(format!("{entity}.{name}"));
                }
            }
        }
        Self {
            observed_before,
            confirmed: BTreeSet::new(),
            contradicted: BTreeMap::new(),
            entries: BTreeMap::new(),
            new: BTreeSet::new(),
            skipped: Vec::new(),
            hidden: 0,
        }
    }

    /// Returns whether no response was compared.
    pub(crate) fn is_empty(&self) -> bool {
        self.confirmed.is_empty() && self.contradicted.is_empty() && self.new.is_empty()
    }

    pub(crate) fn skip(&mut self, call: &str, why: &str) {
        self.skipped.push(format!("{call}: {why}"));
    }

    pub(crate) fn confirm(&mut self, owner: &str, name: &str) {
        self.confirmed.insert(format!("{owner}.{name}"));
    }

    pub(crate) fn contradict(&mut self, owner: &str, call: &str, message: &str) {
        let subject = format!("{owner}: {message}");
        self.contradicted.entry(subject).or_default().insert(call.to_owned());
    }

    /// Adds the fact that a required member is missing.
    pub(crate) fn absent(&mut self, owner: &str, name: &str, call: &str) {
        self.contradict(owner, call, &format!("`{name}` is required, but was absent"));
        let entry = self.entry(owner);
        entry["members"][name]["seen_absent"] = source(call, "a response lacks this member").into();
    }

    pub(crate) fn new_member(&mut self, owner: &str, name: &str, value: &Value, call: &str) {
        if !is_word(name) {
            self.hidden += 1;
            return;
        }
        self.new.insert(format!("{owner}.{name}: {}", type_of(value)));
        let mut schema = json!({"type": type_of(value), "description": "Observed in responses."});
        match value {
            // The type of values that are not null is not known.
            Value::Null => drop(schema.as_object_mut().map(|schema| schema.remove("type"))),
            Value::Array(_) => schema["items"] = json!({}),
            _ => {}
        }
        let source = source(call, "a response has this member");
        self.entry(owner)["members"][name] = json!({"schema": schema, "source": source});
    }

    pub(crate) fn new_value(&mut self, owner: &str, value: &str, call: &str) {
        if !is_word(value) {
            self.hidden += 1;
            return;
        }
        if self.new.insert(format!("{owner}: value \"{value}\"")) {
            let source = source(call, "a response has this value");
            let entry = self.entry(owner);
            if !entry["values"].is_array() {
                entry["values"] = json!([]);
            }
            if let Some(values) = entry["values"].as_array_mut() {
                values.push(json!({"value": value, "source": source}));
            }
        }
    }

    fn entry(&mut self, owner: &str) -> &mut Value {
        self.entries.entry(owner.to_owned()).or_insert_with(|| json!({}))
    }

    /// Returns the new facts in the format of known.json.
    pub(crate) fn entries(&self) -> Value {
        json!({ "entities": self.entries })
    }

    /// Returns the report as text.
    pub(crate) fn report(&self) -> String {
        let mut text = format!("confirmed: {}\n", self.confirmed.len());
        for fact in &self.confirmed {
            let before =
                if self.observed_before.contains(fact) { " (observed before)" } else { "" };
            let _ = writeln!(text, "  {fact}{before}");
        }
        let _ = writeln!(text, "contradicted: {}", self.contradicted.len());
        for (subject, calls) in &self.contradicted {
            let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
            let _ = writeln!(text, "  {subject} ({})", calls.join(", "));
        }
        let _ = writeln!(text, "new: {}", self.new.len());
        for fact in &self.new {
            let _ = writeln!(text, "  {fact}");
        }
        if self.hidden > 0 {
            let _ = writeln!(
                text,
                "not shown, because the name or value is not a plain word: {}",
                self.hidden
            );
        }
        for skipped in &self.skipped {
            let _ = writeln!(text, "skipped: {skipped}");
        }
        if !self.entries.is_empty() {
            let _ = writeln!(text, "entries for twin-api-gen/known.json:\n{:#}", self.entries());
        }
        text
    }
}

fn source(call: &str, what: &str) -> String {
    format!("observed {}, {call}: {what}", Utc::now().format("%Y-%m-%d"))
}

/// Returns whether a name looks like a word that a developer chose, and not like data.
fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_LENGTH
        && name.chars().all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_.-".contains(letter)
        })
        && name.chars().filter(char::is_ascii_digit).count() <= 3
}
