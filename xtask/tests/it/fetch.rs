//! `regen --fetch` accepts only complete OpenAPI documents, and changes nothing if it rejects one.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use xtask::fetch::{DocumentSource, FetchLimits, fetch};

use crate::support::{RepositoryCopy, ScriptedServer, edited, next_release, ok, stderr, stdout};

/// Fetches into a root, asserts that the fetch fails and changes nothing, and returns the stderr.
fn refused(source: &str) -> String {
    let root = RepositoryCopy::new();
    let before = root.tree();
    let output = root.regen(&["--fetch", source]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(root.repository_tree(), before);
    assert!(stdout(&output).is_empty());
    stderr(&output)
}

fn assert_refused(source: &str, expected: &str) {
    let said = refused(source);
    assert!(said.contains(expected), "{said}");
}

fn response(head: &str, body: &[u8]) -> ScriptedServer {
    ScriptedServer::raw([format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat())
}

#[test]
fn fetch_writes_published_bytes_and_sends_no_key() {
    let root = RepositoryCopy::fresh();
    let mut published = next_release();
    published.extend_from_slice(b"\n \n");
    let server = ScriptedServer::serving(&published);

    let mut command = root.command(&["--fetch", &server.url("/openapi.json")]);
    let output = command.env("TWIN_API_KEY", "tw_live_secret").output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read(root.join("openapi.json")).unwrap(), published);
    assert!(root.join("tests/snapshots/probe.snap").exists());
    assert!(stdout(&output).starts_with("openapi.json: "), "{}", stdout(&output));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let head = requests[0].to_ascii_lowercase();
    assert!(head.starts_with("get /openapi.json http/1.1\r\n"), "{head}");
    for absent in ["x-api-key", "tw_live_secret", "authorization", "cookie", "accept-encoding: g"] {
        assert!(!head.contains(absent), "{head}");
    }
}

#[test]
fn check_reports_what_fetch_would_change_and_writes_nothing() {
    let root = RepositoryCopy::fresh();
    let before = root.tree();
    let server = ScriptedServer::serving(&next_release());
    let same = ScriptedServer::serving(&fs::read(root.join("openapi.json")).unwrap());

    let other = root.regen(&["--check", "--fetch", &server.url("/")]);
    let same = root.regen(&["--check", "--fetch", &same.url("/")]);

    assert_eq!(other.status.code(), Some(1), "{}", stderr(&other));
    assert!(stdout(&other).contains("probe.snap (new)"), "{}", stdout(&other));
    let command = format!("stale: run `cargo xtask regen --fetch {}`\n", server.url("/"));
    assert!(stderr(&other).ends_with(&command), "{}", stderr(&other));
    assert_eq!(same.status.code(), Some(0), "{}", stderr(&same));
    assert_eq!(root.tree(), before);
}

#[test]
fn fetch_reads_a_file() {
    let root = RepositoryCopy::fresh();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), next_release()).unwrap();

    let output = root.regen(&["--fetch", file.path().to_str().unwrap()]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read(root.join("openapi.json")).unwrap(), next_release());
}

#[test]
fn fetch_rejects_files_that_are_not_documents() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink("nowhere.json", &link).unwrap();
    assert_refused(folder.path().to_str().unwrap(), "a folder");
    assert_refused(link.to_str().unwrap(), "a symbolic link to a missing file");
    assert_refused("/nowhere/openapi.json", "/nowhere/openapi.json: cannot be opened");
    assert_refused("/dev/zero", "larger than the limit of 16777216 bytes");
    assert_refused("/dev/null", "the document has no bytes");
}

#[test]
fn fetch_recognises_the_web_ui_page() {
    let page = b"<!doctype html><title>Twin</title>";
    let by_type = ScriptedServer::raw(ok("text/html; charset=utf-8", b"Twin"));
    let by_body = ScriptedServer::raw(ok("application/json", page));
    for server in [by_type, by_body] {
        assert_refused(&server.url("/openapi.json"), "use the host build.twin.so");
    }
}

#[test]
fn fetch_rejects_status_other_than_200() {
    for status in ["404 Not Found", "500 Oops", "204 No Content", "304 Not Modified"] {
        let server = response(&format!("{status}\r\ncontent-length: 0"), b"");
        assert_refused(&server.url("/"), &format!("status {}", &status[..3]));
    }
    let partial = response("206 Partial Content\r\ncontent-length: 2", b"{}");
    assert_refused(&partial.url("/"), "status 206");
}

#[test]
fn fetch_rejects_truncated_body() {
    let document = next_release();
    let half = &document[..document.len() / 2];
    let length = document.len();
    let by_length = response(&format!("200 OK\r\ncontent-length: {length}"), half);
    let chunk = [format!("{:x}\r\n", half.len()).as_bytes(), half, b"\r\n"].concat();
    let by_chunk = response("200 OK\r\ntransfer-encoding: chunked", &chunk);
    // Valid HTTP; only the JSON is incomplete.
    let by_close = response("200 OK\r\nconnection: close", half);
    for server in [by_length, by_chunk, by_close] {
        assert_refused(&server.url("/"), "truncated");
    }
}

#[test]
fn fetch_rejects_endless_body_in_bounded_memory() {
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let server = ScriptedServer::scripted(move |stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
        let chunk = [&b"1000\r\n"[..], &[b' '; 0x1000], b"\r\n"].concat();
        loop {
            stream.write_all(&chunk)?;
            count.fetch_add(0x1000, Ordering::SeqCst);
        }
    });
    let root = RepositoryCopy::new();
    let before = root.tree();

    let mut shell = Command::new("sh");
    shell.arg("-c").arg(r#"ulimit -v 400000; exec "$0" "$@""#).arg(env!("CARGO_BIN_EXE_xtask"));
    shell.arg("regen").arg("--root").arg(root.path()).arg("--fetch").arg(server.url("/"));
    let output = shell.output().unwrap();

    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("larger than the limit of 16777216 bytes"),
        "{}",
        stderr(&output)
    );
    assert_eq!(root.tree(), before);
    drop(server);
    assert!(sent.load(Ordering::SeqCst) < 32 << 20, "fetch read the body beyond its limit");
}

#[test]
fn fetch_rejects_content_length_over_limit_without_reading() {
    let server = response("200 OK\r\ncontent-length: 17825792", b"");
    assert_refused(&server.url("/"), "larger than the limit of 16777216 bytes");
}

#[test]
fn fetch_rejects_compressed_body() {
    let server = response("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2", b"\x1f\x8b");
    assert_refused(&server.url("/"), "content-encoding gzip");
}

#[test]
fn fetch_rejects_other_versions_and_other_json() {
    let cases: [(Vec<u8>, &str); 4] = [
        (br#"{"swagger": "2.0", "paths": {}}"#.to_vec(), "#/swagger: version \"2.0\""),
        (edited(|document| document["openapi"] = "3.2.0".into()), "3.2.0"),
        (b"[]".to_vec(), "not an OpenAPI document"),
        (br#"{"message": "not found"}"#.to_vec(), "no member `openapi`"),
    ];
    for (body, expected) in cases {
        assert_refused(&ScriptedServer::serving(&body).url("/"), expected);
    }
}

#[test]
fn fetch_rejects_and_keeps_document_that_does_not_generate() {
    let moved_me = edited(|document| {
        let me = document["paths"].as_object_mut().unwrap().remove("/v1/me").unwrap();
        document["paths"]["/me"] = me;
    });
    let root = RepositoryCopy::new();
    let before = root.tree();
    let server = ScriptedServer::serving(&moved_me);

    let output = root.regen(&["--fetch", &server.url("/")]);

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no client can be generated"), "{said}");
    assert!(said.contains("  1. identify: "), "{said}");
    let kept = root.join("target/regen/refused-openapi.json");
    assert!(said.contains(&format!("the document is kept in {}", kept.display())), "{said}");
    assert_eq!(fs::read(kept).unwrap(), moved_me);
    assert_eq!(root.repository_tree(), before);
}

#[test]
fn fetch_does_not_follow_redirect_to_another_origin() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let location = format!("http://{}/openapi.json", other.local_addr().unwrap());
    let server = response(&format!("302 Found\r\nlocation: {location}\r\ncontent-length: 0"), b"");

    assert_refused(&server.url("/"), "redirected to http://127.0.0.1:");

    assert_eq!(other.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn fetch_follows_at_most_5_redirects_within_the_origin() {
    let body = ok("application/json", &next_release());
    let once = ScriptedServer::scripted(move |stream, number| match number {
        0 => stream.write_all(b"HTTP/1.1 301 M\r\nlocation: v2?a=1\r\ncontent-length: 0\r\n\r\n"),
        _ => stream.write_all(&body),
    });
    let root = RepositoryCopy::new();
    let output = root.regen(&["--fetch", &once.url("/a/b#fragment")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines: Vec<_> =
        once.requests().iter().map(|r| r.lines().next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["GET /a/b HTTP/1.1", "GET /a/v2?a=1 HTTP/1.1"]);

    let always = response("307 T\r\nlocation: /\r\ncontent-length: 0", b"");
    assert_refused(&always.url("/"), "redirected more than 5 times");
    assert_eq!(always.requests().len(), 6);

    let nowhere = response("302 Found\r\ncontent-length: 0", b"");
    assert_refused(&nowhere.url("/"), "without a valid location");
}

#[test]
fn fetch_rejects_unsafe_url_before_sending() {
    // Neither name resolves, so a DNS lookup would cause another error.
    assert_refused("http://example.invalid/openapi.json", "use https, or http to loopback");
    let said = refused("https://me:hunter2@example.invalid/openapi.json");
    assert!(said.contains("user name or password") && !said.contains("hunter2"), "{said}");
}

#[test]
fn fetch_from_loopback_bypasses_the_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let server = ScriptedServer::serving(&next_release());
    let root = RepositoryCopy::new();
    let mut command = root.command(&["--fetch", &server.url("/")]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &address);
    }

    let output: Output = command.output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(proxy.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn fetch_of_trickled_body_ends_at_the_timeout() {
    let server = ScriptedServer::scripted(|stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        loop {
            stream.write_all(b" ")?;
            if has_hung_up(stream)? {
                return Ok(());
            }
        }
    });
    let source = DocumentSource::parse(&server.url("/")).unwrap();
    let limits = FetchLimits { timeout: Duration::from_millis(200), ..FetchLimits::default() };
    let start = Instant::now();

    let error = fetch(&source, limits).unwrap_err();

    assert!(format!("{error:#}").contains("no complete response within 200ms"), "{error:#}");
    assert!(start.elapsed() < Duration::from_secs(5), "fetch took longer than its timeout");
}

/// Waits for the client to close, up to the stream's read timeout.
fn has_hung_up(stream: &mut TcpStream) -> io::Result<bool> {
    match stream.read(&mut [0]) {
        Ok(read) => Ok(read == 0),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[test]
fn fetch_from_silent_server_ends_at_the_timeout() {
    let server = ScriptedServer::scripted(|stream, _| stream.read(&mut [0]).map(drop));
    let source = DocumentSource::parse(&server.url("/")).unwrap();
    let limits = FetchLimits { timeout: Duration::from_millis(200), ..FetchLimits::default() };

    let error = fetch(&source, limits).unwrap_err();

    assert!(format!("{error:#}").contains("no complete response within 200ms"), "{error:#}");
}

#[test]
fn fetch_over_https_rejects_unknown_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/openapi.json", listener.local_addr().unwrap());
    let first_byte = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        byte[0]
    });

    refused(&url);

    assert_eq!(first_byte.join().unwrap(), 0x16, "the first byte is not a TLS handshake record");
}
