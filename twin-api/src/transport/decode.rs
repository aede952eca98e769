//! Reads the typed answer of an operation.
//!
//! Where an answer does not decode, the error says where in it, and keeps what progenitor's
//! own reading loses: the status, the headers, what the transport had to tell. It quotes no
//! API key, and of an answer that holds a secret it quotes nothing at all.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io::{self, Read};
use std::{fmt, mem};

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Context, refusal, replace_lone_surrogates};
use crate::{Client, ClientInfo, Error, ResponseValue};

/// More of what serde says is not kept: it quotes values, however long they are.
const MESSAGE: usize = 300;

/// What secrets are called in the answers of the API, or begin with.
const SECRETS: [&str; 3] = ["\"api_key\"", "\"signing_secret\"", "whsec_"];

/// Why an answer could not be read, behind [`Error::InvalidResponsePayload`].
///
/// ```no_run
/// # async fn example(twin: twin_api::Client) {
/// use twin_api::transport::DecodeFailure;
/// if let Err(twin_api::Error::InvalidResponsePayload(_, error)) = twin.get_me().send().await {
///     let failure = DecodeFailure::of(&error).expect("every answer is read so");
///     println!("{} at {}: {}", failure.status, failure.json_path, failure.message);
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DecodeFailure {
    /// The status of the answer.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// Where the answer came from, without a query.
    pub url: Url,
    /// The place in the answer, as in `agents[3].name`; `.` is the answer as a whole, or one
    /// that holds a secret.
    pub json_path: String,
    /// What is wrong there.
    pub message: String,
    /// Whether the answer is JSON at all.
    pub is_json: bool,
    /// What the transport had to tell.
    pub context: Option<Context>,
}

impl DecodeFailure {
    /// The failure that `error` stands for.
    ///
    /// ```
    /// use twin_api::transport::DecodeFailure;
    /// let error = serde_json::from_str::<u8>("x").unwrap_err();
    /// assert!(DecodeFailure::of(&error).is_none());
    /// ```
    pub fn of(error: &serde_json::Error) -> Option<&Self> {
        error.source()?.downcast_ref()
    }

    /// An error of serde's that stands for this failure: the only way through the
    /// [`Error::InvalidResponsePayload`] of progenitor.
    fn into_serde(self) -> serde_json::Error {
        let mut carrier = Carrier(Some(self));
        match serde_json::from_reader::<_, serde::de::IgnoredAny>(&mut carrier) {
            Err(error) => error,
            // A reader that always fails gives no value.
            Ok(_) => <serde_json::Error as serde::de::Error>::custom("the answer does not decode"),
        }
    }
}

impl fmt::Display for DecodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the answer {} of {}", self.status, self.url.path())
    }
}

impl StdError for DecodeFailure {}

/// A reader that fails with what it carries.
struct Carrier(Option<DecodeFailure>);

impl Read for Carrier {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().map_or_else(
            || io::Error::other("read twice"),
            |failure| io::Error::other(Carried(failure)),
        ))
    }
}

/// An `io::Error` gives away the source of what it holds, not what it holds; this has the
/// failure as its source.
#[derive(Debug)]
struct Carried(DecodeFailure);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.json_path.as_str() {
            "." => f.write_str(&self.0.message),
            path => write!(f, "{path}: {}", self.0.message),
        }
    }
}

impl StdError for Carried {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

/// Reads an answer. Where it does not decode, and a secret is in it that nobody expects there,
/// it is treated as one that [`decode_secret`] reads.
pub(crate) async fn decode<T: DeserializeOwned, E>(
    client: &Client,
    mut response: Response,
) -> Result<ResponseValue<T>, Error<E>> {
    let headers = mem::take(response.headers_mut());
    let body = body(&mut response).await.map_err(Error::ResponseBodyError)?;
    match read(&body) {
        Ok(value) => Ok(ResponseValue::new(value, response.status(), headers)),
        Err(error) if names_a_secret(&body) => {
            Err(withheld(client, &mut response, headers, &error, &body))
        }
        Err(error) => {
            let (path, error) = place::<T>(&body).unwrap_or_else(|| (".".to_owned(), error));
            let key = client.inner().key.as_ref();
            let text = refusal::redact_text(error.to_string().as_bytes(), key);
            let mut failure = failure(&mut response, headers, &error, &body, key);
            failure.json_path = refusal::redact_text(path.as_bytes(), key);
            failure.message = refusal::cut(&text, MESSAGE);
            let body = Bytes::from(refusal::redact_text(&body, key));
            Err(Error::InvalidResponsePayload(body, failure.into_serde()))
        }
    }
}

/// Reads an answer that holds a secret. Where it does not decode, the error quotes nothing
/// of it: neither the bytes nor the words of serde, which quote a value of a wrong type.
pub(crate) async fn decode_secret<T: DeserializeOwned, E>(
    client: &Client,
    mut response: Response,
) -> Result<ResponseValue<T>, Error<E>> {
    let headers = mem::take(response.headers_mut());
    let body = body(&mut response).await.map_err(Error::ResponseBodyError)?;
    match read(&body) {
        Ok(value) => Ok(ResponseValue::new(value, response.status(), headers)),
        Err(error) => Err(withheld(client, &mut response, headers, &error, &body)),
    }
}

/// Whether a member of it, or what looks like one, is named as secrets are.
fn names_a_secret(body: &[u8]) -> bool {
    SECRETS.iter().any(|name| body.windows(name.len()).any(|part| part == name.as_bytes()))
}

/// The error for an answer of which nothing may be quoted.
fn withheld<E>(
    client: &Client,
    response: &mut Response,
    headers: HeaderMap,
    error: &serde_json::Error,
    body: &[u8],
) -> Error<E> {
    let mut failure = failure(response, headers, error, body, client.inner().key.as_ref());
    failure.message = format!(
        "the answer does not decode ({:?} error at line {} column {}); \
         it holds a secret and is withheld",
        error.classify(),
        error.line(),
        error.column()
    );
    let body = Bytes::from_static(b"(withheld)");
    Error::InvalidResponsePayload(body, failure.into_serde())
}

/// The whole body, without a copy where it came in one piece.
async fn body(response: &mut Response) -> reqwest::Result<Bytes> {
    let Some(first) = response.chunk().await? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await? else { return Ok(first) };
    let mut body = BytesMut::from(first);
    body.extend_from_slice(&second);
    while let Some(more) = response.chunk().await? {
        body.extend_from_slice(&more);
    }
    Ok(body.freeze())
}

/// Reads a `T`. One lone surrogate must not fail a whole page; only a failure pays for the
/// search.
fn read<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(body).or_else(|error| match replace_lone_surrogates(body) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(replaced) => serde_json::from_slice(&replaced),
    })
}

/// Where in `body` a `T` fails, and why. It reads once more, so that only a failure pays.
fn place<T: DeserializeOwned>(body: &[u8]) -> Option<(String, serde_json::Error)> {
    let body = replace_lone_surrogates(body);
    let mut json = serde_json::Deserializer::from_slice(&body);
    let error = serde_path_to_error::deserialize::<_, T>(&mut json).err()?;
    Some((error.path().to_string(), error.into_inner()))
}

fn failure(
    response: &mut Response,
    mut headers: HeaderMap,
    error: &serde_json::Error,
    body: &[u8],
    key: Option<&HeaderValue>,
) -> DecodeFailure {
    refusal::redact_headers(&mut headers, key);
    let is_json = error.classify() == Category::Data
        || (!body.trim_ascii().is_empty() && says_json(&headers));
    let mut url = response.url().clone();
    // A query is the caller's, and no part of what went wrong.
    url.set_query(None);
    url.set_path(&refusal::redact_text(response.url().path().as_bytes(), key));
    DecodeFailure {
        status: response.status(),
        headers,
        url,
        json_path: ".".to_owned(),
        message: String::new(),
        is_json,
        context: response.extensions_mut().remove(),
    }
}

/// Whether the content type is JSON's, or one that is built on it.
fn says_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(reqwest::header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{GetAgentResponse, Problem};

    const KEY: &str = "tw_live_canary";

    fn client() -> Client {
        crate::connect("http://127.0.0.1:1", KEY).unwrap()
    }

    fn response(content_type: &'static str, body: &str) -> Response {
        let mut response = http::Response::new(body.to_owned());
        let content_type = HeaderValue::from_static(content_type);
        response.headers_mut().insert(reqwest::header::CONTENT_TYPE, content_type);
        response.extensions_mut().insert(Context::new("get_agent", reqwest::Method::GET));
        response.into()
    }

    /// The error for an answer that is no agent.
    fn refused(content_type: &'static str, body: &str) -> Error<Problem> {
        let client = client();
        let decoding = decode::<GetAgentResponse, _>(&client, response(content_type, body));
        // Everything is in memory, so that one poll is enough.
        let mut decoding = std::pin::pin!(decoding);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match decoding.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => answer.unwrap_err(),
            std::task::Poll::Pending => panic!("it waits for something"),
        }
    }

    #[test]
    fn an_error_says_where() {
        let error = refused("application/json", r#"{"agent": {"agent_id": 7}}"#);
        let shown = error.to_string();
        assert!(shown.contains("agent.agent_id: invalid type: integer `7`"), "{shown}");
        let Error::InvalidResponsePayload(_, error) = error else { panic!("{error}") };
        let failure = DecodeFailure::of(&error).unwrap();
        assert_eq!((failure.status, failure.is_json), (StatusCode::OK, true));
        assert_eq!(failure.json_path, "agent.agent_id");
        assert_eq!(failure.headers["content-type"], "application/json");
        assert_eq!(failure.context.as_ref().unwrap().operation, "get_agent");
    }

    #[test]
    fn a_lone_surrogate_is_replaced_and_the_path_of_another_failure_stays() {
        let body = br#"{"agents": [{"agent_id": "a\ud83d", "deployment_state": "draft",
            "has_runs": false, "latest_run_is_finished": false}]}"#;
        let page: crate::types::ListAgentsResponse = read(body).unwrap();
        assert_eq!(page.agents[0].agent_id, "a\u{fffd}");
        let error =
            refused("application/json", r#"{"x\ud83d": "\ude00", "agent": {"agent_id": 7}}"#);
        assert!(error.to_string().contains("agent.agent_id: invalid type"), "{error}");
    }

    #[test]
    fn what_is_no_json_is_known_as_that() {
        let cases = [
            ("application/json", "{\"agent\": ", true),
            ("application/problem+json; charset=utf-8", "{]", true),
            ("text/plain", "{\"agent\": 7}", true),
            ("text/plain", "hello", false),
            ("", "<html>", false),
            ("application/json", " \n", false),
        ];
        for (content_type, body, is_json) in cases {
            let Error::InvalidResponsePayload(_, error) = refused(content_type, body) else {
                panic!("{body} is no agent")
            };
            assert_eq!(
                DecodeFailure::of(&error).unwrap().is_json,
                is_json,
                "{content_type} {body}"
            );
        }
    }

    #[test]
    fn the_key_is_not_quoted() {
        let body = format!(r#"{{"agent": "{KEY}"}}"#);
        let error = refused("application/json", &body);
        let shown = format!("{error} {error:?} {error:#}");
        assert!(!shown.contains("canary") && shown.contains("[redacted]"), "{shown}");
    }
}
