//! Schedules: set, get, pause, resume and delete. The module `scheduled_runs` tests the runs that they
//! start.

use serde_json::{Value, json};

use super::harness::{TestEmulator, in_both, list, members, texts};

/// Creates a deployed agent. Returns its identifier and the path of its schedule.
fn deployed(twin: &TestEmulator) -> (String, String) {
    let agent = twin.agent();
    twin.with(|world| world.deploy(&agent));
    let path = format!("/v1/agents/{agent}/schedule");
    (agent, path)
}

async fn shown(twin: &TestEmulator, path: &str) -> Value {
    twin.get(path).await.json(200)["schedule"].take()
}

#[tokio::test]
async fn agent_without_schedule_returns_null_or_no_member() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        let none = twin.for_profile(json!({"schedule": null}), json!({}));
        assert_eq!(twin.get(&path).await.json(200), none);
    })
    .await;
}

#[tokio::test]
async fn schedule_has_the_members_of_its_profile() {
    in_both(async |twin| {
        let (agent, path) = deployed(&twin);
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
        let documented = json!({"cron": "0 0 9 * * * *", "paused": false});
        let observed = json!({
            "agent_id": agent, "auto_paused": false, "consecutive_failures": 0,
            "cron": "0 0 9 * * * *", "next_run": 1_773_306_000, "paused": false,
        });
        assert_eq!(shown(&twin, &path).await, twin.for_profile(documented, observed));
    })
    .await;
}

#[tokio::test]
async fn accepts_only_cron_expressions_of_seven_fields() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        for cron in [
            "",
            "0",
            "0 9 * * *",
            "0 0 9 * * *",
            "0 0 9 * * * * *",
            "@daily",
            "every day at nine",
            "every day at nine or so please",
            "60 0 9 * * * *",
            "0 60 9 * * * *",
            "0 0 24 * * * *",
            "0 0 9 32 * * *",
            "0 0 9 * 13 * *",
            "0 0 9 * * 8 *",
            "0 0 9 * * * 1",
            "-1 0 9 * * * *",
        ] {
            twin.put(&path, json!({"cron": cron})).await.problem(400);
        }
        assert_eq!(shown(&twin, &path).await, Value::Null);
    })
    .await;
}

#[tokio::test]
async fn accepts_all_cron_syntax() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        for cron in [
            "0 0 9 * * * *",
            "0 */15 9-17 * * Mon-Fri *",
            "0 0 0 1 Jan,Jul * 2027-2030",
            "30 5,35 * * * ? *",
            "  0  0 9 * *  * * ",
        ] {
            twin.put(&path, json!({"cron": cron})).await.assert_success();
            assert_eq!(shown(&twin, &path).await["cron"], cron);
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_schedule_of_agent_that_is_not_deployed() {
    in_both(async |twin| {
        let agent = twin.agent();
        let path = format!("/v1/agents/{agent}/schedule");
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.problem(400);
        assert_eq!(shown(&twin, &path).await, Value::Null);
        twin.with(|world| world.deploy(&agent));
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
    })
    .await;
}

#[tokio::test]
async fn second_schedule_replaces_the_first() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        for cron in ["0 0 9 * * * *", "0 0 10 * * * *"] {
            twin.put(&path, json!({"cron": cron})).await.assert_success();
        }
        let all = twin.get("/v1/schedules").await.json(200);
        assert_eq!(texts(&all["schedules"], "cron"), ["0 0 10 * * * *"]);
    })
    .await;
}

#[tokio::test]
async fn rejected_schedule_keeps_the_old_one() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
        let before = shown(&twin, &path).await;
        twin.put(&path, json!({"cron": "nonsense"})).await.problem(400);
        assert_eq!(shown(&twin, &path).await, before);
    })
    .await;
}

#[tokio::test]
async fn pauses_and_resumes_schedule() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
        for (action, paused) in
            [("pause", true), ("pause", true), ("resume", false), ("resume", false)]
        {
            twin.post_empty(&format!("{path}/{action}")).await.assert_success();
            assert_eq!(shown(&twin, &path).await["paused"], paused);
        }
    })
    .await;
}

#[tokio::test]
async fn paused_schedule_has_no_next_run() {
    let twin = TestEmulator::observed().await;
    let (_, path) = deployed(&twin);
    twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
    twin.post_empty(&format!("{path}/pause")).await.assert_success();
    assert_eq!(shown(&twin, &path).await.get("next_run"), None);
    twin.post_empty(&format!("{path}/resume")).await.assert_success();
    assert_eq!(shown(&twin, &path).await["next_run"], 1_773_306_000);
}

#[tokio::test]
async fn new_schedule_is_not_paused() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
        twin.post_empty(&format!("{path}/pause")).await.assert_success();
        twin.put(&path, json!({"cron": "0 0 10 * * * *"})).await.assert_success();
        assert_eq!(shown(&twin, &path).await["paused"], false);
    })
    .await;
}

#[tokio::test]
async fn deletes_schedule() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
        twin.delete(&path).await.assert_success();
        assert_eq!(shown(&twin, &path).await, Value::Null);
        assert_eq!(twin.get("/v1/schedules").await.json(200), json!({"schedules": []}));
    })
    .await;
}

#[tokio::test]
async fn rejects_pause_resume_and_delete_of_missing_schedule() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        twin.post_empty(&format!("{path}/pause")).await.problem(twin.not_found_status());
        twin.post_empty(&format!("{path}/resume")).await.problem(twin.not_found_status());
        twin.delete(&path).await.problem(twin.not_found_status());
    })
    .await;
}

#[tokio::test]
async fn accepts_schedule_without_future_times() {
    in_both(async |twin| {
        let (_, path) = deployed(&twin);
        twin.put(&path, json!({"cron": "0 0 9 * * * 2020"})).await.assert_success();
        assert_eq!(shown(&twin, &path).await.get("next_run"), None);
    })
    .await;
}

#[tokio::test]
async fn lists_all_schedules_with_their_agents() {
    in_both(async |twin| {
        let mut agents = Vec::new();
        for hour in 1..4 {
            let (agent, path) = deployed(&twin);
            let cron = format!("0 0 {hour} * * * *");
            twin.put(&path, json!({"cron": cron})).await.assert_success();
            agents.push(agent);
        }
        deployed(&twin);
        let all = twin.get("/v1/schedules").await.json(200);
        let mut listed = texts(&all["schedules"], "agent_id");
        listed.sort();
        agents.sort();
        assert_eq!(listed, agents);
        let documented = ["agent_id", "cron", "paused"];
        let observed =
            ["agent_id", "auto_paused", "consecutive_failures", "cron", "next_run", "paused"];
        let first = &list(&all["schedules"])[0];
        assert_eq!(members(first), twin.for_profile(documented.as_slice(), observed.as_slice()));
    })
    .await;
}

#[tokio::test]
async fn does_not_list_schedule_of_deleted_agent() {
    in_both(async |twin| {
        let (agent, path) = deployed(&twin);
        twin.put(&path, json!({"cron": "0 0 9 * * * *"})).await.assert_success();
        twin.delete(&format!("/v1/agents/{agent}")).await.assert_empty(204);
        assert_eq!(twin.get("/v1/schedules").await.json(200), json!({"schedules": []}));
    })
    .await;
}
