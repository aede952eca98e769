//! Converts errors of the HTTP client to [`Error`]: what failed, whether the request was sent, and
//! whether a retry can help.
//!
//! Messages name the host and never the URL, because a query may hold secrets. A proxy is named
//! without its credentials.

mod tls;

use std::error::Error as StdError;
use std::io;
use std::net::Ipv4Addr;

use reqwest::Url;

use crate::error::{Error, ErrorKind, Failure, Outcome, chain};

/// The cause if a proxy has another scheme than `http` and `https`, such as `socks5`.
const UNSUPPORTED_SCHEME: &str = "the proxy has a scheme that is not supported: use http or https";

/// The cause of a failed connection.
struct ConnectionCause {
    text: String,
    /// Whether a retry would fail in the same way.
    is_permanent: bool,
}

impl ConnectionCause {
    fn permanent(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_permanent: true }
    }

    fn transient(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_permanent: false }
    }
}

/// Converts an error of the HTTP client, for transports that use it.
impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        failure(error).into()
    }
}

/// Converts an error that occurred before the head of the response arrived.
fn failure(error: reqwest::Error) -> Failure {
    let host = error.url().map(host).unwrap_or_default();
    let has_invalid_host = error.url().is_some_and(|url| !has_valid_host(url));
    let error = error.without_url();
    let cause = cause(&error, &host, has_invalid_host);
    let (kind, outcome) = if error.is_builder() {
        (ErrorKind::InvalidRequest, Outcome::NotSent)
    } else if error.is_connect() {
        let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Transport };
        (kind, Outcome::NotSent)
    } else if error.is_timeout() {
        (ErrorKind::Timeout, Outcome::Unknown)
    } else if cause.as_ref().is_some_and(|cause| cause.is_permanent) {
        // The server rejected the handshake after this side had completed it.
        (ErrorKind::Transport, Outcome::NotSent)
    } else {
        (ErrorKind::Transport, Outcome::Unknown)
    };
    let what = match (kind, outcome) {
        (ErrorKind::InvalidRequest, _) => "the request cannot be built".to_owned(),
        (ErrorKind::Timeout, Outcome::NotSent) => format!("no connection to {host} in time"),
        (ErrorKind::Timeout, _) => "no complete response in time".to_owned(),
        (_, Outcome::NotSent) => format!("no connection to {host}"),
        _ => "the connection was lost before the response".to_owned(),
    };
    let message = match &cause {
        Some(cause) => format!("{what}: {}", cause.text),
        None => what,
    };
    let mut failure = Failure::new(kind, outcome, message);
    failure.is_permanent = cause.is_some_and(|cause| cause.is_permanent);
    failure.caused_by(error)
}

/// Adds the address of the proxy to a message about the proxy.
pub(crate) fn name_proxy(failure: &mut Failure, client: &reqwest::Client) {
    let error = failure.source.as_deref().and_then(|error| error.downcast_ref());
    let blamed = error.and_then(|error| {
        sources(error).map(ToString::to_string).find(|source| proxy(source).is_some())
    });
    let (Some(blamed), Some(name)) = (blamed, crate::proxy::of(client)) else { return };
    let mut message = failure.message.to_string();
    if name.starts_with("socks") && blamed.to_ascii_lowercase().starts_with("tunnel error") {
        // With native-tls, the HTTP client asks a SOCKS proxy for an HTTP tunnel.
        let what = message.split(": ").next().unwrap_or_default();
        message = format!("{what}: {UNSUPPORTED_SCHEME}");
        failure.is_permanent = true;
    }
    failure.message = message.replacen("the proxy", &format!("the proxy {name}"), 1).into();
}

impl Failure {
    /// Creates the failure of a body that ended before it was complete.
    pub fn torn(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Transport };
        let message = match io_kind(&error) {
            Some(kind) => format!("the response ended early: {kind}"),
            None => "the response ended early".to_owned(),
        };
        Self::new(kind, Outcome::Accepted, message).caused_by(error)
    }
}

/// Returns the host of a URL, with its port unless that is the default: `build.twin.so`.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns whether a host name is valid: labels of 1 to 63 letters, digits, hyphens and
/// underscores.
fn has_valid_host(url: &Url) -> bool {
    let name = url.host_str().unwrap_or_default();
    if name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(is_letter)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Returns the cause that helps to fix the problem: a proxy, TLS, DNS or an I/O error.
fn cause(error: &reqwest::Error, host: &str, has_invalid_host: bool) -> Option<ConnectionCause> {
    if has_invalid_host && !error.is_builder() {
        return Some(ConnectionCause::permanent("this is not a valid host name"));
    }
    let through_proxy = sources(error).find_map(|source| proxy(&source.to_string()));
    if let Some(cause) = through_proxy {
        let unsupported = ["unsupported scheme", "scheme is not http"];
        let says = |source: &(dyn StdError + 'static)| {
            let text = source.to_string();
            unsupported.iter().any(|said| text.contains(said))
        };
        if sources(error).any(says) {
            return Some(ConnectionCause::permanent(UNSUPPORTED_SCHEME));
        }
        if let Some(tls) = tls::cause(error, "the proxy").filter(|_| !cause.is_permanent) {
            return Some(ConnectionCause { text: format!("{}: {}", cause.text, tls.text), ..tls });
        }
        let io = io_kind(error).filter(|_| !cause.is_permanent);
        return Some(match io {
            Some(kind) => ConnectionCause::transient(format!("{}: {kind}", cause.text)),
            None => cause,
        });
    }
    if let Some(cause) = tls::cause(error, host) {
        return Some(cause);
    }
    if error.is_dns() {
        return Some(ConnectionCause::transient("the host name cannot be resolved"));
    }
    io_kind(error).map(|kind| ConnectionCause::transient(kind.to_string()))
}

fn sources(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    chain(error).skip(1)
}

/// Returns the I/O error of the operating system, such as `connection refused`.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let kinds = sources(error).filter_map(|source| source.downcast_ref().map(io::Error::kind));
    kinds.last().filter(|kind| *kind != io::ErrorKind::Other)
}

/// Recognises proxy errors of hyper-util by their texts, because its error types are private.
fn proxy(text: &str) -> Option<ConnectionCause> {
    let text = text.to_ascii_lowercase();
    if let Some(rest) = text.strip_prefix("tunnel error: ") {
        return Some(match rest {
            "proxy authorization required" => ConnectionCause::permanent(
                "the proxy requires authorization (407): set its user and password",
            ),
            "unsuccessful" => {
                ConnectionCause::permanent("the proxy refused to connect to the host")
            }
            "failed to create underlying connection" => {
                ConnectionCause::transient("the proxy cannot be reached")
            }
            _ => ConnectionCause::transient("the proxy closed the connection"),
        });
    }
    if text.starts_with("socks error: ") {
        return Some(ConnectionCause::transient("the SOCKS proxy failed"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_host_names_are_recognised() {
        let is_valid =
            |host: &str| has_valid_host(&Url::parse(&format!("https://{host}/")).unwrap());
        for host in ["build.twin.so", "localhost", "127.0.0.1", "[::1]", "a_b.test.", "xn--e-4fa"] {
            assert!(is_valid(host), "{host}");
        }
        let long = format!("{}.test", "a".repeat(64));
        let longer = vec!["a".repeat(60); 5].join(".");
        for host in ["a..test", ".test", &long, &longer, "a*b.test"] {
            assert!(!is_valid(host), "{host}");
        }
    }
}
