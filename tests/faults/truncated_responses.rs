//! Responses that end, or whose connection is reset, after each of their bytes.
//!
//! The caller gets the complete value or an error, never a part. An idempotent request is retried up
//! to the limit. Any other request is sent once, and the error says whether it was accepted.

use twin_ext::{Error, ErrorKind, Outcome};
use twin_tests::raw::Script;

use crate::harness::{ClientRig, failed_call};
use crate::operations::SampleOperation;

/// Ten operations: five that are retried, and five that are not.
const TEN_OPERATIONS: [&str; 10] = [
    "get_me",
    "list_agents",
    "list_run_events",
    "set_schedule",
    "delete_agent",
    "start_run",
    "create_agent",
    "create_webhook",
    "create_api_key",
    "create_workspace",
];

const FOUR_OPERATIONS: [&str; 4] = ["list_agents", "set_schedule", "start_run", "create_webhook"];

/// How a response marks its end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Framing {
    Length,
    Chunks,
    /// The end of the connection ends the body.
    Closing,
}

struct CompleteResponse {
    bytes: Vec<u8>,
    head_length: usize,
}

fn complete(operation: &SampleOperation, framing: Framing) -> CompleteResponse {
    let SampleOperation { status, body, .. } = operation;
    let (half, rest) = body.split_at(body.len() / 2);
    let (header, body) = match framing {
        _ if *status == 204 => (String::new(), String::new()),
        Framing::Length => (format!("content-length: {}\r\n", body.len()), (*body).to_owned()),
        Framing::Chunks => (
            "transfer-encoding: chunked\r\n".to_owned(),
            format!("{:x}\r\n{half}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", half.len(), rest.len()),
        ),
        Framing::Closing => (String::new(), (*body).to_owned()),
    };
    let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n{header}\r\n");
    CompleteResponse { head_length: head.len(), bytes: (head + &body).into_bytes() }
}

/// Cuts the responses of these operations after each byte, on every attempt. `end` closes or resets
/// the connection.
async fn cut_at_every_byte(operations: &[&str], framing: Framing, end: fn(Script) -> Script) {
    for operation in operations.iter().map(|name| SampleOperation::of(name)) {
        let rig = ClientRig::new().await;
        rig.raw.then(operation.answer());
        let value = operation.call(&rig.twin).await.expect("the response is complete");
        rig.raw.take_requests();
        let complete = complete(operation, framing);
        for length in 0..complete.bytes.len() {
            let cut = end(Script::new().send(complete.bytes[..length].to_vec()));
            let (error, seen) = rig.expect_failure(operation, cut).await;
            let sent = if operation.is_idempotent() { 3 } else { 1 };
            let answered = length >= complete.head_length;
            let outcome = if answered { Outcome::Accepted } else { Outcome::Unknown };
            // Without a length, only decoding finds that the body is incomplete.
            let kind = match framing {
                Framing::Closing if answered && length == complete.head_length => {
                    ErrorKind::NotTheApi
                }
                Framing::Closing if answered => ErrorKind::Decode,
                _ => ErrorKind::Transport,
            };
            let mut expected = failed_call(sent, kind, outcome);
            expected.status = answered.then_some(operation.status);
            expected.retryable = kind == ErrorKind::Transport && operation.is_idempotent();
            assert_eq!(seen, expected, "{} cut after {length}: {error}", operation.name);
        }
        rig.raw.always(end(Script::new().send(complete.bytes)));
        assert_eq!(operation.call(&rig.twin).await.expect("the response is complete"), value);
        assert_eq!(rig.raw.take_requests().len(), 1);
    }
}

#[tokio::test]
async fn content_length_body_closed_at_any_byte_is_never_partial() {
    cut_at_every_byte(&TEN_OPERATIONS, Framing::Length, Script::close).await;
}

#[tokio::test]
async fn content_length_body_reset_at_any_byte_is_never_partial() {
    cut_at_every_byte(&FOUR_OPERATIONS, Framing::Length, Script::reset).await;
}

#[tokio::test]
async fn chunked_body_closed_at_any_byte_is_never_partial() {
    cut_at_every_byte(&FOUR_OPERATIONS, Framing::Chunks, Script::close).await;
}

#[tokio::test]
async fn close_delimited_body_closed_at_any_byte_is_never_partial() {
    cut_at_every_byte(&FOUR_OPERATIONS, Framing::Closing, Script::close).await;
}

#[tokio::test]
async fn retry_after_a_cut_body_returns_the_whole_value() {
    for framing in [Framing::Length, Framing::Chunks, Framing::Closing] {
        let rig = ClientRig::new().await;
        let operation = SampleOperation::of("get_agent");
        rig.raw.then(operation.answer());
        let value = operation.call(&rig.twin).await.expect("the response is complete");
        let bytes = complete(operation, framing).bytes;
        for length in 0..bytes.len() {
            rig.raw.take_requests();
            let pauses = rig.clock.pauses().len();
            rig.raw.then(Script::new().send(bytes[..length].to_vec()).close());
            rig.raw.then(Script::new().send(bytes.clone()).close());
            assert_eq!(
                operation.call(&rig.twin).await.expect("the second response is complete"),
                value
            );
            assert_eq!(rig.raw.take_requests().len(), 2, "{framing:?} {length}");
            assert_eq!(rig.clock.pauses().len(), pauses + 1);
        }
    }
}

#[tokio::test]
async fn response_in_many_segments_is_one_value() {
    for framing in [Framing::Length, Framing::Chunks, Framing::Closing] {
        let rig = ClientRig::new().await;
        let operation = SampleOperation::of("create_webhook");
        let bytes = complete(operation, framing).bytes;
        let pieces = bytes.iter().fold(Script::new(), |script, byte| script.send(vec![*byte]));
        rig.raw.then(pieces.close());
        let value: Result<String, Error> = operation.call(&rig.twin).await;
        assert!(value.expect("the response is complete").contains("webhook_id: \"w\""));
        assert_eq!(rig.raw.take_requests().len(), 1);
    }
}
