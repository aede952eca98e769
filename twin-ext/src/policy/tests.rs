//! Tests calls against a server on loopback. The clock moves only when the test moves it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use twin_api::transport::{Failure, OperationInfo, PendingResponse, Transport};
use twin_api::types::{RunMode, StartRunBody};
use twin_api::{Client, ResponseValue, reqwest, types};

use crate::clock::ManualClock;
use crate::testing::{KEY, Service, json, response};
use crate::{ClientBuilder, Error, ErrorKind, Outcome, Retry};

const ME: &str = r#"{"user_id": "u"}"#;

async fn get_me(twin: &Client) -> Result<ResponseValue<types::GetMeResponse>, Error> {
    Ok(twin.get_me().send().await?)
}

async fn start_run(twin: &Client) -> Error {
    let body = StartRunBody::builder().run_mode(RunMode::Run);
    twin.start_run().agent_id("agent_abc123").body(body).send().await.unwrap_err().into()
}

/// Returns whether a pause is the requested time plus at most a tenth.
fn is_lengthened(pause: Duration, asked: Duration) -> bool {
    (asked..=asked.mul_f64(1.1)).contains(&pause)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn retries_get_after_transient_failures() {
    let torn =
        "HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"user";
    let cut = "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{\"user_";
    let half = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n{\"user_id\": ";
    let grpc = response(200, "content-type: application/grpc\r\ngrpc-status: 14\r\n", "");
    for first in ["", torn, cut, half, "nonsense\r\n\r\n", &grpc, &json(408, ""), &json(500, "{}")]
    {
        let service = Service::start([first, &json(200, ME)]).await;
        let (twin, clock) = service.client();
        assert_eq!(get_me(&twin).await.expect(first).user_id, "u", "{first}");
        assert_eq!(service.requests(), ["GET /v1/me HTTP/1.1"; 2], "{first}");
        let pauses = clock.pauses();
        assert!(pauses.len() == 1 && pauses[0] < Duration::from_millis(500), "{pauses:?}");
    }
}

#[tokio::test]
async fn error_reports_all_attempts_after_the_last_one() {
    let service =
        Service::start([json(500, "{}"), String::new(), json(503, r#"{"detail": "busy"}"#)]);
    let service = service.await;
    let (twin, clock) = service.client();
    let error = get_me(&twin).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Problem);
    assert_eq!((error.attempts(), service.requests().len()), (3, 3));
    assert_eq!(error.elapsed(), clock.pauses().iter().sum::<Duration>());
    assert_eq!(error.problem().unwrap().detail.as_deref(), Some("busy"));
    assert_eq!((error.operation(), error.path()), (Some("get_me"), Some("/v1/me")));
    assert!(error.is_retryable() && !error.headers().contains_key("x-twin-client-context"));
    assert!(error.to_string().starts_with("503 Service Unavailable: busy (GET /v1/me, after 3"));
}

#[tokio::test]
async fn post_is_not_retried_and_reports_its_outcome() {
    let wait = "retry-after: 121\r\n";
    let cases = [
        (String::new(), ErrorKind::Transport, Outcome::Unknown),
        (json(500, "{}"), ErrorKind::Problem, Outcome::Unknown),
        (json(503, "{}"), ErrorKind::Problem, Outcome::Unknown),
        (response(503, wait, "{}"), ErrorKind::Problem, Outcome::Rejected),
        (response(503, "retry-after: -1\r\n", "{}"), ErrorKind::Problem, Outcome::Unknown),
        (json(429, "{}"), ErrorKind::Problem, Outcome::Rejected),
        (json(403, "{}"), ErrorKind::Problem, Outcome::Rejected),
        (json(200, "{}"), ErrorKind::Decode, Outcome::Accepted),
        (response(200, "", "<html>"), ErrorKind::NotTheApi, Outcome::Accepted),
        (response(302, "location: /\r\n", ""), ErrorKind::NotTheApi, Outcome::Rejected),
        (json(201, "{").replace("th: 1", "th: 9"), ErrorKind::Transport, Outcome::Accepted),
    ];
    for (response, kind, outcome) in cases {
        let service = Service::start([response.clone()]).await;
        let (twin, clock) = service.client();
        let error = start_run(&twin).await;
        assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{response}");
        assert_eq!((service.requests().len(), clock.pauses().len()), (1, 0), "{response}");
        assert_eq!(error.path(), Some("/v1/agents/agent_abc123/runs"), "{response}");
    }
}

#[tokio::test]
async fn post_is_retried_after_429_or_503_with_retry_after() {
    for status in [429, 503] {
        let service =
            Service::start([response(status, "retry-after: 2\r\n", ""), json(403, "")]).await;
        let (twin, clock) = service.client();
        assert!(start_run(&twin).await.is_forbidden());
        assert_eq!((service.requests().len(), clock.pauses().len()), (2, 1));
        assert!(is_lengthened(clock.pauses()[0], seconds(2)), "{:?}", clock.pauses());
    }
}

#[tokio::test]
async fn post_is_retried_after_a_refused_connection() {
    let url = {
        let free = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        format!("http://{}", free.local_addr().unwrap())
    };
    let clock = ManualClock::new(1);
    let twin = ClientBuilder::new(KEY).base_url(url).clock(clock.clone()).build().unwrap();
    let error = start_run(&twin).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotSent));
    assert_eq!((error.attempts(), clock.pauses().len()), (3, 2));
    assert!(error.is_retryable());
    assert!(
        error
            .to_string()
            .contains("connection refused (POST /v1/agents/agent_abc123/runs, after 3"),
        "{error}"
    );
}

#[tokio::test]
async fn retried_delete_treats_404_as_success() {
    let service = Service::start([String::new(), json(404, "{}")]).await;
    let (twin, _) = service.client();
    assert!(twin.delete_workspace().workspace_id("w").send().await.unwrap().deleted);
    for first in [502, 503, 429] {
        let service = Service::start([json(first, ""), json(404, "{}")]).await;
        let (twin, _) = service.client();
        assert_eq!(twin.delete_agent().agent_id("a").send().await.unwrap().status(), 204);
    }

    let service = Service::start([json(404, "{}")]).await;
    let error: Error =
        service.client().0.delete_agent().agent_id("a").send().await.unwrap_err().into();
    assert_eq!((error.is_not_found(), error.outcome()), (true, Outcome::Rejected));
    let service = Service::start([String::new(), json(403, "{}")]).await;
    let error: Error =
        service.client().0.delete_agent().agent_id("a").send().await.unwrap_err().into();
    assert_eq!((error.is_forbidden(), error.outcome()), (true, Outcome::Unknown));
}

#[tokio::test]
async fn retry_after_lengthens_a_pause_up_to_its_limit() {
    for (asked, pause) in [
        ("120", Some(seconds(120))),
        ("121", None),
        ("Thu, 01 Jan 2026 00:00:09 GMT", Some(seconds(9))),
    ] {
        let service = Service::start([
            response(429, &format!("retry-after: {asked}\r\n"), ""),
            json(200, ME),
        ])
        .await;
        let clock = ManualClock::new(1);
        let twin = service.builder(&clock).deadline(seconds(600)).build().unwrap();
        let result = get_me(&twin).await;
        let pauses = clock.pauses();
        assert_eq!((result.is_ok(), pauses.len()), (pause.is_some(), usize::from(pause.is_some())));
        if let (Some(least), [pause]) = (pause, &*pauses) {
            assert!(is_lengthened(*pause, least), "{asked} {pause:?}");
        }
        if let Err(error) = result {
            assert_eq!((error.retry_after(), error.attempts()), (Some(seconds(121)), 1));
        }
    }
}

#[tokio::test]
async fn no_pause_exceeds_the_deadline() {
    let service = Service::start([response(503, "retry-after: 60\r\n", "")]).await;
    let clock = ManualClock::new(1);
    let twin = service.builder(&clock).retry(Retry::default().max_attempts(9)).build().unwrap();
    let error = get_me(&twin).await.unwrap_err();
    assert_eq!((error.attempts(), clock.pauses().len()), (2, 1));
    assert!(is_lengthened(clock.pauses()[0], seconds(60)), "{:?}", clock.pauses());
}

#[tokio::test]
async fn attempt_timeout_applies_to_every_phase() {
    let head = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n";
    let body = format!("{head}\r\n{{…");
    for (stuck, outcome) in [
        ("…", Outcome::Unknown),
        (&format!("{head}…"), Outcome::Unknown),
        (&body, Outcome::Accepted),
    ] {
        let service = Service::start([stuck]).await;
        let clock = ManualClock::new(1);
        let twin = service.builder(&clock).deadline(seconds(70)).build().unwrap();
        let call = tokio::spawn(async move { get_me(&twin).await.unwrap_err() });
        for attempt in 1..=3 {
            while clock.limits().len() < attempt || service.requests().len() < attempt {
                tokio::task::yield_now().await;
            }
            // The bytes on the way must reach the client first, because the outcome depends on
            // them.
            tokio::time::sleep(Duration::from_millis(20)).await;
            clock.advance(seconds(30));
        }
        let error = call.await.unwrap();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 3), "{stuck}");
        assert_eq!(error.outcome(), outcome, "{stuck}");
        let limits = clock.limits();
        assert_eq!(limits[..2], [seconds(30); 2]);
        assert!(
            limits[2] < seconds(10) && error.to_string().contains("the deadline of 70s"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn rejects_body_over_limit() {
    let long = "x".repeat(4_096);
    let chunked = format!(
        "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n{}",
        format!("1000\r\n{long}\r\n").repeat(9)
    );
    for response in [json(200, &long.repeat(9)), chunked] {
        let service = Service::start([response]).await;
        let clock = ManualClock::new(1);
        let twin = service.builder(&clock).max_response_bytes(8_192).build().unwrap();
        let error = get_me(&twin).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::TooLarge, 1));
    }
}

#[tokio::test]
async fn error_response_keeps_its_status_if_its_body_is_torn() {
    let service =
        Service::start(["HTTP/1.1 404 x\r\ncontent-length: 99\r\nx-id: 7\r\n\r\n{"]).await;
    let error = get_me(&service.client().0).await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.headers()["x-id"], "7");
    assert!(error.to_string().contains("response ended"), "{error}");
}

#[tokio::test]
async fn html_response_is_not_the_api() {
    let service =
        Service::start([response(200, "content-type: text/html\r\n", "<!DOCTYPE html>")]).await;
    let (twin, _) = service.client();
    let error: Error = twin.delete_agent().agent_id("a").send().await.unwrap_err().into();
    assert_eq!(error.kind(), ErrorKind::NotTheApi);
    let shown = error.to_string();
    assert!(shown.contains("text/html") && shown.contains("https://build.twin.so"), "{shown}");
    assert!(shown.contains(&service.url), "{shown}");
}

#[tokio::test]
async fn only_a_status_with_a_location_is_called_a_redirect() {
    for (headers, what) in [
        ("location: /\r\n", "redirects are not followed"),
        ("", "the API does not use this status"),
    ] {
        let service = Service::start([response(302, headers, "")]).await;
        let error = get_me(&service.client().0).await.unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[tokio::test]
async fn drift_is_checked_in_successful_responses_only() {
    for (status, kind) in [(200, ErrorKind::Drift), (302, ErrorKind::NotTheApi)] {
        let service = Service::start([json(status, r#"{"user_id": "u", "new": 1}"#)]).await;
        let twin = service.builder(&ManualClock::new(1)).strict().build().unwrap();
        assert_eq!(get_me(&twin).await.unwrap_err().kind(), kind, "{status}");
    }
}

#[tokio::test]
async fn key_is_not_sent_to_another_origin() {
    use twin_api::ClientInfo as _;
    let (one, two) = (Service::start([json(200, ME)]).await, Service::start([json(200, ME)]).await);
    let (twin, _) = one.client();
    let foreign = Client::new_with_client(&two.url, twin.client().clone(), twin.inner().clone());
    let error = get_me(&foreign).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    assert!(two.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_calls_share_one_retry_budget() {
    let service = Service::start([json(503, "{}")]).await;
    let clock = ManualClock::new(1);
    // The pauses of each call move the clock of all. Without limits no attempt can time out,
    // which would cost more tokens.
    let builder = service.builder(&clock).deadline(Duration::MAX).attempt_timeout(Duration::MAX);
    let twin = builder.retry(Retry::default().max_attempts(u32::MAX).budget(250)).build().unwrap();
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let twin = twin.clone();
            tokio::spawn(async move { get_me(&twin).await.unwrap_err() })
        })
        .collect();
    let mut attempts = 0;
    for call in calls {
        attempts += call.await.unwrap().attempts();
    }
    assert_eq!((attempts, clock.pauses().len()), (250, 50));
    assert_eq!(service.requests().len(), 250);
}

#[tokio::test]
async fn dropped_call_sends_nothing_more() {
    let service = Service::start(["…".to_owned(), json(200, ME)]).await;
    let (twin, clock) = service.client();
    let call = tokio::spawn(async move { get_me(&twin).await });
    while service.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    clock.advance(seconds(600));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!((service.requests().len(), clock.pauses().len()), (1, 0));
}

/// A transport that fails with these outcomes in order, then with `NotSent`.
#[derive(Debug)]
struct Fails(Mutex<VecDeque<Outcome>>);

impl Transport for Fails {
    fn execute<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: reqwest::Request,
        _: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        let mut outcomes = self.0.lock().unwrap();
        let outcome = outcomes.pop_front().unwrap_or(Outcome::NotSent);
        Box::pin(async move { Err(Failure::new(ErrorKind::Transport, outcome, "failed").into()) })
    }
}

#[tokio::test]
async fn outcome_is_the_worst_of_all_attempts_except_for_get() {
    use Outcome::{Accepted, NotSent, Unknown};
    for (outcomes, action) in [
        ([Unknown, NotSent, NotSent], Unknown),
        ([NotSent, Unknown, NotSent], Unknown),
        ([Accepted, Unknown, NotSent], Accepted),
        ([NotSent, NotSent, NotSent], NotSent),
        ([NotSent, NotSent, Accepted], Accepted),
    ] {
        let twin = || {
            let fails = Fails(Mutex::new(outcomes.into()));
            let builder = ClientBuilder::new(KEY).clock(ManualClock::new(1)).transport(fails);
            builder.build().unwrap()
        };
        let error = twin().delete_agent().agent_id("a").send().await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (action, 3), "{outcomes:?}");
        // Earlier attempts of a GET do not matter: only the last one counts.
        let error = get_me(&twin()).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (outcomes[2], 3), "{outcomes:?}");
    }
}

#[tokio::test]
async fn chunked_body_of_exactly_the_limit_is_accepted() {
    let pieces = ["{\"user_id\"", ": \"u\"", "}"];
    let chunks: String = pieces.map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len())).concat();
    let head = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n";
    let response = format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    let length = pieces.concat().len();
    for (limit, fits) in [(length, true), (length - 1, false)] {
        let service = Service::start([response.clone()]).await;
        let twin = service.builder(&ManualClock::new(1)).max_response_bytes(limit).build().unwrap();
        assert_eq!(get_me(&twin).await.is_ok(), fits, "{limit}");
    }
}

#[tokio::test]
async fn key_used_as_identifier_is_redacted_in_the_path() {
    let responses = [
        json(200, r#"{"agent": 7}"#),
        json(403, "{}"),
        response(302, "location: /\r\n", ""),
        response(200, "", "<html>"),
        String::new(),
        json(200, "{}").replace("th: 2", "th: 9"),
    ];
    for response in responses {
        let service = Service::start([response.clone()]).await;
        let (twin, _) = service.client();
        let error = twin.get_agent().agent_id(KEY).send().await.unwrap_err();
        assert_eq!(error.path(), Some("/v1/agents/[redacted]"), "{response}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}
