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
//! - `rustls-aws-lc` (default), `rustls-ring`, `native-tls`: TLS, as in `twin-api`.
//! - `tracing`: a span for each operation, an event for each attempt, and why a delivery of a
//!   webhook was refused.
//! - `axum`: webhooks as axum takes them, an extractor and a router that is ready.
//! - `redis`: what webhooks were handled, in Redis, for receivers on several machines.
//! - `blocking`: lists as ordinary iterators, for programs that are not asynchronous.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
pub mod drift;
pub mod guide;
pub mod webhook;

#[cfg(feature = "blocking")]
mod blocking;
mod client;
mod document;
mod error;
mod event;
mod options;
mod page;
mod policy;
mod position;
mod retry;
mod run;
mod schedule;
#[cfg(test)]
mod testing;
mod time;
mod trace;

#[cfg(feature = "blocking")]
pub use blocking::Blocking;
pub use client::ClientBuilder;
pub use error::{Error, ErrorKind, Outcome};
pub use event::{EventHeader, RunEventExt};
pub use options::{CallOptions, ClientExt};
pub use page::{Items, Page, Pages, Paginate, Position};
pub use retry::Retry;
pub use run::{
    FinishedRuns, Launching, RunError, RunEvents, RunExt, RunHandle, RunState, RunStateExt,
    RunTicket, Wait, Waiting,
};
pub use schedule::{Cron, SetScheduleExt};
pub use time::Timestamp;
/// The raw client.
pub use twin_api;
/// What the service says when it refuses: problem details (RFC 9457).
pub use twin_api::Problem;

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
    pub use crate::{ClientBuilder, ClientExt, Error};
    pub use crate::{Paginate, RunEventExt, RunExt, RunStateExt, SetScheduleExt};
}
