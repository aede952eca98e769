//! Settings of the HTTP client, and custom transports below the retry policy.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use twin_api::reqwest::{self, Request, redirect};
use twin_api::transport::{Failure, OperationInfo, PendingResponse, Transport};
use twin_ext::{ClientBuilder, ErrorKind, Outcome, twin_api};
use twin_tests::raw::{Raw, answer, json};

use crate::harness::{ClientRig, KEY, RecordedTransport};
use crate::operations::SampleOperation;

#[tokio::test]
async fn http_settings_are_applied() {
    let rig = ClientRig::with(|builder| {
        let builder = builder.http(|http| http.user_agent("mine"));
        builder.http(reqwest::ClientBuilder::http1_title_case_headers)
    })
    .await;
    rig.raw.always(SampleOperation::of("get_me").answer());
    SampleOperation::of("get_me").call(&rig.twin).await.expect("the request succeeds");
    let requests = rig.raw.take_requests();
    assert!(requests[0].text().contains("User-Agent: mine\r\n"), "{}", requests[0].text());
}

#[tokio::test]
#[expect(clippy::redundant_closure_for_method_calls, reason = "the type cannot be named")]
async fn http_settings_cannot_enable_redirects_decompression_or_referer() {
    let other = Raw::start().await.expect("a free port");
    other.always(json(200, "{}"));
    let rig = ClientRig::with(|builder| {
        builder.http(|http| {
            let http = http.redirect(redirect::Policy::limited(5)).referer(true);
            let every = reqwest::retry::for_host("127.0.0.1").max_retries_per_request(5);
            http.gzip(true).retry(every.classify_fn(|attempt| attempt.retryable()))
        })
    })
    .await;
    let location = format!("location: {}/v1/me\r\n", other.url());
    rig.raw.always(answer(307, &location, ""));
    let error = SampleOperation::of("get_me")
        .call(&rig.twin)
        .await
        .expect_err("the response is a redirect");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::NotTheApi, 1), "{error}");
    let requests = rig.raw.take_requests();
    assert_eq!((requests.len(), other.connections()), (1, 0));
    assert!(!requests[0].text().contains("accept-encoding"), "{}", requests[0].text());
}

#[tokio::test]
async fn default_headers_do_not_replace_the_key() {
    let rig = ClientRig::with(|builder| {
        builder.http(|http| {
            let names = ["x-api-key", "X-Api-Key", "x-trace"];
            let header = |name: &str| {
                (
                    name.parse().expect("the name is valid"),
                    "other".parse().expect("the value is valid"),
                )
            };
            http.default_headers(names.into_iter().map(header).collect())
        })
    })
    .await;
    rig.raw.always(SampleOperation::of("get_me").answer());
    SampleOperation::of("get_me").call(&rig.twin).await.expect("the request succeeds");
    let text = rig.raw.take_requests()[0].text().to_ascii_lowercase();
    assert!(text.contains("x-trace: other\r\n"), "{text}");
    assert_eq!(text.matches("x-api-key: ").count(), 1, "{text}");
    assert!(text.contains(&format!("x-api-key: {KEY}\r\n")), "{text}");
}

#[tokio::test]
async fn http_client_does_not_retry_by_itself() {
    let raw = Raw::start().await.expect("a free port");
    raw.always(answer(503, "", ""));
    let twin = twin_api::connect(&raw.url(), KEY).expect("the URL is valid");
    let error =
        SampleOperation::of("start_run").call(&twin).await.expect_err("the request is refused");
    assert_eq!((error.attempts(), raw.take_requests().len()), (1, 1));
}

#[test]
fn http_settings_are_used_by_one_build_only() {
    let builder = ClientBuilder::new(KEY).http(|http| http.user_agent("mine"));
    assert!(builder.clone().build().is_ok());
    let error = builder.build().expect_err("the HTTP settings were used before");
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

/// A transport that fails a number of times and then sends.
#[derive(Debug)]
struct FlakyTransport(AtomicU32);

impl Transport for FlakyTransport {
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        operation: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        assert_eq!(request.headers()["x-api-key"], KEY);
        Box::pin(async move {
            if self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                .is_ok()
            {
                let message = format!("{} is not sent", operation.operation_id);
                let failure = Failure::new(ErrorKind::Transport, Outcome::NotSent, message);
                return Err(failure.into());
            }
            Ok(client.execute(request).await?)
        })
    }
}

#[tokio::test]
async fn custom_transport_runs_below_the_policy() {
    for (times, sent) in [(2, 1), (9, 0)] {
        let rig =
            ClientRig::with(|builder| builder.transport(FlakyTransport(AtomicU32::new(times))))
                .await;
        let operation = SampleOperation::of("start_run");
        rig.raw.always(operation.answer());
        let result = operation.call(&rig.twin).await;
        assert_eq!((rig.raw.take_requests().len(), rig.clock.pauses().len()), (sent, 2));
        match result {
            Ok(_) => assert_eq!(sent, 1),
            Err(error) => {
                assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 3));
                assert!(
                    error.to_string().starts_with("start_run is not sent (POST /v1/"),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn errors_of_recorded_responses_name_the_url_of_the_request() {
    let page = || {
        let response = http::Response::builder().header("content-type", "text/html");
        Ok(response.body(b"<html>".to_vec()).expect("the header is valid"))
    };
    let refusal = || {
        Ok(http::Response::builder()
            .status(403)
            .body(b"{}".to_vec())
            .expect("the settings are valid"))
    };
    for (recording, text) in [
        (
            RecordedTransport::returning(page),
            "http://127.0.0.1:9/base/v1/me does not respond like the Twin API",
        ),
        (RecordedTransport::returning(refusal), "403 Forbidden (GET /base/v1/me)"),
    ] {
        let builder = ClientBuilder::new(KEY).base_url("http://127.0.0.1:9/base");
        let twin = builder.transport(recording).build().expect("the settings are valid");
        let error = SampleOperation::of("get_me").call(&twin).await.expect_err("the call fails");
        assert_eq!(error.path(), Some("/base/v1/me"));
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn redacts_every_text_of_a_custom_transport() {
    let failing = || {
        let mut failure = Failure::new(ErrorKind::Decode, Outcome::Unknown, KEY);
        failure.json_path = Some(format!("agents.{KEY}"));
        failure.excerpt = Some(KEY.to_owned());
        failure.run_id = Some(KEY.to_owned());
        let problem =
            format!(r#"{{"type":"{KEY}","title":"{KEY}","detail":"{KEY}","x":["{KEY}"]}}"#);
        failure.problem = serde_json::from_str(&problem).ok();
        failure.headers.insert("x-seen", KEY.parse().expect("the key fits into a header"));
        Err(failure.caused_by(std::io::Error::other(KEY)).into())
    };
    let builder = ClientBuilder::new(KEY).base_url("http://127.0.0.1:9");
    let twin = builder
        .transport(RecordedTransport::returning(failing))
        .build()
        .expect("the settings are valid");
    let error = twin.get_me().send().await.expect_err("the call fails");
    let failure = Failure::from(error.clone());
    assert!(!format!("{error:?} {failure:?}").contains("canary"), "{failure:?}");
    assert_eq!(error.json_path(), Some("agents.[redacted]"));
}

/// A transport that asserts that the request's body is in memory, and then sends it.
#[derive(Debug)]
struct BodyReadingTransport;

impl Transport for BodyReadingTransport {
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        _: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        let body = request.body().and_then(reqwest::Body::as_bytes).expect("the body is in memory");
        assert!(body.starts_with(b"{"));
        Box::pin(async move { Ok(client.execute(request).await?) })
    }
}

#[tokio::test]
async fn custom_transport_can_read_the_body_despite_time_limits() {
    let rig = ClientRig::with(|builder| {
        let builder = builder.attempt_timeout(Duration::from_secs(1));
        builder.connect_timeout(Duration::from_secs(900)).transport(BodyReadingTransport)
    })
    .await;
    let operation = SampleOperation::of("start_run");
    rig.raw.always(operation.answer());
    operation.call(&rig.twin).await.expect("the request succeeds");
}
