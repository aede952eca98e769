//! No connection, or a connection that ends before, during or after sending a request.

use std::time::Duration;

use twin_ext::clock::ManualClock;
use twin_ext::{CallOptions, ClientBuilder, ClientExt as _, Error, ErrorKind, Outcome, Retry};
use twin_tests::raw::{Raw, Script, Signal};

use crate::harness::{ClientRig, FIRST_BACKOFF, KEY, failed_call, seconds, until};
use crate::operations::{OPERATIONS, SampleOperation, idempotent, non_idempotent};

type Configure = fn(ClientBuilder) -> ClientBuilder;

/// Returns the URL of a loopback port without a listener.
async fn url_of_closed_port() -> String {
    Raw::start().await.expect("a free port").url()
}

/// Calls an operation of an unreachable service and returns the error.
async fn unreachable_error(operation: &SampleOperation, builder: ClientBuilder) -> Error {
    let clock = ManualClock::new(1);
    let twin = builder.clock(clock.clone()).build().expect("the settings are valid");
    let error = operation.call(&twin).await.expect_err("no server listens");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotSent));
    assert_eq!((error.status(), error.last_status(), error.attempts()), (None, None, 3));
    assert!(error.is_retryable() && !error.is_timeout(), "{error}");
    let pauses = clock.pauses();
    assert!(
        pauses.len() == 2 && pauses[0] < FIRST_BACKOFF && pauses[1] < FIRST_BACKOFF * 2,
        "{pauses:?}"
    );
    assert_eq!(error.elapsed(), pauses.iter().sum::<Duration>());
    error
}

#[tokio::test]
async fn retries_every_operation_after_a_refused_connection() {
    let url = url_of_closed_port().await;
    for operation in OPERATIONS {
        let error = unreachable_error(operation, ClientBuilder::new(KEY).base_url(&url)).await;
        let said = format!("no connection to {}: connection refused (", &url["http://".len()..]);
        assert!(error.to_string().starts_with(&said), "{error}");
    }
}

#[tokio::test]
async fn retries_every_operation_after_an_unknown_host() {
    let builder = || ClientBuilder::new(KEY).no_proxy();
    for url in ["https://twin.invalid", "http://twin.invalid:4010"] {
        for name in ["get_me", "start_run"] {
            let builder = builder().base_url(url).allow_plain_http();
            let error = unreachable_error(SampleOperation::of(name), builder).await;
            let host = &url[url.find("twin").expect("the URL names the host")..];
            let said = format!("no connection to {host}: the host name cannot be resolved");
            assert!(error.to_string().starts_with(&said), "{error}");
        }
    }
}

#[tokio::test]
async fn connection_closed_before_the_request_is_read_leaves_the_outcome_unknown() {
    for end in [Script::reset, Script::close] {
        for operation in ["get_me", "start_run", "create_api_key"].map(SampleOperation::of) {
            let rig = ClientRig::new().await;
            let sent = if operation.is_idempotent() { 3 } else { 1 };
            (0..sent).for_each(|_| rig.raw.on_connect(end(Script::new())));
            let (_, seen) = rig.expect_failure(operation, operation.answer()).await;
            let mut expected = failed_call(sent, ErrorKind::Transport, Outcome::Unknown);
            expected.retryable = operation.is_idempotent();
            expected.sent = 0;
            assert_eq!(seen, expected, "{}", operation.name);
            assert_eq!(rig.raw.connections(), sent as usize, "{}", operation.name);
        }
    }
}

#[tokio::test]
async fn connection_reset_while_the_request_is_sent_leaves_the_outcome_unknown() {
    for bytes in [1, 40, 120] {
        for operation in ["get_me", "start_run"].map(SampleOperation::of) {
            let rig = ClientRig::new().await;
            let sent = if operation.is_idempotent() { 3 } else { 1 };
            (0..sent).for_each(|_| rig.raw.on_connect(Script::new().take(bytes).reset()));
            let (_, seen) = rig.expect_failure(operation, operation.answer()).await;
            assert_eq!((seen.sent, seen.attempts, seen.outcome), (0, sent, Outcome::Unknown));
            assert_eq!(rig.raw.connections(), sent as usize, "{}", operation.name);
        }
    }
}

#[tokio::test]
async fn post_is_not_retried_once_the_server_has_read_it() {
    for end in [Script::reset, Script::close] {
        let rig = ClientRig::new().await;
        for operation in non_idempotent() {
            let (error, seen) = rig.expect_failure(operation, end(Script::new())).await;
            assert_eq!(seen, failed_call(1, ErrorKind::Transport, Outcome::Unknown), "{error}");
            assert!(error.to_string().starts_with("the connection was lost before the response"));
        }
    }
}

#[tokio::test]
async fn retries_stop_at_max_attempts() {
    for end in [Script::reset, Script::close] {
        let rig = ClientRig::new().await;
        for operation in idempotent() {
            let (error, seen) = rig.expect_failure(operation, end(Script::new())).await;
            let expected = failed_call(3, ErrorKind::Transport, Outcome::Unknown).retryable();
            assert_eq!(seen, expected, "{error}");
        }
    }
}

#[tokio::test]
async fn get_succeeds_on_the_attempt_after_a_reset() {
    let rig = ClientRig::new().await;
    for operation in idempotent() {
        rig.raw.then(Script::new().reset());
        rig.raw.always(operation.answer());
        operation.call(&rig.twin).await.expect(operation.name);
        assert_eq!(rig.raw.take_requests().len(), 2, "{}", operation.name);
    }
}

#[tokio::test]
async fn stale_pooled_connection_costs_no_attempt() {
    let (rig, gone) = (ClientRig::new().await, Signal::default());
    let me = SampleOperation::of("get_me");
    for operation in non_idempotent() {
        // The connection ends right after these bytes, before the client reads the response.
        rig.raw.then(me.answer().close().notify(&gone));
        me.call(&rig.twin).await.expect("the response is complete");
        rig.raw.take_requests();
        rig.raw.always(operation.answer());
        match operation.call(&rig.twin).await {
            Ok(_) => {}
            // The request was sent on the ending connection: the outcome is unknown, so it is not
            // retried.
            Err(error) => assert_eq!(error.outcome(), Outcome::Unknown, "{error}"),
        }
        assert!(rig.raw.take_requests().len() <= 1, "{}", operation.name);
    }
    assert!(rig.clock.pauses().is_empty());
}

#[tokio::test]
async fn unsolicited_response_is_not_given_to_the_next_request() {
    let operation = SampleOperation::of("get_me");
    let forged = "HTTP/1.1 200 x\r\ncontent-length: 20\r\n\r\n{\"user_id\":\"forged\"}";
    for _ in 0..20 {
        let rig = ClientRig::new().await;
        let answer = "HTTP/1.1 200 x\r\ncontent-length: 15\r\n\r\n{\"user_id\":\"u\"}";
        rig.raw.then(Script::new().send([answer, forged].concat()));
        rig.raw.always(operation.answer());
        for _ in 0..3 {
            let value = operation.call(&rig.twin).await.expect("the call gets its own response");
            assert!(!value.contains("forged"), "{value}");
        }
    }
}

#[tokio::test]
async fn connect_timeout_is_reported_as_not_sent() {
    // A listener with a full queue accepts no connection; these connections fill it.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let listener = socket.listen(1).expect("the socket listens");
    let address = listener.local_addr().expect("the socket is bound");
    let mut queue = Vec::new();
    loop {
        let connecting = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(seconds(1), connecting).await {
            Ok(stream) => queue.push(stream.expect("the connection succeeds")),
            Err(_) => break,
        }
    }
    let builder = || ClientBuilder::new(KEY).base_url(format!("http://{address}"));
    // The connect timeout ends each attempt.
    let clock = ManualClock::new(1);
    let short = Duration::from_millis(50);
    let twin = builder().clock(clock.clone()).connect_timeout(short).build();
    let twin = twin.expect("the settings are valid");
    let error = SampleOperation::of("start_run")
        .call(&twin)
        .await
        .expect_err("the server does not respond");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent));
    assert_eq!((error.attempts(), clock.pauses().len()), (3, 2));
    assert!(error.is_timeout() && error.is_retryable(), "{error}");

    // The attempt timeout or the deadline passes before the connect timeout.
    let long: Configure = |builder| builder.connect_timeout(seconds(900));
    let long_in_http: Configure = |builder| builder.http(|http| http.connect_timeout(seconds(900)));
    for (settings, attempt, deadline) in [
        (long, 5, 600),
        (long, 600, 5),
        (long_in_http, 60, 600),
        (|builder| builder, 5, 600),
        (|builder| builder, 600, 5),
    ] {
        let clock = ManualClock::new(1);
        let builder = settings(builder().clock(clock.clone())).retry(Retry::none());
        let options =
            CallOptions::new().attempt_timeout(seconds(attempt)).deadline(seconds(deadline));
        let twin = builder.build().expect("the settings are valid").with(options);
        let call = tokio::spawn(async move {
            SampleOperation::of("start_run")
                .call(&twin)
                .await
                .expect_err("the server does not respond")
        });
        until("the call has begun to connect", || !clock.limits().is_empty()).await;
        // The client starts to connect in the poll that sets the limit.
        tokio::task::yield_now().await;
        clock.advance(seconds(attempt.min(deadline)));
        let error = call.await.expect("no call panics");
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent));
        assert!(error.to_string().contains("no connection to 127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn timeout_after_connecting_is_reported_as_unknown() {
    let rig =
        ClientRig::with(|builder| builder.connect_timeout(seconds(900)).retry(Retry::none())).await;
    let (raw, twin) = (&rig.raw, rig.twin.clone());
    raw.always(Script::new().wait(&Signal::default()));
    let call = tokio::spawn(async move {
        SampleOperation::of("start_run").call(&twin).await.expect_err("the server does not respond")
    });
    raw.received(1).await;
    rig.clock.advance(seconds(30));
    let error = call.await.expect("no call panics");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
}

#[tokio::test]
async fn request_whose_connection_is_watched_is_sent_like_any_other() {
    let usual = ClientRig::new().await;
    let watched = ClientRig::with(|builder| builder.connect_timeout(seconds(900))).await;
    for operation in OPERATIONS {
        let mut sent = Vec::new();
        for rig in [&usual, &watched] {
            rig.raw.always(operation.answer());
            operation.call(&rig.twin).await.expect(operation.name);
            let port = rig.raw.address().port().to_string();
            sent.extend(rig.raw.take_requests().iter().map(|it| it.text().replace(&port, "")));
        }
        assert_eq!(sent[0], sent[1], "{}", operation.name);
    }
}
