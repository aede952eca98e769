//! Where deliveries of webhooks arrive: a small HTTP server that believes signatures only.
//!
//! It verifies the bytes as they came, then reads them, then hands them on. It knows no
//! window of time: the service signs no time but the one in the body.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use twin_api::secrecy::{ExposeSecret as _, SecretString};
use twin_api::types::WebhookEvent;

/// HMAC-SHA256 of the raw body in hexadecimal digits, after `sha256=`.
pub(crate) const SIGNATURE: &str = "x-cobb-signature";

/// An address that nobody answers at yet: the secret comes only when the webhook is made.
pub(crate) struct Receiver {
    listener: TcpListener,
    url: String,
}

/// The deliveries that were signed by the service, as they come in.
pub(crate) struct Deliveries {
    pub(crate) url: String,
    incoming: UnboundedReceiver<Delivery>,
}

/// A delivery that was verified.
pub(crate) struct Delivery {
    pub(crate) event: WebhookEvent,
    pub(crate) signature: HeaderValue,
    pub(crate) body: Bytes,
}

impl Receiver {
    pub(crate) async fn bind() -> anyhow::Result<Self> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = bound.context("cannot listen for deliveries")?;
        let url = format!("http://{}/webhooks/twin", listener.local_addr()?);
        Ok(Self { listener, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Answers from now on, until the program ends.
    pub(crate) fn serve(self, secret: SecretString) -> Deliveries {
        let Self { listener, url } = self;
        let (deliveries, incoming) = unbounded_channel();
        let desk = Arc::new(Desk { secret, deliveries });
        let router = Router::new().route("/webhooks/twin", post(take)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Deliveries { url, incoming }
    }
}

impl Deliveries {
    pub(crate) async fn next(&mut self) -> Option<Delivery> {
        self.incoming.recv().await
    }
}

struct Desk {
    secret: SecretString,
    deliveries: UnboundedSender<Delivery>,
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(signature) = verified(&desk.secret, &headers, &body) else {
        return StatusCode::UNAUTHORIZED;
    };
    let Ok(event) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
    // Answered at once: what is to be done about it is done elsewhere.
    match desk.deliveries.send(Delivery { event, signature, body }) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The signature, if there is exactly one and it is that of these bytes.
fn verified(secret: &SecretString, headers: &HeaderMap, body: &[u8]) -> Option<HeaderValue> {
    let mut signatures = headers.get_all(SIGNATURE).iter();
    let (Some(signature), None) = (signatures.next(), signatures.next()) else { return None };
    let digits = signature.as_bytes().strip_prefix(b"sha256=")?;
    let tag = base16ct::lower::decode_vec(digits).ok()?;
    // The secret's whole text is the key, `whsec_` included.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(body);
    // It compares in constant time, and takes a whole tag only.
    mac.verify_slice(&tag).ok()?;
    Some(signature.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    const DIGITS: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const BODY: &[u8] = b"what do ya want for nothing?";

    fn accepts(signatures: &[&str], body: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        for signature in signatures {
            headers.append(SIGNATURE, signature.parse().unwrap());
        }
        verified(&SecretString::from("Jefe"), &headers, body).is_some()
    }

    #[test]
    fn the_right_signature_is_believed() {
        assert!(accepts(&[&format!("sha256={DIGITS}")], BODY));
    }

    #[test]
    fn nothing_else_is() {
        let right = format!("sha256={DIGITS}");
        assert!(!accepts(&[], BODY));
        assert!(!accepts(&[&right, &right], BODY));
        assert!(!accepts(&[&right], b"what do ya want for nothing!"));
        for wrong in [
            "",
            "sha256=",
            DIGITS,
            &right[..right.len() - 2],
            &format!("{right}00"),
            &format!("sha256={}", DIGITS.to_uppercase()),
            &right.replace("5b", "5c"),
        ] {
            assert!(!accepts(&[wrong], BODY), "{wrong}");
        }
    }
}
