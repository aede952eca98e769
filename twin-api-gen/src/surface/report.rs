//! What the overlay and the lowering did: an action or a rule, and where.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Applied, Diagnostic, Severity};

/// Two lists: the overlay's actions in their order, the rules with their places.
pub(super) fn describe(applied: &[Applied], diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    if !applied.is_empty() {
        text.push_str("overlay\n");
    }
    for action in applied {
        for pointer in &action.pointers {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {} {pointer}: {}", action.operation, action.description);
        }
    }
    let mut rules: BTreeMap<(&str, Severity), Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in diagnostics {
        rules.entry((diagnostic.rule, diagnostic.severity)).or_default().push(diagnostic);
    }
    for ((rule, severity), diagnostics) in rules {
        let lost = if severity == Severity::Loss { " (loss)" } else { "" };
        let _ = writeln!(text, "lowering: {rule}{lost}");
        for diagnostic in diagnostics {
            let _ = writeln!(text, "  {}: {}", diagnostic.pointer, diagnostic.message);
        }
    }
    text
}
