//! The key is sent only to the origin of the base URL: redirects and other headers that point
//! elsewhere are not followed.

use twin_ext::{ClientBuilder, ErrorKind, Outcome};
use twin_tests::raw::{Raw, answer};

use crate::harness::{ClientRig, KEY, failed_call};
use crate::operations::{OPERATIONS, SampleOperation};

#[tokio::test]
async fn redirect_to_another_origin_is_not_followed() {
    let (rig, sink) = (ClientRig::new().await, Raw::start().await.expect("a free port"));
    let port = sink.address().port();
    let places = [
        sink.url(),
        format!("//127.0.0.1:{port}/v1/me"),
        format!("http://user:password@127.0.0.1:{port}"),
        format!("http://localhost:{port}/"),
    ];
    for status in [301, 302, 303, 307, 308] {
        let outcome = if status == 303 { Outcome::Unknown } else { Outcome::Rejected };
        for operation in OPERATIONS {
            for place in &places {
                let script = answer(status, &format!("location: {place}\r\n"), "{}");
                let (error, seen) = rig.expect_failure(operation, script).await;
                let expected = failed_call(1, ErrorKind::NotTheApi, outcome).status(status);
                assert_eq!(seen, expected, "{} {error}", operation.name);
            }
        }
    }
    assert_eq!(sink.connections(), 0);
    assert!(rig.clock.pauses().is_empty());
}

#[tokio::test]
async fn redirect_within_the_origin_is_not_followed() {
    let rig = ClientRig::new().await;
    for location in ["location: /v1/me\r\n", "location: \r\n", "location: http://[\r\n", ""] {
        for status in [300, 301, 304, 308, 399] {
            let script = answer(status, location, "");
            let (error, seen) = rig.expect_failure(SampleOperation::of("start_run"), script).await;
            let outcome =
                if matches!(status, 301 | 308) { Outcome::Rejected } else { Outcome::Unknown };
            let expected = failed_call(1, ErrorKind::NotTheApi, outcome).status(status);
            assert_eq!(seen, expected, "{error}");
            assert!(error.to_string().contains("https://build.twin.so"), "{error}");
        }
    }
}

#[tokio::test]
async fn headers_that_point_to_another_origin_are_ignored() {
    let (rig, sink) = (ClientRig::new().await, Raw::start().await.expect("a free port"));
    let me = SampleOperation::of("get_me");
    let url = sink.url();
    for headers in [
        format!("refresh: 0; url={url}\r\n"),
        format!("location: {url}\r\ncontent-location: {url}\r\n"),
        format!("alt-svc: h2=\"127.0.0.1:{}\"\r\n", sink.address().port()),
        format!("link: <{url}>; rel=preload\r\n"),
        "set-cookie: a=b; domain=127.0.0.1\r\nstrict-transport-security: max-age=9\r\n".to_owned(),
    ] {
        rig.raw.always(answer(200, &headers, me.body));
        me.call(&rig.twin).await.expect("the first request succeeds");
        me.call(&rig.twin).await.expect("the second request succeeds");
    }
    assert_eq!(sink.connections(), 0);
    for request in rig.raw.take_requests() {
        assert!(!request.text().to_lowercase().contains("cookie"), "{}", request.line());
        assert!(!request.text().to_lowercase().contains("referer"), "{}", request.line());
    }
}

#[tokio::test]
async fn build_refuses_base_urls_that_would_expose_the_key() {
    let raw = Raw::start().await.expect("a free port");
    let port = raw.address().port();
    for url in [
        format!("http://user:canary@127.0.0.1:{port}"),
        format!("http://canary@127.0.0.1:{port}"),
        "http://build.twin.so".to_owned(),
        format!("http://0.0.0.0:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://127.0.0.1.canary.test:{port}"),
        format!("http://localhost.canary.test:{port}"),
        format!("ws://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}?canary"),
        format!("http://127.0.0.1:{port}#canary"),
    ] {
        let error = ClientBuilder::new(KEY).base_url(&url).build().expect_err(&url);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    assert_eq!(raw.connections(), 0);
}

#[tokio::test]
async fn every_request_carries_the_key_in_one_header() {
    let rig = ClientRig::new().await;
    for operation in OPERATIONS {
        rig.raw.always(operation.answer());
        operation.call(&rig.twin).await.expect(operation.name);
        let requests = rig.raw.take_requests();
        let text = requests[0].text();
        assert!(text.contains(&format!("\r\nx-api-key: {KEY}\r\n")), "{text}");
        assert_eq!(text.matches("canary").count(), 1, "{text}");
        assert!(!text.contains("accept-encoding") && !text.contains("api-version"), "{text}");
    }
}
