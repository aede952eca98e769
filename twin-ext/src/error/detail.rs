//! What is behind an error, for those who make one.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use twin_api::transport::{redact_headers, redact_text};
use twin_api::types::Problem;

use super::{ErrorKind, Outcome};
use crate::drift::Drift;
use crate::page::Progress;

/// Everything that an [`Error`](super::Error) knows. What does not apply is empty.
#[derive(Clone)]
pub(crate) struct Detail {
    pub(crate) kind: ErrorKind,
    pub(crate) outcome: Outcome,
    pub(crate) message: Cow<'static, str>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) last_status: Option<StatusCode>,
    pub(crate) problem: Option<Problem>,
    pub(crate) headers: HeaderMap,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) call: Call,
    pub(crate) json_path: Option<String>,
    pub(crate) excerpt: Option<String>,
    pub(crate) drift: Vec<Drift>,
    pub(crate) progress: Option<Progress>,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The call that failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) operation: Option<Cow<'static, str>>,
    pub(crate) method: Option<Method>,
    pub(crate) path: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

impl Detail {
    pub(crate) fn new(
        kind: ErrorKind,
        outcome: Outcome,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            outcome,
            message: message.into(),
            status: None,
            last_status: None,
            problem: None,
            headers: HeaderMap::new(),
            retry_after: None,
            call: Call::default(),
            json_path: None,
            excerpt: None,
            drift: Vec::new(),
            progress: None,
            source: None,
        }
    }

    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl Detail {
    /// Takes the key out of whatever came from an answer, or from the caller.
    pub(crate) fn redact(&mut self, key: Option<&HeaderValue>) {
        let clean = |text: &str| redact_text(text.as_bytes(), key);
        self.message = clean(&self.message).into();
        self.call.path = self.call.path.as_deref().map(clean);
        redact_headers(&mut self.headers, key);
    }
}
