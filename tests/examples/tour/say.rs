//! What the tour prints: headings, the calls as they stand in its source, what came of them.
//!
//! It prints no JSON, and nothing that could steer a terminal.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Shows a call as it is written, makes it, and is what it gives.
macro_rules! shown {
    ($call:expr) => {{
        $crate::say::call(stringify!($call));
        $call
    }};
}
pub(crate) use shown;

/// A longer call is broken before its dots.
const WIDTH: usize = 88;

pub(crate) fn welcome(url: &str, key_is_there: bool) {
    println!("Twin for Rust: a tour.\n");
    println!("A Twin runs inside this program, at {url}. Nothing leaves this machine.");
    println!("Calls stand as they do in tests/examples/tour; after → is what came of them.");
    if key_is_there {
        println!("TWIN_API_KEY is set, and not used: add `-- --live` to look at the real service.");
    }
}

pub(crate) fn welcome_live(base_url: &str) {
    println!("Twin for Rust: a tour of {base_url}.\n");
    println!("It reads and changes nothing: only GET requests are sent.");
}

pub(crate) fn goodbye(requests: usize, time: Duration) {
    println!("\nThat was the tour: {requests} requests in {:.1} s.", time.as_secs_f64());
    println!("  read on    README.md, and the docs: cargo doc --open -p twin-ext");
    println!("  try next   cargo run -p twin-tests --bin twin-emulator");
    println!("             and open the address that it prints in a browser");
}

/// Begins a section.
pub(crate) fn heading(title: &str) {
    static SECTIONS: AtomicUsize = AtomicUsize::new(0);
    let number = SECTIONS.fetch_add(1, Ordering::Relaxed) + 1;
    println!("\n{number}. {title}");
}

/// A call, as `stringify!` gives it.
pub(crate) fn call(code: &str) {
    println!("   {}", layout(code).replace('\n', "\n       "));
}

/// What came of it.
pub(crate) fn came(text: impl Display) {
    println!("   → {}", plain(&text.to_string()));
}

/// Something that is good to know.
pub(crate) fn note(text: impl Display) {
    println!("     {}", plain(&text.to_string()));
}

/// An error for a person, with its causes.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    plain(&format!("{error:#}"))
}

/// Code on one line, or broken before the dots that are in no brackets.
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
    // `.await` stays with what it waits for, and the receiver with its first call.
    lines.replace("\n.await", ".await").replacen('\n', "", 1)
}

/// A text from elsewhere, without what could steer a terminal.
fn plain(text: &str) -> String {
    let is_safe =
        |letter: char| !letter.is_control() && !('\u{202a}'..='\u{2069}').contains(&letter);
    text.chars().map(|letter| if is_safe(letter) { letter } else { '·' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_call_is_broken_before_its_dots_only() {
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
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2J\u{202e}b\nc é"), "a·[2J·b·c é");
    }
}
