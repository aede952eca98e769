//! The two profiles: the reference, and the live service as it was observed.

use std::fmt;
use std::str::FromStr;

/// What the emulator does where the reference and the live service differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// What the published reference says.
    Documented,
    /// What the live service was observed to do in April 2026.
    Observed,
}

impl Profile {
    /// Both profiles, for tests that must pass in each.
    pub const ALL: [Self; 2] = [Self::Documented, Self::Observed];

    /// Returns the name, as the command line takes it.
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
        found.ok_or_else(|| format!("there is no profile {name}; take documented or observed"))
    }
}
