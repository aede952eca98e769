//! Writes the file `report` of the surface.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::StageReports;
use crate::{Diagnostic, LeftOut, Severity};

/// Lists the omitted operations, the known facts, the overlay actions and the lowering diagnostics.
pub(super) fn describe(
    StageReports { applied, facts, diagnostics, left_out }: StageReports<'_>,
) -> String {
    let mut text = String::new();
    if !left_out.is_empty() {
        text.push_str("left out of the client\n");
    }
    for LeftOut { operation, reason, .. } in left_out {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {operation}: {reason}");
    }
    if !facts.is_empty() {
        text.push_str("known facts\n");
    }
    for fact in facts {
        let _ = writeln!(text, "  {fact}");
    }
    if !applied.is_empty() {
        text.push_str("overlay\n");
    }
    for action in applied {
        for pointer in &action.pointers {
            let _ = writeln!(text, "  {} {pointer}: {}", action.kind, action.description);
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
