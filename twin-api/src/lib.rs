//! The raw client of the Twin REST API: everything that the API has, and nothing else.
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
//! [`Client`] has one function for each of the 33 operations; it answers with a builder
//! whose setters are the parameters and whose `send` makes the call. Bodies, answers and
//! entities are in [`types`].
//!
//! # What it promises
//! - **Open to tomorrow.** An enum value that it does not know is `Unknown(String)` and
//!   goes out as it came; unknown members of an answer are ignored.
//! - **One error for all operations.** [`Error`] says what failed, in which operation, and
//!   whether it may have happened. A refusal has a [`Problem`], whatever the service sent:
//!   problem+json, the older `error` object, text, HTML or nothing.
//! - **No redirect is followed**, the key is marked sensitive and goes nowhere but to the
//!   base URL, and what is secret in an answer is a [`secrecy::SecretString`].
//! - **No identifier retargets a request.** An empty path parameter, `.` and `..` are
//!   refused before anything is sent; everything else is percent-encoded.
//!
//! # What it leaves out
//! Retries, deadlines, size limits, pages, run handling and webhook verification are the
//! business of the crate `twin-ext`, which puts them into the seam [`transport`].
//!
//! # Features
//! - `rustls-aws-lc` (default, as in reqwest), `rustls-ring` (builds faster), `native-tls`: TLS.
//!   Choose one. Each turns `client` on.
//! - `client`: everything but [`types`] and [`Error`]. Alone it sends `http` to loopback only.
//!   Without it the crate needs no HTTP client: `twin-ext` verifies webhooks with it.
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

/// The one door to the generated code; lints are relaxed behind it only.
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    rustdoc::bare_urls,
    unused_imports,
    reason = "progenitor and typify write it; the passes of twin-api-gen see to what matters"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

/// The document that this client was generated from, as JSON: OpenAPI 3.0.3, after the
/// overlay and the lowering, without what is for people only.
///
/// ```
/// assert!(twin_api::DOCUMENT.starts_with('{'));
/// ```
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
/// The HTTP client whose types the API of this crate shows.
#[cfg(feature = "client")]
pub use reqwest;
/// The crate of the types that hold secrets.
pub use secrecy;
pub use surrogate::replace_lone_surrogates;
