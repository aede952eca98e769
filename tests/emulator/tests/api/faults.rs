//! Injected faults of requests.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::json;
use twin_emulator::fault::{
    Cursor, Fault, ManualTimer, PendingWait, RetryAfter, Rule, Shift, StatusBody,
};
use twin_emulator::{Emulator, FaultFile, Profile};

use super::harness::{ApiResponse, TestEmulator, in_both, list, text, texts};

fn add_fault(twin: &TestEmulator, rule: Rule) {
    twin.add_fault(rule).expect("the operation exists");
}

fn unavailable(retry_after: RetryAfter) -> Fault {
    Fault::status(StatusCode::SERVICE_UNAVAILABLE, retry_after)
}

/// Returns whether `GET /v1/me` fails, or its response is incomplete.
async fn connection_breaks(twin: &TestEmulator) -> bool {
    match twin.request(Method::GET, "/v1/me").send().await {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    }
}

#[tokio::test]
async fn status_fault_has_retry_after_seconds() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", unavailable(RetryAfter::Seconds(7))));
        let refused = twin.get("/v1/me").await;
        refused.problem(503);
        assert_eq!(refused.header("retry-after"), "7");
    })
    .await;
}

#[tokio::test]
async fn status_fault_has_retry_after_date_of_emulator_clock() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", unavailable(RetryAfter::DateIn(90))));
        twin.advance(Duration::from_secs(30)).await;
        let refused = twin.get("/v1/me").await;
        assert_eq!(refused.header("retry-after"), "Wed, 11 Mar 2026 12:02:00 GMT");
    })
    .await;
}

#[tokio::test]
async fn status_fault_without_retry_after_or_body() {
    in_both(async |twin| {
        let body = StatusBody::Empty;
        let fault = Fault::Status { status: StatusCode::BAD_GATEWAY, retry_after: None, body };
        add_fault(&twin, Rule::new("get_me", fault));
        let refused = twin.get("/v1/me").await;
        refused.assert_empty(502);
        assert_eq!(refused.header("retry-after"), "");
    })
    .await;
}

#[tokio::test]
async fn fault_applies_to_its_operation_and_attempts() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", Fault::Html).on([1, 3]));
        twin.get("/v1/workspaces").await.json(200);
        let mut types = Vec::new();
        for _ in 0..4 {
            types.push(twin.get("/v1/me").await.header("content-type").to_owned());
        }
        let [html, json] = ["text/html; charset=utf-8", "application/json"];
        assert_eq!(types, [html, json, html, json]);
    })
    .await;
}

#[tokio::test]
async fn fault_counts_attempts_since_it_was_added() {
    in_both(async |twin| {
        twin.get("/v1/me").await.json(200);
        add_fault(&twin, Rule::new("*", Fault::Html).on(1));
        assert_eq!(twin.get("/v1/me").await.status, 200);
        twin.get("/v1/me").await.json(200);
    })
    .await;
}

#[tokio::test]
async fn cleared_faults_do_not_apply() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("*", Fault::Html));
        twin.clear_faults();
        twin.get("/v1/me").await.json(200);
    })
    .await;
}

#[tokio::test]
async fn rejects_fault_for_unknown_operation() {
    in_both(async |twin| {
        let error = twin
            .add_fault(Rule::new("get_you", Fault::Html))
            .expect_err("the operation is unknown");
        assert!(error.to_string().contains("get_you"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn replaced_response_does_not_run_the_operation() {
    in_both(async |twin| {
        let fault = Fault::status(StatusCode::BAD_GATEWAY, None);
        add_fault(&twin, Rule::new("create_workspace", fault));
        twin.post("/v1/workspaces", json!({"name": "A"})).await.problem(502);
        let listed = twin.get("/v1/workspaces").await.json(200);
        assert_eq!(list(&listed["workspaces"]).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn takes_effect_runs_operation_with_replaced_response() {
    in_both(async |twin| {
        let fault = Fault::status(StatusCode::BAD_GATEWAY, None);
        add_fault(&twin, Rule::new("create_workspace", fault).taking_effect(true));
        twin.post("/v1/workspaces", json!({"name": "A"})).await.problem(502);
        let listed = twin.get("/v1/workspaces").await.json(200);
        assert_eq!(list(&listed["workspaces"]).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn reset_response_runs_the_operation_once() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("create_workspace", Fault::Reset { at: 20 }));
        let request = twin.request(Method::POST, "/v1/workspaces").json(&json!({"name": "A"}));
        assert!(request.send().await.is_err());
        let listed = twin.get("/v1/workspaces").await.json(200);
        assert_eq!(list(&listed["workspaces"]).len(), 2);
        assert_eq!(twin.count("create_workspace"), 1);
    })
    .await;
}

#[tokio::test]
async fn connection_ends_at_the_requested_byte() {
    in_both(async |twin| {
        let faults = [
            Fault::Reset { at: 0 },
            Fault::Reset { at: 60 },
            Fault::Close { at: 0 },
            Fault::Close { at: 60 },
            Fault::CutBody { at: 0, chunked: false },
            Fault::CutBody { at: 5, chunked: false },
            Fault::CutBody { at: 5, chunked: true },
        ];
        for fault in faults {
            twin.clear_faults();
            add_fault(&twin, Rule::new("get_me", fault.clone()).on(1));
            assert!(connection_breaks(&twin).await, "{fault:?}");
            assert!(!connection_breaks(&twin).await, "after {fault:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn html_fault_returns_page_of_another_host() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", Fault::Html));
        let response = twin.get("/v1/me").await;
        assert_eq!(
            (response.status.as_u16(), response.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        assert!(response.text().starts_with("<!doctype html>"), "{}", response.text());
    })
    .await;
}

#[tokio::test]
async fn grpc_fault_returns_grpc_status() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", Fault::Grpc { code: 12 }));
        let response = twin.get("/v1/me").await;
        assert_eq!((response.status.as_u16(), response.text()), (200, ""));
        assert_eq!(response.header("content-type"), "application/grpc");
        assert_eq!(response.header("grpc-status"), "12");
    })
    .await;
}

#[tokio::test]
async fn redirect_fault_returns_location() {
    in_both(async |twin| {
        let to = HeaderValue::from_static("http://127.0.0.1:1/v1/me");
        let status = StatusCode::TEMPORARY_REDIRECT;
        add_fault(&twin, Rule::new("get_me", Fault::Redirect { status, to }));
        let response = twin.get("/v1/me").await;
        assert_eq!(response.status, status);
        assert_eq!(response.header("location"), "http://127.0.0.1:1/v1/me");
    })
    .await;
}

#[tokio::test]
async fn gzip_bomb_is_small_before_unpacking() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", Fault::GzipBomb { bytes: 100 << 20 }));
        let response = twin.get("/v1/me").await;
        assert_eq!(response.header("content-encoding"), "gzip");
        assert!(response.body.len() < 1 << 20, "{} bytes", response.body.len());
    })
    .await;
}

#[tokio::test]
async fn cursor_fault_repeats_its_cursors() {
    in_both(async |twin| {
        twin.with(|world| world.add_agents(3));
        let cursors = [Cursor::Text("after-3".to_owned()), Cursor::Null, Cursor::Absent];
        add_fault(&twin, Rule::new("list_agents", Fault::Cursors(cursors.to_vec())));
        for _ in 0..2 {
            for wanted in [Some(json!("after-3")), Some(json!(null)), None] {
                let page = twin.get("/v1/agents?limit=1").await.json(200);
                assert_eq!(page.get("next_cursor"), wanted.as_ref());
                assert_eq!(list(&page["agents"]).len(), 1);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn shift_fault_inserts_and_removes_agents_between_pages() {
    in_both(async |twin| {
        let agents = [twin.agent(), twin.agent()];
        let shift = Shift { insert: 2, remove: 1 };
        add_fault(&twin, Rule::new("list_agents", Fault::Shift(shift)).on(2));
        let all = async || texts(&twin.get("/v1/agents").await.json(200)["agents"], "agent_id");
        assert_eq!(all().await.len(), 2);
        let shifted = all().await;
        assert_eq!((shifted.len(), &shifted[2]), (3, &agents[0]));
        assert_eq!(all().await, shifted);
    })
    .await;
}

#[tokio::test]
async fn shift_fault_inserts_and_removes_runs_between_pages() {
    in_both(async |twin| {
        let agent = twin.agent();
        let runs: Vec<String> = (0..3).map(|_| twin.start_manual_run(&agent)).collect();
        let shift = Shift { insert: 1, remove: 0 };
        add_fault(&twin, Rule::new("list_runs", Fault::Shift(shift)).on(2));
        let page = async |page: u8| {
            let path = format!("/v1/agents/{agent}/runs?page_size=2&page={page}");
            texts(&twin.get(&path).await.json(200)["runs"], "run_id")
        };
        assert_eq!(page(1).await, [runs[2].as_str(), runs[1].as_str()]);
        assert_eq!(
            page(2).await,
            [runs[1].as_str(), runs[0].as_str()],
            "page 2 does not repeat the shifted run"
        );
    })
    .await;
}

/// Starts an emulator and a timer, with which the test ends the waits of faults.
async fn with_manual_timer(profile: Profile) -> (TestEmulator, ManualTimer) {
    let timer = ManualTimer::default();
    let builder = Emulator::builder(profile).timer(Arc::new(timer.clone()));
    (TestEmulator::from_builder(builder).await, timer)
}

#[tokio::test]
async fn delay_fault_waits_for_its_duration() {
    for profile in Profile::ALL {
        let (twin, timer) = with_manual_timer(profile).await;
        add_fault(&twin, Rule::new("get_me", Fault::Delay { ms: 1_500 }));
        let wait = async {
            let waiting = timer.next().await;
            assert_eq!(waiting.duration(), Duration::from_millis(1_500));
            waiting.end();
        };
        let (response, ()) = tokio::join!(twin.get("/v1/me"), wait);
        response.json(200);
    }
}

#[tokio::test]
async fn refuse_fault_refuses_connections_for_its_duration() {
    for profile in Profile::ALL {
        let (twin, timer) = with_manual_timer(profile).await;
        add_fault(&twin, Rule::new("get_me", Fault::Refuse { for_ms: 2_000 }).on(1));
        assert!(connection_breaks(&twin).await);
        let refused =
            twin.request(Method::GET, "/v1/me").send().await.expect_err("connections are refused");
        assert!(refused.is_connect(), "{refused}");
        let waiting: PendingWait = timer.next().await;
        assert_eq!(waiting.duration(), Duration::from_secs(2));
        twin.gate().accept().await;
        twin.get("/v1/me").await.json(200);
    }
}

#[tokio::test]
async fn journal_records_fault_of_each_exchange() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", Fault::Html).on(1));
        for path in ["/v1/me", "/v1/me?", "/v1/none"] {
            twin.get(path).await;
        }
        let exchanges = twin.take_exchanges();
        let seen: Vec<_> =
            exchanges.iter().map(|e| (e.operation, e.request.path(), e.fault)).collect();
        let me = Some("get_me");
        assert_eq!(
            seen,
            [(me, "/v1/me", Some("html")), (me, "/v1/me", None), (None, "/v1/none", None)]
        );
        assert!(exchanges.iter().all(|e| e.request.header("x-api-key") == twin.api_key()));
        assert_eq!((twin.count("get_me"), twin.take_exchanges().len()), (2, 0));
    })
    .await;
}

#[tokio::test]
async fn reads_faults_from_fault_file() {
    let fault_file = r#"{"faults": [
        {"operation": "get_me", "attempts": 1,
         "fault": {"status": {"status": 429, "retry_after": {"date_in": 5}}}},
        {"operation": "get_me", "attempts": {"from": 2, "to": 2}, "fault": {"cut_body": {"at": 3}}},
        {"operation": "start_run", "attempts": [1], "takes_effect": true, "fault": {"reset": {"at": 0}}}
    ]}"#;
    for profile in Profile::ALL {
        let fault_file = FaultFile::parse(fault_file).expect("the fault file is valid");
        let twin =
            TestEmulator::from_builder(Emulator::builder(profile).fault_file(fault_file)).await;
        let refused = twin.get("/v1/me").await;
        refused.problem(429);
        assert_eq!(refused.header("retry-after"), "Wed, 11 Mar 2026 12:00:05 GMT");
        assert!(connection_breaks(&twin).await);
        twin.get("/v1/me").await.json(200);
        let path = format!("/v1/agents/{}/runs", twin.agent());
        let request = twin.request(Method::POST, &path).json(&json!({"run_mode": "run"}));
        assert!(request.send().await.is_err());
        assert_eq!(list(&twin.get(&path).await.json(200)["runs"]).len(), 1);
    }
}

#[test]
fn rejects_invalid_fault_file() {
    for fault_file in [
        r#"{"faults": [{"operation": "get_you", "fault": "html"}]}"#,
        r#"{"faults": [{"operation": "get_me", "fault": "xml"}]}"#,
        r#"{"faults": [{"operation": "get_me", "attempts": 0, "fault": "html"}]}"#,
        r#"{"deliveries": [{"event": "run.teleported", "fault": "lost"}]}"#,
        r#"{"runs": [[{"after_ms": -1, "do": "fail"}]]}"#,
        r#"{"fault": []}"#,
        r#"[{"operation": "get_me", "fault": "html"}]"#,
    ] {
        assert!(FaultFile::parse(fault_file).is_err(), "{fault_file}");
    }
}

#[tokio::test]
async fn fault_applies_before_the_key_is_checked() {
    in_both(async |twin| {
        add_fault(&twin, Rule::new("get_me", Fault::status(StatusCode::TOO_MANY_REQUESTS, None)));
        let problem =
            ApiResponse::to(twin.request_without_key(Method::GET, "/v1/me")).await.problem(429);
        assert_eq!(text(&problem["title"]), "Too Many Requests");
    })
    .await;
}
