//! Defines [`Transport`], which sends every request of a client.
//!
//! A transport sends one request of one operation and can add retries, limits or traces. The
//! client adds the key before, and decodes the response after. It converts an error response to an
//! [`Error`] with [problem details](crate::Problem).
//!
//! A transport sees one operation at a time, so it knows nothing of pages or runs.

mod decode;
mod json_path;
mod operation;
mod refusal;
mod retry_after;
mod run_id;
mod send;

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use operation::OperationInfo;
pub use refusal::{is_transient, refusal_outcome, refusal_status};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, Response};
pub use retry_after::retry_after;
use secrecy::{ExposeSecret, SecretString};
#[allow(unused_imports, reason = "the document decides which of them are used")]
pub(crate) use send::{
    form, invalid_header, invalid_request, send, send_empty, send_secret, stream,
};

pub use crate::error::Failure;
use crate::error::{ConnectError, Error, Outcome};
pub use crate::redact::Redactor;
pub use crate::surrogate::replace_lone_surrogates;

/// The header that carries the API key.
pub const API_KEY_HEADER: &str = "x-api-key";

/// [`API_KEY_HEADER`], parsed once, so that no request has to parse it.
const KEY_HEADER: HeaderName = HeaderName::from_static(API_KEY_HEADER);

/// The future that a [`Transport`] returns: the response or an error.
pub type PendingResponse<'a> = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>>;

/// Sends requests for a client. [`Direct`] is the plain implementation.
///
/// An implementation may send `request` more than once where that is safe. It must return every
/// response unchanged, error responses too: the client converts them. It builds its own errors
/// from a `reqwest::Error` with `?`, from any other error with [`Error::other`], or from a
/// [`Failure`].
///
/// To report attempts, duration or a body that it has read, it adds a [`Report`] to the
/// [extensions](Response::extensions) of the response.
///
/// # Cancellation
/// Dropping the future must abandon the request.
///
/// # Example
///
/// ```
/// use twin_api::reqwest::{self, Request};
/// use twin_api::transport::{OperationInfo, PendingResponse, Transport};
///
/// /// Prints each operation.
/// #[derive(Debug)]
/// struct Log;
///
/// impl Transport for Log {
///     fn execute<'a>(
///         &'a self,
///         client: &'a reqwest::Client,
///         request: Request,
///         operation: &'a OperationInfo,
///     ) -> PendingResponse<'a> {
///         Box::pin(async move {
///             println!("{} {}", operation.method, operation.path_template);
///             Ok(client.execute(request).await?)
///         })
///     }
/// }
/// ```
pub trait Transport: Any + fmt::Debug + Send + Sync {
    /// Sends `request` of `operation` with `client`.
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        operation: &'a OperationInfo,
    ) -> PendingResponse<'a>;
}

/// Reports what a [`Transport`] knows about a call besides its response.
///
/// The transport adds it to the extensions of the response. The client copies it to the
/// [`Error`] of the call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The number of attempts.
    pub attempts: u32,
    /// The time until the response arrived, pauses included.
    pub elapsed: Duration,
    /// The worst outcome of the attempts before the last.
    pub earlier: Outcome,
    /// The delay that the service requested, if the transport has read it.
    pub retry_after: Option<Duration>,
    /// The body, if the transport has read it. The client then does not read the response.
    pub body: Option<Bytes>,
}

impl Default for Report {
    /// Returns a report of one attempt.
    fn default() -> Self {
        Self {
            attempts: 1,
            elapsed: Duration::ZERO,
            earlier: Outcome::NotSent,
            retry_after: None,
            body: None,
        }
    }
}

/// Sends every request once, with the settings of the HTTP client.
#[derive(Debug, Clone, Copy, Default)]
pub struct Direct;

impl Transport for Direct {
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        _: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        let sending = client.execute(request);
        Box::pin(async move { Ok(sending.await?) })
    }
}

/// The state of a [`Client`](crate::Client) besides its `reqwest::Client`: transport and key.
///
/// It is cheap to clone. `Debug` never prints the key.
#[derive(Debug, Clone)]
pub struct Inner {
    transport: Arc<dyn Transport>,
    key: Option<HeaderValue>,
}

impl Inner {
    /// Creates the state of a client without a key.
    pub fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), key: None }
    }

    /// Returns a copy with the same key and another transport.
    #[must_use]
    pub fn with_transport(&self, transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), key: self.key.clone() }
    }

    /// Returns the transport. Cast it to [`Any`] to downcast it.
    pub fn transport(&self) -> &dyn Transport {
        self.transport.as_ref()
    }

    /// Sends `key` with every request, in the header `x-api-key`, marked sensitive.
    ///
    /// Blanks around the key are removed.
    ///
    /// # Errors
    /// The key is blank, or contains a control character or a character outside ASCII. The error
    /// never quotes the key.
    pub fn api_key(mut self, key: &SecretString) -> Result<Self, ConnectError> {
        let key = key.expose_secret().trim_matches([' ', '\t']);
        if key.trim().is_empty() {
            return Err(ConnectError::key("it is blank"));
        }
        if !key.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(ConnectError::key("it contains a character that a header cannot hold"));
        }
        let value = HeaderValue::from_str(key);
        let mut value = value
            .map_err(|_| ConnectError::key("it contains a character that a header cannot hold"))?;
        value.set_sensitive(true);
        self.key = Some(value);
        Ok(self)
    }

    /// Returns a redactor that removes the key of this client from texts of the service.
    pub fn redactor(&self) -> Redactor<'_> {
        Redactor::new(self.key.as_ref())
    }
}
