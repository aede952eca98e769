//! What stops a generation: where in which document, why, and what to do about it.
//!
//! It does not print and does not exit; xtask and build.rs do.

use std::fmt;

/// The stage of [`generate`](crate::generate) that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Reading the document: JSON, an object, a version that is known.
    Parse,
    /// Applying `overlay.json`.
    Overlay,
    /// Lowering 3.1 to 3.0.3.
    Lower,
    /// progenitor and typify: 3.0.3 to Rust tokens.
    Client,
    /// The passes over the syntax tree.
    Passes,
    /// Printing the tree.
    Render,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parse => "parse",
            Self::Overlay => "overlay",
            Self::Lower => "lower",
            Self::Client => "client",
            Self::Passes => "passes",
            Self::Render => "render",
        })
    }
}

/// A refusal. `Display` is one paragraph: stage, pointer, cause, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    stage: Stage,
    pointer: Option<String>,
    cause: String,
    help: Option<String>,
}

impl Error {
    /// A refusal of `stage` for `cause`, a lower-case sentence without a full stop.
    pub fn new(stage: Stage, cause: impl Into<String>) -> Self {
        Self { stage, pointer: None, cause: cause.into(), help: None }
    }

    /// Adds where: a JSON pointer in URI-fragment form, `#/paths/~1v1~1me/get`.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The stage that refused.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Where in the document, as a URI-fragment JSON pointer, where it is known.
    pub fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    /// What is wrong.
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.stage)?;
        if let Some(pointer) = &self.pointer {
            write!(f, "{pointer}: ")?;
        }
        f.write_str(&self.cause)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
