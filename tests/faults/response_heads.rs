//! Response heads that never end, are too large, or are not valid HTTP.

use twin_ext::{ErrorKind, Outcome};
use twin_tests::raw::Script;

use crate::harness::{ClientRig, failed_call, seconds};
use crate::operations::SampleOperation;

const OK: &str = "HTTP/1.1 200 x\r\n";
const BODY: &str = "content-length: 15\r\n\r\n{\"user_id\":\"u\"}";

/// Expects that a GET is retried up to the limit and a POST is sent once with outcome `Unknown`.
async fn expect_no_response(script: Script) {
    let rig = ClientRig::new().await;
    let (error, seen) = rig.expect_failure(SampleOperation::of("get_me"), script.clone()).await;
    let expected = failed_call(3, ErrorKind::Transport, Outcome::Unknown);
    assert_eq!(seen, expected.retryable(), "{error}");
    let (error, seen) = rig.expect_failure(SampleOperation::of("start_run"), script).await;
    assert_eq!(seen, failed_call(1, ErrorKind::Transport, Outcome::Unknown), "{error}");
}

#[tokio::test]
async fn over_100_headers_is_an_error() {
    let many = "x-a: b\r\n".repeat(101);
    expect_no_response(Script::new().send(format!("{OK}{many}{BODY}"))).await;
    let rig = ClientRig::new().await;
    let most = "x-a: b\r\n".repeat(99);
    rig.raw.always(Script::new().send(format!("{OK}{most}{BODY}")));
    SampleOperation::of("get_me").call(&rig.twin).await.expect("100 headers are accepted");
}

#[tokio::test]
async fn header_of_one_megabyte_is_an_error() {
    let long = "x".repeat(1 << 20);
    expect_no_response(Script::new().send(format!("{OK}x-long: {long}\r\n{BODY}"))).await;
    expect_no_response(Script::new().send(format!("{OK}{long}: x\r\n{BODY}"))).await;
    expect_no_response(Script::new().send(format!("HTTP/1.1 200 {long}\r\n{BODY}"))).await;
    expect_no_response(Script::new().send(long)).await;
}

#[tokio::test]
async fn endless_headers_are_an_error() {
    expect_no_response(Script::new().send(OK).flood("x-a: b\r\n".repeat(100))).await;
    expect_no_response(Script::new().send(OK).send("x-a: ").flood("b".repeat(4_096))).await;
}

#[tokio::test]
async fn response_that_is_not_http_is_an_error() {
    for bytes in [
        "nonsense\r\n\r\n",
        "HTTP/9.9 200 x\r\n\r\n",
        "HTTP/1.1 2000 x\r\n\r\n",
        "HTTP/1.1 -1 x\r\n\r\n",
        "HTTP/1.1 200 x\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 x\r\nx\0y: z\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{15}\u{3}\u{1}\0\u{2}\u{2}P",
        "\0\0\0\0",
    ] {
        expect_no_response(Script::new().send(bytes).close()).await;
    }
}

#[tokio::test]
async fn informational_responses_are_skipped() {
    let rig = ClientRig::new().await;
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(50);
    let on = "HTTP/1.1 100 Continue\r\n\r\n";
    rig.raw.always(Script::new().send(format!("{on}{early}{OK}{BODY}")));
    SampleOperation::of("get_me")
        .call(&rig.twin)
        .await
        .expect("informational responses are skipped");
    assert_eq!(rig.raw.take_requests().len(), 1);
}

#[tokio::test]
async fn flood_of_informational_responses_ends_at_the_deadline() {
    for (name, attempts) in [("get_me", 3), ("start_run", 1)] {
        let rig = ClientRig::new().await;
        rig.raw.always(Script::new().flood("HTTP/1.1 100 Continue\r\n\r\n".repeat(100)));
        let (operation, twin) = (SampleOperation::of(name), rig.twin.clone());
        let call =
            tokio::spawn(async move { operation.call(&twin).await.expect_err("the call fails") });
        for attempt in 1..=attempts {
            // The client sets the timeout before it sends the request.
            rig.raw.received(attempt as usize).await;
            rig.clock.advance(seconds(30));
        }
        let error = rig.error_of(call, attempts as usize).await;
        let seen = rig.observed(operation, &error);
        let expected = failed_call(attempts, ErrorKind::Timeout, Outcome::Unknown);
        let idempotent = operation.is_idempotent();
        assert_eq!(seen, if idempotent { expected.retryable() } else { expected }, "{error}");
        let time: std::time::Duration = rig.clock.pauses().iter().sum();
        assert_eq!(error.elapsed(), time + seconds(30) * attempts);
    }
}

#[tokio::test]
async fn response_101_is_an_error() {
    let rig = ClientRig::new().await;
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    rig.raw.always(Script::new().send(switch).close());
    let error =
        SampleOperation::of("start_run").call(&rig.twin).await.expect_err("status 101 is an error");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{error}");
    assert_eq!(rig.raw.take_requests().len(), 1);
}
