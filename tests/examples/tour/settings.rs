//! The settings of the tour, from its arguments and environment variables.

use anyhow::{Context as _, bail};
use clap::Parser;

const SERVICE: &str = "https://build.twin.so";

/// A tour of the Twin client against an emulator in this program.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Read from the real service, with the key in `TWIN_API_KEY`. Changes nothing there.
    ///
    /// `TWIN_BASE_URL` sets another base URL than <https://build.twin.so>.
    #[arg(long)]
    live: bool,
}

/// The environment variables of the tour. A blank variable counts as unset.
#[derive(Default)]
pub(crate) struct Environment {
    key: Option<String>,
    base_url: Option<String>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let variable =
            |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
        Self { key: variable("TWIN_API_KEY"), base_url: variable("TWIN_BASE_URL") }
    }
}

/// Which tour to run.
pub(crate) enum TourMode {
    /// The whole tour, against an emulator in this program.
    Emulated { is_key_set: bool },
    /// The read-only tour, against this service.
    Live { key: String, base_url: String },
}

/// Decides which tour to run.
///
/// # Errors
/// Returns an error if `--live` is set and there is no valid key.
pub(crate) fn mode(arguments: &Arguments, environment: Environment) -> anyhow::Result<TourMode> {
    let Environment { key, base_url } = environment;
    if !arguments.live {
        return Ok(TourMode::Emulated { is_key_set: key.is_some() });
    }
    let key = key.context("--live needs an API key: set TWIN_API_KEY, or leave out --live")?;
    if key.trim() != key {
        bail!("TWIN_API_KEY begins or ends with whitespace; remove it");
    }
    Ok(TourMode::Live { key, base_url: base_url.unwrap_or_else(|| SERVICE.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Environment {
        Environment { key: Some("canary".to_owned()), base_url: None }
    }

    #[test]
    fn ignores_key_without_live_flag() {
        let without = mode(&Arguments { live: false }, Environment::default()).unwrap();
        assert!(matches!(without, TourMode::Emulated { is_key_set: false }));
        let with = mode(&Arguments { live: false }, key()).unwrap();
        assert!(matches!(with, TourMode::Emulated { is_key_set: true }));
    }

    #[test]
    fn live_uses_default_base_url_unless_set() {
        let Ok(TourMode::Live { base_url, .. }) = mode(&Arguments { live: true }, key()) else {
            panic!("expected the live mode")
        };
        assert_eq!(base_url, "https://build.twin.so");
        let other = Environment { base_url: Some("http://127.0.0.1:4010".to_owned()), ..key() };
        let Ok(TourMode::Live { base_url, .. }) = mode(&Arguments { live: true }, other) else {
            panic!("expected the live mode")
        };
        assert_eq!(base_url, "http://127.0.0.1:4010");
    }

    #[test]
    fn rejects_live_without_key() {
        let refused = mode(&Arguments { live: true }, Environment::default());
        assert!(refused.is_err_and(|error| error.to_string().contains("TWIN_API_KEY")));
    }
}
