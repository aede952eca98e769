//! The seam through which every request goes.
//!
//! A [`Transport`] sends one request of one operation and decides what happens around it:
//! retries, limits, traces. Around the transport, and outside its control, the key is attached,
//! a refusal becomes an [`Error`] with [problem details](crate::Problem), and an answer is
//! decoded.
//!
//! The seam does not know pages or runs; a transport sees one operation at a time.

mod decode;
mod operation;
mod refusal;
mod report;
mod retry_after;
mod run_id;
mod send;

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use operation::OperationInfo;
pub use refusal::{is_transient, refusal_outcome, refusal_status};
pub use report::Report;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, Response};
pub use retry_after::retry_after;
use secrecy::{ExposeSecret, SecretString};
#[allow(unused_imports, reason = "it depends on the document which of them are used")]
pub(crate) use send::{
    form, invalid_header, invalid_request, send, send_empty, send_secret, stream,
};

pub use crate::error::Failure;
use crate::error::{ConnectError, Error};
pub use crate::redact::Redactor;
pub use crate::surrogate::replace_lone_surrogates;

/// The header that carries the API key.
pub const API_KEY_HEADER: &str = "x-api-key";

/// The same as a name, so that no request has to parse it.
const KEY_HEADER: HeaderName = HeaderName::from_static(API_KEY_HEADER);

/// What a [`Transport`] returns: the answer, or an error, later.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>>;

/// Sends requests. [`Direct`] is the plain one.
///
/// An implementation may send `request` more than once, where that is safe. It returns any
/// answer as it came, a refusal too: the client makes the error of it. A failure of its own is
/// an [`Error`]: of a [`reqwest::Error`] by `?`, of any other by [`Error::other`], or of a
/// [`Failure`]. What it knows besides an answer, such as the number of attempts, it leaves among
/// the answer's [extensions](Response::extensions) as a [`Report`].
///
/// Dropping the future abandons the request.
///
/// ```
/// use twin_api::reqwest::{self, Request};
/// use twin_api::transport::{Answer, OperationInfo, Transport};
///
/// /// Prints which operations are called.
/// #[derive(Debug)]
/// struct Logged;
///
/// impl Transport for Logged {
///     fn execute<'a>(
///         &'a self,
///         client: &'a reqwest::Client,
///         request: Request,
///         operation: &'a OperationInfo,
///     ) -> Answer<'a> {
///         Box::pin(async move {
///             println!("{} {}", operation.method, operation.path_template);
///             Ok(client.execute(request).await?)
///         })
///     }
/// }
/// ```
pub trait Transport: Any + fmt::Debug + Send + Sync {
    /// Sends `request`, which belongs to `operation`, by `client`.
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        operation: &'a OperationInfo,
    ) -> Answer<'a>;
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
    ) -> Answer<'a> {
        let sending = client.execute(request);
        Box::pin(async move { Ok(sending.await?) })
    }
}

/// What a [`Client`](crate::Client) carries besides its `reqwest::Client`: the transport and the
/// key.
///
/// It is cheap to clone. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct Inner {
    transport: Arc<dyn Transport>,
    key: Option<HeaderValue>,
}

impl Inner {
    /// Makes a client without a key that sends through `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), key: None }
    }

    /// Returns the same key with another transport.
    ///
    /// ```
    /// use twin_api::transport::{Direct, Inner};
    /// let inner = Inner::new(Direct).with_transport(Direct);
    /// # drop(inner);
    /// ```
    #[must_use]
    pub fn with_transport(&self, transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), key: self.key.clone() }
    }

    /// Returns the transport; as an [`Any`], it can be downcast.
    ///
    /// ```
    /// use std::any::Any;
    /// use twin_api::transport::{Direct, Inner};
    /// let inner = Inner::new(Direct);
    /// let transport: &dyn Any = inner.transport();
    /// assert!(transport.is::<Direct>());
    /// ```
    pub fn transport(&self) -> &dyn Transport {
        self.transport.as_ref()
    }

    /// Sends `key` with every request, in the header `x-api-key`, marked sensitive. Blanks
    /// around it are not sent.
    ///
    /// ```
    /// use twin_api::transport::{Direct, Inner};
    /// assert!(Inner::new(Direct).api_key(&" tw_live_0123 ".into()).is_ok());
    /// assert!(Inner::new(Direct).api_key(&" ".into()).is_err());
    /// ```
    ///
    /// # Errors
    /// The key is blank, or holds a control character or one that is not ASCII. The error does
    /// not quote it.
    pub fn api_key(mut self, key: &SecretString) -> Result<Self, ConnectError> {
        let key = key.expose_secret().trim_matches([' ', '\t']);
        if key.trim().is_empty() {
            return Err(ConnectError::key("it is blank"));
        }
        if !key.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(ConnectError::key("it holds a character that no header may hold"));
        }
        let value = HeaderValue::from_str(key);
        let mut value =
            value.map_err(|_| ConnectError::key("it holds a character that no header may hold"))?;
        value.set_sensitive(true);
        self.key = Some(value);
        Ok(self)
    }

    /// Returns what removes the key of this client from a text that the service sent.
    pub fn redactor(&self) -> Redactor<'_> {
        Redactor::new(self.key.as_ref())
    }
}
