//! Deliveries of webhooks: told from forgeries, read, and each handled once.
//!
//! [`Verifier`] is the one door: it takes headers and the bytes of a body as they came, and
//! gives a [`Delivery`] only if the service signed it. Nothing is parsed before.
//!
//! ```
//! use twin_ext::prelude::*;
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
//! It opens no connection and reads no body: that is the affair of a web framework.

mod delivery;
mod event;
mod key;
mod mac;
mod refusal;
mod secret;
mod signature;
mod strict;
#[cfg(test)]
mod tests;
mod time;
mod verifier;

pub use delivery::Delivery;
pub use event::{Event, RunChange};
pub use key::DeliveryKey;
pub use secret::SigningSecret;
pub use signature::{SIGNATURE_HEADER, sign};
pub use verifier::{EVENT_HEADER, Verifier};
