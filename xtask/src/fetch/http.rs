//! One GET, as careful as it is dull.
//!
//! It speaks https, or http to this machine, and follows redirects within one origin only.
//! It refuses every status but 200, a body that is cut short, compressed (so that a small
//! answer cannot become a large one) or over the limit, and it lets nothing outlive the time
//! limit, a body that trickles included. It sends no key, no cookie, no credentials.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::{Host, Url};

use super::{Limits, WEB_PAGE, read_capped};

const REDIRECTS: usize = 5;

/// Fetches the body at `url`.
pub(super) fn get(url: &Url, limits: Limits) -> anyhow::Result<Vec<u8>> {
    let deadline = Instant::now() + limits.timeout;
    let mut url = url.clone();
    for _ in 0..=REDIRECTS {
        check_address(&url)?;
        let response = send(&url, deadline).map_err(|error| explain(error, limits.timeout))?;
        match redirect(&url, &response)? {
            Some(next) => url = next,
            None => return read(response, limits),
        }
    }
    bail!("redirected more than {REDIRECTS} times")
}

/// https anywhere, http to this machine alone, credentials nowhere. By the parsed host: a
/// name may begin with `127.0.0.1` and be a stranger's.
pub(super) fn check_address(url: &Url) -> anyhow::Result<()> {
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "a user name or password in the URL; leave it out, the document is public"
    );
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        scheme => bail!("{scheme} to {}: use https, or http to this machine", host_of(url)),
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
        // Followed by hand, so that the rules above hold for every hop.
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(remaining.max(Duration::from_millis(1))))
        .user_agent("twin-xtask")
        .accept("application/json");
    if is_loopback(url) {
        // A proxy would look for its own loopback, or show the request to others.
        config = config.proxy(None);
    }
    let agent = Agent::from(config.build());
    let mut target = url.clone();
    target.set_fragment(None);
    agent.get(target.as_str()).call()
}

/// Where the answer points, if it is a redirect that may be followed.
fn redirect(url: &Url, response: &Response<Body>) -> anyhow::Result<Option<Url>> {
    let status = response.status().as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .with_context(|| format!("answered {status} without a usable location"))?;
    let next = url.join(location).context("redirected to what is not a URL")?;
    ensure!(
        next.origin() == url.origin(),
        "redirected to {}; fetch from there yourself if you trust it",
        next.origin().ascii_serialization()
    );
    Ok(Some(next))
}

fn read(response: Response<Body>, limits: Limits) -> anyhow::Result<Vec<u8>> {
    let status = response.status();
    ensure!(status.as_u16() == 200, "answered {status} where 200 is due");
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let media_type = header(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    ensure!(!media_type.contains("html"), WEB_PAGE);
    let encoding = header(header::CONTENT_ENCODING).unwrap_or("identity");
    ensure!(
        encoding.eq_ignore_ascii_case("identity"),
        "answered in content-encoding {encoding}, which was not asked for"
    );
    let body = response.into_body();
    let promised = body.content_length();
    let too_large = promised.is_some_and(|length| length > limits.bytes);
    ensure!(!too_large, "larger than {} bytes; no OpenAPI document is", limits.bytes);
    let bytes = read_capped(body.into_reader(), limits.bytes)
        .map_err(|error| match error.downcast::<io::Error>() {
            Ok(error) => explain(ureq::Error::from(error), limits.timeout),
            Err(other) => other,
        })
        .context("reading the body")?;
    let whole = promised.is_none_or(|length| length == bytes.len() as u64);
    ensure!(whole, "cut short: {} bytes came where more were promised", bytes.len());
    Ok(bytes)
}

fn explain(error: ureq::Error, timeout: Duration) -> anyhow::Error {
    match error {
        ureq::Error::Timeout(_) => anyhow::anyhow!("no whole answer within {timeout:?}"),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            anyhow::anyhow!("cut short: the connection ended before the body did")
        }
        error => error.into(),
    }
}
