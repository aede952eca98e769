//! A client for the [Twin](https://build.twin.so) REST API that is safe to run unattended.
//!
//! It extends [`twin_api`], the client that is generated from the API's OpenAPI document, with
//! retries, deadlines, pagination, runs and verified webhooks. It is unofficial.
//!
//! ```no_run
//! use twin_ext::prelude::*;
//! use twin_ext::twin_api::types::{RunMode, StartRunBody};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let twin = ClientBuilder::from_env()?.build()?; // reads TWIN_API_KEY
//!     let mut agents = twin.list_agents().items();
//!     while let Some(agent) = agents.try_next().await? {
//!         println!("{} is {}", agent.agent_id, agent.deployment_state);
//!     }
//!     let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Go.");
//!     let done = twin.launch("agent_abc123", body).await?.wait().await?;
//!     println!("{} is {}", done.run_id, done.state());
//!     Ok(())
//! }
//! ```
//!
//! [`ClientBuilder`] returns the raw [`Client`](twin_api::Client) with a policy: it retries what is
//! safe to repeat, limits the time and the size of each call, and reports in [`Error`] whether an
//! operation may have happened. All 33 operations stay functions of the raw client; the traits
//! in [`prelude`] extend their builders.
//!
//! # Where to go next
//!
//! | to | read |
//! |---|---|
//! | find an operation | [index of the operations](guide::operations) |
//! | translate a `curl` command | [from curl](guide::curl) |
//! | list agents, runs, events | [`Paginate`] and the guide to [pages](guide::pages) |
//! | start a run, follow it, wait for it | [`RunExt`], [`RunHandle`] and the guide to [runs](guide::runs) |
//! | receive webhooks | [`Receiver`](webhook::Receiver) and the guide to [webhooks](guide::webhooks) |
//! | decide what to do after a failure | [`Error`] and the guide to [errors](guide::errors) |
//! | know which requests are retried | [`Retry`] and the guide to [retries](guide::retries) |
//! | change the limits of some calls | [`CallOptions`] |
//! | test your own code | the guide to [testing](guide::testing), and [`clock`] |
//! | detect changes of the service | [`drift`] |
//!
//! The folder [examples](https://docs.rs/crate/twin-ext/latest/source/examples/) has small programs
//! to copy from.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `full` (default) | `client`, `pages`, `runs`, `schedules`, `webhooks` and `receiver` |
//! | `rustls-aws-lc` (default), `rustls-ring`, `native-tls` | TLS; each turns `full` on |
//! | `blocking` | calls, lists and runs for programs without async |
//! | `axum` | webhook deliveries as an extractor and a router |
//! | `redis` | deduplication of webhook events in Redis, for several receivers |
//! | `tracing` | a span for each operation, an event for each attempt |
//!
//! Choose one TLS feature. If several are enabled, `native-tls` is used before rustls, and aws-lc-rs
//! before ring. A TLS library that another crate enables in reqwest is not used.
//!
//! A lean program names the parts that it uses, and takes TLS from `twin-api`. Without TLS, only
//! plain `http` to loopback works.
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
