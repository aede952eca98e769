//! Gathers mismatches of one exchange, in words that are short and tell no secret.
//!
//! It does not judge: what is added is a mismatch.

use serde_json::Value;

use super::{Mismatch, Side};

/// The longest text that a mismatch carries, in characters.
const LONGEST: usize = 300;
/// The longest value that is quoted.
const LONGEST_VALUE: usize = 60;

/// Members and headers whose values are nobody's business.
const SECRETS: [&str; 3] = ["api_key", "signing_secret", "x-api-key"];

/// The mismatches of one exchange.
pub(super) struct Report {
    operation: String,
    pub(super) found: Vec<Mismatch>,
}

/// A report on one side of the exchange.
pub(super) struct Half<'a> {
    report: &'a mut Report,
    side: Side,
}

impl Report {
    pub(super) fn new(operation: String) -> Self {
        Self { operation, found: Vec::new() }
    }

    pub(super) fn on(&mut self, side: Side) -> Half<'_> {
        Half { report: self, side }
    }
}

impl Half<'_> {
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

/// How `value`, which stands at `instance`, is shown: what is in an object or an array is
/// not, and neither is a secret.
pub(super) fn shown(value: &Value, instance: &str) -> String {
    let secret = instance.split(['/', '?']).any(|name| SECRETS.contains(&name));
    match value {
        _ if secret => "a secret".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        scalar => cut(&scalar.to_string(), LONGEST_VALUE),
    }
}

/// `text` in one line, cut where it is too long.
pub(super) fn short(text: &str) -> String {
    cut(text, LONGEST)
}

fn cut(text: &str, longest: usize) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shortened: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        shortened.push('…');
    }
    shortened
}
