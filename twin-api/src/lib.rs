//! A typed client for all 33 operations of the [Twin](https://build.twin.so) REST API, generated
//! from its OpenAPI document. It is unofficial.
//!
//! Most programs should use [`twin-ext`](https://docs.rs/twin-ext/latest/twin_ext/index.html), which
//! adds retries, deadlines, pagination, runs and verified webhooks to this client.
//!
//! ```
//! async fn list_agents() -> Result<(), Box<dyn std::error::Error>> {
//!     let key = std::env::var("TWIN_API_KEY")?;
//!     let twin = twin_api::connect("https://build.twin.so", &key)?;
//!     let page = twin.list_agents().limit(20).send().await?.into_inner();
//!     for agent in page.agents {
//!         println!("{} is {}", agent.agent_id, agent.deployment_state);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Where to go next
//!
//! - [`Client`] has a function for each operation. It returns a builder: set the parameters, then
//!   `send().await`. The documentation of each function shows its request, the required parameters,
//!   the known refusals and a program.
//! - The [index](https://docs.rs/twin-ext/latest/twin_ext/guide/operations/index.html) lists the
//!   operations with their requests.
//! - [`types`] has the request bodies, the responses and the entities.
//! - [`Error`] is the one error type. It tells what failed, in which operation, and whether the
//!   operation may have happened.
//! - [`connect`] builds a client. Implement [`transport::Transport`] to add a policy of your own.
//!
//! [secret]: https://docs.rs/secrecy/latest/secrecy/type.SecretString.html
//!
//! # Guarantees
//!
//! - The client decodes what the reference documents and what the service was observed to send. An
//!   unknown enum value is `Unknown(String)` and is sent back unchanged. Unknown members of a
//!   response are ignored.
//! - The API key goes to the base URL only. The client follows no redirect, and refuses plain `http`
//!   outside of loopback. A secret in a response is a [`SecretString`][secret].
//! - A path parameter cannot change which resource a request addresses: an empty one, `.` and `..`
//!   are refused before anything is sent, and everything else is percent-encoded.
//! - Each call is sent once. This crate has no retries, deadlines or size limits.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `rustls-aws-lc` (default) | TLS by rustls and aws-lc-rs, as in reqwest's default |
//! | `rustls-ring` | TLS by rustls and ring: builds faster |
//! | `native-tls` | the operating system's TLS |
//! | `client` | the client; each TLS feature turns it on |
//!
//! Choose one TLS feature. If several are enabled, `native-tls` is used before rustls, and
//! aws-lc-rs before ring. A TLS library that another crate enables in reqwest is not used. With
//! `client` alone, only plain `http` to loopback works. Without `client` the crate has [`types`]
//! and [`Error`] only, and needs no HTTP client.
#![cfg_attr(docsrs, feature(doc_cfg))]
// The address for links from crates whose documentation is built separately.
#![doc(html_root_url = "https://docs.rs/twin-api/latest")]

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

/// The OpenAPI 3.0.3 document, as JSON, from which this client was generated. Descriptions,
/// summaries and examples are removed.
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
