//! Ergonomics over [`twin_api`], by extension only.
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
//! [`ClientBuilder`] makes the raw client with a policy in its seam: retries where they are
//! safe, deadlines, a bound on answers. `?` turns whatever a call ends with into [`Error`],
//! which says whether the action may have happened. Nothing of the raw client is wrapped or
//! hidden.
//!
//! - [`guide::errors`]: what can fail, and what to do about it.
//! - [`guide::pages`]: lists as streams, and what is promised of them.
//! - [`guide::retries`]: what is repeated, when, and what that guarantees.
//! - [`guide::runs`]: runs that outlive a program, what a wait ends with, what was missed.
//! - [`guide::webhooks`]: what is believed, what "once" means, and recipes.
//! - [`drift`]: hear of it when the service is no longer as documented.
//! - [`webhook`]: deliveries of webhooks, verified and each handled once.
//! - [`clock`]: test what a client does in an hour in no time.
//!
//! # Features
//! - `full` (default): all of `client`, `pages`, `runs`, `schedules` and `webhooks`.
//! - `rustls-aws-lc` (default), `rustls-ring`, `native-tls`: TLS, as in `twin-api`. Each turns
//!   `full` on. A lean program names the parts that it uses, and takes TLS from `twin-api`:
//!   `twin-api = { version = "0.1", default-features = false, features = ["rustls-ring"] }`.
//! - `tracing`: a span for each operation, an event for each attempt, and why a delivery of a
//!   webhook was refused.
//! - `axum`: webhooks as axum takes them, an extractor and a router that is ready.
//! - `redis`: what webhooks were handled, in Redis, for receivers on several machines.
//! - `blocking`: lists as ordinary iterators, for programs that are not asynchronous.
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
/// What the service says when it refuses: problem details (RFC 9457).
pub use twin_api::Problem;
/// Reads a secret: `made.api_key.expose_secret()`.
pub use twin_api::secrecy::ExposeSecret;

/// Imports the extension traits, [`ClientBuilder`] and [`Error`].
///
/// Everything else is imported by name: `use twin_ext::{Outcome, RunHandle, twin_api};`.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// # async fn example() -> Result<(), Error> {
/// let twin = ClientBuilder::from_env()?.build()?;
/// let newest = twin.list_agents().limit(1).items().try_next().await?;
/// # drop(newest);
/// # Ok(())
/// # }
/// ```
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
