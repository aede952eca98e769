//! Reads a new openapi.json from a URL or a file.
//!
//! This module returns the bytes as they are published. It rejects everything that is not a complete
//! OpenAPI 3 document in JSON, such as the page of the web UI, which responds with 200 to every path.
//! It limits size and time, and writes nothing. The generator decides whether a client can be
//! generated.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

mod http;

/// The address of the published document.
pub const PUBLISHED: &str = "https://build.twin.so/openapi.json";

/// The source of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentSource {
    /// A URL that [`DocumentSource::parse`] has checked.
    Url(Url),
    /// A local file.
    File(PathBuf),
}

/// The limits of the time and size of a fetch.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// The limit for the whole fetch: DNS, connections, redirects, the last byte of the body.
    pub timeout: Duration,
    /// The size of the largest accepted document.
    pub bytes: u64,
}

impl Default for FetchLimits {
    /// Returns 60 seconds and 16 MiB, about a hundred times the size of the document.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), bytes: 16 << 20 }
    }
}

impl DocumentSource {
    /// Parses an argument: text with `://` is a URL, other text is a file.
    ///
    /// # Errors
    /// Fails if the URL is not valid, contains credentials, or would use plain `http` over the
    /// network.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        // Do not quote the text, because it may contain a password.
        let url = Url::parse(text).context("reading the URL to fetch from")?;
        http::check_address(&url)?;
        Ok(Self::Url(url))
    }
}

impl fmt::Display for DocumentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "{url}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Reads the document from `source`, byte for byte.
///
/// # Errors
/// Fails if the document cannot be read within `limits`, or is not an OpenAPI 3 document.
pub fn fetch(source: &DocumentSource, limits: FetchLimits) -> anyhow::Result<Vec<u8>> {
    let bring = || {
        let bytes = match source {
            DocumentSource::Url(url) => http::get(url, limits)?,
            DocumentSource::File(path) => read_file(path, limits.bytes)?,
        };
        check_document(&bytes)?;
        anyhow::Ok(bytes)
    };
    bring().with_context(|| source.to_string())
}

/// Reads a file that a user named, at most `limit` bytes.
pub(crate) fn read_file(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            bail!("a symbolic link to a missing file; name the file itself")
        }
        other => other.context("cannot be opened")?,
    };
    ensure!(!file.metadata()?.is_dir(), "a folder; name the file in it");
    read_capped(file, limit).context("cannot be read")
}

/// Reads to the end, at most `limit` bytes, because a pipe or a server may never end.
pub(crate) fn read_capped(reader: impl Read, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= limit, "larger than the limit of {limit} bytes");
    Ok(bytes)
}

const WEB_PAGE: &str = "this is HTML, not an OpenAPI document: probably the page of the web UI, \
                        which responds with 200 to every path; use the host build.twin.so";

/// The members that identify an OpenAPI document. The rest is skipped.
#[derive(Deserialize)]
struct Head {
    openapi: Option<Value>,
    swagger: Option<Value>,
}

fn check_document(bytes: &[u8]) -> anyhow::Result<()> {
    // The generator accepts a byte order mark, and the written file keeps it.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    ensure!(!start.is_empty(), "empty: the document has no bytes");
    ensure!(!start.starts_with(b"<"), WEB_PAGE);
    let head: Head = match serde_json::from_slice(bytes) {
        Err(error) if error.is_eof() => bail!("truncated: the JSON ends too early ({error})"),
        Err(error) if error.is_data() => bail!("not an OpenAPI document: {error}"),
        other => other.context("not JSON")?,
    };
    match (head.openapi, head.swagger) {
        (Some(Value::String(version)), _) if version.starts_with("3.") => Ok(()),
        (Some(version), _) => {
            bail!("#/openapi: version {version} is not supported; 3.1 is required")
        }
        (None, Some(version)) => {
            bail!("#/swagger: version {version} is not supported; convert it to OpenAPI 3.1 first")
        }
        (None, None) => bail!("not an OpenAPI document: it has no member `openapi`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{DocumentSource, check_document};

    #[test]
    fn rejects_responses_that_are_not_documents() {
        check_document(br#"{"openapi": "3.1.0", "x": [1e999, {"deep": []}]}"#).unwrap();
        check_document(b"\xef\xbb\xbf{\"openapi\": \"3.1.0\"}").unwrap();
        let cases: [(&[u8], &str); 10] = [
            (b"", "no byte"),
            (b" \n<!doctype html>", "web UI"),
            (b"<html>", "build.twin.so"),
            (br#"{"openapi": "3.1.0", "paths": {"#, "truncated"),
            (br#"{"openapi": "3.1.0"} trailing"#, "not JSON"),
            (b"openapi: 3.1.0\n", "not JSON"),
            (b"[1]", "not an OpenAPI document"),
            (br#"{"openapi": "4.0.0"}"#, "#/openapi"),
            (br#"{"swagger": "2.0"}"#, "#/swagger"),
            (br#"{"error": {}}"#, "no member `openapi`"),
        ];
        for (bytes, expected) in cases {
            let error = check_document(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn rejects_urls_that_are_not_safe() {
        let fine = [
            "https://build.twin.so/openapi.json",
            "http://localhost:4010/openapi.json",
            "http://127.9.9.9/openapi.json",
            "http://[::1]:1/openapi.json",
        ];
        for text in fine {
            assert!(matches!(DocumentSource::parse(text), Ok(DocumentSource::Url(_))), "{text}");
        }
        let refused = [
            ("http://build.twin.so/openapi.json", "https"),
            ("http://127.0.0.1.example.org/", "https"),
            ("http://localhost.example.org/", "https"),
            ("http://127.0.0.1@example.org/", "user name"),
            ("https://:secret@build.twin.so/", "user name"),
            ("ftp://localhost/openapi.json", "https"),
            ("file:///openapi.json", "https"),
            ("https://", "reading the URL"),
        ];
        for (text, expected) in refused {
            let error = format!("{:#}", DocumentSource::parse(text).unwrap_err());
            assert!(error.contains(expected) && !error.contains("secret"), "{text}: {error}");
        }
        assert!(matches!(DocumentSource::parse("openapi.json"), Ok(DocumentSource::File(_))));
    }
}
