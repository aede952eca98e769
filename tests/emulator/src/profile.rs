//! The two profiles of the emulator.

use std::fmt;
use std::str::FromStr;

/// Which behaviour the emulator has where the reference and the live service differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The behaviour that the published reference describes.
    Documented,
    /// The behaviour of the live service, as it was observed in April 2026.
    Observed,
}

impl Profile {
    /// Both profiles, for a test that must pass with each.
    pub const ALL: [Self; 2] = [Self::Documented, Self::Observed];

    /// Returns the name of the profile on the command line.
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
        found.ok_or_else(|| format!("unknown profile {name:?}; use documented or observed"))
    }
}
