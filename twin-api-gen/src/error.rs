//! Defines the error of a generation.

use std::fmt;

use crate::identify::Identified;
use crate::problem::{Edit, Problem};

/// The stage of [`generate`](crate::generate) that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Parsing the document: JSON, an object, a supported version.
    Parse,
    /// Recognising operations and entities and naming them.
    Identify,
    /// Applying the facts of `known.json`.
    Known,
    /// Applying `overlay.json`.
    Overlay,
    /// Lowering 3.1 to 3.0.3.
    Lower,
    /// Generating Rust tokens with progenitor and typify.
    Client,
    /// Running the passes over the syntax tree.
    Passes,
    /// Printing the syntax tree.
    Render,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parse => "parse",
            Self::Identify => "identify",
            Self::Known => "known facts",
            Self::Overlay => "overlay",
            Self::Lower => "lower",
            Self::Client => "client",
            Self::Passes => "passes",
            Self::Render => "render",
        })
    }
}

/// The error of a generation, with at least one problem.
///
/// All problems of a run are reported together. `Display` prints one paragraph for each. Accessors
/// that return a single value describe the first problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    first: Box<Problem>,
    others: Vec<Problem>,
}

impl Error {
    /// Creates an error of `stage`. `cause` is a lower-case sentence without a full stop.
    pub fn new(stage: Stage, cause: impl Into<String>) -> Self {
        Self::from(Problem::new(stage, cause))
    }

    /// Creates an error from all problems of a run, or returns `None` if there are none.
    pub fn from_problems(problems: impl IntoIterator<Item = Problem>) -> Option<Self> {
        let mut problems = problems.into_iter();
        let first = Box::new(problems.next()?);
        Some(Self { first, others: problems.collect() })
    }

    /// Adds the place: a JSON pointer in URI-fragment form, such as `#/paths/~1v1~1me/get`.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.first.pointer = Some(pointer.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.first.help = Some(help.into());
        self
    }

    /// Adds the edit that fixes the problem.
    #[must_use]
    pub fn edit(mut self, edit: Edit) -> Self {
        self.first.edit = Some(edit);
        self
    }

    /// Adds the problems of another error.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.others.push(*other.first);
        self.others.extend(other.others);
        self
    }

    /// Converts pointers into the effective document to pointers into the document as given.
    #[must_use]
    pub(crate) fn located_in(mut self, identified: &Identified) -> Self {
        for problem in std::iter::once(&mut *self.first).chain(&mut self.others) {
            if let Some(pointer) = &mut problem.pointer {
                *pointer = identified.origin(pointer);
            }
        }
        self
    }

    /// Returns every problem, in the order in which the stages found them.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&*self.first).chain(&self.others)
    }

    /// Returns the stage that failed.
    pub fn stage(&self) -> Stage {
        self.first.stage
    }

    /// Returns the place in the document as a URI-fragment JSON pointer, if it is known.
    pub fn pointer(&self) -> Option<&str> {
        self.first.pointer.as_deref()
    }

    /// Returns what is wrong.
    pub fn cause(&self) -> &str {
        &self.first.what
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { first: Box::new(problem), others: Vec::new() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.others.is_empty() {
            return write!(f, "{}", self.first);
        }
        write!(f, "{} problems", self.others.len() + 1)?;
        for (index, problem) in self.problems().enumerate() {
            write!(f, "\n{}. {problem}", index + 1)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
