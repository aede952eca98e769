//! Responses over the size limit use at most 8 MiB more memory than the limit.
//!
//! The allocations of this thread are counted. It runs the client; another thread runs the server.

use std::sync::mpsc;

use twin_api::Client;
use twin_ext::clock::ManualClock;
use twin_ext::{ClientBuilder, Error, ErrorKind, Outcome, Retry};
use twin_tests::raw::{Raw, Script};

use crate::harness::KEY;
use crate::operations::SampleOperation;

const MAX_OVERHEAD: u64 = 8 << 20;
const HEAD: &str = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n";

/// Runs a server on its own thread while `work` runs with the server's URL.
fn with_server_thread<T>(script: Script, work: impl FnOnce(&str) -> T) -> T {
    let (sender, receiver) = mpsc::channel();
    let (done, wait) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let raw = Raw::start().await.expect("a free port");
            raw.always(script);
            sender.send(raw.url()).expect("the test waits for the URL");
            let _ = wait.await;
            raw.take_requests().len()
        })
    });
    let result = work(&receiver.recv().expect("the server started"));
    drop(done);
    server.join().expect("the server thread ends");
    result
}

/// Returns the result of a call and the peak of allocated memory in bytes.
fn call_and_peak_memory(
    operation: &SampleOperation,
    url: &str,
    bound: usize,
) -> (Result<String, Error>, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let twin: Client = ClientBuilder::new(KEY)
        .base_url(url)
        .clock(ManualClock::new(1))
        .retry(Retry::default())
        .max_response_bytes(bound)
        .build()
        .expect("the settings are valid");
    let mut result = None;
    let memory = allocation_counter::measure(|| {
        result = Some(runtime.block_on(operation.call(&twin)));
    });
    (result.expect("the call ran"), memory.bytes_max)
}

/// Asserts that a GET and a POST fail with `TooLarge` after one request, within bounded memory.
fn expect_too_large(script: &Script, bound: usize) {
    for operation in ["get_me", "start_run"].map(SampleOperation::of) {
        let (result, memory) =
            with_server_thread(script.clone(), |url| call_and_peak_memory(operation, url, bound));
        let error = result.expect_err("the body is too large");
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLarge, Outcome::Accepted));
        assert_eq!(
            (error.attempts(), error.status().map(|status| status.as_u16())),
            (1, Some(200))
        );
        assert!(!error.is_retryable() && error.to_string().contains(&bound.to_string()), "{error}");
        assert!(memory < bound as u64 + MAX_OVERHEAD, "{memory} bytes");
    }
}

#[test]
fn declared_length_over_the_limit_is_not_read() {
    for length in [(1 << 20) + 1, usize::MAX >> 1] {
        let head = format!("{HEAD}content-length: {length}\r\n\r\n");
        expect_too_large(&Script::new().send(head).flood(vec![b' '; 64 << 10]), 1 << 20);
    }
}

#[test]
fn content_length_sizes_no_allocation_without_a_limit() {
    // The body comes in two pieces: a single piece would not be copied.
    let head = format!("{HEAD}content-length: {}\r\n\r\n{{", i64::MAX);
    let script = Script::new().send(head).send("\"user_id\": ").close();
    for operation in ["get_me", "start_run"].map(SampleOperation::of) {
        let (result, memory) = with_server_thread(script.clone(), |url| {
            call_and_peak_memory(operation, url, usize::MAX)
        });
        let error = result.expect_err("the body is truncated");
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Accepted));
        assert!(memory < MAX_OVERHEAD, "{memory} bytes");
        let raw = with_server_thread(script.clone(), |url| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let twin = twin_api::connect(url, KEY).expect("the URL is valid");
            runtime.expect("a runtime").block_on(operation.call(&twin))
        });
        assert_eq!(raw.expect_err("the body is truncated").outcome(), Outcome::Accepted);
    }
}

#[test]
fn endless_body_is_read_up_to_the_limit() {
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(64 << 10));
    for bound in [1 << 20, 32 << 20] {
        let chunks = Script::new().send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n"));
        expect_too_large(&chunks.flood(chunk.clone()), bound);
        let closing = Script::new().send(format!("{HEAD}\r\n"));
        expect_too_large(&closing.flood(vec![b' '; 64 << 10]), bound);
    }
}

#[test]
fn body_of_exactly_the_limit_is_accepted() {
    let body = format!("{{\"user_id\":\"u\"}}{}", " ".repeat(1_000));
    let script = Script::new().send(format!("{HEAD}content-length: {}\r\n\r\n{body}", body.len()));
    for (bound, fits) in [(body.len(), true), (body.len() - 1, false)] {
        let operation = SampleOperation::of("get_me");
        let (result, _) =
            with_server_thread(script.clone(), |url| call_and_peak_memory(operation, url, bound));
        assert_eq!(result.is_ok(), fits, "{bound}");
    }
}

#[test]
fn gzip_body_is_not_decompressed() {
    use std::io::Write as _;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let plain = vec![b' '; 1 << 20];
    (0..64).for_each(|_| bomb.write_all(&plain).expect("writing to memory succeeds"));
    let bomb = bomb.finish().expect("writing to memory succeeds");
    let head = format!("{HEAD}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
    let script = Script::new().send(head).send(bomb);
    for operation in ["get_me", "start_run"].map(SampleOperation::of) {
        let (result, memory) = with_server_thread(script.clone(), |url| {
            call_and_peak_memory(operation, url, 64 << 20)
        });
        let error = result.expect_err("the body is not JSON");
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Accepted, 1), "{error}");
        assert!(memory < MAX_OVERHEAD, "{memory} bytes");
    }
}

#[test]
fn endless_refusal_body_keeps_its_status() {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(64 << 10));
    for (status, attempts) in [(409, 1), (503, 3)] {
        let head = format!("HTTP/1.1 {status} x\r\ntransfer-encoding: chunked\r\n\r\n");
        let script = Script::new().send(head).flood(chunk.clone());
        let operation = SampleOperation::of("get_me");
        let (result, memory) =
            with_server_thread(script, |url| call_and_peak_memory(operation, url, 64 << 20));
        let error = result.expect_err("the request is refused");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{error}");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Problem, attempts), "{error}");
        assert!(memory < MAX_OVERHEAD, "{memory} bytes");
    }
}

#[test]
fn endless_headers_use_bounded_memory() {
    let scripts = [
        Script::new().send(HEAD).flood("x-a: b\r\n".repeat(1_000)),
        Script::new().send(HEAD).send("x-a: ").flood("b".repeat(4_096)),
        Script::new().flood("x".repeat(4_096)),
        Script::new()
            .send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n1;"))
            .flood("x".repeat(4_096)),
        Script::new()
            .send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n0\r\n"))
            .flood("x-trailer: y\r\n".repeat(100)),
    ];
    for script in scripts {
        let operation = SampleOperation::of("start_run");
        let (result, memory) =
            with_server_thread(script, |url| call_and_peak_memory(operation, url, 64 << 20));
        let error = result.expect_err("the headers are endless");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error}");
        assert!(memory < MAX_OVERHEAD, "{memory} bytes");
    }
}
