//! Writes progress to standard error and results to standard output.
//!
//! Unlike `println!`, it does not panic if the reader closed the pipe (`cargo xtask generate … |
//! head`). Control characters from a document are escaped before they reach a terminal.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use anyhow::Context as _;

/// The output streams of a command.
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
    /// Uses the streams of this process.
    pub fn standard() -> Self {
        Self { out: Box::new(io::stdout()), err: Box::new(io::stderr()) }
    }

    /// Discards all output.
    pub fn silent() -> Self {
        Self { out: Box::new(io::sink()), err: Box::new(io::sink()) }
    }

    /// Prints a line of progress. A failure to print it is ignored.
    pub fn progress(&mut self, line: fmt::Arguments<'_>) {
        let line = line.to_string();
        // If standard error cannot be written, the error cannot be reported either.
        let _ = writeln!(self.err, "{}", escaped(&line));
    }

    /// Prints a line of the result, escaped for a terminal.
    ///
    /// # Errors
    /// Same as [`raw`](Self::raw).
    pub fn product(&mut self, line: fmt::Arguments<'_>) -> anyhow::Result<()> {
        let line = line.to_string();
        self.raw(format!("{}\n", escaped(&line)).as_bytes())
    }

    /// Writes bytes of the result unchanged.
    ///
    /// # Errors
    /// Standard output cannot be written. A closed pipe is not an error.
    pub fn raw(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(error).context("writing to standard output")
            }
            _ => Ok(()),
        }
    }
}

/// Escapes characters that move the cursor or reorder text. Messages quote the document, which may
/// contain any character.
fn escaped(line: &str) -> Cow<'_, str> {
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
    use super::escaped;

    #[test]
    fn only_control_characters_are_escaped() {
        assert_eq!(escaped("a\tb é\nc"), "a\tb é\nc");
        assert_eq!(escaped("a\u{1b}[2Jb\u{202e}c\r"), "a\\u{1b}[2Jb\\u{202e}c\\u{d}");
    }
}
