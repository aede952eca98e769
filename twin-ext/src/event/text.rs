//! Finds the final text of a run in the event that ends it.
//!
//! The location of the text is undocumented. The search tries a few member names at up to four
//! levels, and accepts only strings.

use serde_json::Value;
use twin_api::transport::replace_lone_surrogates;

/// The kinds of events that end a run.
pub(super) const ENDS: [&str; 7] =
    ["Finished", "Completed", "Failed", "Errored", "Stopped", "Cancelled", "Canceled"];

/// The member names to search, starting with the likeliest.
const NAMES: [&str; 12] = [
    "final_message",
    "message",
    "output",
    "result",
    "answer",
    "response",
    "text",
    "content",
    "summary",
    "reason",
    "error",
    "detail",
];

/// Maximum depth of the search.
const DEPTH: usize = 4;

/// Returns the text in the detail of an event.
pub(super) fn find(detail: &str) -> Option<String> {
    let detail = replace_lone_surrogates(detail.as_bytes());
    let mut value: Value = serde_json::from_slice(&detail).ok()?;
    take(&mut value, DEPTH)
}

fn take(value: &mut Value, depth: usize) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(std::mem::take(text)),
        Value::Object(members) if depth > 0 => NAMES
            .iter()
            .find_map(|name| members.get_mut(*name).and_then(|value| take(value, depth - 1))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use twin_api::types::RunEvent;

    use crate::event::RunEventExt as _;

    fn text(payload: &str) -> Option<String> {
        let json = format!("{{\"event_index\": 1, \"event\": {payload}}}");
        serde_json::from_str::<RunEvent>(&json).unwrap().final_text()
    }

    #[test]
    fn finds_the_final_text_under_its_likeliest_name() {
        for payload in [
            r#"{"finished": {"message": "Done."}}"#,
            r#"{"event": {"event": {"Finished": {"outcome": "success", "message": "Done."}}}}"#,
            r#"{"event": {"event": {"Finished": "Done."}}}"#,
            r#"{"event": {"event": {"Finished": {"summary": "No.", "output": {"text": "Done."}}}}}"#,
            r#"{"event": {"event": {"Failed": {"message": " ", "error": "Done."}}}}"#,
        ] {
            assert_eq!(text(payload).as_deref(), Some("Done."), "{payload}");
        }
    }

    #[test]
    fn replaces_lone_surrogate_in_final_text() {
        let payload = r#"{"finished": {"message": "Done \ud83d", "other": "\ude00"}}"#;
        assert_eq!(text(payload).as_deref(), Some("Done \u{fffd}"));
    }

    #[test]
    fn other_events_have_no_final_text() {
        for payload in [
            r#"{"started": {"message": "Go."}}"#,
            r#"{"finished": {}}"#,
            r#"{"finished": null}"#,
            r#"{"finished": {"message": 7, "output": ["x"], "code": "x"}}"#,
            r#"{"finished": {"result": {"result": {"result": {"result": {"text": "deep"}}}}}}"#,
            r#"{"event": {"event": {"Finalised": {"message": "Done."}}}}"#,
            "[]",
        ] {
            assert_eq!(text(payload), None, "{payload}");
        }
    }
}
