//! A typed client for every operation of the Twin REST API, without retries or other policy.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let twin = twin_api::connect("https://build.twin.so", "tw_live_…")?;
//! let agents = twin.list_agents().limit(20).send().await?.into_inner();
//! for agent in agents.agents {
//!     println!("{}", agent.agent_id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Client`] has one function for each of the 33 operations. The function returns a builder: its
//! setters are the parameters, and its `send` makes the call. [`types`] defines request bodies,
//! responses and entities.
//!
//! # Guarantees
//! - **Forward compatible.** An unknown enum value is kept as `Unknown(String)` and is sent back
//!   unchanged. Unknown fields of a response are ignored.
//! - **One error type.** [`Error`] reports what failed, in which operation, and whether the
//!   operation may have happened. Every error response has a [`Problem`], from problem+json, the
//!   older `error` object, text, HTML or an empty body.
//! - **Safe with secrets.** The client follows no redirect and sends the key only to the base URL,
//!   in a header marked sensitive. Secrets in a response are [`secrecy::SecretString`]s.
//! - **Safe with identifiers.** An empty path parameter, `.` and `..` are rejected before anything
//!   is sent. Other values are percent-encoded, so that no identifier changes the path.
//!
//! # Limits
//! The crate has no retries, deadlines, size limits, pagination, run handling or webhook
//! verification. The crate `twin-ext` adds them, as a [`transport`] and extension traits.
//!
//! # Features
//! - `rustls-aws-lc` (default, as in reqwest), `rustls-ring` (builds faster), `native-tls`: the TLS
//!   library. Choose one. Each enables `client`.
//! - `client`: everything except [`types`] and [`Error`]. Alone, it only connects to loopback over
//!   plain `http`. Without it, the crate needs no HTTP client: `twin-ext` then verifies webhooks.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
mod call;
#[cfg(feature = "client")]
mod connect;
mod error;
mod lenient;
#[cfg(feature = "client")]
mod network;
mod payload;
mod problem;
#[cfg(feature = "client")]
mod proxy;
#[cfg(feature = "client")]
mod redact;
mod surrogate;
#[cfg(feature = "client")]
pub mod transport;

/// The generated code. Lints are relaxed only in this module.
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    rustdoc::bare_urls,
    unused_imports,
    reason = "progenitor and typify generate it; twin-api-gen tests what matters"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

/// The OpenAPI 3.0.3 document that this client was generated from, as JSON.
///
/// The overlay and the lowering are applied, and descriptions are removed. Use it to validate
/// responses or to generate other clients.
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/document.json"));

#[cfg(feature = "client")]
pub use call::Call;
#[cfg(feature = "client")]
pub use connect::{PlainHttp, check_base_url, connect, harden, http_client_builder, without_tls};
#[cfg(feature = "client")]
pub use error::ConnectError;
#[doc(hidden)]
pub use error::one_line;
pub use error::{Error, ErrorKind, Failure, Outcome};
pub use generated::*;
pub use lenient::LenientInteger;
pub use payload::Payload;
pub use problem::Problem;
#[cfg(feature = "client")]
pub use proxy::check_proxy_variables;
/// The HTTP client. Its types appear in the API of this crate.
#[cfg(feature = "client")]
pub use reqwest;
/// The crate for secrets. Its types appear in the API of this crate.
pub use secrecy;
pub use surrogate::replace_lone_surrogates;
