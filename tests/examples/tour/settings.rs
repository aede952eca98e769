//! Which tour it is to be: the arguments and the environment, read once.

use anyhow::{Context as _, bail};
use clap::Parser;

const SERVICE: &str = "https://build.twin.so";

/// The client of the Twin API, shown against a Twin inside this program.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Look at the real service instead, with the key in `TWIN_API_KEY`, and change nothing.
    ///
    /// `TWIN_BASE_URL` names another one than <https://build.twin.so>.
    #[arg(long)]
    live: bool,
}

/// The variables that count. One that is blank is none.
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

/// The tour to take.
pub(crate) enum Mode {
    /// Everything, against a Twin inside this program.
    Emulated { key_is_there: bool },
    /// Only what reads, against this service.
    Live { key: String, base_url: String },
}

/// # Errors
/// The real service was asked for, and there is no key.
pub(crate) fn mode(arguments: &Arguments, environment: Environment) -> anyhow::Result<Mode> {
    let Environment { key, base_url } = environment;
    if !arguments.live {
        return Ok(Mode::Emulated { key_is_there: key.is_some() });
    }
    let key =
        key.context("--live needs an API key in TWIN_API_KEY; without --live none is needed")?;
    if key.trim() != key {
        bail!("TWIN_API_KEY begins or ends with a blank");
    }
    Ok(Mode::Live { key, base_url: base_url.unwrap_or_else(|| SERVICE.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Environment {
        Environment { key: Some("canary".to_owned()), base_url: None }
    }

    #[test]
    fn without_live_the_key_is_not_used() {
        let without = mode(&Arguments { live: false }, Environment::default()).unwrap();
        assert!(matches!(without, Mode::Emulated { key_is_there: false }));
        let with = mode(&Arguments { live: false }, key()).unwrap();
        assert!(matches!(with, Mode::Emulated { key_is_there: true }));
    }

    #[test]
    fn live_is_the_service_unless_another_is_named() {
        let Ok(Mode::Live { base_url, .. }) = mode(&Arguments { live: true }, key()) else {
            panic!("it is to be live")
        };
        assert_eq!(base_url, "https://build.twin.so");
        let other = Environment { base_url: Some("http://127.0.0.1:4010".to_owned()), ..key() };
        let Ok(Mode::Live { base_url, .. }) = mode(&Arguments { live: true }, other) else {
            panic!("it is to be live")
        };
        assert_eq!(base_url, "http://127.0.0.1:4010");
    }

    #[test]
    fn live_without_a_key_is_an_error() {
        let refused = mode(&Arguments { live: true }, Environment::default());
        assert!(refused.is_err_and(|error| error.to_string().contains("TWIN_API_KEY")));
    }
}
