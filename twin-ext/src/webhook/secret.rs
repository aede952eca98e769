//! Defines the accepted types of a signing secret.

use twin_api::secrecy::{ExposeSecret as _, SecretString};

/// A signing secret: a string, or the `SecretString` in the response of `create_webhook`.
///
/// Pass the whole text, including `whsec_`. It is not base64, and is used as the key without
/// decoding. The [`Verifier`](super::Verifier) trims whitespace around it, such as the line break
/// at the end of a file.
///
/// ```
/// use twin_ext::twin_api::secrecy::SecretString;
/// use twin_ext::webhook::sign;
/// let secret = SecretString::from("whsec_a1b2c3");
/// assert_eq!(sign(&secret, b"{}"), sign("whsec_a1b2c3", b"{}"));
/// ```
pub trait SigningSecret: sealed::Sealed {
    #[doc(hidden)]
    fn with<T>(self, act: impl FnOnce(&str) -> T) -> T;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! secrets {
    ($($type:ty: $secret:ident => $text:expr;)*) => {$(
        impl sealed::Sealed for $type {}

        impl SigningSecret for $type {
            fn with<T>(self, act: impl FnOnce(&str) -> T) -> T {
                let $secret = &self;
                act($text)
            }
        }
    )*};
}

secrets! {
    &str: secret => secret;
    String: secret => secret;
    &String: secret => secret;
    SecretString: secret => secret.expose_secret();
    &SecretString: secret => secret.expose_secret();
}
