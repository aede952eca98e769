//! Collects the mismatches of one exchange. Their messages are short and contain no secret.

use serde_json::Value;

use super::{Mismatch, Side};

/// The maximum length of a text in a mismatch, in characters.
const MAX_TEXT: usize = 300;
/// The maximum length of a quoted value, in characters.
const MAX_VALUE: usize = 60;

/// Members and headers whose values are never quoted.
const SECRETS: [&str; 3] = ["api_key", "signing_secret", "x-api-key"];

/// The mismatches of one exchange.
pub(super) struct ExchangeReport {
    operation: String,
    pub(super) found: Vec<Mismatch>,
}

/// Reports mismatches of one side of the exchange.
pub(super) struct SideReport<'a> {
    report: &'a mut ExchangeReport,
    side: Side,
}

impl ExchangeReport {
    pub(super) fn new(operation: String) -> Self {
        Self { operation, found: Vec::new() }
    }

    pub(super) fn on(&mut self, side: Side) -> SideReport<'_> {
        SideReport { report: self, side }
    }
}

impl SideReport<'_> {
    pub(super) fn add(&mut self, pointer: &str, instance: &str, message: &str) {
        self.report.found.push(Mismatch {
            operation: short(&self.report.operation),
            side: self.side,
            pointer: pointer.to_owned(),
            instance: short(instance),
            message: short(message),
        });
    }
}

/// Describes `value`, which is at `instance`. The description contains no secret and not the content
/// of an object or array.
pub(super) fn shown(value: &Value, instance: &str) -> String {
    let secret = instance.split(['/', '?']).any(|name| SECRETS.contains(&name));
    match value {
        _ if secret => "a secret".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        scalar => cut(&scalar.to_string(), MAX_VALUE),
    }
}

/// Shortens `text` and puts it on one line.
pub(super) fn short(text: &str) -> String {
    cut(text, MAX_TEXT)
}

fn cut(text: &str, longest: usize) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shortened: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        shortened.push('…');
    }
    shortened
}
