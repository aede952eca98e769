//! Builds a client with a key, limits and retries.
//!
//! [`ClientBuilder::build`] checks every setting before anything is sent, and its error names
//! the setting. The key is never printed. Only [`ClientBuilder::from_env`] reads the environment.

// Length: one builder; most lines document its settings.

#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use twin_api::transport::{Inner, Transport};
use twin_api::{Client, PlainHttp, reqwest};

use crate::clock::{Clock, SystemClock};
use crate::drift::{Drift, DriftWatch};
use crate::error::Error;
use crate::policy::{CallLimits, Policy};
use crate::retry::{Retry, RetryBudget};

/// The default base URL.
const BASE_URL: &str = "https://build.twin.so";

/// The environment variables that [`ClientBuilder::from_env`] reads.
const KEY_VARIABLE: &str = "TWIN_API_KEY";
const URL_VARIABLE: &str = "TWIN_BASE_URL";

/// Configures and builds a [`twin_api::Client`].
///
/// Every setting has a default except the key. The client is cheap to clone and can be shared
/// between tasks. Its clones share connections and the retry budget. It needs a tokio runtime,
/// single-threaded or multi-threaded, with its timer enabled.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use twin_ext::{ClientBuilder, Retry};
///
/// let twin = ClientBuilder::new("tw_live_0123")
///     .app_info("night-shift", "2.1.0")
///     .attempt_timeout(Duration::from_secs(10))
///     .deadline(Duration::from_secs(300))
///     .retry(Retry::default().max_attempts(6))
///     .build()?;
/// # let _: twin_ext::twin_api::Client = twin;
/// # Ok::<(), twin_ext::Error>(())
/// ```
///
/// To change settings for some calls only, use [`ClientExt::with`](crate::ClientExt::with).
#[derive(Clone)]
pub struct ClientBuilder {
    key: SecretString,
    base_url: String,
    /// The environment variable that holds the base URL, for error messages.
    base_url_from: Option<&'static str>,
    attempt_timeout: Duration,
    deadline: Duration,
    connect_timeout: Duration,
    max_response_bytes: usize,
    retry: Retry,
    app: Option<(String, String)>,
    plain_http: PlainHttp,
    no_proxy: bool,
    http: Vec<HttpSetting>,
    transport: Option<Arc<dyn Transport>>,
    watch: DriftWatch,
    clock: Arc<dyn Clock>,
}

/// A change of the HTTP client's settings. The clones of a builder share it, and one of them runs it.
type HttpSetting = Arc<Mutex<Option<Box<ChangeHttp>>>>;

type ChangeHttp = dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send;

impl ClientBuilder {
    /// Creates a builder with an API key.
    ///
    /// Use it if the key comes from a secret store. [`from_env`](Self::from_env) reads the key
    /// from the environment. [`build`](Self::build) rejects a key that is blank or contains a
    /// character other than printable ASCII, because the key is sent in a header. Spaces and tabs
    /// around the key are removed.
    pub fn new(key: impl Into<SecretString>) -> Self {
        Self {
            key: key.into(),
            base_url: BASE_URL.to_owned(),
            base_url_from: None,
            attempt_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            connect_timeout: Duration::from_secs(10),
            max_response_bytes: 64 << 20,
            retry: Retry::default(),
            app: None,
            plain_http: PlainHttp::Loopback,
            no_proxy: false,
            http: Vec::new(),
            transport: None,
            watch: DriftWatch::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Creates a builder from the environment: the key from `TWIN_API_KEY`, the base URL from
    /// `TWIN_BASE_URL`.
    ///
    /// A `TWIN_BASE_URL` that is missing or blank keeps the default.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), twin_ext::Error> {
    /// let twin = twin_ext::ClientBuilder::from_env()?.build()?;
    /// println!("{}", twin.get_me().send().await?.user_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): `TWIN_API_KEY` is missing or blank, or a
    /// variable is not valid UTF-8. The error names the variable and never prints its value.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let text = |name: &'static str| match variable(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) if text.trim().is_empty() => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(Error::config(format!("{name} is not valid UTF-8"))),
        };
        let key = text(KEY_VARIABLE)?
            .ok_or_else(|| Error::config(format!("{KEY_VARIABLE} is not set or is blank")))?;
        let mut builder = Self::new(key);
        if let Some(url) = text(URL_VARIABLE)? {
            builder.base_url = url;
            builder.base_url_from = Some(URL_VARIABLE);
        }
        Ok(builder)
    }

    /// Sets the base URL of the service. The default is `https://build.twin.so`.
    ///
    /// Use it for the emulator, such as `http://127.0.0.1:4010`, or for a gateway. A path in the
    /// URL is kept, with or without a trailing slash. [`build`](Self::build) rejects a URL with
    /// credentials or a query, and plain `http` to another machine.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self.base_url_from = None;
        self
    }

    /// Limits one attempt, from connecting to the last byte of the response. The default is 30 s.
    ///
    /// An attempt that reaches the limit counts as failed. It is retried if the request is
    /// idempotent or was not sent. Set the limit above the slowest response that you accept.
    #[must_use]
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Limits one call: all its attempts and the pauses between them. The default is 120 s.
    ///
    /// An attempt that reaches the deadline fails with an error for which
    /// [`is_timeout`](crate::Error::is_timeout) returns true. If the pause before the next attempt
    /// would end after the deadline, the call returns the last error at once. One exception: if the
    /// service sent a `Retry-After` that ends before the deadline, the pause is shortened to it.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Limits the time to connect, TLS included. The default is 10 s.
    ///
    /// A request without a connection was not sent, so the client may retry any operation after
    /// this limit. The HTTP client measures it with tokio's clock, even if
    /// [`clock`](Self::clock) sets another.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets attempts, backoff and retry budget. The default is [`Retry::default`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Limits the size of a response body, in bytes. The default is 64 MiB.
    ///
    /// A larger body fails the call with [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) and is
    /// not read further. Streams are not limited.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Adds the name and version of your program to the user agent: `name/version twin-ext/…`.
    ///
    /// Both may contain letters, digits and `-.+_`. [`build`](Self::build) rejects other
    /// characters.
    #[must_use]
    pub fn app_info(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.app = Some((name.into(), version.into()));
        self
    }

    /// Allows plain `http` to other machines.
    ///
    /// Anyone on the network path can then read the key. Use it only within a trusted network, such
    /// as a sidecar proxy. Loopback addresses need no permission.
    ///
    /// ```
    /// use twin_ext::ClientBuilder;
    /// let builder = ClientBuilder::new("tw_live_0123").base_url("http://twin.test");
    /// assert!(builder.clone().build().is_err());
    /// assert!(builder.allow_plain_http().build().is_ok());
    /// ```
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Ignores the proxy variables of the environment. Plain `http` always ignores them.
    ///
    /// Without this setting, `https` uses the first variable that is set: `HTTPS_PROXY`,
    /// `https_proxy`, `ALL_PROXY`, `all_proxy`. `NO_PROXY` or `no_proxy` lists exceptions: hosts
    /// and networks. The proxy forwards a TLS tunnel: it sees the host, but neither the key nor the
    /// content. Its scheme must be `http` or `https`. [`build`](Self::build) rejects a variable
    /// that is not a proxy address.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.no_proxy = true;
        self
    }

    /// Changes settings of the underlying HTTP client: a proxy with credentials, private CAs, a
    /// client certificate, DNS, the connection pool, the HTTP version.
    ///
    /// `change` runs once, in [`build`](Self::build). Afterwards the builder disables redirects,
    /// decompression, the `referer` header and the HTTP client's own retries, whatever `change`
    /// set. To use no proxy, call [`no_proxy`](Self::no_proxy), which also ignores the proxy
    /// variables.
    ///
    /// ```
    /// use twin_ext::twin_api::reqwest::Proxy;
    /// let proxy = Proxy::https("http://proxy.test:3128")?.basic_auth("user", "password");
    /// let twin = twin_ext::ClientBuilder::new("tw_live_0123")
    ///     .http(|http| http.proxy(proxy).pool_max_idle_per_host(4))
    ///     .build()?;
    /// # let _: twin_ext::twin_api::Client = twin;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn http(
        mut self,
        change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.http.push(Arc::new(Mutex::new(Some(Box::new(change)))));
        self
    }

    /// Sends every attempt through `transport`: for recordings, tests and middleware.
    ///
    /// The policy of this crate still applies: it retries, limits and traces what the transport
    /// does. The transport sees each attempt, with the key in its headers.
    ///
    /// ```
    /// use twin_ext::ClientBuilder;
    /// use twin_ext::twin_api::reqwest;
    /// use twin_ext::twin_api::transport::{Direct, OperationInfo, PendingResponse, Transport};
    ///
    /// /// Prints each attempt.
    /// #[derive(Debug)]
    /// struct Log;
    ///
    /// impl Transport for Log {
    ///     fn execute<'a>(
    ///         &'a self,
    ///         client: &'a reqwest::Client,
    ///         request: reqwest::Request,
    ///         operation: &'a OperationInfo,
    ///     ) -> PendingResponse<'a> {
    ///         eprintln!("{} {}", request.method(), operation.path_template);
    ///         Direct.execute(client, request, operation)
    ///     }
    /// }
    ///
    /// let twin = ClientBuilder::new("tw_live_0123").transport(Log).build()?;
    /// # let _: twin_ext::twin_api::Client = twin;
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Calls `callback` for every difference between a response and the OpenAPI document.
    ///
    /// Use it in production, to log changes of the service. The callback runs within the call and
    /// should return quickly. See [`Drift`] for an example.
    #[must_use]
    pub fn on_drift(mut self, callback: impl Fn(&Drift) + Send + Sync + 'static) -> Self {
        self.watch.callback = Some(Arc::new(callback));
        self
    }

    /// Fails a call whose response differs from the OpenAPI document.
    ///
    /// Use it in tests against the service, never in production: a new field would fail the call.
    /// The error has the kind [`ErrorKind::Drift`](crate::ErrorKind::Drift), and
    /// [`Error::drift`] lists the differences.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.watch.strict = true;
        self
    }

    /// Sets the source of time, sleep and randomness. The default is the system clock.
    ///
    /// Use a [`ManualClock`](crate::clock::ManualClock) in tests: backoff then takes no time.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the client. It sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): a setting is not valid, or TLS could not be
    /// set up. The message names the setting and the fix.
    ///
    /// TLS needs CA certificates: on a minimal container image, install `ca-certificates`. With
    /// rustls on Linux and BSD, `SSL_CERT_FILE` or `SSL_CERT_DIR` select other certificates. With
    /// `native-tls`, missing certificates are an error of the first call instead.
    pub fn build(self) -> Result<Client, Error> {
        self.check_limits()?;
        let base = self.check_base_url()?;
        let plain = base.scheme() == "http";
        let mut http = twin_api::http_client_builder()
            .user_agent(self.user_agent()?)
            .connect_timeout(self.connect_timeout);
        if plain {
            http = twin_api::without_tls(http.no_proxy());
        } else if self.no_proxy {
            http = http.no_proxy();
        }
        // The changes in `http` may replace the connect timeout, so it is unknown.
        let connect_timeout =
            if self.http.is_empty() { self.connect_timeout } else { Duration::MAX };
        for setting in self.http {
            let change = setting.lock().unwrap_or_else(PoisonError::into_inner).take();
            let change = change.ok_or_else(|| {
                Error::config("another clone of this builder has already used its `http` settings")
            })?;
            http = change(http);
        }
        if !plain && !self.no_proxy {
            twin_api::check_proxy_variables(&http)?;
        }
        let http = twin_api::harden(http).build().map_err(twin_api::ConnectError::from)?;
        let url = base.as_str().trim_end_matches('/').to_owned();
        let watched = self.watch.strict || self.watch.callback.is_some();
        let policy = Policy {
            base,
            limits: CallLimits {
                attempt_timeout: self.attempt_timeout,
                deadline: self.deadline,
                connect_timeout,
                max_response_bytes: self.max_response_bytes,
            },
            budget: Arc::new(RetryBudget::new(self.retry.budget)),
            retry: self.retry,
            headers: HeaderMap::new(),
            clock: self.clock,
            watch: watched.then_some(self.watch),
            transport: self.transport,
        };
        let inner = Inner::new(policy).api_key(&self.key)?;
        Ok(Client::new_with_client(&url, http, inner))
    }

    fn check_limits(&self) -> Result<(), Error> {
        let limits = [
            ("attempt_timeout", self.attempt_timeout.is_zero()),
            ("deadline", self.deadline.is_zero()),
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("max_response_bytes", self.max_response_bytes == 0),
        ];
        match limits.into_iter().find(|(_, zero)| *zero) {
            Some((name, _)) => Err(Error::config(format!("{name} is zero; set it above zero"))),
            None => Ok(()),
        }
    }

    fn check_base_url(&self) -> Result<reqwest::Url, Error> {
        twin_api::check_base_url(&self.base_url, self.plain_http).map_err(|error| {
            match self.base_url_from {
                Some(variable) => Error::config(format!("{variable}: {error}")),
                None => error.into(),
            }
        })
    }

    fn user_agent(&self) -> Result<String, Error> {
        const OWN: &str = concat!("twin-ext/", env!("CARGO_PKG_VERSION"));
        let Some((name, version)) = &self.app else { return Ok(OWN.to_owned()) };
        for (what, text) in [("name", name), ("version", version)] {
            if text.is_empty() || !text.bytes().all(is_token) {
                return Err(Error::config(format!(
                    "the {what} in app_info must be one or more letters, digits or -.+_"
                )));
            }
        }
        Ok(format!("{name}/{version} {OWN}"))
    }
}

/// Returns whether a product name in a user agent may contain `byte`. RFC 9110 allows more.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.+_".contains(&byte)
}

/// Prints whether the key is set, never the key.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blank = self.key.expose_secret().trim().is_empty();
        f.debug_struct("ClientBuilder")
            .field("key", &if blank { "(blank)" } else { "(set)" })
            .field("attempt_timeout", &self.attempt_timeout)
            .field("deadline", &self.deadline)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("retry", &self.retry)
            .field("app", &self.app)
            .field("plain_http", &self.plain_http)
            .field("no_proxy", &self.no_proxy)
            .field("http", &self.http.len())
            .field("transport", &self.transport)
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}
