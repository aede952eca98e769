//! What a transport tells of a call besides its answer: how often it was sent, how long
//! that took, whether an earlier attempt may have taken effect.
//!
//! A transport leaves it among the extensions of the response. A refusal reaches the caller
//! as a status, headers and a problem, and nothing else; so for a refusal it travels on in
//! one header, which is taken from every refusal that a server sends it in. It carries no
//! answer, no key, and nothing of a query.

use std::borrow::Cow;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// The header in which a [`Context`] reaches whoever looks at a refusal. It never comes from
/// the service.
///
/// ```
/// assert_eq!(twin_api::transport::CONTEXT_HEADER, "x-twin-client-context");
/// ```
pub const CONTEXT_HEADER: HeaderName = HeaderName::from_static("x-twin-client-context");

/// A longer path is cut: it is for people.
const PATH: usize = 512;

/// What a transport tells of a call besides its answer.
///
/// ```
/// use twin_api::reqwest::Method;
/// use twin_api::transport::Context;
/// let mut context = Context::new("get_me", Method::GET);
/// context.attempts = 3;
/// assert_eq!(context.operation, "get_me");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// The operation, as its function is called.
    pub operation: Cow<'static, str>,
    /// The method of the request.
    pub method: Method,
    /// The path of the request. A transport leaves it empty: it is read off the answer.
    pub path: String,
    /// How many times the request was sent.
    pub attempts: u32,
    /// How long it took until the answer was there, pauses and all.
    pub elapsed: Duration,
    /// Whether an attempt before the last may have taken effect.
    pub uncertain: bool,
    /// How long the service asked to wait.
    pub retry_after: Option<Duration>,
}

impl Context {
    /// One attempt that took no time.
    ///
    /// ```
    /// use twin_api::{reqwest::Method, transport::Context};
    /// assert_eq!(Context::new("get_me", Method::GET).attempts, 1);
    /// ```
    pub fn new(operation: &'static str, method: Method) -> Self {
        Self {
            operation: Cow::Borrowed(operation),
            method,
            path: String::new(),
            attempts: 1,
            elapsed: Duration::ZERO,
            uncertain: false,
            retry_after: None,
        }
    }

    /// Takes the context out of the headers of a refusal.
    ///
    /// ```
    /// use twin_api::{reqwest::header::HeaderMap, transport::Context};
    /// assert_eq!(Context::take(&mut HeaderMap::new()), None);
    /// ```
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        Self::read(headers.remove(CONTEXT_HEADER)?.to_str().ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.splitn(7, ' ');
        let mut word = || words.next();
        let attempts = word()?.parse().ok()?;
        let elapsed = read_duration(word()?)?;
        let uncertain = word()? == "uncertain";
        let retry_after = read_duration(word()?);
        let operation = Cow::Owned(word()?.to_owned());
        let method = word()?.parse().ok()?;
        let path = word()?.to_owned();
        Some(Self { operation, method, path, attempts, elapsed, uncertain, retry_after })
    }

    /// What [`take`](Self::take) reads. A path is ASCII, being part of a URL.
    pub(super) fn to_header(&self) -> Option<HeaderValue> {
        let Self { operation, method, attempts, .. } = self;
        let elapsed = show_duration(self.elapsed);
        let uncertain = if self.uncertain { "uncertain" } else { "certain" };
        let retry_after = self.retry_after.map_or_else(|| "-".to_owned(), show_duration);
        let path = self.path.get(..PATH).unwrap_or(&self.path);
        HeaderValue::try_from(format!(
            "{attempts} {elapsed} {uncertain} {retry_after} {operation} {method} {path}"
        ))
        .ok()
    }
}

/// Seconds and nanoseconds, so that nothing is lost.
fn show_duration(duration: Duration) -> String {
    format!("{}.{}", duration.as_secs(), duration.subsec_nanos())
}

fn read_duration(text: &str) -> Option<Duration> {
    let (seconds, nanoseconds) = text.split_once('.')?;
    let nanoseconds =
        nanoseconds.parse().ok().filter(|nanoseconds| *nanoseconds < 1_000_000_000)?;
    Some(Duration::new(seconds.parse().ok()?, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_its_header() {
        let context = Context {
            path: "/v1/agents/a%20b".to_owned(),
            attempts: 3,
            elapsed: Duration::from_nanos(1_234_567_089),
            uncertain: true,
            retry_after: Some(Duration::from_secs(u64::MAX)),
            ..Context::new("get_agent", Method::GET)
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTEXT_HEADER, context.to_header().unwrap());
        assert_eq!(Context::take(&mut headers), Some(context));
        assert!(headers.is_empty());
    }

    #[test]
    fn what_is_none_is_taken_away_all_the_same() {
        for text in [
            "",
            "x",
            "1 2.0 certain - get_me",
            "-1 2.0 certain - get_me GET /",
            "1 2.9999999999 c - g G /",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTEXT_HEADER, HeaderValue::from_static(text));
            assert_eq!(Context::take(&mut headers), None, "{text}");
            assert!(headers.is_empty());
        }
    }
}
