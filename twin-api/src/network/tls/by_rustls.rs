//! Reads the errors of rustls.

use rustls::{AlertDescription as Alert, CertificateError as Certificate, Error, InvalidMessage};

use super::TlsFault;

pub(super) fn fault(error: &Error) -> Option<TlsFault> {
    Some(match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(Alert::ProtocolVersion) | Error::PeerIncompatible(_) => {
            TlsFault::OldVersion
        }
        Error::AlertReceived(alert) => return alert_received(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => TlsFault::NotTls,
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_) => TlsFault::ProtocolViolation,
        Error::NoCertificatesPresented => TlsFault::Invalid("it is missing".to_owned()),
        Error::UnsupportedNameType => TlsFault::UnnameableHost,
        _ => return None,
    })
}

fn certificate(error: &Certificate) -> TlsFault {
    match error {
        Certificate::UnknownIssuer | Certificate::BadSignature => TlsFault::UntrustedIssuer,
        Certificate::Expired | Certificate::ExpiredContext { .. } => TlsFault::Expired,
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => TlsFault::NotYetValid,
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            TlsFault::OtherHost
        }
        Certificate::Revoked => TlsFault::Revoked,
        other => TlsFault::Invalid(other.to_string()),
    }
}

fn alert_received(alert: Alert) -> Option<TlsFault> {
    Some(match alert {
        Alert::CertificateRequired | Alert::NoCertificate => TlsFault::ClientCertificateRequired,
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => TlsFault::ClientCertificateRefused,
        Alert::HandshakeFailure | Alert::InsufficientSecurity => TlsFault::HandshakeRejected,
        Alert::UnrecognisedName => TlsFault::NoCertificateForName,
        _ => return None,
    })
}
