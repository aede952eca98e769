//! Defines the error of building a client.

use std::fmt;

use super::{Error, ErrorKind, Failure, Outcome, chain};

/// The error of [`connect`](crate::connect()): a setting is not valid, or TLS could not be set up.
///
/// It never prints the key or a password.
pub struct ConnectError(ConnectFailure);

enum ConnectFailure {
    Url(String),
    Key(&'static str),
    Proxy(String),
    Http(reqwest::Error),
}

impl ConnectError {
    pub(crate) fn url(reason: impl Into<String>) -> Self {
        Self(ConnectFailure::Url(reason.into()))
    }

    pub(crate) fn key(reason: &'static str) -> Self {
        Self(ConnectFailure::Key(reason))
    }

    pub(crate) fn proxy(reason: String) -> Self {
        Self(ConnectFailure::Proxy(reason))
    }
}

/// Returns whether the error reports that no CA certificates were found.
fn lacks_roots(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| {
        let text = cause.to_string().to_ascii_lowercase();
        text.contains("no ca certificates") || text.contains("no valid certificates")
    })
}

impl From<reqwest::Error> for ConnectError {
    fn from(error: reqwest::Error) -> Self {
        Self(ConnectFailure::Http(error))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ConnectFailure::Url(reason) => write!(f, "the base URL cannot be used: {reason}"),
            ConnectFailure::Key(reason) => write!(f, "the API key cannot be used: {reason}"),
            ConnectFailure::Proxy(reason) => f.write_str(reason),
            ConnectFailure::Http(error) if lacks_roots(error) => f.write_str(
                "no CA certificates were found on this machine: install the package \
                 ca-certificates, set SSL_CERT_FILE or SSL_CERT_DIR, or pass certificates to the \
                 HTTP client",
            ),
            ConnectFailure::Http(_) => f.write_str("the HTTP client could not be set up"),
        }
    }
}

/// Prints like `Display` and adds the cause.
impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::display::with_causes(f, self)
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            ConnectFailure::Http(error) => Some(error),
            ConnectFailure::Url(_) | ConnectFailure::Key(_) | ConnectFailure::Proxy(_) => None,
        }
    }
}

/// Converts to an [`Error`] of the kind [`ErrorKind::Config`].
impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        let mut failure = Failure::new(ErrorKind::Config, Outcome::NotSent, error.to_string());
        if let ConnectFailure::Http(source) = error.0 {
            failure = failure.caused_by(source);
        }
        failure.into()
    }
}
