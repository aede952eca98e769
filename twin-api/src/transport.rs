//! The seam through which every request goes.
//!
//! A [`Transport`] sends one request of one operation and may do around it what it likes:
//! retry, bound, trace. Around the transport, and not for it to decide, the key is
//! attached and a refusal becomes a [`Problem`](crate::types::Problem).
//!
//! It does not know operations, pages or types; what spans requests is not its affair.

mod context;
mod decode;
mod refusal;
mod surrogate;

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use context::{CONTEXT_HEADER, Context};
pub use decode::DecodeFailure;
pub(crate) use decode::{decode, decode_secret};
use progenitor_client::ClientHooks;
/// Which operation a request belongs to.
pub use progenitor_client::OperationInfo;
pub use refusal::{redact_headers, redact_text, refusal_status};
use reqwest::header::{HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{Request, Response};
use secrecy::{ExposeSecret, SecretString};
pub use surrogate::replace_lone_surrogates;

use crate::{Client, ClientInfo, ConnectError};

/// The header that carries the API key.
pub const API_KEY_HEADER: &str = "x-api-key";

/// The same, as a name, so that no request has to read it as one.
const KEY_HEADER: HeaderName = HeaderName::from_static(API_KEY_HEADER);

/// What a [`Transport`] answers with, later.
pub type Answer<'a> = Pin<Box<dyn Future<Output = reqwest::Result<Response>> + Send + 'a>>;

/// Sends requests. [`Direct`] is the plain one.
///
/// An implementation may send `request` more than once, where that is safe. A failure of
/// its own, one that is no [`reqwest::Error`], it answers as a [`Response`] with a status
/// outside 200 to 599 and the failure among its [extensions](Response::extensions): that
/// reaches the caller untouched as
/// [`Error::UnexpectedResponse`](crate::Error::UnexpectedResponse). What it has to tell besides
/// an answer, it leaves there as a [`Context`].
///
/// Dropping the future abandons the request.
pub trait Transport: Any + fmt::Debug + Send + Sync {
    /// Sends `request`, which belongs to `operation`, by `client`.
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        operation: &'a OperationInfo,
    ) -> Answer<'a>;
}

/// Sends every request once and lets the client's own settings do the rest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Direct;

impl Transport for Direct {
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        _: &'a OperationInfo,
    ) -> Answer<'a> {
        Box::pin(client.execute(request))
    }
}

/// What a [`Client`] carries besides its `reqwest::Client`: the transport and the key.
///
/// Cheap to clone. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct Inner {
    transport: Arc<dyn Transport>,
    key: Option<HeaderValue>,
}

impl Inner {
    /// A client without a key that sends through `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), key: None }
    }

    /// The transport; as an [`Any`], for who wants his own back.
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

    /// As [`api_key`](Self::api_key), but a blank key is refused, too.
    ///
    /// ```
    /// use twin_api::transport::{Direct, Inner};
    /// assert!(Inner::new(Direct).checked_api_key(&" ".into()).is_err());
    /// ```
    ///
    /// # Errors
    /// The key is blank, or no header may hold it.
    pub fn checked_api_key(self, key: &SecretString) -> Result<Self, ConnectError> {
        if key.expose_secret().trim().is_empty() {
            return Err(ConnectError::key("it is blank"));
        }
        self.api_key(key)
            .map_err(|_| ConnectError::key("it holds a character that no header may hold"))
    }

    /// Sends `key` with every request, in the header `x-api-key`, marked sensitive.
    ///
    /// # Errors
    /// `key` holds a control character, or one that is not ASCII. The error does not quote it.
    pub fn api_key(mut self, key: &SecretString) -> Result<Self, InvalidHeaderValue> {
        let key = key.expose_secret();
        // What is not ASCII could not be told in a refusal that quotes it.
        let text = if key.is_ascii() { key } else { "\n" };
        let mut value = HeaderValue::from_str(text)?;
        value.set_sensitive(true);
        self.key = Some(value);
        Ok(self)
    }
}

impl ClientHooks<Inner> for Client {
    async fn exec(
        &self,
        mut request: Request,
        operation: &OperationInfo,
    ) -> reqwest::Result<Response> {
        let Inner { transport, key } = self.inner();
        if let Some(key) = key {
            request.headers_mut().insert(KEY_HEADER, key.clone());
        }
        let response = transport.execute(self.client(), request, operation).await?;
        Ok(refusal::normalise(response, key.as_ref()).await)
    }
}
