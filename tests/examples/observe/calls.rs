//! Calls every GET operation of the document, with identifiers from earlier responses.
//!
//! It sends only GET requests, to one origin, and follows no redirects. It reads only the first page
//! of a list.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use twin_api::reqwest::{Client, header};
use twin_api::{PlainHttp, check_base_url, http_client_builder};

use crate::comparison::Comparison;
use crate::facts::Facts;

/// The base URL of the real service.
pub(crate) const SERVICE: &str = "https://build.twin.so";

const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls every operation that only reads, and compares the responses with `document`.
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
    let mut calls = get_operations(document);
    // Calls with fewer parameters come first: their responses have the identifiers for the others.
    calls.sort_by_key(|call| call.path.matches('{').count());
    for call in calls {
        let Some(path) = call.fill(&identifiers) else {
            facts.skip(&call.name, "no earlier response has an identifier for its path");
            continue;
        };
        let response = http.get(format!("{base}{path}")).send().await;
        // The URL may contain an identifier of the account, so it is removed from the error.
        let response = response.map_err(twin_api::reqwest::Error::without_url);
        let response = response.with_context(|| call.name.clone())?;
        let status = response.status().as_u16();
        if status != 200 {
            facts.skip(&call.name, &format!("the status is {status}"));
            continue;
        }
        let bytes = response.bytes().await.with_context(|| call.name.clone())?;
        let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
            facts.skip(&call.name, "the response is not JSON");
            continue;
        };
        remember(&body, &mut identifiers);
        Comparison::new(document, &mut facts, &call.name).compare(call.schema, &body);
    }
    if facts.is_empty() {
        bail!("no response was JSON with the status 200; is {base_url} the Twin API?");
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
struct GetOperation<'a> {
    /// The method and path, such as `GET /v1/agents`.
    name: String,
    path: &'a str,
    schema: &'a Value,
}

fn get_operations(document: &Value) -> Vec<GetOperation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .filter_map(|(path, item)| {
            let responses = item.get("get")?.get("responses")?;
            let response = responses.get("200").or_else(|| responses.get("2XX"))?;
            let schema = response.pointer("/content/application~1json/schema")?;
            Some(GetOperation { name: format!("GET {path}"), path, schema })
        })
        .collect()
}

impl GetOperation<'_> {
    /// Returns the path with identifiers instead of parameters; `None` if an identifier is missing.
    fn fill(&self, identifiers: &BTreeMap<String, String>) -> Option<String> {
        let mut path = self.path.to_owned();
        while let Some((before, rest)) = path.split_once('{') {
            let (name, after) = rest.split_once('}')?;
            path = format!("{before}{}{after}", identifiers.get(name)?);
        }
        Some(path)
    }
}

/// Stores identifiers of a response: the members of list items whose names end with `_id`. An agent
/// with runs is preferred, because only such an agent has runs and events to read.
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
