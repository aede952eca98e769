//! Compares a response with its schema: unknown fields, missing fields, unlisted values.
//!
//! It supports the JSON Schema keywords that occur in the lowered document. It does not check types,
//! because decoding does.

use std::collections::BTreeSet;

use serde_json::Value;
use twin_api::transport::Redactor;

use super::{Drift, DriftKind};
use crate::document::parts;

/// Maximum differences that are reported for one response.
const MAX_FINDINGS: usize = 100;

/// Maximum characters of a field name in a report. Every name in the document is shorter.
const MAX_NAME: usize = 64;

/// Maximum nesting. It equals the nesting limit of `serde_json`.
const MAX_DEPTH: usize = 128;

pub(super) fn compare(
    operation: &'static str,
    schema: &'static Value,
    value: &Value,
    redactor: Redactor<'_>,
) -> Vec<Drift> {
    let mut found = ResponseComparison { operation, redactor, drift: BTreeSet::new() };
    found.value(schema, value, "", 0);
    found.drift.into_iter().collect()
}

struct ResponseComparison<'a> {
    operation: &'static str,
    /// Redacts the key, which a service may send back as a field name.
    redactor: Redactor<'a>,
    drift: BTreeSet<Drift>,
}

impl ResponseComparison<'_> {
    fn add(&mut self, path: String, kind: DriftKind) {
        if self.drift.len() < MAX_FINDINGS {
            self.drift.insert(Drift { operation: self.operation, path, kind });
        }
    }

    fn value(&mut self, schema: &'static Value, value: &Value, path: &str, depth: usize) {
        if value.is_null() || depth > MAX_DEPTH || self.drift.len() >= MAX_FINDINGS {
            return;
        }
        let parts = parts(schema);
        for listed in parts.iter().filter_map(|part| part["enum"].as_array()) {
            if !listed.contains(value) {
                self.add(path.to_owned(), DriftKind::UnknownValue);
            }
        }
        for alternatives in parts.iter().flat_map(|part| [&part["oneOf"], &part["anyOf"]]) {
            self.closest(alternatives, value, path, depth);
        }
        match value {
            Value::Array(items) => {
                let path = format!("{path}[]");
                for schema in parts.iter().filter_map(|part| part.get("items")) {
                    for item in items {
                        self.value(schema, item, &path, depth + 1);
                    }
                }
            }
            Value::Object(members) => self.object(&parts, members, path, depth),
            _ => {}
        }
    }

    /// Reports the differences of the alternative that fits best.
    fn closest(&mut self, alternatives: &'static Value, value: &Value, path: &str, depth: usize) {
        let each = alternatives.as_array().into_iter().flatten().map(|schema| {
            let mut found =
                Self { operation: self.operation, redactor: self.redactor, drift: BTreeSet::new() };
            found.value(schema, value, path, depth + 1);
            found.drift
        });
        if let Some(drift) = each.min_by_key(BTreeSet::len) {
            for drift in drift {
                self.add(drift.path, drift.kind);
            }
        }
    }

    fn object(
        &mut self,
        parts: &[&'static Value],
        members: &serde_json::Map<String, Value>,
        path: &str,
        depth: usize,
    ) {
        let known = || parts.iter().filter_map(|part| part["properties"].as_object());
        let open = known().next().is_none()
            || parts.iter().any(|part| {
                let more = part.get("additionalProperties");
                more.is_some_and(|more| more != false)
                    || part.get("oneOf").or_else(|| part.get("anyOf")).is_some()
            });
        let below = |name: &str| match path {
            "" => name.to_owned(),
            _ => format!("{path}.{name}"),
        };
        for (name, value) in members {
            let mut schemas = known().filter_map(|properties| properties.get(name)).peekable();
            if schemas.peek().is_none() && !open {
                // Redact before truncating, so that no part of the key remains.
                let name: String = self.redactor.text(name).chars().take(MAX_NAME).collect();
                self.add(below(&name), DriftKind::UnknownField);
            }
            schemas.for_each(|schema| self.value(schema, value, &below(name), depth + 1));
        }
        let required = parts.iter().filter_map(|part| part["required"].as_array()).flatten();
        for name in required.filter_map(Value::as_str) {
            if !members.contains_key(name) {
                self.add(below(name), DriftKind::MissingField);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::response_schema;

    fn drift(operation: &'static str, value: &Value) -> Vec<String> {
        let drift =
            compare(operation, response_schema(operation).unwrap(), value, Redactor::new(None));
        drift.iter().map(|drift| format!("{} {}", drift.path, drift.kind)).collect()
    }

    #[test]
    fn documented_responses_cause_no_drift() {
        assert!(drift("get_me", &json!({"user_id": "u"})).is_empty());
        assert!(drift("get_schedule", &json!({"schedule": null})).is_empty());
        assert!(drift("get_schedule", &json!({})).is_empty());
    }

    #[test]
    fn each_difference_is_reported_once_with_its_place() {
        let run = json!({"agent_id": "a", "status": "asleep", "started_at": "t", "mood": {"a": 1}});
        assert_eq!(
            drift("list_runs", &json!({"runs": [run, run], "extra": 1})),
            [
                "extra unknown field",
                "runs[].mood unknown field",
                "runs[].run_id missing field",
                "runs[].status unknown value",
            ]
        );
    }

    #[test]
    fn event_payloads_are_not_compared() {
        let event = json!({"event_index": 1, "event": {"anything": {"goes": []}}});
        assert!(drift("list_run_events", &json!({"events": [event]})).is_empty());
    }

    #[test]
    fn any_json_is_compared_within_the_limits() {
        let many: Value = (0..10_000).map(|n| (format!("x{n}"), json!(n))).collect();
        for value in [json!(null), json!(7), json!([[]]), json!({"runs": {"a": []}}), many] {
            assert!(drift("list_runs", &value).len() <= MAX_FINDINGS);
        }
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        drift("list_runs", &serde_json::from_str(&deep).unwrap());
        let long = json!({"user_id": "u", "é".repeat(1_000): 1});
        assert!(drift("get_me", &long)[0].len() < 200);
    }
}
