//! Error responses, and responses that do not come from the API.
//!
//! Every error response becomes a problem with its status, whatever its body.

use twin_ext::{Error, ErrorKind, Outcome};
use twin_tests::raw::{Script, answer, json};

use crate::harness::{ClientRig, failed_call};
use crate::operations::{OPERATIONS, SampleOperation};

/// Calls an operation that is refused. Returns the error and the problem's detail, and asserts that
/// the request was sent once.
async fn refusal_and_detail(name: &str, status: u16, headers: &str, body: &str) -> (Error, String) {
    let rig = ClientRig::new().await;
    let (error, seen) =
        rig.expect_failure(SampleOperation::of(name), answer(status, headers, body)).await;
    let expected = failed_call(1, ErrorKind::Problem, Outcome::Rejected).status(status);
    assert_eq!(seen, expected, "{error}");
    let problem = error.problem().expect("every refusal is a problem");
    assert_eq!(problem.status, Some(i64::from(status)), "{error}");
    let detail = problem.detail.clone().unwrap_or_default();
    (error, detail)
}

#[tokio::test]
async fn wrongly_typed_problem_members_become_text() {
    let problem = "content-type: application/problem+json\r\n";
    // By default serde_json cannot read a number of this size, so the whole body becomes the detail.
    let precise = cfg!(feature = "serde-json-features");
    let too_large = if precise { "1e+400" } else { r#"{"detail":1e400}"# };
    let cases = [
        (r#"{"type":7,"title":["a"],"detail":{"b":true},"status":"x"}"#, r#"{"b":true}"#),
        (r#"{"type":null,"title":null,"detail":null,"status":null}"#, ""),
        (r#"{"detail":1e400}"#, too_large),
        (r#"{"detail":12,"status":99999999999999999999}"#, "12"),
        (r#"{"detail":"a","detail":"b"}"#, "b"),
        (r#"["not","an","object"]"#, r#"["not","an","object"]"#),
        (r#""quoted""#, "quoted"),
        ("null", "null"),
        ("{\"detail\":\"torn", "{\"detail\":\"torn"),
    ];
    for (body, detail) in cases {
        assert_eq!(refusal_and_detail("start_run", 400, problem, body).await.1, detail, "{body}");
    }
}

#[tokio::test]
async fn text_html_and_empty_refusals_become_problems() {
    let text = "missing field `run_mode` at line 1 column 2";
    let (error, detail) =
        refusal_and_detail("start_run", 422, "content-type: text/plain\r\n", text).await;
    assert_eq!(detail, text);
    assert_eq!(
        error.to_string(),
        format!("422 Unprocessable Entity: {text} (POST /v1/agents/a/runs)")
    );
    let page = "<!doctype html><title>Forbidden</title>";
    assert_eq!(
        refusal_and_detail("get_me", 403, "content-type: text/html\r\n", page).await.1,
        page
    );
    let (error, detail) = refusal_and_detail("get_webhook", 405, "allow: DELETE\r\n", "").await;
    assert_eq!((detail.as_str(), &error.headers()["allow"]), ("", &"DELETE".parse().unwrap()));
    assert!(error.to_string().starts_with("405 Method Not Allowed (GET "), "{error}");
    let older = r#"{"error":{"code":"agent_not_found","message":"no such agent"}}"#;
    let (error, detail) = refusal_and_detail("get_agent", 404, "", older).await;
    assert!(error.is_not_found() && detail == "no such agent", "{error}");
    assert_eq!(
        error.problem().expect("the error is a problem").extra["error"]["code"],
        "agent_not_found"
    );
}

#[tokio::test]
async fn nested_or_long_refusals_are_capped() {
    let json = "content-type: application/json\r\n";
    for body in [
        "[".repeat(10_000),
        format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{{\"detail\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)),
        "{\"a\":".repeat(10_000),
        "é".repeat(100_000),
    ] {
        let (error, detail) = refusal_and_detail("start_run", 400, json, &body).await;
        assert!((1_000..5_000).contains(&detail.len()), "{}", detail.len());
        assert!(error.to_string().len() < 2_000 && format!("{error:?}").len() < 2_500);
    }
}

#[tokio::test]
async fn deeply_nested_success_is_a_decode_error() {
    let rig = ClientRig::new().await;
    for body in [
        "[".repeat(10_000),
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{{\"user_id\":\"u\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        for name in ["start_run", "get_me"] {
            rig.raw.always(json(200, &body));
            match SampleOperation::of(name).call(&rig.twin).await {
                // Ignored members may be nested to any depth.
                Ok(value) => assert!(value.contains("\"u\""), "{value}"),
                Err(error) => {
                    assert_eq!(
                        (error.kind(), error.outcome()),
                        (ErrorKind::Decode, Outcome::Accepted)
                    );
                    assert!(error.excerpt().is_some_and(|text| text.len() < 300), "{error}");
                    assert!(
                        error.json_path().is_some() && error.to_string().len() < 600,
                        "{error}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn grpc_status_maps_to_its_http_problem() {
    let table = [
        (1, 408, Outcome::Unknown),
        (2, 500, Outcome::Unknown),
        (3, 400, Outcome::Rejected),
        (4, 504, Outcome::Unknown),
        (5, 404, Outcome::Rejected),
        (6, 409, Outcome::Rejected),
        (7, 403, Outcome::Rejected),
        (8, 429, Outcome::Rejected),
        (9, 400, Outcome::Rejected),
        (10, 409, Outcome::Rejected),
        (11, 400, Outcome::Rejected),
        (12, 501, Outcome::Rejected),
        (13, 500, Outcome::Unknown),
        (14, 503, Outcome::Unknown),
        (15, 500, Outcome::Unknown),
        (16, 401, Outcome::Rejected),
        (99, 500, Outcome::Unknown),
    ];
    let rig = ClientRig::new().await;
    for (code, status, outcome) in table {
        let headers = format!("content-type: application/grpc\r\ngrpc-status: {code}\r\n");
        let transient = matches!(status, 408 | 429 | 500 | 503 | 504);
        for name in ["start_run", "delete_agent", "get_me"] {
            let operation = SampleOperation::of(name);
            if status == 404 && name == "delete_agent" {
                continue;
            }
            let sent = if transient && operation.is_idempotent() { 3 } else { 1 };
            let (error, seen) = rig.expect_failure(operation, answer(200, &headers, "")).await;
            let mut expected = failed_call(sent, ErrorKind::Problem, outcome).status(status);
            expected.retryable =
                transient && (operation.is_idempotent() || outcome == Outcome::Rejected);
            assert_eq!(seen, expected, "{code} {error}");
        }
    }
}

#[tokio::test]
async fn success_response_that_is_not_json_is_not_the_api() {
    let rig = ClientRig::new().await;
    let page = "<!DOCTYPE html><html><body>Twin</body></html>";
    let cases = [
        ("content-type: text/html; charset=utf-8\r\n", page, "text/html"),
        ("", page, "a body without a content type"),
        ("content-type: application/xhtml+xml\r\n", "<?xml?>", "application/xhtml+xml"),
        ("content-type: application/grpc\r\n", "", "application/grpc and an empty body"),
        (
            "content-type: application/grpc+proto\r\ngrpc-status: x\r\n",
            "a",
            "application/grpc+proto",
        ),
    ];
    for (headers, body, what) in cases {
        // Also for operations without a response body: an HTML page is not a successful deletion.
        for operation in OPERATIONS {
            let (error, seen) = rig.expect_failure(operation, answer(200, headers, body)).await;
            let expected = failed_call(1, ErrorKind::NotTheApi, Outcome::Accepted).status(200);
            assert_eq!(seen, expected, "{} {error}", operation.name);
            let shown = error.to_string();
            assert!(shown.contains(what) && shown.contains(&rig.raw.url()), "{shown}");
            assert!(shown.contains("https://build.twin.so"), "{shown}");
        }
    }
    for (headers, body) in [("content-type: text/plain\r\n", "OK"), ("", "\u{0}\u{1}"), ("", "")] {
        let (error, seen) =
            rig.expect_failure(SampleOperation::of("start_run"), answer(200, headers, body)).await;
        let expected = failed_call(1, ErrorKind::NotTheApi, Outcome::Accepted).status(200);
        assert_eq!(seen, expected, "{error}");
    }
}

#[tokio::test]
async fn decode_error_names_the_json_path() {
    let rig = ClientRig::new().await;
    for (name, body, path) in [
        ("list_agents", r#"{"agents":[{"agent_id":"a","has_runs":"yes"}]}"#, "agents[0].has_runs"),
        ("start_run", r#"{"run":{"agent_id":"a","run_id":7}}"#, "run.run_id"),
        ("get_me", r#"{"user_id":null}"#, "user_id"),
        ("get_me", "[]", "."),
        ("get_me", "{}", "."),
    ] {
        let (error, seen) = rig.expect_failure(SampleOperation::of(name), json(200, body)).await;
        assert_eq!(
            seen,
            failed_call(1, ErrorKind::Decode, Outcome::Accepted).status(200),
            "{error}"
        );
        assert_eq!(error.json_path(), Some(path), "{error}");
        assert_eq!(error.excerpt(), Some(body), "{error}");
    }
}

#[tokio::test]
async fn retried_delete_treats_404_as_success() {
    let rig = ClientRig::new().await;
    for operation in OPERATIONS.iter().filter(|operation| operation.method() == "DELETE") {
        for first in [Script::new().reset(), json(503, "{}"), answer(429, "retry-after: 0\r\n", "")]
        {
            rig.raw.then(first);
            rig.raw.then(json(404, "{}"));
            let value = operation.call(&rig.twin).await.expect(operation.name);
            assert!(!value.contains("false"), "{value}");
            assert_eq!(rig.raw.take_requests().len(), 2);
        }
        let (error, seen) = rig.expect_failure(operation, json(404, "{}")).await;
        let expected = failed_call(1, ErrorKind::Problem, Outcome::Rejected).status(404);
        assert_eq!(seen, expected, "{error}");
        // The service answers 403 for deleted resources and for those of other accounts.
        rig.raw.then(Script::new().reset());
        rig.raw.always(json(403, "{}"));
        let error = operation.call(&rig.twin).await.expect_err("the outcome is unknown");
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 2), "{error}");
        rig.raw.take_requests();
    }
}
