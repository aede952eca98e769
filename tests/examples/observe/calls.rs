//! The calls: every GET operation of the document, with identifiers from earlier answers.
//!
//! Only GET is sent, to one origin, without redirects. Lists are read up to their first page.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use twin_api::reqwest::{Client, header};
use twin_api::{PlainHttp, check_base_url, http_client_builder};

use crate::facts::Facts;
use crate::shape::Shape;

/// The real service.
pub(crate) const SERVICE: &str = "https://build.twin.so";

const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls everything that only reads, and compares the answers with `document`.
pub(crate) async fn observe(
    base_url: &str,
    key: &str,
    document: &Value,
    known: &Value,
) -> anyhow::Result<Facts> {
    let url = check_base_url(base_url, PlainHttp::Loopback)?;
    let base = url.as_str().trim_end_matches('/');
    let http = client(key, url.scheme() == "http")?;
    let mut facts = Facts::new(known);
    let mut identifiers = BTreeMap::new();
    let mut calls = read_only(document);
    // Fewer parameters first: their answers name what the others need.
    calls.sort_by_key(|call| call.path.matches('{').count());
    for call in calls {
        let Some(path) = call.fill(&identifiers) else {
            facts.skip(&call.name, "no identifier for its path was seen");
            continue;
        };
        let answer = http.get(format!("{base}{path}")).send().await;
        // A path may hold an identifier of the account: the error does without it.
        let answer = answer.map_err(twin_api::reqwest::Error::without_url);
        let answer = answer.with_context(|| call.name.clone())?;
        let status = answer.status().as_u16();
        if status != 200 {
            facts.skip(&call.name, &format!("answered {status}"));
            continue;
        }
        let bytes = answer.bytes().await.with_context(|| call.name.clone())?;
        let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
            facts.skip(&call.name, "the answer is not JSON");
            continue;
        };
        remember(&body, &mut identifiers);
        Shape::new(document, &mut facts, &call.name).compare(call.schema, &body);
    }
    if facts.is_empty() {
        bail!("no call was answered as documented; is {base_url} the API?");
    }
    Ok(facts)
}

fn client(key: &str, plain: bool) -> anyhow::Result<Client> {
    let mut value = header::HeaderValue::from_str(key)
        .ok()
        .context("TWIN_API_KEY has characters that are invalid in a header")?;
    value.set_sensitive(true);
    let headers =
        header::HeaderMap::from_iter([(header::HeaderName::from_static("x-api-key"), value)]);
    let mut http =
        http_client_builder().user_agent("twin-observe").timeout(TIMEOUT).default_headers(headers);
    if plain {
        http = http.no_proxy();
    }
    Ok(http.build()?)
}

/// An operation that only reads.
struct ReadOperation<'a> {
    /// `GET /v1/agents`.
    name: String,
    path: &'a str,
    schema: &'a Value,
}

fn read_only(document: &Value) -> Vec<ReadOperation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .filter_map(|(path, item)| {
            let responses = item.get("get")?.get("responses")?;
            let answer = responses.get("200").or_else(|| responses.get("2XX"))?;
            let schema = answer.pointer("/content/application~1json/schema")?;
            Some(ReadOperation { name: format!("GET {path}"), path, schema })
        })
        .collect()
}

impl ReadOperation<'_> {
    /// The path with identifiers in the place of its parameters.
    fn fill(&self, identifiers: &BTreeMap<String, String>) -> Option<String> {
        let mut path = self.path.to_owned();
        while let Some((before, rest)) = path.split_once('{') {
            let (name, after) = rest.split_once('}')?;
            path = format!("{before}{}{after}", identifiers.get(name)?);
        }
        Some(path)
    }
}

/// Takes identifiers from the answer: members that end with `_id`, of the items of lists.
/// An agent that has run is better than one that has not.
fn remember(body: &Value, identifiers: &mut BTreeMap<String, String>) {
    for items in body.as_object().into_iter().flat_map(|body| body.values()) {
        let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
        let best = items.iter().find(|item| item["has_runs"] == true).or(items.first());
        for (name, value) in best.and_then(Value::as_object).into_iter().flatten() {
            let Some(text) = value.as_str() else { continue };
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
            if name.ends_with("_id") && !text.is_empty() && text.chars().all(is_plain) {
                identifiers.entry(name.clone()).or_insert_with(|| text.to_owned());
            }
        }
    }
}
