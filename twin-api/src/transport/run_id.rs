//! Finds the identifier of a run in a response that does not decode.
//!
//! A caller that started a run needs its identifier, even if the rest of the response has another
//! shape than the API promises: without it, the run could not be found again. Only `run_id` and
//! `run.run_id` count. An identifier elsewhere in the response may be that of another run.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Returns the identifier, also if the JSON ends or breaks after it.
pub(super) fn find(json: &[u8]) -> Option<String> {
    let (mut bare, mut nested) = (None, None);
    let seed = ResponseSeed { run_id: &mut bare, run: Some(&mut nested) };
    // An error after the identifier does not matter, because the identifier is already stored.
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_slice(json));
    nested.or(bare).filter(|run_id| !run_id.trim().is_empty())
}

/// Reads `run_id` of the response, or of the run in it. For the run, the field `run` is `None`.
struct ResponseSeed<'a> {
    run_id: &'a mut Option<String>,
    run: Option<&'a mut Option<String>>,
}

impl<'de> DeserializeSeed<'de> for ResponseSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ResponseSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            match (&*name, &mut self.run) {
                ("run_id", _) => map.next_value_seed(StringSeed(self.run_id))?,
                ("run", Some(run)) => {
                    map.next_value_seed(ResponseSeed { run_id: run, run: None })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a value, and keeps it if it is a string.
struct StringSeed<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for StringSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let value: serde_json::Value = serde::Deserialize::deserialize(deserializer)?;
        if let serde_json::Value::String(text) = value {
            *self.0 = Some(text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_run_id_at_the_top_or_in_the_run() {
        let long = format!(r#"{{"goal": "{}", "run_id": "run_7"}}"#, "x".repeat(10_000));
        for json in [
            r#"{"run_id": "run_7"}"#,
            r#"{"run": {"run_id": "run_7"}}"#,
            r#"{"run": ["other"], "run_id": "run_7"}"#,
            r#"{"run_id": "other", "run": {"status": 7, "run_id": "run_7"}}"#,
            r#"{"run": 7, "list": [1, [2]], "a": null, "b": -1.5e3, "run_id": "run_7"}"#,
            r#"{"run": null, "parent": {"run_id": "other"}, "run_id": "run_7"}"#,
            r#"{"run": {"run_id": "run_7", "goal": "cut her"#,
            &long,
        ] {
            assert_eq!(find(json.as_bytes()).as_deref(), Some("run_7"), "{json}");
        }
    }

    #[test]
    fn finds_no_run_id_in_other_responses() {
        for json in [
            "",
            "{}",
            "[]",
            "7",
            r#"{"run": {}}"#,
            r#"{"run_id": ""}"#,
            r#"{"run_id": 7}"#,
            r#"{"run_id": {"id": "run_7"}}"#,
            r#"{"run": {"run": {"run_id": "run_7"}}}"#,
            r#"{"parent": {"run_id": "run_7"}}"#,
            r#"[{"run_id": "run_7"}]"#,
            r#"{"run_id": "run_7"#,
        ] {
            assert_eq!(find(json.as_bytes()), None, "{json}");
        }
    }
}
