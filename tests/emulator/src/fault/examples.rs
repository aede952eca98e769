//! An example of each kind of fault, for `--help-faults` and the README.

use std::fmt;

/// An example of a kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The name of the kind.
    pub name: &'static str,
    /// The value of the member `fault` in a fault file.
    pub json: &'static str,
    /// The effect on the caller or the receiver.
    pub effect: &'static str,
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("\"fault\": {}", self.json);
        write!(f, "{line:58}  {}", self.effect)
    }
}

const fn example(name: &'static str, json: &'static str, effect: &'static str) -> Example {
    Example { name, json, effect }
}

/// The 15 faults of requests, then the 5 faults of deliveries.
pub const EXAMPLES: [Example; 20] = [
    example(
        "status",
        r#"{"status": {"status": 503, "retry_after": 1}}"#,
        "503 with Retry-After; short form: {\"status\": 503}",
    ),
    example("delay", r#"{"delay": "2s"}"#, "the real response, two seconds late"),
    example(
        "refuse",
        r#"{"refuse": "5s"}"#,
        "a reset; then connections are refused for five seconds",
    ),
    example("reset", r#"{"reset": 20}"#, "the connection is reset after 20 bytes of the response"),
    example("close", r#"{"close": 20}"#, "the connection is closed after 20 bytes of the response"),
    example(
        "cut_body",
        r#"{"cut_body": 100}"#,
        "the connection is closed after 100 bytes of the body",
    ),
    example("trickle", r#"{"trickle": "50ms"}"#, "the body is sent one byte every 50 ms"),
    example("endless_body", r#""endless_body""#, "200 with a body that never ends"),
    example("html", r#""html""#, "200 with an HTML page, as from another host"),
    example("grpc", r#"{"grpc": 12}"#, "200, content type application/grpc, with this grpc-status"),
    example(
        "content_type",
        r#"{"content_type": "text/plain"}"#,
        "the real response with another content type",
    ),
    example("redirect", r#"{"redirect": "http://127.0.0.1:1/"}"#, "a redirect (307) to this URL"),
    example("gzip_bomb", r#"{"gzip_bomb": 1000000000}"#, "a small gzip body that unpacks to 1 GB"),
    example(
        "cursors",
        r#"{"cursors": ["A", "A", null]}"#,
        "the real pages, with these cursors in turn",
    ),
    example(
        "shift",
        r#"{"shift": {"insert": 1, "remove": 1}}"#,
        "the newest item is removed and a new one added before each page",
    ),
    example("duplicate", r#"{"duplicate": 2}"#, "the delivery is sent twice more"),
    example("late", r#"{"late": "30s"}"#, "the delivery is sent 30 seconds later"),
    example("reorder", r#""reorder""#, "the next delivery overtakes this one"),
    example(
        "wrong_signature",
        r#""wrong_signature""#,
        "the delivery is signed with another secret",
    ),
    example("lost", r#""lost""#, "the delivery is never sent"),
];

#[cfg(test)]
mod tests {
    use super::super::read::KINDS;
    use super::*;
    use crate::FaultFile;
    use crate::delivery::DELIVERY_FAULTS;

    #[test]
    fn every_fault_kind_has_an_example_that_parses() {
        let names = EXAMPLES.map(|example| example.name);
        assert_eq!(names.to_vec(), [KINDS.as_slice(), &DELIVERY_FAULTS].concat());
        for (index, Example { name, json, .. }) in EXAMPLES.into_iter().enumerate() {
            let list = if index < KINDS.len() { "faults" } else { "deliveries" };
            let operation = if index < KINDS.len() { r#""operation": "*", "# } else { "" };
            let file = format!(r#"{{"{list}": [{{{operation}"fault": {json}}}]}}"#);
            let fault_file = FaultFile::parse(&file).unwrap();
            let request = fault_file.faults.iter().map(|rule| rule.fault.name());
            let delivery = fault_file.deliveries.iter().map(|rule| rule.fault.name());
            assert_eq!(request.chain(delivery).collect::<Vec<_>>(), [name]);
        }
    }

    #[test]
    fn readme_contains_every_fault_example() {
        let readme = include_str!("../../README.md");
        for Example { json, .. } in EXAMPLES {
            assert!(readme.contains(&format!("\"fault\": {json}")), "{json}");
        }
    }
}
