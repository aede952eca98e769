//! Reads the members that all payloads have, and skips the rest.
//!
//! Two forms are known. The reference documents `{"started": {}}`. The service nests this object
//! under `event.event`, and adds `agent_id.id` and `run_id.id`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use twin_api::transport::replace_lone_surrogates;

/// The members that all payloads have.
#[derive(Debug, Default)]
pub(super) struct CommonMembers<'a> {
    pub(super) agent_id: Option<String>,
    pub(super) run_id: Option<String>,
    pub(super) kind: Option<PayloadKind<'a>>,
}

/// The kind: the single member of an object, or a string.
#[derive(Debug)]
pub(super) struct PayloadKind<'a> {
    pub(super) name: String,
    pub(super) detail: Option<&'a str>,
}

/// Reads the common members of a payload. Returns the defaults for invalid JSON.
pub(super) fn read(payload: &str) -> CommonMembers<'_> {
    let Ok(outer) = serde_json::from_str::<PayloadMembers<'_>>(payload) else {
        return CommonMembers { kind: kind(payload), ..CommonMembers::default() };
    };
    let inner = outer.event.map(|event| {
        let nested = serde_json::from_str::<PayloadMembers<'_>>(event).ok();
        nested.and_then(|nested| nested.event).unwrap_or(event)
    });
    CommonMembers {
        agent_id: outer.agent_id.and_then(identifier),
        run_id: outer.run_id.and_then(identifier),
        kind: kind(inner.unwrap_or(payload)),
    }
}

/// Reads the kind of `{"Tick": {"n": 1}}` or of `"Tick"`.
fn kind(json: &str) -> Option<PayloadKind<'_>> {
    if json.trim_start().starts_with('"') {
        return serde_json::from_str(json)
            .ok()
            .map(|LossyString(name)| PayloadKind { name, detail: None });
    }
    serde_json::from_str(json).ok()
}

/// Reads the identifier in `{"id": "run_xyz789"}` or in `"run_xyz789"`.
fn identifier(json: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Identifier {
        Within { id: String },
        Bare(String),
    }
    match serde_json::from_slice(&replace_lone_surrogates(json.as_bytes())).ok()? {
        Identifier::Within { id } | Identifier::Bare(id) => Some(id),
    }
}

/// A JSON string with U+FFFD in place of lone surrogates.
///
/// `serde_json` rejects a lone surrogate if it deserializes a string, but not if it deserializes
/// bytes.
struct LossyString(String);

impl<'de> Deserialize<'de> for LossyString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringVisitor;

        impl Visitor<'_> for StringVisitor {
            type Value = LossyString;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<LossyString, E> {
                Ok(LossyString(String::from_utf8_lossy(bytes).into_owned()))
            }
        }

        deserializer.deserialize_bytes(StringVisitor)
    }
}

/// The known members of an object. The last one of duplicate members wins.
#[derive(Default)]
struct PayloadMembers<'a> {
    agent_id: Option<&'a str>,
    run_id: Option<&'a str>,
    event: Option<&'a str>,
}

impl<'de> Deserialize<'de> for PayloadMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = PayloadMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<PayloadMembers<'de>, A::Error> {
                let mut members = PayloadMembers::default();
                while let Some(LossyString(name)) = map.next_key()? {
                    let place = match name.as_str() {
                        "agent_id" => &mut members.agent_id,
                        "run_id" => &mut members.run_id,
                        "event" => &mut members.event,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *place = Some(map.next_value::<&RawValue>()?.get());
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for PayloadKind<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KindVisitor;

        impl<'de> Visitor<'de> for KindVisitor {
            type Value = PayloadKind<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one member")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<PayloadKind<'de>, A::Error> {
                let LossyString(name) =
                    map.next_key()?.ok_or_else(|| Error::invalid_length(0, &self))?;
                let detail = map.next_value::<&RawValue>()?.get();
                match map.next_key::<LossyString>()? {
                    None => Ok(PayloadKind { name, detail: Some(detail) }),
                    Some(_) => Err(Error::invalid_length(2, &self)),
                }
            }
        }

        deserializer.deserialize_map(KindVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::super::EventHeader;

    fn names(payload: &str) -> [Option<String>; 4] {
        let kind = EventHeader::of(payload);
        [kind.name(), kind.agent_id(), kind.run_id(), kind.detail()]
            .map(|text| text.map(str::to_owned))
    }

    fn assert_parts(payload: &str, expected: [Option<&str>; 4]) {
        assert_eq!(names(payload), expected.map(|text| text.map(str::to_owned)), "{payload}");
    }

    #[test]
    fn reads_the_kind_in_both_documented_forms() {
        assert_parts(r#"{"started": {}}"#, [Some("started"), None, None, Some("{}")]);
        assert_parts(
            r#"{"agent_id": {"id": "a"}, "other": [{}], "run_id": {"id": "r", "v": 1},
                "event": {"at": 1, "event": {"Tick": {"n": [1, 2]}}}, "event_id": 4}"#,
            [Some("Tick"), Some("a"), Some("r"), Some(r#"{"n": [1, 2]}"#)],
        );
    }

    #[test]
    fn reads_the_kind_in_variants_of_both_forms() {
        assert_parts(r#"{"event": {"event": "Tick"}}"#, [Some("Tick"), None, None, None]);
        assert_parts(r#"{"event": {"Tick": null}}"#, [Some("Tick"), None, None, Some("null")]);
        assert_parts(r#"{"run_id": "r", "event": "Tick"}"#, [Some("Tick"), None, Some("r"), None]);
        assert_parts(r#""Tick""#, [Some("Tick"), None, None, None]);
        assert_parts(r#"{"Ti\u0063k": 1}"#, [Some("Tick"), None, None, Some("1")]);
    }

    #[test]
    fn payload_with_no_kind_or_several_has_no_name() {
        for payload in ["{}", "[]", "7", "null", "", "{", r#"{"a": 1, "b": 2}"#, r#"{"a": "#] {
            assert_parts(payload, [None; 4]);
        }
        assert_parts(r#"{"run_id": {"id": 7}, "event": {}}"#, [None; 4]);
        assert_parts(r#"{"run_id": {"id": "r"}, "event": null}"#, [None, None, Some("r"), None]);
    }

    #[test]
    fn reads_duplicate_members_and_deep_payloads() {
        assert_parts(
            r#"{"event": {"A": 1}, "event": {"B": 2}}"#,
            [Some("B"), None, None, Some("2")],
        );
        let deep = format!(
            "{{\"event\": {{\"event\": {{\"Deep\": {}{}}}}}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let kind = EventHeader::of(&deep);
        assert_eq!(kind.name(), Some("Deep"));
        assert_eq!(kind.detail().map(str::len), Some(200_000));
    }

    #[test]
    fn reads_kind_and_run_beside_lone_surrogates() {
        let payload = r#"{"\ud83d": "\ud83d", "run_id": {"id": "r\ude00", "n": "\ud83d"},
            "event": {"\ude00": 1, "event": {"Tick": {"name": "\ud83d"}}}}"#;
        assert_parts(
            payload,
            [Some("Tick"), None, Some("r\u{fffd}"), Some(r#"{"name": "\ud83d"}"#)],
        );
        let kind = EventHeader::of(r#"{"a\ud83d": 1}"#);
        assert!(kind.name().is_some_and(|name| name.starts_with("a\u{fffd}")), "{kind:?}");
        assert_eq!(EventHeader::of(r#"{"a": 1, "\ud83d": 2}"#).name(), None);
        assert!(EventHeader::of(r#""\ud83d""#).name().is_some());
    }

    #[test]
    fn skips_the_rest_of_a_payload_without_allocating() {
        let rest = r#"{"a": ["text", 1.5, null, {"b": [true]}]},"#.repeat(3_000);
        let payload = format!(
            r#"{{"agent_id": {{"id": "a"}}, "run_id": {{"id": "r"}}, "event": {{"event": {{"Tick": [{rest} 0]}}}}}}"#
        );
        assert!(payload.len() > 120_000);
        let used = allocation_counter::measure(|| {
            assert_eq!(EventHeader::of(&payload).name(), Some("Tick"));
        });
        assert!(used.bytes_max < 1_024, "{} bytes", used.bytes_max);
    }
}
