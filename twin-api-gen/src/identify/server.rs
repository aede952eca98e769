//! Reads the base URL from `servers`.
//!
//! The path of the base URL becomes part of each operation's path: `/agents` on
//! `https://host/v1` is `/v1/agents`. Of several servers, the first one at the origin of
//! `known.json` is used. If there is none, the first server is used.

use serde_json::{Value, json};

/// A base URL, split into origin and path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct BaseUrl {
    /// Scheme, host and port. `None` for a relative URL.
    pub(super) origin: Option<String>,
    /// The path without a trailing slash.
    pub(super) path: String,
}

impl BaseUrl {
    /// Splits a URL. A relative URL is resolved against the root of the host.
    pub(super) fn parse(url: &str) -> Self {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let (scheme, rest) = match url.split_once("//") {
            Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => {
                (Some(scheme), rest)
            }
            _ => (None, url),
        };
        let Some(scheme) = scheme else { return Self { origin: None, path: normal(rest) } };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host.to_lowercase();
        let scheme = scheme.to_lowercase();
        let host = match scheme.as_str() {
            "https:" => host.strip_suffix(":443").unwrap_or(&host),
            "http:" => host.strip_suffix(":80").unwrap_or(&host),
            _ => &host,
        };
        Self { origin: Some(format!("{scheme}//{host}")), path: normal(path) }
    }

    /// Reads the base URL from a `servers` array. An absent or empty array gives `None`.
    pub(super) fn read(servers: Option<&Value>, ours: Option<&Self>) -> Option<Self> {
        let servers = servers?.as_array()?;
        let bases: Vec<Self> =
            servers.iter().filter_map(url_of).map(|url| Self::parse(&url)).collect();
        let at_home = |base: &&Self| ours.is_some_and(|ours| ours.origin == base.origin);
        bases.iter().find(at_home).or(bases.first()).cloned()
    }
}

/// Removes the paths from the servers of `document`, because the operations' paths include them. A
/// relative URL is at our origin.
pub(super) fn without_paths(document: &mut Value, ours: Option<&BaseUrl>) {
    let ours = ours.and_then(|ours| ours.origin.as_deref()).unwrap_or("/");
    let servers = document.get_mut("servers").and_then(Value::as_array_mut);
    for server in servers.into_iter().flatten() {
        let Some(base) = url_of(server).map(|url| BaseUrl::parse(&url)) else { continue };
        server["url"] = json!(base.origin.as_deref().unwrap_or(ours));
        if let Some(members) = server.as_object_mut() {
            members.remove("variables");
        }
    }
}

/// Returns the URL of a server with the default values of its variables.
fn url_of(server: &Value) -> Option<String> {
    let mut url = server["url"].as_str()?.to_owned();
    for (name, variable) in server["variables"].as_object().into_iter().flatten() {
        if let Some(default) = variable["default"].as_str() {
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    Some(url)
}

/// Removes empty segments, `.` and `..` from a path.
fn normal(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments.iter().flat_map(|segment| ["/", segment]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(origin: Option<&str>, path: &str) -> BaseUrl {
        BaseUrl { origin: origin.map(ToOwned::to_owned), path: path.to_owned() }
    }

    #[test]
    fn splits_urls_into_origin_and_path() {
        for (url, origin, path) in [
            ("https://build.twin.so", Some("https://build.twin.so"), ""),
            ("HTTPS://Build.twin.so:443/", Some("https://build.twin.so"), ""),
            ("https://build.twin.so/v1/", Some("https://build.twin.so"), "/v1"),
            ("//build.twin.so/v1", Some("//build.twin.so"), "/v1"),
            ("/", None, ""),
            ("/v1", None, "/v1"),
            ("./v1", None, "/v1"),
            ("../v1", None, "/v1"),
            ("", None, ""),
        ] {
            assert_eq!(BaseUrl::parse(url), base(origin, path), "{url}");
        }
    }

    #[test]
    fn without_paths_keeps_only_origins() {
        let document = json!({"servers": [
            {"url": "https://build.twin.so/v1/", "description": "d"},
            {"url": "/api"},
            {"url": "https://{host}/v1", "variables": {"host": {"default": "a.example"}}},
        ]});
        for (ours, relative) in
            [(None, "/"), (Some(BaseUrl::parse("https://b.example")), "https://b.example")]
        {
            let mut document = document.clone();
            without_paths(&mut document, ours.as_ref());
            assert_eq!(
                document["servers"],
                json!([{"url": "https://build.twin.so", "description": "d"}, {"url": relative},
                    {"url": "https://a.example"}])
            );
        }
    }

    #[test]
    fn read_prefers_our_origin_and_fills_in_variables() {
        let servers = json!([
            {"url": "http://localhost:8080"},
            {"url": "https://{host}/{base}", "variables": {
                "host": {"default": "build.twin.so"}, "base": {"default": "v1"}}},
        ]);
        let ours = BaseUrl::parse("https://build.twin.so");
        let found = BaseUrl::read(Some(&servers), Some(&ours)).unwrap();
        assert_eq!(found, base(Some("https://build.twin.so"), "/v1"));
        assert_eq!(BaseUrl::read(Some(&json!([])), Some(&ours)), None);
    }
}
