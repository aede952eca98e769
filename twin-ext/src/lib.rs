//! Retries, pagination, runs and webhooks for the Twin API, as extensions of [`twin_api`].
//!
//! ```no_run
//! use twin_ext::prelude::*;
//! use twin_ext::twin_api;
//!
//! # async fn example() -> Result<(), Error> {
//! let twin: twin_api::Client = ClientBuilder::from_env()?.build()?;
//! let agent = twin.get_agent().agent_id("agent_abc123").send().await?.into_inner().agent;
//! println!("{} is {}", agent.agent_id, agent.deployment_state);
//! # Ok(())
//! # }
//! ```
//!
//! [`ClientBuilder`] builds the raw client with a transport policy: it retries where that is
//! safe, and limits time and response size. The client is a plain [`twin_api::Client`]: nothing
//! of the raw client is wrapped or hidden. Extension traits add the rest; import them with
//! [`prelude`]. `?` converts every error to [`Error`], which reports whether the operation may
//! have happened.
//!
//! # Guides
//! - [`guide::errors`]: what can fail, and what to do about it.
//! - [`guide::pages`]: lists as streams, and how to resume them.
//! - [`guide::retries`]: which requests are retried, when, and the guarantees.
//! - [`guide::runs`]: starting, waiting for and following runs, across restarts of your program.
//! - [`guide::webhooks`]: verifying and deduplicating deliveries, with recipes.
//!
//! # Modules
//! - [`drift`]: reports responses that differ from the OpenAPI document.
//! - [`webhook`]: verifies webhook deliveries and handles each event once.
//! - [`clock`]: replaces time and randomness in tests.
//! # Features
//! - `full` (default): all of `client`, `pages`, `runs`, `schedules`, `webhooks` and `receiver`.
//!   `webhooks` verifies deliveries without an HTTP client or a runtime, also on
//!   `wasm32-unknown-unknown`. `receiver` adds `webhook::Receiver` and its stores.
//! - `rustls-aws-lc` (default), `rustls-ring`, `native-tls`: the TLS library, as in `twin-api`.
//!   Each enables `full`. For a smaller build, enable single parts and select TLS in `twin-api`:
//!   `twin-api = { version = "0.1", default-features = false, features = ["rustls-ring"] }`.
//! - `tracing`: adds a span for each operation, an event for each attempt, and the reason for
//!   each rejected webhook delivery.
//! - `axum`: adds an extractor and a router for webhooks.
//! - `redis`: stores handled webhook events in Redis, for receivers on several machines.
//! - `blocking`: adds blocking calls and iterators, for programs without async code.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "full"),
    allow(
        dead_code,
        unused_imports,
        reason = "parts share helpers that one part alone does not use"
    )
)]

pub mod clock;
#[cfg(feature = "client")]
pub mod drift;
#[cfg(feature = "full")]
pub mod guide;
#[cfg(feature = "webhooks")]
pub mod webhook;

#[cfg(feature = "blocking")]
mod blocking;
#[cfg(feature = "blocking")]
mod blocking_call;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod document;
mod error;
#[cfg(feature = "runs")]
mod event;
#[cfg(feature = "client")]
mod options;
#[cfg(feature = "pages")]
mod page;
#[cfg(feature = "client")]
mod policy;
mod position;
#[cfg(feature = "client")]
mod retry;
#[cfg(feature = "runs")]
mod run;
#[cfg(feature = "schedules")]
mod schedule;
#[cfg(test)]
mod testing;
#[cfg(any(feature = "runs", feature = "schedules", feature = "webhooks"))]
mod time;
#[cfg(feature = "client")]
mod trace;

#[cfg(feature = "blocking")]
pub use blocking::Blocking;
#[cfg(feature = "blocking")]
pub use blocking_call::BlockingCall;
#[cfg(feature = "client")]
pub use client::ClientBuilder;
pub use error::{Error, ErrorKind, Outcome};
#[cfg(feature = "runs")]
pub use event::{EventHeader, RunEventExt};
#[cfg(feature = "client")]
pub use options::{CallOptions, ClientExt};
#[cfg(feature = "pages")]
pub use page::{Items, Page, Pages, Paginate};
pub use position::Position;
#[cfg(feature = "client")]
pub use retry::Retry;
#[cfg(feature = "runs")]
pub use run::{
    FinishedRuns, Launching, RunError, RunEvents, RunExt, RunHandle, RunState, RunStateExt,
    RunTicket, Wait, Waiting,
};
#[cfg(feature = "schedules")]
pub use schedule::{Cron, SetScheduleExt};
#[cfg(any(feature = "runs", feature = "schedules", feature = "webhooks"))]
pub use time::Timestamp;
/// The raw client.
pub use twin_api;
/// The problem details of an error response (RFC 9457).
pub use twin_api::Problem;
/// Gives access to a secret: `key.api_key.expose_secret()`.
pub use twin_api::secrecy::ExposeSecret;

/// Imports the extension traits, [`ClientBuilder`] and [`Error`].
///
/// Import other items by name: `use twin_ext::{Outcome, RunHandle, twin_api};`.
pub mod prelude {
    #[cfg(feature = "blocking")]
    pub use crate::BlockingCall;
    pub use crate::Error;
    #[cfg(feature = "pages")]
    pub use crate::Paginate;
    #[cfg(feature = "schedules")]
    pub use crate::SetScheduleExt;
    #[cfg(feature = "client")]
    pub use crate::{ClientBuilder, ClientExt};
    #[cfg(feature = "runs")]
    pub use crate::{RunEventExt, RunExt, RunStateExt};
}
