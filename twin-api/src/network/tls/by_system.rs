//! Reads the errors of the operating system's TLS.
//!
//! `native-tls` has no error codes, so this module reads what its errors print. On Linux and BSD it
//! reads the texts of OpenSSL, which are not translated. On Windows and macOS it reads the number of
//! the error, because the text depends on the language of the system.
//!
//! A handshake failure that is not in the tables counts as permanent: the two sides are connected,
//! but cannot agree. A closed connection, and an alert that is not in the table, count as transient.

use std::error::Error as StdError;
#[cfg(feature = "native-tls")]
use std::io;

use super::TlsFault;

/// Parts of OpenSSL's texts. An alert comes from the server; other texts come from this side.
const OPENSSL: &[(&str, TlsFault)] = &[
    ("unexpected eof", TlsFault::Interrupted),
    ("alert certificate required", TlsFault::ClientCertificateRequired),
    ("alert no certificate", TlsFault::ClientCertificateRequired),
    ("alert bad certificate", TlsFault::ClientCertificateRefused),
    ("alert unsupported certificate", TlsFault::ClientCertificateRefused),
    ("alert certificate revoked", TlsFault::ClientCertificateRefused),
    ("alert certificate expired", TlsFault::ClientCertificateRefused),
    ("alert certificate unknown", TlsFault::ClientCertificateRefused),
    ("alert unknown ca", TlsFault::ClientCertificateRefused),
    ("alert access denied", TlsFault::ClientCertificateRefused),
    ("alert handshake failure", TlsFault::HandshakeRejected),
    ("alert insufficient security", TlsFault::HandshakeRejected),
    ("unrecognized name", TlsFault::NoCertificateForName),
    ("alert protocol version", TlsFault::OldVersion),
    ("unsupported protocol", TlsFault::OldVersion),
    ("version too low", TlsFault::OldVersion),
    ("wrong version number", TlsFault::NotTls),
    ("certificate is not yet valid", TlsFault::NotYetValid),
    ("certificate has expired", TlsFault::Expired),
    ("certificate revoked", TlsFault::Revoked),
    ("hostname mismatch", TlsFault::OtherHost),
    ("ip address mismatch", TlsFault::OtherHost),
    ("issuer certificate", TlsFault::UntrustedIssuer),
    ("self-signed certificate", TlsFault::UntrustedIssuer),
    ("self signed certificate", TlsFault::UntrustedIssuer),
    ("unable to verify the first certificate", TlsFault::UntrustedIssuer),
    ("certificate signature failure", TlsFault::UntrustedIssuer),
];

pub(super) fn fault(error: &(dyn StdError + 'static)) -> Option<TlsFault> {
    if let Some(fault) = openssl(&error.to_string()) {
        return Some(fault);
    }
    #[cfg(feature = "native-tls")]
    if let Some(error) = error.downcast_ref() {
        return handshake(error);
    }
    None
}

/// Reads a text of OpenSSL: `error:0A000086:SSL routines:…:certificate verify failed:… (why)`.
fn openssl(text: &str) -> Option<TlsFault> {
    let text = text.to_ascii_lowercase();
    let said = text.strip_prefix("error:")?;
    if let Some((_, fault)) = OPENSSL.iter().find(|(part, _)| said.contains(part)) {
        return Some(fault.clone());
    }
    let why = said.rsplit_once('(').map(|(_, why)| why.trim_end_matches(')'));
    said.contains("certificate verify failed")
        .then(|| TlsFault::Invalid(why.unwrap_or("its verification failed").to_owned()))
}

/// Reads the error of a handshake whose text is in no table.
#[cfg(feature = "native-tls")]
fn handshake(error: &native_tls::Error) -> Option<TlsFault> {
    if cfg!(any(windows, target_vendor = "apple")) {
        return numbered(&format!("{error:?}"));
    }
    let mut causes = crate::error::chain(error).skip(1);
    if causes.any(<dyn StdError>::is::<io::Error>) {
        return None;
    }
    let text = error.to_string().to_ascii_lowercase();
    if text.contains("unexpected eof") {
        return Some(TlsFault::Interrupted);
    }
    (!text.contains(" alert ")).then_some(TlsFault::Unknown)
}

/// Reads the number in the `Debug` of an error of Windows or macOS: `Error { code: -9807, … }`.
#[cfg(any(test, feature = "native-tls"))]
fn numbered(debug: &str) -> Option<TlsFault> {
    if debug.contains("user-specified roots") {
        // Windows reports this if the client trusts only its own certificates.
        return Some(TlsFault::UntrustedIssuer);
    }
    let code = debug.split_once("code: ")?.1;
    let digits = code.split(|letter: char| letter != '-' && !letter.is_ascii_digit()).next()?;
    let code: i32 = digits.parse().ok()?;
    Some(match (code, code.cast_unsigned()) {
        // Windows numbers the errors of sockets from 0, and those of TLS from 0x8000_0000. macOS
        // numbers the errors of TLS from -9800 down; these three and -36 are closed connections.
        (0.. | -9805 | -9806 | -9816 | -36, _) => TlsFault::Interrupted,
        (-9807 | -9812 | -9813, _) | (_, 0x800B_0109 | 0x800B_010A | 0x8009_0325) => {
            TlsFault::UntrustedIssuer
        }
        (-9814, _) | (_, 0x800B_0101 | 0x8009_0328) => TlsFault::Expired,
        (-9815, _) => TlsFault::NotYetValid,
        (-9843, _) | (_, 0x800B_010F | 0x8009_0322) => TlsFault::OtherHost,
        (-9836, _) => TlsFault::OldVersion,
        (_, 0x800B_010C | 0x8009_2010) => TlsFault::Revoked,
        _ => TlsFault::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_openssl_are_recognised() {
        let routine = "error:0A000086:SSL routines:tls_post_process_server_certificate";
        let verify = |why: &str| format!("{routine}:certificate verify failed:ssl.c:1889: ({why})");
        for (text, expected) in [
            (verify("unable to get local issuer certificate"), TlsFault::UntrustedIssuer),
            (verify("certificate has expired"), TlsFault::Expired),
            (verify("Hostname mismatch"), TlsFault::OtherHost),
            (verify("CA md too weak"), TlsFault::Invalid("ca md too weak".to_owned())),
            (
                format!("{routine}:certificate verify failed:ssl.c:1889:"),
                TlsFault::Invalid("its verification failed".to_owned()),
            ),
            (
                "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required"
                    .to_owned(),
                TlsFault::ClientCertificateRequired,
            ),
            (
                "error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading".to_owned(),
                TlsFault::Interrupted,
            ),
        ] {
            assert_eq!(openssl(&text), Some(expected), "{text}");
        }
        for other in [
            "error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error",
            "the page says: certificate has expired",
        ] {
            assert_eq!(openssl(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_of_windows_and_macos_are_recognised() {
        let windows = |code: u32| {
            let code = code.cast_signed();
            format!("Os {{ code: {code}, kind: Uncategorized, message: \"abgelaufen\" }}")
        };
        let macos = |code: i32| format!("Error {{ code: {code}, message: \"abgelaufen\" }}");
        for (debug, expected) in [
            (windows(0x800B_0109), TlsFault::UntrustedIssuer),
            (windows(0x800B_0101), TlsFault::Expired),
            (windows(0x800B_010F), TlsFault::OtherHost),
            (windows(0x8009_0308), TlsFault::Unknown),
            (windows(10_054), TlsFault::Interrupted),
            (macos(-9807), TlsFault::UntrustedIssuer),
            (macos(-9814), TlsFault::Expired),
            (macos(-9843), TlsFault::OtherHost),
            (macos(-9800), TlsFault::Unknown),
            (macos(-9806), TlsFault::Interrupted),
        ] {
            assert_eq!(numbered(&debug), Some(expected), "{debug}");
        }
        let end = "Custom { kind: UnexpectedEof, error: \"unexpected EOF during handshake\" }";
        assert_eq!(numbered(end), None);
    }
}
