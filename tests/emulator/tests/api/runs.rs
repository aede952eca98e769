//! Runs: starting, listing by page, and deleting.

use axum::http::Method;
use serde_json::{Value, json};
use twin_emulator::{Emulator, Outcome, Profile, RunStep};

use super::harness::{ApiResponse, TestEmulator, in_both, list, members, text, texts};

async fn start(twin: &TestEmulator, agent: &str, body: Value) -> Value {
    twin.post(&format!("/v1/agents/{agent}/runs"), body).await.json(201)["run"].take()
}

/// Returns the identifiers of the runs on a page.
pub(super) async fn ids(twin: &TestEmulator, agent: &str, query: &str) -> Vec<String> {
    let page = twin.get(&format!("/v1/agents/{agent}/runs?{query}")).await.json(200);
    texts(&page["runs"], "run_id")
}

#[tokio::test]
async fn observed_start_accepts_two_modes_and_error_names_three_more() {
    let twin = TestEmulator::observed().await;
    let path = format!("/v1/agents/{}/runs", twin.agent());
    let wrong = ["", "Run", "RUN", "Build", "Builder", "SubAgent", "runner", " run"];
    let bodies = wrong.map(|mode| json!({"run_mode": mode}));
    for body in bodies.into_iter().chain([json!({}), json!({"run_mode": null})]) {
        let detail = text(&twin.post(&path, body).await.problem(400)["detail"]);
        assert!(detail.contains("Builder, Run, or SubAgent"), "{detail}");
    }
}

#[tokio::test]
async fn rejected_start_creates_no_run() {
    in_both(async |twin| {
        let agent = twin.agent();
        twin.post(&format!("/v1/agents/{agent}/runs"), json!({"run_mode": "Run"}))
            .await
            .problem(400);
        assert_eq!(ids(&twin, &agent, "").await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn documented_start_needs_no_mode() {
    let twin = TestEmulator::documented().await;
    let agent = twin.agent();
    for body in [json!({}), json!({"user_message": "hello"})] {
        assert_eq!(start(&twin, &agent, body).await["policy_type"], "runner_v2");
    }
}

#[tokio::test]
async fn each_mode_has_its_policy() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (mode, policy) in [("run", "runner_v2"), ("build", "builder_v3")] {
            let run = start(&twin, &agent, json!({"run_mode": mode})).await;
            assert_eq!(run["policy_type"], policy);
        }
    })
    .await;
}

#[tokio::test]
async fn started_run_has_the_members_of_its_profile() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = start(&twin, &agent, json!({"run_mode": "run"})).await;
        let both = ["agent_id", "is_finished", "policy_type", "run_id", "run_number", "started_at"];
        let observed = [
            "event_bytes",
            "event_count",
            "goal",
            "last_event_at",
            "status",
            "step_count",
            "user_email",
            "user_id",
            "wrote_instructions",
        ];
        let more = twin.for_profile(["is_paused", "status"].as_slice(), &observed);
        let mut names: Vec<&str> = both.iter().chain(more).copied().collect();
        names.sort_unstable();
        assert_eq!(members(&run), names);
    })
    .await;
}

#[tokio::test]
async fn started_run_is_in_progress() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = start(&twin, &agent, json!({"run_mode": "run"})).await;
        assert_eq!(run["agent_id"], agent);
        assert_eq!((&run["status"], &run["is_finished"]), (&json!("in_progress"), &json!(false)));
        let time = twin.for_profile("2026-03-11T12:00:00Z", "2026-03-11T12:00:00.000000000+00:00");
        assert_eq!(run["started_at"], time);
    })
    .await;
}

#[tokio::test]
async fn run_numbers_start_at_1_or_0_for_each_agent() {
    in_both(async |twin| {
        for agent in [twin.agent(), twin.agent()] {
            for number in 0..3 {
                let run = start(&twin, &agent, json!({"run_mode": "run"})).await;
                assert_eq!(run["run_number"], number + twin.for_profile(1, 0));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn number_of_deleted_run_is_not_reused() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = start(&twin, &agent, json!({"run_mode": "run"})).await;
        twin.delete(&format!("/v1/agents/{agent}/runs/{}", text(&run["run_id"])))
            .await
            .assert_empty(204);
        let next = start(&twin, &agent, json!({"run_mode": "run"})).await;
        assert_eq!(next["run_number"], twin.for_profile(2, 1));
    })
    .await;
}

#[tokio::test]
async fn run_goal_is_null_or_empty() {
    let twin = TestEmulator::observed().await;
    let agent = twin.agent();
    for (body, goal) in [
        (json!({"run_mode": "run"}), Value::Null),
        (json!({"run_mode": "run", "user_message": "hello"}), json!("")),
    ] {
        assert_eq!(start(&twin, &agent, body).await["goal"], goal);
    }
}

#[tokio::test]
async fn starts_run_of_agent_that_is_not_deployed() {
    in_both(async |twin| {
        let agent = twin.agent();
        start(&twin, &agent, json!({"run_mode": "run"})).await;
    })
    .await;
}

#[tokio::test]
async fn skip_deploy_check_overrides_the_deploy_check_switch() {
    for profile in Profile::ALL {
        let builder = Emulator::builder(profile).switches(|switches| switches.deploy_check = true);
        let twin = TestEmulator::from_builder(builder).await;
        let agent = twin.agent();
        let path = format!("/v1/agents/{agent}/runs");
        for skip in [Value::Null, json!(false)] {
            let body = json!({"run_mode": "run", "skip_deploy_check": skip});
            let problem = twin.post(&path, body).await.problem(400);
            let detail = text(&problem["detail"]);
            // The error explains how to deploy the agent and how to skip the check.
            assert!(detail.contains("run_mode \"build\""), "{detail}");
            assert!(detail.contains("skip_deploy_check: true"), "{detail}");
        }
        start(&twin, &agent, json!({"run_mode": "run", "skip_deploy_check": true})).await;
        start(&twin, &agent, json!({"run_mode": "build"})).await;
        twin.with(|world| world.deploy(&agent));
        start(&twin, &agent, json!({"run_mode": "run"})).await;
    }
}

#[tokio::test]
async fn pages_list_every_run_once_newest_first() {
    in_both(async |twin| {
        let agent = twin.agent();
        let mut runs: Vec<String> = (0..25).map(|_| twin.start_manual_run(&agent)).collect();
        runs.reverse();
        for (page, wanted) in [(1, &runs[..10]), (2, &runs[10..20]), (3, &runs[20..]), (4, &[])] {
            assert_eq!(ids(&twin, &agent, &format!("page={page}&page_size=10")).await, wanted);
        }
    })
    .await;
}

#[tokio::test]
async fn run_page_has_its_number_and_total() {
    in_both(async |twin| {
        let agent = twin.agent();
        (0..25).for_each(|_| drop(twin.start_manual_run(&agent)));
        let page =
            twin.get(&format!("/v1/agents/{agent}/runs?page=3&page_size=10")).await.json(200);
        assert_eq!((&page["page"], &page["page_size"]), (&json!(3), &json!(10)));
        assert_eq!(page["total_runs"], twin.for_profile(json!("25"), json!(25)));
    })
    .await;
}

#[tokio::test]
async fn default_run_page_is_the_first_of_100() {
    in_both(async |twin| {
        let agent = twin.agent();
        (0..101).for_each(|_| drop(twin.start_manual_run(&agent)));
        let page = twin.get(&format!("/v1/agents/{agent}/runs")).await.json(200);
        assert_eq!((&page["page"], &page["page_size"]), (&json!(1), &json!(100)));
        assert_eq!(list(&page["runs"]).len(), 100);
    })
    .await;
}

#[tokio::test]
async fn rejects_page_and_page_size_below_1() {
    in_both(async |twin| {
        let agent = twin.agent();
        for name in ["page", "page_size"] {
            for number in ["", "0", "-1", "1.5", "one", "18446744073709551616"] {
                let path = format!("/v1/agents/{agent}/runs?{name}={number}");
                twin.get(&path).await.problem(400);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn page_with_huge_number_is_empty() {
    in_both(async |twin| {
        let agent = twin.agent();
        twin.start_manual_run(&agent);
        let query = "page=18446744073709551615&page_size=18446744073709551615";
        assert_eq!(ids(&twin, &agent, query).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn lists_only_runs_of_the_agent() {
    in_both(async |twin| {
        let [agent, other] = [twin.agent(), twin.agent()];
        let run = twin.start_manual_run(&agent);
        twin.start_manual_run(&other);
        assert_eq!(ids(&twin, &agent, "").await, [run]);
    })
    .await;
}

#[tokio::test]
async fn documented_list_omits_run_members() {
    let twin = TestEmulator::documented().await;
    let agent = twin.agent();
    let run = twin.start_manual_run(&agent);
    let running = twin.run(&agent, &run).await;
    assert_eq!(members(&running), ["agent_id", "run_id", "started_at", "status"]);
    twin.with(|world| world.apply_step(&agent, &run, &RunStep::Stop));
    let names = ["agent_id", "finished_at", "run_id", "started_at", "status"];
    assert_eq!(members(&twin.run(&agent, &run).await), names);
}

#[tokio::test]
async fn observed_run_page_has_summaries() {
    let twin = TestEmulator::observed().await;
    let agent = twin.agent();
    let runs: Vec<String> = (0..3).map(|_| twin.start_manual_run(&agent)).collect();
    twin.with(|world| world.apply_step(&agent, &runs[2], &RunStep::Complete(Outcome::Partial)));
    let page = twin.get(&format!("/v1/agents/{agent}/runs?page_size=2")).await.json(200);
    let summaries = list(&page["all_run_summaries"]);
    assert_eq!(summaries.len(), 2);
    let names = [
        "credits_consumed",
        "outcome",
        "policy_model",
        "run_kind",
        "run_phase",
        "summary",
        "tool_icons",
        "total_action_count",
    ];
    assert_eq!(members(&summaries[0]), names);
    assert_eq!(summaries[0]["outcome"], "partial");
}

#[tokio::test]
async fn documented_run_page_has_no_summaries() {
    let twin = TestEmulator::documented().await;
    let page = twin.get(&format!("/v1/agents/{}/runs", twin.agent())).await.json(200);
    assert_eq!(members(&page), ["page", "page_size", "runs", "total_runs"]);
}

#[tokio::test]
async fn get_of_single_run_is_not_supported() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.start_manual_run(&agent);
        let refused = twin.get(&format!("/v1/agents/{agent}/runs/{run}")).await;
        refused.assert_method_not_allowed(&twin);
        assert_eq!(refused.header("allow"), "DELETE");
    })
    .await;
}

#[tokio::test]
async fn all_operations_on_deleted_run_fail() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.start_manual_run(&agent);
        let path = format!("/v1/agents/{agent}/runs/{run}");
        twin.delete(&path).await.assert_empty(204);
        assert_eq!(ids(&twin, &agent, "").await, Vec::<String>::new());
        twin.delete(&path).await.problem(twin.not_found_status());
        twin.post(&format!("{path}/cancel"), json!({})).await.problem(twin.not_found_status());
    })
    .await;
}

#[tokio::test]
async fn rejects_run_of_another_agent() {
    in_both(async |twin| {
        let [agent, other] = [twin.agent(), twin.agent()];
        let run = twin.start_manual_run(&agent);
        for (method, below) in [(Method::DELETE, ""), (Method::POST, "/cancel")] {
            let request = twin.request(method, &format!("/v1/agents/{other}/runs/{run}{below}"));
            ApiResponse::to(request).await.problem(twin.not_found_status());
        }
        assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
    })
    .await;
}
