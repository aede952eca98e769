//! Reads a JSON document that a person wrote, such as a fault file. Every value knows its line and
//! its path, so that an error names the entry that is not valid.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The minimum Jaro-Winkler similarity of a suggested name.
const MIN_SIMILARITY: f64 = 0.8;
/// The maximum length of a quoted value, in characters.
const MAX_QUOTED: usize = 60;

/// The error of an entry that is not valid: its line, its path, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEntry {
    line: usize,
    place: String,
    message: String,
}

impl InvalidEntry {
    /// Returns the line of the entry, counted from 1.
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl Display for InvalidEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, place, message } = self;
        match place.as_str() {
            "" => write!(f, "line {line}: {message}"),
            place => write!(f, "line {line}, {place}: {message}"),
        }
    }
}

impl std::error::Error for InvalidEntry {}

/// A value of the document.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    document: &'a str,
    text: &'a str,
    place: String,
}

impl<'a> Entry<'a> {
    /// Parses a document.
    pub(crate) fn parse(document: &'a str) -> Result<Self, InvalidEntry> {
        let raw: &RawValue = serde_json::from_str(document).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            let message = format!("not valid JSON: {message} (column {})", error.column());
            InvalidEntry { line: error.line().max(1), place: String::new(), message }
        })?;
        Ok(Self { document, text: raw.get(), place: String::new() })
    }

    /// Creates an error about this entry.
    pub(crate) fn invalid(&self, message: impl Display) -> InvalidEntry {
        // The text is a slice of the document.
        let offset = self.text.as_ptr() as usize - self.document.as_ptr() as usize;
        let before = self.document.get(..offset).unwrap_or_default();
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        InvalidEntry { line, place: self.place.clone(), message: message.to_string() }
    }

    fn expected(&self, what: impl Display) -> InvalidEntry {
        let mut shown: String = self.text.chars().take(MAX_QUOTED).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        let shown: String =
            shown.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        self.invalid(format!("expected {what}, found {shown}"))
    }

    fn below(&self, text: &'a str, place: String) -> Self {
        Self { document: self.document, text, place }
    }

    fn begins_with(&self, letter: char) -> bool {
        self.text.starts_with(letter)
    }

    pub(crate) fn is_object(&self) -> bool {
        self.begins_with('{')
    }

    pub(crate) fn is_list(&self) -> bool {
        self.begins_with('[')
    }

    pub(crate) fn is_text(&self) -> bool {
        self.begins_with('"')
    }

    pub(crate) fn is_null(&self) -> bool {
        self.text == "null"
    }

    /// Returns the members of an object, and rejects members that are not in `known`.
    pub(crate) fn object(&self, known: &[&str]) -> Result<EntryMembers<'a>, InvalidEntry> {
        let members = self.members()?;
        for (name, entry) in &members.list {
            if !known.contains(&name.as_str()) {
                let message = format!("unknown name {name:?}{}", suggestion(name, known));
                return Err(entry.invalid(message));
            }
        }
        Ok(members)
    }

    /// Returns the members of an object with any names.
    pub(crate) fn members(&self) -> Result<EntryMembers<'a>, InvalidEntry> {
        if !self.is_object() {
            return Err(self.expected("an object"));
        }
        let pairs: Pairs<'a> = self.decoded("an object")?;
        let mut list: Vec<(String, Self)> = Vec::new();
        for (name, raw) in pairs.0 {
            let place =
                if self.place.is_empty() { name.clone() } else { format!("{}.{name}", self.place) };
            let entry = self.below(raw.get(), place);
            if list.iter().any(|(other, _)| *other == name) {
                return Err(entry.invalid(format!("{name:?} is given more than once")));
            }
            list.push((name, entry));
        }
        Ok(EntryMembers { of: self.clone(), list })
    }

    /// Returns the elements of a list.
    pub(crate) fn list(&self) -> Result<Vec<Self>, InvalidEntry> {
        if !self.is_list() {
            return Err(self.expected("a list"));
        }
        let elements: Vec<&'a RawValue> = self.decoded("a list")?;
        let elements = elements.into_iter().enumerate();
        Ok(elements
            .map(|(index, raw)| self.below(raw.get(), format!("{}[{index}]", self.place)))
            .collect())
    }

    pub(crate) fn text(&self) -> Result<String, InvalidEntry> {
        self.decoded("a string")
    }

    pub(crate) fn flag(&self) -> Result<bool, InvalidEntry> {
        self.decoded("true or false")
    }

    /// Parses a whole number, which may be negative.
    pub(crate) fn integer(&self) -> Result<i64, InvalidEntry> {
        self.decoded("a whole number")
    }

    /// Parses a whole number in `range`.
    pub(crate) fn number(&self, range: RangeInclusive<u64>) -> Result<u64, InvalidEntry> {
        let what = match (*range.start(), *range.end()) {
            (0, u64::MAX) => "a whole number".to_owned(),
            (least, u64::MAX) => format!("a whole number of at least {least}"),
            (least, most) => format!("a whole number from {least} to {most}"),
        };
        let number = self.decoded(&what)?;
        if range.contains(&number) { Ok(number) } else { Err(self.expected(what)) }
    }

    /// Parses a duration: `"1.5s"`, `"200ms"`, `"15m"`, `"1h"`, or a number of milliseconds.
    pub(crate) fn duration(&self) -> Result<Duration, InvalidEntry> {
        const WHAT: &str = "a duration such as \"2s\", \"200ms\", \"15m\" or \"1h\"";
        if !self.is_text() {
            return self.decoded(WHAT).map(Duration::from_millis);
        }
        parse_duration(&self.text()?).ok_or_else(|| self.expected(WHAT))
    }

    /// Returns the value of the choice that the entry names.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, InvalidEntry> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        if !self.is_text() {
            return Err(self.expected(format!("one of {}", names.join(", "))));
        }
        let name = self.text()?;
        let found = choices.iter().find(|(choice, _)| *choice == name);
        let message = || format!("unknown name {name:?}{}", suggestion(&name, &names));
        found.map(|(_, value)| *value).ok_or_else(|| self.invalid(message()))
    }

    fn decoded<T: Deserialize<'a>>(&self, what: &str) -> Result<T, InvalidEntry> {
        serde_json::from_str(self.text).map_err(|_| self.expected(what))
    }
}

/// The members of an object.
#[derive(Debug)]
pub(crate) struct EntryMembers<'a> {
    of: Entry<'a>,
    list: Vec<(String, Entry<'a>)>,
}

impl<'a> EntryMembers<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&Entry<'a>> {
        self.list.iter().find(|(member, _)| member == name).map(|(_, entry)| entry)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&Entry<'a>, InvalidEntry> {
        self.get(name).ok_or_else(|| self.of.invalid(format!("{name:?} is missing")))
    }

    /// Reads a member, if it is present.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Entry<'a>) -> Result<T, InvalidEntry>,
    ) -> Result<Option<T>, InvalidEntry> {
        self.get(name).map(read).transpose()
    }

    /// Returns the only member of the object, whose name is that of a `what`, such as `fault`.
    pub(crate) fn only_member(&self, what: &str) -> Result<(&str, &Entry<'a>), InvalidEntry> {
        match self.list.as_slice() {
            [(name, entry)] => Ok((name, entry)),
            _ => Err(self
                .of
                .invalid(format!("expected an object with one member, the name of a {what}"))),
        }
    }
}

/// Returns the end of an error about an unknown name: the closest known name and all known names.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    let similarity = |known: &&str| strsim::jaro_winkler(name, known);
    let closest = known
        .iter()
        .map(|known| (similarity(known), *known))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let guess =
        closest.map_or(String::new(), |(_, closest)| format!("; did you mean {closest:?}?"));
    format!("{guess}; use {}", known.join(", "))
}

/// Parses a duration such as `1.5s`, `200ms`, `15m`, `1h` or `1d`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let is_plain = digits.starts_with(|letter: char| letter.is_ascii_digit())
        && digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    let number: f64 = digits.parse().ok().filter(|_| is_plain)?;
    // Rounded, because 0.2 s is not exactly 200 ms in binary.
    let duration = Duration::try_from_secs_f64(number * seconds).ok()?;
    let nanos = duration.as_nanos().checked_add(500)? / 1_000;
    u64::try_from(nanos).ok().map(Duration::from_micros)
}

/// The members of an object in their order, with duplicates.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_line_and_path_of_invalid_entry() {
        let document = "{\n  \"list\": [\n    1,\n    {\"a\":\n      true}\n  ]\n}";
        let entry = Entry::parse(document).unwrap();
        let list = entry.object(&["list"]).unwrap().required("list").unwrap().list().unwrap();
        let member = list[1].members().unwrap();
        let error = member.required("a").unwrap().text().unwrap_err();
        assert_eq!(error.to_string(), "line 5, list[1].a: expected a string, found true");
        let error = member.required("b").unwrap_err();
        assert_eq!(error.to_string(), "line 4, list[1]: \"b\" is missing");
    }

    #[test]
    fn error_names_line_of_syntax_error() {
        let error = Entry::parse("{\n\n  \"a\": ,\n}").unwrap_err();
        assert_eq!(error.line(), 3);
        assert!(error.to_string().starts_with("line 3: not valid JSON: "), "{error}");
    }

    #[test]
    fn error_suggests_closest_name() {
        let entry = Entry::parse(r#"{"fault": 1, "other": 2}"#).unwrap();
        let error = entry.object(&["faults", "runs"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 1, fault: unknown name \"fault\"; did you mean \"faults\"?; use faults, runs"
        );
    }

    #[test]
    fn rejects_repeated_member() {
        let entry = Entry::parse("{\"a\": 1,\n\"a\": 2}").unwrap();
        assert_eq!(
            entry.members().unwrap_err().to_string(),
            "line 2, a: \"a\" is given more than once"
        );
    }

    #[test]
    fn parses_durations_with_units() {
        let read = |text: &str| Entry::parse(text).unwrap().duration().map(|d| d.as_millis());
        for (text, milliseconds) in [
            ("\"2s\"", 2_000),
            ("\"0.2s\"", 200),
            ("\"15m\"", 900_000),
            ("\"1h\"", 3_600_000),
            ("7", 7),
        ] {
            assert_eq!(read(text), Ok(milliseconds), "{text}");
        }
        for text in
            ["\"2\"", "\"s\"", "\"-1s\"", "\"1e3s\"", "-1", "1.5", "null", "\"1 week\"", "\"infs\""]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
