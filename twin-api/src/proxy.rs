//! Checks the proxy variables of the environment, and names the proxy of a client.

use std::env::{self, VarError};

use hyper_util::client::proxy::matcher::Matcher;

use crate::error::ConnectError;

/// The variables that name a proxy for `https`, by precedence.
const VARIABLES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

/// Checks the environment variables that name a proxy for `https`, unless `builder` sets a proxy.
///
/// The HTTP client ignores a variable that it cannot parse and connects directly. Requests would
/// then bypass the proxy without notice. A client with a proxy setting ignores all variables.
///
/// # Errors
/// A variable is not a proxy address. The error names the variable and never prints its value.
pub fn check_proxy_variables(builder: &reqwest::ClientBuilder) -> Result<(), ConnectError> {
    // The builder exposes its proxies only through `Debug`.
    if format!("{builder:?}").contains("proxies: ") {
        return Ok(());
    }
    for [upper, lower] in VARIABLES {
        for name in [upper, lower] {
            match env::var(name) {
                Ok(value) => {
                    check(name, &value)?;
                    break;
                }
                Err(VarError::NotPresent) => {}
                Err(VarError::NotUnicode(_)) => {
                    return Err(ConnectError::proxy(format!("{name} is not valid UTF-8")));
                }
            }
        }
    }
    Ok(())
}

fn check(name: &str, value: &str) -> Result<(), ConnectError> {
    let target = http::Uri::from_static("https://build.twin.so");
    let is_read = || Matcher::builder().https(value).build().intercept(&target).is_some();
    if value.is_empty() || is_read() {
        return Ok(());
    }
    let message = format!("{name} is not a proxy address; set it like http://proxy.test:3128");
    Err(ConnectError::proxy(message))
}

/// Returns the address of the proxy that `client` uses, without credentials. `None` if it has
/// none or several. The HTTP client exposes its proxies only through `Debug`.
pub(crate) fn of(client: &reqwest::Client) -> Option<String> {
    let shown = format!("{client:?}");
    let mut found: Vec<&str> = (shown.split("uri: ").skip(1))
        .filter_map(|rest| rest.split([',', ' ', '}']).next())
        .map(|uri| uri.trim_end_matches('/'))
        .collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [one] if !one.contains('@') => Some((*one).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_variables_that_are_not_proxy_addresses() {
        for value in ["", "proxy.test:3128", "http://u:p@proxy.test:3128/", "socks5://127.0.0.1:1"]
        {
            assert!(check("HTTPS_PROXY", value).is_ok(), "{value}");
        }
        for value in ["http://", "ftp://proxy.test", "http://canary canary", "::canary"] {
            let shown = format!("{:?}", check("HTTPS_PROXY", value).unwrap_err());
            assert!(
                shown.starts_with("HTTPS_PROXY is not") && !shown.contains("canary"),
                "{shown}"
            );
        }
    }

    #[test]
    fn a_client_names_its_proxy_without_credentials() {
        let client = |proxies: &[&str]| {
            let builder = crate::http_client_builder().no_proxy();
            let each = proxies.iter().map(|proxy| reqwest::Proxy::all(*proxy).unwrap());
            each.fold(builder, reqwest::ClientBuilder::proxy).build().unwrap()
        };
        let one = client(&["http://user:canary@proxy.test:3128"]);
        assert_eq!(of(&one).as_deref(), Some("http://proxy.test:3128"));
        assert_eq!(of(&client(&[])), None);
        assert_eq!(of(&client(&["http://a.test:1", "http://b.test:2"])), None);
    }
}
