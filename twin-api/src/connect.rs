//! Builds the raw client, and checks its base URL.
//!
//! The client sends the key only to the base URL and follows no redirect. It has no retries and no
//! deadline across attempts; `twin-ext` adds them.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;
use secrecy::SecretString;

use crate::Client;
use crate::error::ConnectError;
use crate::proxy::check_proxy_variables;
use crate::transport::{Direct, Inner};

/// The limit for connecting. A good connection takes far less.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The limit for one request with its complete response.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Builds a client for the service at `base_url` that sends `api_key` with every request.
///
/// Connecting is limited to 10 seconds and a request to 60 seconds. Redirects are not followed
/// (a 3xx is [`ErrorKind::NotTheApi`](crate::ErrorKind)) and responses are not compressed. A
/// path in `base_url` is kept, with or without a trailing slash.
///
/// Plain `http` is allowed to loopback only and uses no proxy. `https` uses the proxy variables
/// of the environment.
///
/// For other settings, build a reqwest client with [`http_client_builder`] and pass it to
/// [`Client::new_with_client`]. With the feature `rustls-ring` alone, this function installs ring
/// as the crypto provider of the process, unless one is installed.
///
/// # Errors
/// [`ConnectError`]: the URL or the key is not valid, or TLS could not be set up.
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

/// Selects the hosts that plain `http` may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// This machine only.
    Loopback,
    /// Any host. Anyone on the network path can read the key.
    Anywhere,
}

/// Checks a base URL in the same way as [`connect`], for a client with other settings.
///
/// ```
/// use twin_api::{PlainHttp, check_base_url};
/// assert!(check_base_url("https://user:pass@build.twin.so", PlainHttp::Loopback).is_err());
/// assert!(check_base_url("http://build.twin.so", PlainHttp::Loopback).is_err());
/// assert!(check_base_url("http://127.0.0.1:4010", PlainHttp::Loopback).is_ok());
/// ```
///
/// # Errors
/// The text is not a URL; it does not begin with `http://` or `https://`; it contains a user name, a
/// password, a query or a fragment; it ends in `/v1`; `plain_http` forbids the host; or this build has
/// no TLS for `https`. The error never quotes the URL.
pub fn check_base_url(base_url: &str, plain_http: PlainHttp) -> Result<Url, ConnectError> {
    let url = Url::parse(base_url).map_err(|error| ConnectError::url(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConnectError::url("it contains a user name or a password; remove it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ConnectError::url("it contains a query or a fragment; remove it"));
    }
    if url.path().trim_end_matches('/').ends_with("/v1") {
        return Err(ConnectError::url("it ends in /v1, which the client adds itself; remove it"));
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
            "this build has no TLS; enable the feature rustls-aws-lc, rustls-ring or native-tls",
        )),
        "http" if plain_http == PlainHttp::Anywhere || is_loopback(&url) => Ok(url),
        "http" => Err(ConnectError::url(
            "plain http exposes the key on the network; use https (http is for loopback only)",
        )),
        _ => Err(ConnectError::url("it does not begin with https:// or http://")),
    }
}

/// Returns a builder for an HTTP client with the settings of [`connect`]: no redirects, no
/// `referer`, no decompression, and a crypto provider.
///
/// Set timeouts and proxies on it, and pass the client to [`Client::new_with_client`].
pub fn http_client_builder() -> reqwest::ClientBuilder {
    provide_crypto();
    harden(select_tls(reqwest::Client::builder()))
}

/// Selects the TLS library that the features of this crate name.
///
/// Without this, the HTTP client would switch to another library as soon as another crate enables
/// it. The trusted CAs, the formats of client certificates and the supported proxies would change.
fn select_tls(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(feature = "native-tls")]
    let builder = builder.tls_backend_native();
    #[cfg(all(
        not(feature = "native-tls"),
        any(feature = "rustls-ring", feature = "rustls-aws-lc")
    ))]
    let builder = builder.tls_backend_rustls();
    builder
}

/// Disables the features of an HTTP client that are unsafe with a key: redirects, `referer`,
/// decompression and retries.
///
/// Call it last, because it overrides earlier settings.
pub fn harden(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
        .redirect(Policy::none())
        .referer(false)
        // reqwest's retries ignore the method, so they could start a run twice.
        .retry(reqwest::retry::never())
        // Another crate may enable these reqwest features. Half a megabyte can expand to 512 MB.
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

/// Loads no CA certificates, for a client that only uses plain `http`.
///
/// Such a client also works on a machine without CA certificates.
pub fn without_tls(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc", feature = "native-tls"))]
    let builder = builder.tls_certs_only([]);
    builder
}

/// Returns whether the host is loopback by name or address. A name that resolves to loopback does
/// not count.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(all(feature = "rustls-ring", not(feature = "rustls-aws-lc")))]
fn provide_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // If another thread installed a provider first, that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

#[cfg(not(all(feature = "rustls-ring", not(feature = "rustls-aws-lc"))))]
fn provide_crypto() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_base_urls_that_are_invalid_or_expose_the_key() {
        let refused = [
            "http://build.twin.so",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "https://user:canary@build.twin.so",
            "https://build.twin.so?x=1",
            "https://build.twin.so#x",
            "ftp://build.twin.so",
            "build.twin.so",
            "http://127.0.0.1:4010/v1",
            "http://127.0.0.1:4010/base/v1/",
            "",
        ];
        for url in refused {
            let error = connect(url, "key").unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("canary"), "{url}: {shown}");
        }
    }

    #[test]
    fn loopback_allows_plain_http_and_trailing_slashes_are_trimmed() {
        for url in ["http://127.0.0.1:4010/", "http://localhost:1", "http://[::1]:2/base/"] {
            let client = connect(url, "key").unwrap();
            assert_eq!(client.baseurl, url.trim_end_matches('/'));
        }
    }

    #[test]
    fn rejects_https_without_a_tls_feature() {
        let tls =
            cfg!(any(feature = "rustls-ring", feature = "rustls-aws-lc", feature = "native-tls"));
        let connected = connect("https://build.twin.so", "key");
        assert_eq!(connected.is_ok(), tls);
        if let Err(error) = connected {
            assert!(error.to_string().contains("no TLS"), "{error}");
        }
    }

    #[test]
    fn rejects_invalid_keys_without_printing_them() {
        for key in ["", "  ", "canary\n", "canary\u{e9}"] {
            let error = connect("http://127.0.0.1:1", key).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn debug_of_a_client_does_not_print_the_key() {
        let client = connect("http://127.0.0.1:1", "canary").unwrap();
        assert!(!format!("{client:?} {:?}", client.get_me()).contains("canary"));
    }
}
