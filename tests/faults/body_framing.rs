//! Bodies whose `Content-Length` or chunks are too short, too long, invalid or contradictory.

use twin_ext::{ErrorKind, Outcome};
use twin_tests::raw::Script;

use crate::harness::{ClientRig, failed_call};
use crate::operations::SampleOperation;

const BODY: &str = r#"{"user_id":"u"}"#;

/// Builds a response to `get_me` with additional header lines.
fn framed(headers: &str, body: &str) -> Script {
    let head = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n";
    Script::new().send(format!("{head}{headers}\r\n{body}"))
}

#[tokio::test]
async fn retries_get_when_the_body_is_shorter_than_content_length() {
    let rig = ClientRig::new().await;
    for length in [BODY.len() + 1, 4_096, 1 << 20] {
        let script = framed(&format!("content-length: {length}\r\n"), BODY).close();
        let (error, seen) = rig.expect_failure(SampleOperation::of("get_me"), script).await;
        let expected = failed_call(3, ErrorKind::Transport, Outcome::Accepted);
        assert_eq!(seen, expected.status(200).retryable(), "{error}");
        assert!(error.to_string().starts_with("the response ended early"), "{error}");
    }
}

#[tokio::test]
async fn retries_get_when_the_body_is_longer_than_content_length() {
    let rig = ClientRig::new().await;
    for length in 1..BODY.len() {
        let script = framed(&format!("content-length: {length}\r\n"), BODY);
        let (error, seen) = rig.expect_failure(SampleOperation::of("get_me"), script).await;
        let expected = failed_call(3, ErrorKind::Decode, Outcome::Accepted).status(200);
        assert_eq!(seen, expected, "{error}");
    }
    // The excess bytes are not read as the response to the next request.
    rig.raw.always(framed("content-length: 15\r\n", BODY));
    let value =
        SampleOperation::of("get_me").call(&rig.twin).await.expect("the response is complete");
    assert!(value.contains("\"u\""), "{value}");
}

#[tokio::test]
async fn post_is_sent_once_when_content_length_is_wrong() {
    let rig = ClientRig::new().await;
    let operation = SampleOperation::of("start_run");
    let length = operation.body.len();
    for wrong in (1..length).chain([length + 1]) {
        let script = framed(&format!("content-length: {wrong}\r\n"), operation.body).close();
        let (error, seen) = rig.expect_failure(operation, script).await;
        let kind = if wrong > length { ErrorKind::Transport } else { ErrorKind::Decode };
        assert_eq!(seen, failed_call(1, kind, Outcome::Accepted).status(200), "{error}");
    }
}

#[tokio::test]
async fn invalid_or_conflicting_content_lengths_are_errors() {
    let lengths = [
        "content-length: 15\r\ncontent-length: 14\r\n",
        "content-length: 15, 14\r\n",
        "content-length: -1\r\n",
        "content-length: fifteen\r\n",
        "content-length: 99999999999999999999999\r\n",
        "content-length: 0x0f\r\n",
    ];
    for headers in lengths {
        let rig = ClientRig::new().await;
        for (name, sent) in [("get_me", 3), ("create_agent", 1)] {
            rig.raw.always(framed(headers, BODY).close());
            let error = SampleOperation::of(name).call(&rig.twin).await.expect_err(headers);
            assert!(error.outcome().may_have_happened(), "{error}");
            assert!((1..=sent).contains(&rig.raw.take_requests().len()), "{headers}");
        }
    }
}

#[tokio::test]
async fn content_length_beside_chunked_is_read_as_chunked_or_refused() {
    let body = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 15\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 9999\r\n",
    ] {
        let rig = ClientRig::new().await;
        rig.raw.always(framed(headers, &body).close());
        match SampleOperation::of("get_me").call(&rig.twin).await {
            Ok(value) => assert!(value.contains("\"u\""), "{value}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Transport, "{error}"),
        }
        assert!(rig.raw.take_requests().len() <= 3);
    }
}

#[tokio::test]
async fn cut_or_invalid_chunks_are_errors() {
    let whole = format!("{:x}\r\n{BODY}\r\n", BODY.len());
    for body in [
        "f\r\n{\"user_id\"".to_owned(),
        whole.clone(),
        format!("{whole}0\r\n"),
        format!("{whole}z\r\n"),
        format!("{whole}-1\r\n"),
        format!("{BODY}\r\n0\r\n\r\n"),
        format!("ffffffffffffffffff\r\n{BODY}"),
        format!("f{BODY}0\r\n\r\n"),
    ] {
        let rig = ClientRig::new().await;
        let script = framed("transfer-encoding: chunked\r\n", &body).close();
        let (error, seen) = rig.expect_failure(SampleOperation::of("get_me"), script).await;
        let expected = failed_call(3, ErrorKind::Transport, Outcome::Accepted);
        assert_eq!(seen, expected.status(200).retryable(), "{body}: {error}");
    }
}

#[tokio::test]
async fn empty_body_is_accepted_where_no_body_is_documented() {
    for head in ["HTTP/1.1 200 x\r\n\r\n", "HTTP/1.1 204 x\r\n\r\n", "HTTP/1.0 200 x\r\n\r\n"] {
        let rig = ClientRig::new().await;
        rig.raw.always(Script::new().send(head).close());
        SampleOperation::of("delete_agent").call(&rig.twin).await.expect("the request succeeds");
        assert_eq!(rig.raw.take_requests().len(), 1, "{head}");
    }
}
