//! Response heads that never end, are too large, or are not HTTP.

use twin_ext::{ErrorKind, Outcome};
use twin_tests::raw::Script;

use crate::operations::Operation;
use crate::rig::{Rig, seconds, verdict};

const OK: &str = "HTTP/1.1 200 x\r\n";
const BODY: &str = "content-length: 15\r\n\r\n{\"user_id\":\"u\"}";

/// Expects that a GET is retried up to the limit and a POST is sent once with outcome `Unknown`.
async fn no_answer(script: Script) {
    let rig = Rig::new().await;
    let (error, seen) = rig.fails(Operation::of("get_me"), script.clone()).await;
    let expected = verdict(3, ErrorKind::Transport, Outcome::Unknown);
    assert_eq!(seen, expected.retryable(), "{error}");
    let (error, seen) = rig.fails(Operation::of("start_run"), script).await;
    assert_eq!(seen, verdict(1, ErrorKind::Transport, Outcome::Unknown), "{error}");
}

#[tokio::test]
async fn over_100_headers_is_an_error() {
    let many = "x-a: b\r\n".repeat(101);
    no_answer(Script::new().send(format!("{OK}{many}{BODY}"))).await;
    let rig = Rig::new().await;
    let most = "x-a: b\r\n".repeat(99);
    rig.raw.always(Script::new().send(format!("{OK}{most}{BODY}")));
    Operation::of("get_me").call(&rig.twin).await.expect("100 headers are accepted");
}

#[tokio::test]
async fn header_of_one_megabyte_is_an_error() {
    let long = "x".repeat(1 << 20);
    no_answer(Script::new().send(format!("{OK}x-long: {long}\r\n{BODY}"))).await;
    no_answer(Script::new().send(format!("{OK}{long}: x\r\n{BODY}"))).await;
    no_answer(Script::new().send(format!("HTTP/1.1 200 {long}\r\n{BODY}"))).await;
    no_answer(Script::new().send(long)).await;
}

#[tokio::test]
async fn endless_headers_are_an_error() {
    no_answer(Script::new().send(OK).flood("x-a: b\r\n".repeat(100))).await;
    no_answer(Script::new().send(OK).send("x-a: ").flood("b".repeat(4_096))).await;
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
        no_answer(Script::new().send(bytes).close()).await;
    }
}

#[tokio::test]
async fn informational_responses_are_skipped() {
    let rig = Rig::new().await;
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(50);
    let on = "HTTP/1.1 100 Continue\r\n\r\n";
    rig.raw.always(Script::new().send(format!("{on}{early}{OK}{BODY}")));
    Operation::of("get_me").call(&rig.twin).await.expect("informational responses are skipped");
    assert_eq!(rig.raw.take_requests().len(), 1);
}

#[tokio::test]
async fn flood_of_informational_responses_ends_at_the_deadline() {
    for (name, attempts) in [("get_me", 3), ("start_run", 1)] {
        let rig = Rig::new().await;
        rig.raw.always(Script::new().flood("HTTP/1.1 100 Continue\r\n\r\n".repeat(100)));
        let (operation, twin) = (Operation::of(name), rig.twin.clone());
        let call =
            tokio::spawn(async move { operation.call(&twin).await.expect_err("the call fails") });
        for attempt in 1..=attempts {
            // The deadline was set before the request was sent.
            rig.raw.received(attempt as usize).await;
            rig.clock.advance(seconds(30));
        }
        let error = rig.ends(call, attempts as usize).await;
        let seen = rig.verdict(operation, &error);
        let expected = verdict(attempts, ErrorKind::Timeout, Outcome::Unknown);
        let repeatable = operation.is_repeatable();
        assert_eq!(seen, if repeatable { expected.retryable() } else { expected }, "{error}");
        let time: std::time::Duration = rig.clock.pauses().iter().sum();
        assert_eq!(error.elapsed(), time + seconds(30) * attempts);
    }
}

#[tokio::test]
async fn response_101_is_an_error() {
    let rig = Rig::new().await;
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    rig.raw.always(Script::new().send(switch).close());
    let error =
        Operation::of("start_run").call(&rig.twin).await.expect_err("status 101 is an error");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{error}");
    assert_eq!(rig.raw.take_requests().len(), 1);
}
