//! A client that is safe to use as it is.
//!
//! It sets what concerns trust: where the key may go, and that nothing follows a redirect.
//! It sets no policy of retries or deadlines; `twin-ext` does.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;
use secrecy::SecretString;

use crate::Client;
use crate::error::ConnectError;
use crate::proxy::check_proxy_variables;
use crate::transport::{Direct, Inner};

/// Longer than any good connection takes, shorter than a person's patience.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One request with its whole answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Builds a client for the service at `base_url` that sends `api_key` with every request.
///
/// It follows no redirect (a 3xx is [`ErrorKind::NotTheApi`](crate::ErrorKind)), gives a
/// connection 10 seconds and a request 60, and decompresses nothing. Plain `http` is for
/// loopback only, where no proxy is used; the proxy variables of the environment count for
/// `https`. A path in `base_url` is kept, with or without a slash at its end.
///
/// With the feature `rustls-ring` alone it makes ring the process's crypto provider if there is
/// none yet.
///
/// For other settings, build a [`reqwest::Client`] and pass it to
/// [`Client::new_with_client`].
///
/// # Errors
/// [`ConnectError`] where the URL or the key cannot be right, or TLS could not be set up.
/// Nothing is sent.
pub fn connect(base_url: &str, api_key: &str) -> Result<Client, ConnectError> {
    let url = check_base_url(base_url, PlainHttp::Loopback)?;
    let inner = Inner::new(Direct).api_key(&SecretString::from(api_key))?;
    let mut builder = http_client_builder()
        .user_agent(concat!("twin-api/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT);
    if url.scheme() == "http" {
        builder = without_tls(builder.no_proxy());
    } else {
        check_proxy_variables(&builder)?;
    }
    let client = builder.build()?;
    Ok(Client::new_with_client(url.as_str().trim_end_matches('/'), client, inner))
}

/// Where plain `http` may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// To this machine only.
    Loopback,
    /// Anywhere: everybody on the way can read the key.
    Anywhere,
}

/// Checks a base URL as [`connect`] does, for a client that is built with other settings.
///
/// ```
/// use twin_api::{PlainHttp, check_base_url};
/// assert!(check_base_url("https://user:pass@build.twin.so", PlainHttp::Loopback).is_err());
/// assert!(check_base_url("http://build.twin.so", PlainHttp::Loopback).is_err());
/// assert!(check_base_url("http://127.0.0.1:4010", PlainHttp::Loopback).is_ok());
/// ```
///
/// # Errors
/// It is not a URL, its scheme is neither `http` nor `https`, it holds a user name, a
/// password, a query or a fragment, plain `http` may not go there, or this build has no TLS
/// for `https`. The error quotes nothing of it.
pub fn check_base_url(base_url: &str, plain_http: PlainHttp) -> Result<Url, ConnectError> {
    let url = Url::parse(base_url).map_err(|error| ConnectError::url(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConnectError::url("it holds a user name or a password; the key goes apart"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ConnectError::url("it holds a query or a fragment"));
    }
    match url.scheme() {
        "https"
            if cfg!(any(
                feature = "rustls-ring",
                feature = "rustls-aws-lc",
                feature = "native-tls"
            )) =>
        {
            Ok(url)
        }
        "https" => Err(ConnectError::url(
            "this build has no TLS; enable rustls-aws-lc, rustls-ring or native-tls",
        )),
        "http" if plain_http == PlainHttp::Anywhere || is_loopback(&url) => Ok(url),
        "http" => Err(ConnectError::url(
            "plain http would show the key to everybody on the way; use https (http is for loopback)",
        )),
        _ => Err(ConnectError::url("its scheme is neither https nor http")),
    }
}

/// Returns the HTTP client settings of [`connect`]: no redirects, no `referer`, no
/// decompression, and a provider of cryptography. The caller sets timeouts and proxies.
///
/// ```
/// let http = twin_api::http_client_builder().no_proxy().build()?;
/// # drop(http);
/// # Ok::<(), twin_api::reqwest::Error>(())
/// ```
pub fn http_client_builder() -> reqwest::ClientBuilder {
    provide_crypto();
    harden(reqwest::Client::builder())
}

/// Applies to `builder` what a client that holds a key needs, whatever was set before: no
/// redirect is followed, no `referer` sent, nothing decompressed, nothing retried.
///
/// ```
/// let http = twin_api::reqwest::Client::builder();
/// let http = twin_api::harden(http.redirect(twin_api::reqwest::redirect::Policy::limited(5)));
/// # drop(http);
/// ```
pub fn harden(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
        .redirect(Policy::none())
        .referer(false)
        // Its own retries ignore the method: they could start a run twice.
        .retry(reqwest::retry::never())
        // Whatever features another crate gives reqwest: half a megabyte can become 512.
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

/// Loads no CA certificates, for a client that only speaks plain `http`: it works on a machine
/// that has none.
pub fn without_tls(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc", feature = "native-tls"))]
    let builder = builder.tls_certs_only([]);
    builder
}

/// By name or by address; a name that merely resolves to loopback does not count.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(all(feature = "rustls-ring", not(feature = "rustls-aws-lc")))]
fn provide_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Lost only to somebody who installed one meanwhile, and that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

#[cfg(not(all(feature = "rustls-ring", not(feature = "rustls-aws-lc"))))]
fn provide_crypto() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_that_would_show_the_key_or_cannot_be_right() {
        let refused = [
            "http://build.twin.so",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "https://user:canary@build.twin.so",
            "https://build.twin.so?x=1",
            "https://build.twin.so#x",
            "ftp://build.twin.so",
            "build.twin.so",
            "",
        ];
        for url in refused {
            let error = connect(url, "key").unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("canary"), "{url}: {shown}");
        }
    }

    #[test]
    fn loopback_takes_plain_http_and_slashes_are_trimmed() {
        for url in ["http://127.0.0.1:4010/", "http://localhost:1", "http://[::1]:2/base/"] {
            let client = connect(url, "key").unwrap();
            assert_eq!(client.baseurl, url.trim_end_matches('/'));
        }
    }

    #[test]
    fn https_needs_tls() {
        let tls =
            cfg!(any(feature = "rustls-ring", feature = "rustls-aws-lc", feature = "native-tls"));
        let connected = connect("https://build.twin.so", "key");
        assert_eq!(connected.is_ok(), tls);
        if let Err(error) = connected {
            assert!(error.to_string().contains("no TLS"), "{error}");
        }
    }

    #[test]
    fn a_key_that_is_no_header_is_refused_and_not_shown() {
        for key in ["", "  ", "canary\n", "canary\u{e9}"] {
            let error = connect("http://127.0.0.1:1", key).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn debug_of_a_client_shows_no_key() {
        let client = connect("http://127.0.0.1:1", "canary").unwrap();
        assert!(!format!("{client:?} {:?}", client.get_me()).contains("canary"));
    }
}
