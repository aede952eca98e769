//! A new openapi.json: from a URL or a file to bytes that are worth generating from.
//!
//! It takes the bytes as published and changes none. It refuses what is not a whole
//! OpenAPI 3 document in JSON, the web UI's page above all, which answers 200 to every
//! path; whether a client can be generated from it is for the generator to say. It never
//! reads more than its limit, and writes nothing.

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

/// Where the document of the live service is published.
pub const PUBLISHED: &str = "https://build.twin.so/openapi.json";

/// Where a document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An address that passed the rules of [`Source::parse`].
    Url(Url),
    /// A file of this machine.
    File(PathBuf),
}

/// How long a fetch may take and how much it may bring.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For everything together: names, connections, redirects, the last byte of the body.
    pub timeout: Duration,
    /// The largest document.
    pub bytes: u64,
}

impl Default for Limits {
    /// A minute and 16 MiB: a hundred times the document.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), bytes: 16 << 20 }
    }
}

impl Source {
    /// Reads what the user said: what holds `://` is a URL, all else is a file.
    ///
    /// # Errors
    /// For a URL that could carry the document, or a secret, over the open network.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        // The text is not repeated here: it might hold a password.
        let url = Url::parse(text).context("reading the URL to fetch from")?;
        http::check_address(&url)?;
        Ok(Self::Url(url))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "{url}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Brings the document from `source`, byte for byte.
///
/// # Errors
/// When it cannot be had within `limits`, or is not an OpenAPI 3 document.
pub fn fetch(source: &Source, limits: Limits) -> anyhow::Result<Vec<u8>> {
    let bring = || {
        let bytes = match source {
            Source::Url(url) => http::get(url, limits)?,
            Source::File(path) => read_file(path, limits.bytes)?,
        };
        check_document(&bytes)?;
        anyhow::Ok(bytes)
    };
    bring().with_context(|| source.to_string())
}

/// Reads a file that a user named, up to `limit` bytes.
pub(crate) fn read_file(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            bail!("a symbolic link to nothing; name the file itself")
        }
        other => other.context("cannot be opened")?,
    };
    ensure!(!file.metadata()?.is_dir(), "a folder; name the file in it");
    read_capped(file, limit).context("cannot be read")
}

/// Reads to the end, or fails after one byte more than `limit`: what is at the other end
/// may never end.
pub(crate) fn read_capped(reader: impl Read, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= limit, "larger than {limit} bytes; no OpenAPI document is");
    Ok(bytes)
}

const WEB_PAGE: &str = "this is HTML, not an OpenAPI document: most likely the page of the web \
                        UI, which answers 200 to every path; the API's host is build.twin.so";

/// The members that tell an OpenAPI document from other JSON; all else is skipped unread.
#[derive(Deserialize)]
struct Head {
    openapi: Option<Value>,
    swagger: Option<Value>,
}

fn check_document(bytes: &[u8]) -> anyhow::Result<()> {
    // The generator takes a byte order mark; what is written keeps it.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    ensure!(!start.is_empty(), "nothing: no byte of a document came");
    ensure!(!start.starts_with(b"<"), WEB_PAGE);
    let head: Head = match serde_json::from_slice(bytes) {
        Err(error) if error.is_eof() => bail!("cut short: the JSON ends in the middle ({error})"),
        Err(error) if error.is_data() => bail!("not an OpenAPI document: {error}"),
        other => other.context("not JSON")?,
    };
    match (head.openapi, head.swagger) {
        (Some(Value::String(version)), _) if version.starts_with("3.") => Ok(()),
        (Some(version), _) => bail!("#/openapi: version {version} where 3.1 is needed"),
        (None, Some(version)) => {
            bail!("#/swagger: version {version} where OpenAPI 3.1 is needed; convert it first")
        }
        (None, None) => bail!("not an OpenAPI document: it has no member `openapi`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, check_document};

    #[test]
    fn documents_are_told_from_what_else_a_server_may_say() {
        check_document(br#"{"openapi": "3.1.0", "x": [1e999, {"deep": []}]}"#).unwrap();
        check_document(b"\xef\xbb\xbf{\"openapi\": \"3.1.0\"}").unwrap();
        let cases: [(&[u8], &str); 10] = [
            (b"", "no byte"),
            (b" \n<!doctype html>", "web UI"),
            (b"<html>", "build.twin.so"),
            (br#"{"openapi": "3.1.0", "paths": {"#, "cut short"),
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
    fn an_address_is_safe_or_refused() {
        let fine = [
            "https://build.twin.so/openapi.json",
            "http://localhost:4010/openapi.json",
            "http://127.9.9.9/openapi.json",
            "http://[::1]:1/openapi.json",
        ];
        for text in fine {
            assert!(matches!(Source::parse(text), Ok(Source::Url(_))), "{text}");
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
            let error = format!("{:#}", Source::parse(text).unwrap_err());
            assert!(error.contains(expected) && !error.contains("secret"), "{text}: {error}");
        }
        assert!(matches!(Source::parse("openapi.json"), Ok(Source::File(_))));
    }
}
