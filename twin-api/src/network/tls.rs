//! Recognises failures of TLS, whichever library reports them.
//!
//! A program may contain several TLS libraries, because another crate can enable one in the HTTP
//! client. So this module looks for the errors of all of them.

#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc"))]
mod by_rustls;
mod by_system;

use std::error::Error as StdError;
use std::io;

use super::{ConnectionCause, sources};

/// Why a TLS connection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(dead_code, reason = "each TLS library reports some of them")]
enum TlsFault {
    UntrustedIssuer,
    Expired,
    NotYetValid,
    OtherHost,
    Revoked,
    /// The certificate is not valid for another reason.
    Invalid(String),
    /// The host name is one that no certificate can contain.
    UnnameableHost,
    OldVersion,
    NotTls,
    ProtocolViolation,
    ClientCertificateRequired,
    ClientCertificateRefused,
    NoCertificateForName,
    HandshakeRejected,
    /// The connection closed during the handshake. A retry can help, unlike for the others.
    Interrupted,
    /// The TLS library reports a failure that this module does not know.
    Unknown,
}

impl TlsFault {
    /// Returns whether a server can report this after the client has completed the handshake.
    ///
    /// In TLS 1.3 the client completes the handshake first, so it has sent the request when the
    /// server rejects its certificate. The server has not read the request then. After any other
    /// fault of an open connection, the server may have read the request.
    fn rejects_client(&self) -> bool {
        matches!(
            self,
            Self::ClientCertificateRequired
                | Self::ClientCertificateRefused
                | Self::NoCertificateForName
                | Self::HandshakeRejected
        )
    }

    fn text(&self, host: &str) -> String {
        match self {
            Self::UntrustedIssuer => {
                format!("the certificate of {host} is not signed by a trusted CA")
            }
            Self::Expired => format!("the certificate of {host} has expired"),
            Self::NotYetValid => format!(
                "the certificate of {host} is not valid yet; check the clock of this machine"
            ),
            Self::OtherHost => format!("the certificate is not for {host}"),
            Self::Revoked => format!("the certificate of {host} is revoked"),
            Self::Invalid(why) => format!("the certificate of {host} is not valid: {why}"),
            Self::UnnameableHost => "no certificate can name this host".to_owned(),
            Self::OldVersion => format!("{host} does not support TLS 1.2 or 1.3"),
            Self::NotTls => format!("{host} does not use TLS; does it serve plain http?"),
            Self::ProtocolViolation => format!("{host} violates the TLS protocol"),
            Self::ClientCertificateRequired => format!("{host} requires a client certificate"),
            Self::ClientCertificateRefused => {
                format!("{host} does not accept the client certificate")
            }
            Self::NoCertificateForName => format!("{host} has no certificate for this name"),
            Self::HandshakeRejected => {
                format!("{host} rejected the TLS handshake; it may require a client certificate")
            }
            Self::Interrupted => "the connection was closed during the TLS handshake".to_owned(),
            Self::Unknown => format!("the TLS handshake with {host} failed"),
        }
    }
}

/// Returns why TLS failed, or `None` if something else failed.
pub(super) fn cause(error: &reqwest::Error, host: &str) -> Option<ConnectionCause> {
    let fault = sources(error).find_map(|source| fault(innermost(source)))?;
    if !error.is_connect() && !fault.rejects_client() {
        return None;
    }
    let is_permanent = fault != TlsFault::Interrupted;
    Some(ConnectionCause { text: fault.text(host), is_permanent })
}

/// Returns the error that I/O errors wrap, because `io::Error::source` skips it.
fn innermost<'a>(source: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    let mut innermost = source;
    while let Some(held) = innermost.downcast_ref().and_then(io::Error::get_ref) {
        innermost = held;
    }
    innermost
}

fn fault(error: &(dyn StdError + 'static)) -> Option<TlsFault> {
    #[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc"))]
    if let Some(error) = error.downcast_ref() {
        return by_rustls::fault(error);
    }
    by_system::fault(error)
}
