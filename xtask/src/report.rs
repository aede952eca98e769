//! Prints the stages of a generation with their times, the effect of the overlay, and the notes and
//! losses of the lowering.
//!
//! Losses are always printed, because the client lacks something that the document describes. Notes
//! are counted by rule, unless `--verbose` is given.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use twin_api_gen::{Diagnostic, Generated, Severity};

use crate::console::Console;

/// Prints everything about `generated` except its files.
pub(crate) fn generation(generated: &Generated, verbose: bool, console: &mut Console) {
    for (name, duration) in &generated.timings {
        stage(name, *duration, console);
    }
    if !generated.applied.is_empty() {
        let places: usize = generated.applied.iter().map(|action| action.pointers.len()).sum();
        let actions = generated.applied.len();
        console.progress(format_args!("overlay: {actions} actions changed {places} places"));
    }
    diagnostics(&generated.diagnostics, verbose, console);
}

/// Prints a completed stage.
pub(crate) fn stage(name: &dyn Display, duration: Duration, console: &mut Console) {
    let name = name.to_string();
    console.progress(format_args!("  {name:<11}{:>7.1} ms", duration.as_secs_f64() * 1000.0));
}

fn diagnostics(all: &[Diagnostic], verbose: bool, console: &mut Console) {
    let mut notes: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in all {
        let is_note = diagnostic.severity == Severity::Note;
        if is_note {
            *notes.entry(diagnostic.rule).or_default() += 1;
        }
        if verbose || !is_note {
            console.progress(format_args!("{diagnostic}"));
        }
    }
    if !notes.is_empty() {
        let total: usize = notes.values().sum();
        let by_rule: Vec<_> = notes.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        let hint = if verbose { "" } else { "; --verbose prints them" };
        let by_rule = by_rule.join(", ");
        console.progress(format_args!("notes of the lowering: {total} ({by_rule}){hint}"));
    }
    let losses = all.iter().filter(|d| d.severity == Severity::Loss).count();
    console.progress(format_args!("losses of the lowering: {losses}"));
}
