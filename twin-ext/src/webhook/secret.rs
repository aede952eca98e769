//! What a signing secret may be given as.

use twin_api::secrecy::{ExposeSecret as _, SecretString};

/// A signing secret, as a text or as the API answers with it.
///
/// The text is the key, `whsec_` included: nothing is cut off or decoded. The
/// [`Verifier`](super::Verifier) trims blanks and line breaks around it, such as the line break at
/// the end of a file.
///
/// ```
/// use twin_ext::twin_api::secrecy::SecretString;
/// use twin_ext::webhook::sign;
/// let answered = SecretString::from("whsec_a1b2c3");
/// assert_eq!(sign(&answered, b"{}"), sign("whsec_a1b2c3", b"{}"));
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
