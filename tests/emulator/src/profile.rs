//! The two profiles: the reference, and the live service as it was observed.

use std::fmt;
use std::str::FromStr;

/// The behaviour where the reference and the live service differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The published reference.
    Documented,
    /// The live service as it was observed in April 2026.
    Observed,
}

impl Profile {
    /// Both profiles, for tests that must pass in each.
    pub const ALL: [Self; 2] = [Self::Documented, Self::Observed];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == name);
        found.ok_or_else(|| format!("there is no profile {name}; use documented or observed"))
    }
}
