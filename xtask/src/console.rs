//! The two streams: progress for people to standard error, products to standard output.
//!
//! It never panics over a reader that went away (`cargo xtask generate … | head`), as
//! `println!` does, and it never shows a terminal a control character that came from a
//! document.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use anyhow::Context as _;

/// Where a command talks.
pub struct Console {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

impl Console {
    /// The streams of this process.
    pub fn standard() -> Self {
        Self { out: Box::new(io::stdout()), err: Box::new(io::stderr()) }
    }

    /// Streams that go nowhere.
    pub fn silent() -> Self {
        Self { out: Box::new(io::sink()), err: Box::new(io::sink()) }
    }

    /// A line of progress. Nothing depends on it, so a failure to show it is none.
    pub fn progress(&mut self, line: fmt::Arguments<'_>) {
        let line = line.to_string();
        // The one place where an error is dropped: there is nowhere left to report it.
        let _ = writeln!(self.err, "{}", harmless(&line));
    }

    /// A line of the product, made harmless for a terminal.
    ///
    /// # Errors
    /// As [`raw`](Self::raw).
    pub fn product(&mut self, line: fmt::Arguments<'_>) -> anyhow::Result<()> {
        let line = line.to_string();
        self.raw(format!("{}\n", harmless(&line)).as_bytes())
    }

    /// Bytes of the product, as they are.
    ///
    /// # Errors
    /// When they cannot be written, unless it is the reader who had enough.
    pub fn raw(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(error).context("writing to standard output")
            }
            _ => Ok(()),
        }
    }
}

/// Escapes what moves the cursor or reorders text: a document may hold anything.
fn harmless(line: &str) -> Cow<'_, str> {
    let hostile = |c: char| {
        (c.is_control() && c != '\t' && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !line.contains(hostile) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if hostile(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn text_stays_and_control_characters_do_not() {
        assert_eq!(harmless("a\tb é\nc"), "a\tb é\nc");
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}c\r"), "a\\u{1b}[2Jb\\u{202e}c\\u{d}");
    }
}
