//! Signing secrets: their types, whitespace, blank secrets and rotation.

use twin_api::secrecy::SecretString;
use twin_ext::webhook::{Verifier, sign};
use twin_ext::{ErrorKind, Outcome};

use crate::signed::{completed, headers, verifier};

#[test]
fn rejects_blank_secret() {
    for blank in ["", " ", "\t", "\r\n", " \n ", "\u{a0}", "\u{3000}"] {
        let error = Verifier::new(blank).unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Config, Outcome::NotSent),
            "{blank:?}"
        );
        let error = verifier().with_secret(SecretString::from(blank)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{blank:?}");
    }
}

/// A secret that is read from a file ends with a line break, which is not part of the secret.
#[test]
fn trims_whitespace_around_secret() {
    let body = completed().to_string();
    let headers = headers(&[&sign("whsec_a1b2", &body)], &[]);
    for secret in ["whsec_a1b2\n", "whsec_a1b2\r\n", " whsec_a1b2", "\twhsec_a1b2 \n\n"] {
        let accepted = Verifier::new(secret).unwrap().verify(&headers, body.as_bytes());
        assert_eq!(accepted.unwrap().secret_index(), 0, "{secret:?}");
        let both = verifier().with_secret(SecretString::from(secret)).unwrap();
        assert_eq!(both.verify(&headers, body.as_bytes()).unwrap().secret_index(), 1);
    }
}

#[test]
fn rejects_secret_with_control_character() {
    for secret in ["whsec_a1b2\nwhsec_c3d4", "whsec_a1b2\r\nwhsec_c3d4\n", "whsec_\ta1b2", "a\0b"] {
        for error in
            [Verifier::new(secret).unwrap_err(), verifier().with_secret(secret).unwrap_err()]
        {
            assert_eq!(error.kind(), ErrorKind::Config, "{secret:?}");
            assert!(error.to_string().contains("line break"), "{error}");
            assert!(!error.to_string().contains("a1b2"), "{error}");
        }
    }
}

#[test]
fn accepts_every_string_type_as_secret() {
    let owned = String::from("whsec_1");
    let secret = SecretString::from("whsec_1");
    let signatures = [
        sign("whsec_1", "{}"),
        sign(&owned, b"{}"),
        sign(owned.clone(), vec![b'{', b'}']),
        sign(&secret, bytes::Bytes::from_static(b"{}")),
        sign(secret.clone(), String::from("{}")),
    ];
    assert!(signatures.iter().all(|signature| *signature == signatures[0]));
    Verifier::new(&owned)
        .unwrap()
        .with_secret(owned)
        .unwrap()
        .with_secret(&secret)
        .unwrap()
        .with_secret(secret)
        .unwrap();
}

#[test]
fn sign_uses_the_whole_secret_as_key() {
    for other in ["a1b2", "whsec_a1b2 ", " whsec_a1b2", "whsec_a1b2\n", "WHSEC_a1b2"] {
        assert_ne!(sign("whsec_a1b2", "{}"), sign(other, "{}"));
    }
}

#[test]
fn verifier_accepts_both_secrets_during_rotation() {
    let body = completed().to_string();
    let signed_with = |verifier: &Verifier, secret: &str| {
        let verified = verifier.verify(&headers(&[&sign(secret, &body)], &[]), body.as_bytes());
        verified.map(|delivery| delivery.secret_index()).map_err(|error| error.kind())
    };
    let before = Verifier::new("whsec_old").unwrap();
    assert_eq!(signed_with(&before, "whsec_old"), Ok(0));
    assert_eq!(signed_with(&before, "whsec_new"), Err(ErrorKind::Webhook));
    let meanwhile = Verifier::new("whsec_new").unwrap().with_secret("whsec_old").unwrap();
    assert_eq!(signed_with(&meanwhile, "whsec_new"), Ok(0));
    assert_eq!(signed_with(&meanwhile, "whsec_old"), Ok(1));
    let after = Verifier::new("whsec_new").unwrap();
    assert_eq!(signed_with(&after, "whsec_new"), Ok(0));
    assert_eq!(signed_with(&after, "whsec_old"), Err(ErrorKind::Webhook));
}

#[test]
fn with_secret_does_not_change_clones() {
    let one = Verifier::new("whsec_1").unwrap();
    let both = one.clone().with_secret("whsec_2").unwrap();
    let headers = headers(&[&sign("whsec_2", completed().to_string())], &[]);
    assert!(both.verify(&headers, completed().to_string().as_bytes()).is_ok());
    assert!(one.verify(&headers, completed().to_string().as_bytes()).is_err());
}
