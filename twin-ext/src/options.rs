//! Overrides settings of a client for the calls of one clone.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use twin_api::reqwest::{self, Request};
use twin_api::transport::{API_KEY_HEADER, Failure, OperationInfo, PendingResponse, Transport};
use twin_api::{Client, ClientInfo as _, ErrorKind, Outcome};

use crate::policy::Policy;

/// Headers that the client and the HTTP library set themselves.
const RESERVED: [&str; 5] =
    [API_KEY_HEADER, "host", "content-length", "transfer-encoding", "connection"];

/// Overrides settings of a client for the calls of one clone.
///
/// [`ClientExt::with`] returns the clone. The original client keeps its settings, and the clone
/// keeps those that the options do not set. An invalid option fails the calls of the clone with
/// [`ErrorKind::Config`], before anything is sent.
///
/// ```no_run
/// use std::time::Duration;
/// use twin_ext::CallOptions;
/// use twin_ext::prelude::*;
/// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
/// let patient = CallOptions::new()
///     .deadline(Duration::from_secs(600))
///     .max_attempts(6)
///     .header("x-trace", "4bf92f35");
/// for agent in twin.with(patient).list_agents().send().await?.into_inner().agents {
///     println!("{}", agent.agent_id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "options have no effect until they are passed to `ClientExt::with`"]
pub struct CallOptions {
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
    max_attempts: Option<u32>,
    max_response_bytes: Option<usize>,
    headers: HeaderMap,
    /// The first invalid option.
    invalid: Option<String>,
}

impl CallOptions {
    /// Creates options that override nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits one call: all its attempts and the pauses between them. Zero is invalid.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self.check("deadline", !limit.is_zero())
    }

    /// Limits one attempt, from connecting to the last byte of the response. Zero is invalid.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = Some(limit);
        self.check("attempt_timeout", !limit.is_zero())
    }

    /// Limits the number of attempts per call, the first included. Zero counts as one, as in
    /// [`Retry::max_attempts`](crate::Retry::max_attempts): the call is sent once.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts.max(1));
        self
    }

    /// Limits the size of a response body, in bytes. Zero is invalid.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = Some(bytes);
        self.check("max_response_bytes", bytes > 0)
    }

    /// Adds a header to every attempt. A later call with the same name replaces the value.
    ///
    /// The API key, `host`, `connection` and the headers for the body length cannot be set.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let Ok(parsed) = name.parse::<HeaderName>() else {
            return self.refuse(format!("{name:?} is not a valid header name"));
        };
        if RESERVED.contains(&parsed.as_str()) {
            return self.refuse(format!("the client sets the header {parsed} itself"));
        }
        match HeaderValue::from_str(value.as_ref()) {
            Ok(value) => {
                self.headers.insert(parsed, value);
                self
            }
            Err(_) => self.refuse(format!(
                "the value of header {parsed} has a character that is not allowed"
            )),
        }
    }

    fn check(self, name: &str, is_valid: bool) -> Self {
        if is_valid { self } else { self.refuse(format!("{name} is zero; set it above zero")) }
    }

    fn refuse(mut self, message: String) -> Self {
        self.invalid.get_or_insert(message);
        self
    }

    /// Returns a copy of the policy with these options applied.
    fn apply(self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        let limits = &mut policy.limits;
        limits.deadline = self.deadline.unwrap_or(limits.deadline);
        limits.attempt_timeout = self.attempt_timeout.unwrap_or(limits.attempt_timeout);
        limits.max_response_bytes = self.max_response_bytes.unwrap_or(limits.max_response_bytes);
        policy.retry.max_attempts = self.max_attempts.unwrap_or(policy.retry.max_attempts);
        policy.headers.extend(self.headers);
        policy
    }
}

/// Prints the names of headers, never their values.
impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("deadline", &self.deadline)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_attempts", &self.max_attempts)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("invalid", &self.invalid)
            .finish()
    }
}

/// Applies [`CallOptions`] to a [`Client`].
pub trait ClientExt: sealed::Sealed {
    /// Returns a clone of the client with these options.
    ///
    /// The clone is cheap: it shares connections, retry budget and clock. It keeps
    /// the options of earlier calls of `with`, except those that `options` sets again.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use twin_ext::CallOptions;
    /// use twin_ext::prelude::*;
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
    /// let patient = twin.with(CallOptions::new().deadline(Duration::from_secs(600)));
    /// println!("{} agents", patient.list_agents().send().await?.agents.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `with` itself never fails. With an invalid option, or on a client that
    /// [`ClientBuilder`](crate::ClientBuilder) did not build, every call of the returned client
    /// fails with [`ErrorKind::Config`] before anything is sent.
    #[must_use]
    fn with(&self, options: CallOptions) -> Client;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Client {}
}

impl ClientExt for Client {
    fn with(&self, options: CallOptions) -> Client {
        let transport: &dyn Any = self.inner().transport();
        if transport.is::<Misconfigured>() {
            // Keep the first error, because the caller has to fix it first.
            return self.clone();
        }
        let inner = match (Policy::of(self), &options.invalid) {
            (Some(policy), None) => self.inner().with_transport(options.apply(policy)),
            (Some(_), Some(invalid)) => {
                let message = format!("the call options are not valid: {invalid}");
                self.inner().with_transport(Misconfigured(message))
            }
            (None, _) => self.inner().with_transport(Misconfigured(
                "ClientExt::with needs a client built by twin_ext::ClientBuilder".to_owned(),
            )),
        };
        Client::new_with_client(self.baseurl(), self.client().clone(), inner)
    }
}

/// Fails every call without sending it, because its options are not valid.
#[derive(Debug)]
struct Misconfigured(String);

impl Transport for Misconfigured {
    fn execute<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: Request,
        _: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        let failure = Failure::new(ErrorKind::Config, Outcome::NotSent, self.0.clone());
        Box::pin(std::future::ready(Err(failure.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::testing::{KEY, Service, json, response};

    const ME: &str = r#"{"user_id": "u"}"#;

    #[tokio::test]
    async fn options_apply_to_the_clone_only() {
        let service = Service::start([json(503, "{}")]).await;
        let (twin, clock) = service.client();
        let patient = twin.with(CallOptions::new().max_attempts(5));
        let error = patient.get_me().send().await.unwrap_err();
        assert_eq!((error.attempts(), clock.pauses().len()), (5, 4));
        assert_eq!(twin.get_me().send().await.unwrap_err().attempts(), 3);
    }

    #[tokio::test]
    async fn clones_share_the_retry_budget() {
        let service = Service::start([json(503, "{}")]).await;
        let clock = ManualClock::new(1);
        let retry = crate::Retry::default().budget(15);
        let twin = service.builder(&clock).retry(retry).build().unwrap();
        let patient = twin.with(CallOptions::new().max_attempts(9));
        assert_eq!(patient.get_me().send().await.unwrap_err().attempts(), 4);
        assert_eq!(twin.get_me().send().await.unwrap_err().attempts(), 1);
    }

    #[tokio::test]
    async fn options_override_time_and_size_limits() {
        let long = format!(r#"{{"user_id": "{}"}}"#, "x".repeat(4_096));
        let service = Service::start([json(200, &long), "…".to_owned()]).await;
        let (twin, clock) = service.client();
        let small = twin.with(CallOptions::new().max_response_bytes(1_000));
        let error = small.get_me().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);

        let limit = Duration::from_secs(7);
        let options = CallOptions::new().attempt_timeout(limit * 9).deadline(limit);
        let hasty = twin.with(options);
        let call = tokio::spawn(async move { hasty.get_me().send().await.unwrap_err() });
        while clock.limits().len() < 2 || service.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.limits()[1], limit);
        clock.advance(limit);
        assert!(call.await.unwrap().is_timeout());
    }

    #[tokio::test]
    async fn headers_are_merged_and_sent_with_every_attempt() {
        let service = Service::start([json(503, "{}"), json(200, ME)]).await;
        let (twin, _) = service.client();
        let traced = twin.with(CallOptions::new().header("X-Trace", "1").header("x-other", "2"));
        let traced = traced.with(CallOptions::new().header("x-trace", "3"));
        traced.get_me().send().await.unwrap();
        assert_eq!(service.heads().len(), 2);
        for head in service.heads() {
            assert!(head.contains("x-trace: 3\r\n") && head.contains("x-other: 2\r\n"), "{head}");
            assert_eq!(head.matches("x-trace").count(), 1, "{head}");
            assert!(head.contains(&format!("x-api-key: {KEY}\r\n")), "{head}");
        }
    }

    #[tokio::test]
    async fn invalid_options_fail_every_call_before_sending() {
        let service = Service::start([response(200, "", ME)]).await;
        let (twin, _) = service.client();
        let raw = twin_api::connect(&service.url, KEY).unwrap();
        let new = CallOptions::new;
        for (client, options, text) in [
            (&twin, new().header("X-Api-Key", "canary"), "sets the header x-api-key itself"),
            (&twin, new().header("host", "canary"), "sets the header host itself"),
            (&twin, new().header("a b", "1"), "\"a b\" is not a valid header name"),
            (&twin, new().header("a", "canary\n"), "the value of header a has a character"),
            (&twin, new().deadline(Duration::ZERO), "deadline is zero"),
            (&twin, new().attempt_timeout(Duration::ZERO), "attempt_timeout is zero"),
            (&twin, new().max_response_bytes(0), "max_response_bytes is zero"),
            (&raw, new(), "twin_ext::ClientBuilder"),
        ] {
            let error = client.with(options).get_me().send().await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
            let shown = format!("{error:?}");
            assert!(shown.contains(text) && !shown.contains("canary"), "{shown}");
            assert!(error.is_permanent() && !error.is_retryable() && error.attempts() == 0);
            let again = client.with(new().header("a", "canary\n")).with(new());
            let error = again.get_me().send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "later options repair nothing");
        }
        assert!(service.requests().is_empty());
    }
}
