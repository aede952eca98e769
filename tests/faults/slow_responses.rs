//! Responses that arrive byte by byte end at the attempt timeout and the deadline.

use std::time::Duration;

use tokio::net::TcpSocket;
use twin_ext::{ErrorKind, Outcome, Retry};
use twin_tests::raw::{Raw, Script, Signal};

use crate::harness::{ClientRig, failed_call, seconds};
use crate::operations::SampleOperation;

const HEAD: &str = "HTTP/1.1 201 x\r\ncontent-type: application/json\r\n";

/// More bytes than the buffers between server and client can hold. Once the server has sent them, the
/// client has read some.
const BEYOND_BUFFERS: usize = 24 << 20;

/// Sends the bytes one by one, each after a signal.
fn trickle(script: Script, bytes: &str, sent: &Signal, more: &Signal) -> Script {
    let byte = |script: Script, byte: &u8| script.send(vec![*byte]).notify(sent).wait(more);
    bytes.as_bytes().iter().fold(script, byte)
}

/// Calls an operation whose response arrives one byte a second. Returns the outcome and the
/// elapsed time.
async fn call_with_trickled_response(
    name: &str,
    start: &Script,
    bytes: &str,
    attempts: u32,
) -> (Outcome, Duration) {
    let rig = ClientRig::with(|builder| {
        let retry = Retry::default().max_attempts(9).budget(u32::MAX);
        builder.retry(retry).deadline(seconds(100))
    })
    .await;
    let operation = SampleOperation::of(name);
    let signals: Vec<_> = (0..attempts).map(|_| (Signal::default(), Signal::default())).collect();
    for (sent, more) in &signals {
        rig.raw.then(trickle(start.clone(), bytes, sent, more));
    }
    let twin = rig.twin.clone();
    let call =
        tokio::spawn(
            async move { operation.call(&twin).await.expect_err("the response is too slow") },
        );
    for (attempt, (sent, more)) in signals.iter().enumerate() {
        sent.wait().await;
        let limit = rig.clock.limits()[attempt];
        let steps = limit.as_secs();
        for step in 1..=steps {
            rig.clock.advance(seconds(1));
            if step < steps {
                more.notify();
                sent.wait().await;
            }
        }
        rig.clock.advance(limit.saturating_sub(seconds(steps)));
    }
    let error = rig.error_of(call, attempts as usize).await;
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_timeout());
    assert_eq!((error.attempts(), rig.raw.take_requests().len()), (attempts, attempts as usize));
    assert_eq!(rig.raw.connections(), attempts as usize);
    let limits = rig.clock.limits();
    assert!(limits[..limits.len() - 1].iter().all(|limit| *limit == seconds(30)), "{limits:?}");
    (error.outcome(), error.elapsed())
}

#[tokio::test]
async fn trickled_headers_end_at_attempt_timeout_and_deadline() {
    let bytes = format!("{HEAD}x-long: {}", "x".repeat(100));
    let (outcome, time) = call_with_trickled_response("get_me", &Script::new(), &bytes, 4).await;
    assert_eq!((outcome, time), (Outcome::Unknown, seconds(100)));
    let (outcome, time) = call_with_trickled_response("start_run", &Script::new(), &bytes, 1).await;
    assert_eq!((outcome, time), (Outcome::Unknown, seconds(30)));
}

#[tokio::test]
async fn trickled_body_ends_at_attempt_timeout_and_deadline() {
    let start = Script::new()
        .send(format!("{HEAD}content-length: {}\r\n\r\n", BEYOND_BUFFERS + 1_000))
        .send(vec![b' '; BEYOND_BUFFERS]);
    let (outcome, time) = call_with_trickled_response("get_me", &start, &" ".repeat(100), 4).await;
    assert_eq!((outcome, time), (Outcome::Accepted, seconds(100)));
    let (outcome, time) =
        call_with_trickled_response("create_agent", &start, &" ".repeat(100), 1).await;
    assert_eq!((outcome, time), (Outcome::Accepted, seconds(30)));
}

#[tokio::test]
async fn refusal_with_a_trickled_body_keeps_its_status() {
    // The send buffer is small, so that the client has read almost all that the server has sent.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_send_buffer_size(4 << 10).expect("the buffer size is valid");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let raw = Raw::on(socket.listen(9).expect("the socket listens")).expect("the socket is bound");
    let rig = ClientRig::with_server(raw, |builder| builder);
    let (operation, sent) = (SampleOperation::of("start_run"), Signal::default());
    let head = "HTTP/1.1 409 x\r\ncontent-length: 262000\r\n\r\n".to_owned();
    rig.raw.always(Script::new().send(head + &"x".repeat(250_000)).notify(&sent).hang());
    let twin = rig.twin.clone();
    let call =
        tokio::spawn(
            async move { operation.call(&twin).await.expect_err("the request is refused") },
        );
    sent.wait().await;
    rig.clock.advance(seconds(30));
    let error = rig.error_of(call, 1).await;
    let seen = rig.observed(operation, &error);
    assert_eq!(seen, failed_call(1, ErrorKind::Problem, Outcome::Rejected).status(409), "{error}");
    assert!(error.to_string().contains("the response ended"), "{error}");
    assert_eq!(error.elapsed(), seconds(30));
}
