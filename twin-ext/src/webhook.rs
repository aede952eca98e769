//! Verifies webhook deliveries, and handles each event once.
//!
//! [`Verifier::verify`] takes the headers and the bytes of a request body. It checks the signature
//! before it parses anything, and returns a [`Delivery`] only if the service signed the body.
//!
//! ```
//! use twin_ext::prelude::*;
//! use twin_ext::webhook::{Event, Verifier};
//! # use twin_ext::webhook::sign;
//! # let secret = "whsec_a1b2c3";
//! # let body = br#"{"event": "run.completed", "timestamp": "2026-03-11T14:32:15Z", "data":
//! #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "completed",
//! #    "outcome": "success", "finished_at": "2026-03-11T14:32:15Z"}}"#;
//! # let mut headers = http::HeaderMap::new();
//! # headers.insert("x-cobb-signature", sign(secret, body).parse().unwrap());
//!
//! let verifier = Verifier::new(secret)?;
//! let delivery = verifier.verify(&headers, body)?;
//! if let Event::RunCompleted(run) = delivery.event {
//!     println!("{} of {}: {:?}", run.run_id, run.agent_id, run.outcome);
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! The service delivers at least once, late, and in any order. With the feature `receiver`,
//! [`Receiver`] handles each event once: it verifies the delivery, asks a store whether the event
//! is new, calls a handler, and returns the status of the response. The store is a
//! [`MemoryStore`], a `RedisStore` for several machines, or your own [`DedupeStore`]. The feature
//! `axum` turns the receiver into a router
//! ([`Receiver::into_router`](Receiver#method.into_router)), and [`Delivery`] into an extractor.
//! The [guide](crate::guide::webhooks) explains the guarantees.
//!
//! # Limits
//! - The web framework reads the request, not this module.
//! - A store may not know whether an event was handled. The handler then gets an [`Uncertainty`].
//! - A receiver cannot detect a delivery that was never sent. Poll for finished runs from time to
//!   time, with [`RunExt::finished_since`](crate::RunExt::finished_since).

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
mod axum;
mod callback;
#[cfg(feature = "receiver")]
mod dedupe;
mod delivery;
mod event;
mod json;
mod key;
mod mac;
#[cfg(feature = "receiver")]
mod observe;
#[cfg(feature = "receiver")]
mod receiver;
mod refusal;
mod secret;
mod signature;
#[cfg(test)]
mod tests;
mod verifier;

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use self::axum::DeliveryRejection;
#[cfg(feature = "receiver")]
#[cfg_attr(docsrs, doc(cfg(feature = "receiver")))]
pub use self::{
    dedupe::{DedupeStore, Lease, MemoryStore, MemoryToken, Reservation, Uncertainty},
    observe::{ReceiverEvent, StoreStep},
    receiver::Receiver,
};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use dedupe::{RedisStore, RedisToken};
pub use delivery::Delivery;
pub use event::{Event, RunChange};
pub use key::DeliveryKey;
pub use refusal::RefusalReason;
pub use secret::SigningSecret;
pub use signature::{SIGNATURE_HEADER, sign};
pub use verifier::{EVENT_HEADER, Verifier};
