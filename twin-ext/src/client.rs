//! Builds a client that people can trust with a key.
//!
//! It checks every setting before anything is sent, says which one cannot be right, and
//! shows the key to nobody. It reads the environment only where it is asked to.

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
use crate::drift::{Drift, Watch};
use crate::error::Error;
use crate::policy::{Limits, Policy};
use crate::retry::{Retry, RetryBudget};

/// Where the service is.
const BASE_URL: &str = "https://build.twin.so";

/// The variables that [`ClientBuilder::from_env`] reads.
const KEY_VARIABLE: &str = "TWIN_API_KEY";
const URL_VARIABLE: &str = "TWIN_BASE_URL";

/// Settings of a client, each with a default but for the key.
///
/// What it builds is a [`twin_api::Client`]: cheap to clone, to be used by many tasks at
/// once on a tokio runtime of either flavour, with its timer enabled. Clones share their
/// connections and their budget of retries.
///
/// ```
/// use std::time::Duration;
/// use twin_ext::{ClientBuilder, Retry};
/// let twin = ClientBuilder::new("tw_live_0123")
///     .base_url("http://127.0.0.1:4010")
///     .attempt_timeout(Duration::from_secs(30))
///     .deadline(Duration::from_secs(120))
///     .retry(Retry::default().max_attempts(4))
///     .build()?;
/// # drop(twin);
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Clone)]
pub struct ClientBuilder {
    key: SecretString,
    base_url: String,
    /// The variable that the base URL is from.
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
    watch: Watch,
    clock: Arc<dyn Clock>,
}

/// A setting of the HTTP client. Clones of a builder share it, and one of them uses it.
type HttpSetting = Arc<Mutex<Option<Box<ChangeHttp>>>>;

type ChangeHttp = dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send;

impl ClientBuilder {
    /// Starts a builder with this key.
    ///
    /// ```
    /// let twin = twin_ext::ClientBuilder::new("tw_live_0123").build()?;
    /// # drop(twin);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
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
            watch: Watch::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Reads the key from `TWIN_API_KEY` and, if it is set, the base URL from `TWIN_BASE_URL`.
    ///
    /// ```no_run
    /// let twin = twin_ext::ClientBuilder::from_env()?.build()?;
    /// # drop(twin);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    ///
    /// # Errors
    /// `TWIN_API_KEY` is not set, or a variable is not valid UTF-8. The error names the variable and
    /// shows nothing of its value.
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
            .ok_or_else(|| Error::config(format!("{KEY_VARIABLE} is not set, or is blank")))?;
        let mut builder = Self::new(key);
        if let Some(url) = text(URL_VARIABLE)? {
            builder.base_url = url;
            builder.base_url_from = Some(URL_VARIABLE);
        }
        Ok(builder)
    }

    /// Sets the base URL of the service. The default is `https://build.twin.so`.
    ///
    /// A path is kept, with or without a slash at its end.
    ///
    /// ```
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").base_url("http://[::1]:4010/v2/");
    /// assert!(builder.build().is_ok());
    /// ```
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self.base_url_from = None;
        self
    }

    /// Limits one attempt, from connecting to the last byte of the answer. The default is 30 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").attempt_timeout(Duration::from_secs(5));
    /// # drop(builder);
    /// ```
    #[must_use]
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Limits all attempts of a call together with their pauses. The default is 120 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").deadline(Duration::from_secs(20));
    /// # drop(builder);
    /// ```
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Limits the time to connect, including TLS. The default is 10 s. It is measured by
    /// tokio's clock, whatever [`clock`](Self::clock) says.
    ///
    /// What ends by this limit, or while the connection was still being made, was not sent.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").connect_timeout(Duration::from_secs(2));
    /// # drop(builder);
    /// ```
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how failed attempts are retried.
    ///
    /// ```
    /// use twin_ext::{ClientBuilder, Retry};
    /// let builder = ClientBuilder::new("tw_live_0123").retry(Retry::none());
    /// # drop(builder);
    /// ```
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Limits the size of an answer. The default is 64 MiB; a larger answer is not read.
    ///
    /// ```
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").max_response_bytes(1 << 20);
    /// # drop(builder);
    /// ```
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Names the program in the user agent: `name/version twin-ext/…`.
    ///
    /// ```
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").app_info("night-shift", "2.1.0");
    /// assert!(builder.build().is_ok());
    /// ```
    #[must_use]
    pub fn app_info(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.app = Some((name.into(), version.into()));
        self
    }

    /// Allows plain `http` to other machines, where everybody on the way can read the key.
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

    /// Uses no proxy, whatever the environment says. Plain `http` never uses one.
    ///
    /// Without this, `https` goes through the proxy that `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY`
    /// or `all_proxy` names: the first that is set. Hosts and networks in `NO_PROXY` or
    /// `no_proxy` are excepted. It is a tunnel: the proxy sees which host is called, and neither
    /// key nor content. A variable that is not the address of a proxy fails
    /// [`build`](Self::build). Proxies with the schemes `http` and `https` are supported.
    ///
    /// ```
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").no_proxy();
    /// assert!(builder.build().is_ok());
    /// ```
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.no_proxy = true;
        self
    }

    /// Changes settings of the HTTP client itself: a proxy with credentials, private CAs, a client
    /// certificate, DNS, the connection pool, the version of HTTP.
    ///
    /// It is called once, when the client is built. Redirects, decompression, `referer` and the
    /// HTTP client's own retries are switched off after it. To use no proxy, call
    /// [`no_proxy`](Self::no_proxy), which also ignores the variables of the environment.
    ///
    /// ```
    /// use twin_ext::twin_api::reqwest::Proxy;
    /// let proxy = Proxy::https("http://proxy.test:3128")?.basic_auth("user", "password");
    /// let twin = twin_ext::ClientBuilder::new("tw_live_0123")
    ///     .http(|http| http.proxy(proxy).pool_max_idle_per_host(4))
    ///     .build()?;
    /// # drop(twin);
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
    /// It is below the policy of this crate, which retries, limits and traces what the transport
    /// does, and sees each attempt with its key.
    ///
    /// ```
    /// use twin_ext::ClientBuilder;
    /// use twin_ext::twin_api::transport::Direct;
    /// let twin = ClientBuilder::new("tw_live_0123").transport(Direct).build()?;
    /// # drop(twin);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Tells `callback` of every answer that is not as documented. It is called within the
    /// call, and should be quick.
    ///
    /// ```
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").on_drift(|drift| println!("{drift}"));
    /// assert!(builder.build().is_ok());
    /// ```
    #[must_use]
    pub fn on_drift(mut self, callback: impl Fn(&Drift) + Send + Sync + 'static) -> Self {
        self.watch.callback = Some(Arc::new(callback));
        self
    }

    /// Has a call fail whose answer is not as documented
    /// ([`ErrorKind::Drift`](crate::ErrorKind::Drift)): for tests against the service.
    ///
    /// ```
    /// let builder = twin_ext::ClientBuilder::new("tw_live_0123").strict();
    /// assert!(builder.build().is_ok());
    /// ```
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.watch.strict = true;
        self
    }

    /// Takes time and chance from `clock`.
    ///
    /// ```
    /// use twin_ext::{ClientBuilder, clock::ManualClock};
    /// let clock = ManualClock::new(1);
    /// let builder = ClientBuilder::new("tw_live_0123").clock(clock.clone());
    /// # drop(builder);
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// ```
    /// use twin_ext::{ClientBuilder, ErrorKind};
    /// let error = ClientBuilder::new("tw_live_0123").base_url("http://twin.test").build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): a setting cannot be right, or TLS
    /// could not be set up, because this machine has no CA certificates for instance. They are
    /// those of the operating system; with rustls on Linux and BSD, `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name others in their place.
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
        // A setting may have replaced it.
        let connect_timeout =
            if self.http.is_empty() { self.connect_timeout } else { Duration::MAX };
        for setting in self.http {
            let change = setting.lock().unwrap_or_else(PoisonError::into_inner).take();
            let change = change.ok_or_else(|| {
                Error::config("a clone of this builder has used its http settings already")
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
            limits: Limits {
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
            Some((name, _)) => Err(Error::config(format!("{name} is zero: no call could succeed"))),
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
                    "the {what} in app_info may hold letters, digits and -.+_ only, one at least"
                )));
            }
        }
        Ok(format!("{name}/{version} {OWN}"))
    }
}

/// What a product in a user agent may be made of: less than RFC 9110 allows, and enough.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.+_".contains(&byte)
}

/// The key is not shown, only that there is one.
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
