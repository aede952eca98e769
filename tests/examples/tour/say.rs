//! The output of the tour: headings, calls as they are in the source, and results.
//!
//! Control characters are replaced, so that a name from the service cannot control the terminal.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Prints an expression, evaluates it, and returns its value.
macro_rules! shown {
    ($call:expr) => {{
        $crate::say::call(stringify!($call));
        $call
    }};
}
pub(crate) use shown;

/// The maximum width of an expression. A longer one is broken before its dots.
const WIDTH: usize = 88;

pub(crate) fn welcome(url: &str, is_key_set: bool) {
    println!("Twin for Rust: a tour.\n");
    println!("An emulator of Twin runs in this program, at {url}. Nothing leaves this machine.");
    println!(
        "Each call is printed as it is in tests/examples/tour, and its result follows the arrow →."
    );
    if is_key_set {
        println!(
            "TWIN_API_KEY is set, but not used. Add `-- --live` to read from the real service."
        );
    }
}

pub(crate) fn welcome_live(base_url: &str) {
    println!("Twin for Rust: a tour of {base_url}.\n");
    println!("The tour sends only GET requests, so it changes nothing.");
}

pub(crate) fn goodbye(requests: usize, time: Duration) {
    println!("\nEnd of the tour: {requests} requests in {:.1} s.", time.as_secs_f64());
    println!("  Read next: README.md, and the documentation: cargo doc --open -p twin-ext");
    println!("  Try next:  cargo run -p twin-emulator");
    println!("             Then open the address that it prints in a browser.");
}

/// Begins a section.
pub(crate) fn heading(title: &str) {
    static SECTIONS: AtomicUsize = AtomicUsize::new(0);
    let number = SECTIONS.fetch_add(1, Ordering::Relaxed) + 1;
    println!("\n{number}. {title}");
}

/// Prints a call, which `stringify!` converted to text.
pub(crate) fn call(code: &str) {
    println!("   {}", layout(code).replace('\n', "\n       "));
}

/// Prints a result.
pub(crate) fn result(text: impl Display) {
    println!("   → {}", plain(&text.to_string()));
}

/// Prints a remark.
pub(crate) fn note(text: impl Display) {
    println!("     {}", plain(&text.to_string()));
}

/// Formats an error with its causes.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    plain(&format!("{error:#}"))
}

/// Formats code on one line, or breaks it before the dots outside brackets.
fn layout(code: &str) -> String {
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    if code.chars().count() <= WIDTH {
        return code;
    }
    let mut depth = 0_usize;
    let mut lines = String::with_capacity(code.len() + 8);
    for letter in code.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => lines.push('\n'),
            _ => {}
        }
        lines.push(letter);
    }
    // `.await` stays on the line of its call, and the first call on the line of its receiver.
    lines.replace("\n.await", ".await").replacen('\n', "", 1)
}

/// Replaces characters that could control the terminal.
fn plain(text: &str) -> String {
    let is_safe =
        |letter: char| !letter.is_control() && !('\u{202a}'..='\u{2069}').contains(&letter);
    text.chars().map(|letter| if is_safe(letter) { letter } else { '·' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_long_expressions_only_before_dots() {
        let agent = "twin.start_run().agent_id(agent).body(Body::builder().mode(Mode::Run)\n    \
            .message(\"Watch the inbox, and tell me.\")).send().await?";
        assert_eq!(
            layout(agent),
            "twin.start_run()\n.agent_id(agent)\n.body(Body::builder().mode(Mode::Run) \
            .message(\"Watch the inbox, and tell me.\"))\n.send().await?"
        );
        assert_eq!(layout("twin.get_me()\n  .send()"), "twin.get_me() .send()");
    }

    #[test]
    fn replaces_control_characters_in_output() {
        assert_eq!(plain("a\u{1b}[2J\u{202e}b\nc é"), "a·[2J·b·c é");
    }
}
