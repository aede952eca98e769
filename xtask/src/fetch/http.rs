//! Sends one GET with strict rules.
//!
//! It uses https, or http to loopback, and follows redirects within one origin only. It rejects
//! every status but 200, and a body that is truncated, compressed (a small response could expand
//! to a large one) or over the limit. The time limit covers the whole body. It sends no key, no
//! cookie and no credentials.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::{Host, Url};

use super::{FetchLimits, WEB_PAGE, read_capped};

const MAX_REDIRECTS: usize = 5;

/// Returns the body at `url`.
pub(super) fn get(url: &Url, limits: FetchLimits) -> anyhow::Result<Vec<u8>> {
    let deadline = Instant::now() + limits.timeout;
    let mut url = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        check_address(&url)?;
        let response = send(&url, deadline).map_err(|error| explain(error, limits.timeout))?;
        match redirect(&url, &response)? {
            Some(next) => url = next,
            None => return read(response, limits),
        }
    }
    bail!("redirected more than {MAX_REDIRECTS} times")
}

/// Allows https to any host and http to loopback, both without credentials.
///
/// It compares the parsed host, because a foreign name may begin with `127.0.0.1`.
pub(super) fn check_address(url: &Url) -> anyhow::Result<()> {
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "the URL contains a user name or password; remove it, the document is public"
    );
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        scheme => bail!("{scheme} to {}: use https, or http to loopback", host_of(url)),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or("no host")
}

fn send(url: &Url, deadline: Instant) -> Result<Response<Body>, ureq::Error> {
    let remaining = deadline.saturating_duration_since(Instant::now());
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let mut config = Agent::config_builder()
        .tls_config(tls)
        // Redirects are followed by `get`, which checks every hop.
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(remaining.max(Duration::from_millis(1))))
        .user_agent("twin-xtask")
        .accept("application/json");
    if is_loopback(url) {
        // A proxy would resolve loopback to its own machine.
        config = config.proxy(None);
    }
    let agent = Agent::from(config.build());
    let mut target = url.clone();
    target.set_fragment(None);
    agent.get(target.as_str()).call()
}

/// Returns the target of a redirect that may be followed.
fn redirect(url: &Url, response: &Response<Body>) -> anyhow::Result<Option<Url>> {
    let status = response.status().as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .with_context(|| format!("status {status} without a valid location"))?;
    let next = url.join(location).context("the redirect target is not a valid URL")?;
    ensure!(
        next.origin() == url.origin(),
        "redirected to {}; fetch that URL yourself if you trust it",
        next.origin().ascii_serialization()
    );
    Ok(Some(next))
}

fn read(response: Response<Body>, limits: FetchLimits) -> anyhow::Result<Vec<u8>> {
    let status = response.status();
    ensure!(status.as_u16() == 200, "status {status}, expected 200");
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let media_type = header(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    ensure!(!media_type.contains("html"), WEB_PAGE);
    let encoding = header(header::CONTENT_ENCODING).unwrap_or("identity");
    ensure!(
        encoding.eq_ignore_ascii_case("identity"),
        "content-encoding {encoding}, which was not requested"
    );
    let body = response.into_body();
    let promised = body.content_length();
    let too_large = promised.is_some_and(|length| length > limits.bytes);
    ensure!(!too_large, "larger than the limit of {} bytes", limits.bytes);
    let bytes = read_capped(body.into_reader(), limits.bytes)
        .map_err(|error| match error.downcast::<io::Error>() {
            Ok(error) => explain(ureq::Error::from(error), limits.timeout),
            Err(other) => other,
        })
        .context("reading the body")?;
    let whole = promised.is_none_or(|length| length == bytes.len() as u64);
    ensure!(whole, "truncated: {} bytes, fewer than content-length", bytes.len());
    Ok(bytes)
}

fn explain(error: ureq::Error, timeout: Duration) -> anyhow::Error {
    match error {
        ureq::Error::Timeout(_) => anyhow::anyhow!("no complete response within {timeout:?}"),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            anyhow::anyhow!("truncated: the connection ended before the body was complete")
        }
        error => error.into(),
    }
}
