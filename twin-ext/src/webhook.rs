//! Deliveries of webhooks: told from forgeries, read, and each handled once.
//!
//! [`Verifier`] is the one door: it takes headers and the bytes of a body as they came, and
//! gives a [`Delivery`] only if the service signed it. Nothing is parsed before.
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
//! The service delivers at least once, late, and in any order. [`Receiver`] handles each event
//! once: it verifies, asks a store ([`MemoryStore`], `RedisStore` for several machines, or any
//! [`DedupeStore`]) whether the event is new, runs a handler, and says what to answer. With the feature
//! `axum` it is a router ([`Receiver::into_router`](Receiver#method.into_router)), and
//! [`Delivery`] an extractor.
//!
//! # What it does not do
//! It opens no connection to the service and reads no body: that is the affair of a web
//! framework. It never calls an event new that may have been handled: what a store cannot vouch
//! for it refuses and tells, unless the program asks for it. And it cannot know of a delivery
//! that never came: look for finished runs on a timer.

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
mod axum;
mod dedupe;
mod delivery;
mod event;
mod key;
mod mac;
mod receiver;
mod refusal;
mod secret;
mod signature;
mod strict;
#[cfg(test)]
mod tests;
mod time;
mod verifier;

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use self::axum::Refused;
pub use dedupe::{DedupeStore, Lease, MemoryStore, MemoryToken, Reservation, Uncertainty};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use dedupe::{RedisStore, RedisToken};
pub use delivery::Delivery;
pub use event::{Event, RunChange};
pub use key::DeliveryKey;
pub use receiver::Receiver;
pub use secret::SigningSecret;
pub use signature::{SIGNATURE_HEADER, sign};
pub use verifier::{EVENT_HEADER, Verifier};
