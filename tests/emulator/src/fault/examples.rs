//! One line for each kind of fault, which `--help-faults` and the README show.

use std::fmt;

/// A kind of fault: its effect, and a value of `"fault"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The name of the kind.
    pub name: &'static str,
    /// The value of the member `fault`.
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
        "503 with Retry-After; shorter: {\"status\": 503}",
    ),
    example("delay", r#"{"delay": "2s"}"#, "the real response, two seconds later"),
    example("refuse", r#"{"refuse": "5s"}"#, "a reset, then no connection for five seconds"),
    example("reset", r#"{"reset": 20}"#, "a reset after 20 bytes of the response"),
    example("close", r#"{"close": 20}"#, "the connection closes after 20 bytes"),
    example("cut_body", r#"{"cut_body": 100}"#, "the head and the first 100 bytes of the body"),
    example("trickle", r#"{"trickle": "50ms"}"#, "one byte of the body every 50 ms"),
    example("endless_body", r#""endless_body""#, "200 with a body that never ends"),
    example("html", r#""html""#, "200 with the HTML page of another host"),
    example("grpc", r#"{"grpc": 12}"#, "200 application/grpc with this grpc-status"),
    example(
        "content_type",
        r#"{"content_type": "text/plain"}"#,
        "the real response with another content type",
    ),
    example("redirect", r#"{"redirect": "http://127.0.0.1:1/"}"#, "307 to this address"),
    example("gzip_bomb", r#"{"gzip_bomb": 1000000000}"#, "a small gzip body of 1 GB unpacked"),
    example("cursors", r#"{"cursors": ["A", "A", null]}"#, "other cursors on the real pages"),
    example("shift", r#"{"shift": {"insert": 1, "remove": 1}}"#, "items change between pages"),
    example("duplicate", r#"{"duplicate": 2}"#, "the delivery is sent twice more"),
    example("late", r#"{"late": "30s"}"#, "the delivery is sent 30 seconds later"),
    example("reorder", r#""reorder""#, "the next delivery overtakes this one"),
    example("wrong_signature", r#""wrong_signature""#, "signed with another secret"),
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
