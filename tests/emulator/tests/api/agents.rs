//! Agents: lists in pages, and the members of an agent.

use std::time::Duration;

use serde_json::{Value, json};
use twin_emulator::{Outcome, RunMode, RunScript, RunStep};

use super::harness::{TestEmulator, in_both, list, members, text, texts};

/// Lists all agents in pages of `limit`. Returns the identifiers and the page lengths.
async fn list_all(twin: &TestEmulator, filter: &str, limit: usize) -> (Vec<String>, Vec<usize>) {
    let (mut agents, mut pages) = (Vec::new(), Vec::new());
    let mut path = format!("/v1/agents?limit={limit}{filter}");
    loop {
        let page = twin.get(&path).await.json(200);
        let ids = texts(&page["agents"], "agent_id");
        pages.push(ids.len());
        agents.extend(ids);
        match page.get("next_cursor") {
            Some(cursor) => {
                path = format!("/v1/agents?limit={limit}{filter}&cursor={}", text(cursor));
            }
            None => return (agents, pages),
        }
    }
}

/// Adds `count` agents and returns their identifiers, newest first.
fn add(twin: &TestEmulator, count: usize) -> Vec<String> {
    let mut agents: Vec<String> = (0..count).map(|_| twin.agent()).collect();
    agents.reverse();
    agents
}

#[tokio::test]
async fn pages_list_every_agent_once_newest_first() {
    let twin = TestEmulator::observed().await;
    let agents = add(&twin, 25);
    assert_eq!(list_all(&twin, "", 10).await, (agents, vec![10, 10, 5]));
}

#[tokio::test]
async fn last_full_page_has_no_next_cursor() {
    let twin = TestEmulator::observed().await;
    let agents = add(&twin, 20);
    assert_eq!(list_all(&twin, "", 10).await, (agents, vec![10, 10]));
}

#[tokio::test]
async fn agents_created_between_pages_do_not_shift_pages() {
    let twin = TestEmulator::observed().await;
    let agents = add(&twin, 4);
    let first = twin.get("/v1/agents?limit=2").await.json(200);
    add(&twin, 3);
    let cursor = text(&first["next_cursor"]);
    let second = twin.get(&format!("/v1/agents?limit=2&cursor={cursor}")).await.json(200);
    assert_eq!(texts(&second["agents"], "agent_id"), agents[2..]);
}

#[tokio::test]
async fn cursor_works_after_its_agent_is_deleted() {
    let twin = TestEmulator::observed().await;
    let agents = add(&twin, 4);
    let cursor = text(&twin.get("/v1/agents?limit=2").await.json(200)["next_cursor"]);
    twin.delete(&format!("/v1/agents/{}", agents[1])).await.assert_empty(204);
    let second = twin.get(&format!("/v1/agents?limit=2&cursor={cursor}")).await.json(200);
    assert_eq!(texts(&second["agents"], "agent_id"), agents[2..]);
}

#[tokio::test]
async fn empty_list_of_agents_is_an_array() {
    in_both(async |twin| {
        assert_eq!(twin.get("/v1/agents").await.json(200), json!({"agents": []}));
    })
    .await;
}

#[tokio::test]
async fn documented_page_has_no_next_cursor() {
    let twin = TestEmulator::documented().await;
    let agents = add(&twin, 120);
    let page = twin.get("/v1/agents?limit=20").await.json(200);
    assert_eq!(members(&page), ["agents"]);
    assert_eq!(texts(&page["agents"], "agent_id"), agents[..20]);
    let all = twin.get("/v1/agents").await.json(200);
    assert_eq!(texts(&all["agents"], "agent_id"), agents);
}

#[tokio::test]
async fn documented_list_continues_after_last_agent_id() {
    let twin = TestEmulator::documented().await;
    let agents = add(&twin, 45);
    let mut seen = texts(&twin.get("/v1/agents?limit=20").await.json(200)["agents"], "agent_id");
    while let Some(last) = seen.last().filter(|_| seen.len() < agents.len()).cloned() {
        let page = twin.get(&format!("/v1/agents?limit=20&cursor={last}")).await.json(200);
        seen.extend(texts(&page["agents"], "agent_id"));
    }
    assert_eq!(seen, agents);
    let observed = TestEmulator::observed().await;
    let agent = observed.agent();
    observed.get(&format!("/v1/agents?cursor={agent}")).await.problem(400);
}

#[tokio::test]
async fn observed_page_without_limit_has_next_cursor() {
    let twin = TestEmulator::observed().await;
    add(&twin, 51);
    let page = twin.get("/v1/agents").await.json(200);
    assert_eq!(list(&page["agents"]).len(), 50);
    assert!(page["next_cursor"].is_string(), "{}", page["next_cursor"]);
}

#[tokio::test]
async fn lists_agents_by_workspace() {
    in_both(async |twin| {
        let workspace = twin.workspace("Marketing Agents").await;
        let body = json!({"workspace_id": workspace});
        let inside = twin.post("/v1/agents", body).await.json(201)["agent"]["agent_id"].clone();
        add(&twin, 3);
        let page = twin.get(&format!("/v1/agents?workspace_id={workspace}")).await.json(200);
        assert_eq!(texts(&page["agents"], "agent_id"), [text(&inside)]);
    })
    .await;
}

#[tokio::test]
async fn pages_of_one_workspace_skip_other_workspaces() {
    let twin = TestEmulator::observed().await;
    let workspace = twin.workspace("Marketing Agents").await;
    let mut inside = Vec::new();
    for agent in add(&twin, 10).into_iter().step_by(2) {
        let body = json!({"workspace_id": workspace});
        twin.post(&format!("/v1/agents/{agent}/move"), body).await.assert_success();
        inside.push(agent);
    }
    let filter = format!("&workspace_id={workspace}");
    assert_eq!(list_all(&twin, &filter, 2).await, (inside, vec![2, 2, 1]));
}

#[tokio::test]
async fn unknown_workspace_lists_no_agents() {
    in_both(async |twin| {
        add(&twin, 1);
        let page = twin.get("/v1/agents?workspace_id=none").await.json(200);
        assert_eq!(page, json!({"agents": []}));
    })
    .await;
}

#[tokio::test]
async fn rejects_unknown_cursor() {
    in_both(async |twin| {
        for cursor in ["", "2", "after-", "after-xyz", "AAAA%3D%3D"] {
            twin.get(&format!("/v1/agents?cursor={cursor}")).await.problem(400);
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_limit_below_1_or_not_a_number() {
    in_both(async |twin| {
        for limit in ["", "0", "-1", "1.5", "ten", "99999999999999999999"] {
            twin.get(&format!("/v1/agents?limit={limit}")).await.problem(400);
        }
    })
    .await;
}

#[tokio::test]
async fn new_agent_has_the_members_of_its_profile() {
    in_both(async |twin| {
        let agent = twin.post("/v1/agents", json!({})).await.json(201)["agent"].take();
        let documented = [
            "agent_id",
            "deployment_state",
            "has_runs",
            "latest_run_id",
            "latest_run_is_finished",
            "workspace_id",
        ];
        let observed = [
            "agent_id",
            "deployment_state",
            "has_instruction_build",
            "has_runs",
            "icon_config",
            "last_activity_at",
            "latest_run_has_pending_input",
            "latest_run_is_finished",
            "workspace_id",
        ];
        assert_eq!(members(&agent), twin.for_profile(documented.as_slice(), observed.as_slice()));
        assert_eq!(agent["deployment_state"], twin.for_profile("not_deployed", "draft"));
        assert_eq!(agent["latest_run_id"], twin.for_profile(json!(""), Value::Null));
    })
    .await;
}

#[tokio::test]
async fn create_agent_and_get_agent_return_the_same() {
    in_both(async |twin| {
        let created = twin.post("/v1/agents", json!({})).await.json(201);
        let id = text(&created["agent"]["agent_id"]);
        assert_eq!(twin.get(&format!("/v1/agents/{id}")).await.json(200), created);
    })
    .await;
}

#[tokio::test]
async fn documented_list_omits_agent_members() {
    let twin = TestEmulator::documented().await;
    let agent = twin.agent();
    twin.with(|world| world.deploy(&agent));
    twin.start_manual_run(&agent);
    let listed = twin.get("/v1/agents").await.json(200)["agents"][0].take();
    let names =
        ["agent_id", "deployment_state", "has_runs", "latest_run_id", "latest_run_is_finished"];
    assert_eq!(members(&listed), names);
    let shown = twin.get(&format!("/v1/agents/{agent}")).await.json(200)["agent"].take();
    let more = ["deployed_at", "last_activity_at", "workspace_id"];
    let mut names: Vec<&str> = names.into_iter().chain(more).collect();
    names.sort_unstable();
    assert_eq!(members(&shown), names);
}

#[tokio::test]
async fn observed_list_and_get_agent_return_the_same() {
    let twin = TestEmulator::observed().await;
    let agent = twin.agent();
    twin.start_manual_run(&agent);
    let listed = twin.get("/v1/agents").await.json(200)["agents"][0].take();
    let shown = twin.get(&format!("/v1/agents/{agent}")).await.json(200)["agent"].take();
    assert_eq!(listed, shown);
}

#[tokio::test]
async fn observed_agent_icon_is_json_in_a_string() {
    let twin = TestEmulator::observed().await;
    let agent = twin.post("/v1/agents", json!({})).await.json(201)["agent"].take();
    let icon: Result<Value, _> = serde_json::from_str(&text(&agent["icon_config"]));
    assert!(icon.is_ok(), "{agent}");
}

#[tokio::test]
async fn agent_shows_its_latest_run() {
    in_both(async |twin| {
        let agent = twin.agent();
        let path = format!("/v1/agents/{agent}");
        let run = twin.start_manual_run(&agent);
        let found = twin.get(&path).await.json(200)["agent"].take();
        assert_eq!((&found["latest_run_id"], &found["has_runs"]), (&json!(run), &json!(true)));
        assert_eq!(found["latest_run_is_finished"], false);
        twin.with(|world| world.apply_step(&agent, &run, &RunStep::Fail));
        let found = twin.get(&path).await.json(200)["agent"].take();
        assert_eq!(found["latest_run_is_finished"], true);
        assert_eq!(found["latest_run_status"], twin.for_profile(Value::Null, json!("error")));
    })
    .await;
}

#[tokio::test]
async fn agent_shows_previous_run_after_latest_is_deleted() {
    in_both(async |twin| {
        let agent = twin.agent();
        let [first, second] = [twin.start_manual_run(&agent), twin.start_manual_run(&agent)];
        twin.delete(&format!("/v1/agents/{agent}/runs/{second}")).await.assert_empty(204);
        let found = twin.get(&format!("/v1/agents/{agent}")).await.json(200);
        assert_eq!(found["agent"]["latest_run_id"], first);
    })
    .await;
}

#[tokio::test]
async fn agent_shows_that_its_run_waits_for_input() {
    let twin = TestEmulator::observed().await;
    let agent = twin.agent();
    let run = twin.start_manual_run(&agent);
    twin.with(|world| world.apply_step(&agent, &run, &RunStep::Pause));
    let found = twin.get(&format!("/v1/agents/{agent}")).await.json(200);
    assert_eq!(found["agent"]["latest_run_has_pending_input"], true);
}

#[tokio::test]
async fn last_activity_is_the_latest_change() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.start_manual_run(&agent);
        twin.advance(Duration::from_secs(90)).await;
        twin.with(|world| world.apply_step(&agent, &run, &RunStep::Event("Tick".to_owned())));
        let found = twin.get(&format!("/v1/agents/{agent}")).await.json(200);
        let time = twin.for_profile("2026-03-11T12:01:30Z", "2026-03-11T12:01:30.000000000+00:00");
        assert_eq!(found["agent"]["last_activity_at"], time);
    })
    .await;
}

#[tokio::test]
async fn completed_build_deploys_agent() {
    in_both(async |twin| {
        let agent = twin.agent();
        let build = twin.with(|world| {
            world.script_next_run(RunScript::manual());
            world.start_run(&agent, RunMode::Build)
        });
        twin.advance(Duration::from_secs(1)).await;
        twin.with(|world| world.apply_step(&agent, &build, &RunStep::Complete(Outcome::Success)));
        let found = twin.get(&format!("/v1/agents/{agent}")).await.json(200)["agent"].take();
        assert_eq!(found["deployment_state"], "deployed");
        let time = twin.for_profile("2026-03-11T12:00:01Z", "2026-03-11T12:00:01.000000000+00:00");
        assert_eq!(found["deployed_at"], time);
    })
    .await;
}

#[tokio::test]
async fn failed_or_stopped_build_does_not_deploy_agent() {
    for end in [RunStep::Fail, RunStep::Stop, RunStep::Complete(Outcome::Fail)] {
        in_both(async |twin| {
            let agent = twin.agent();
            twin.with(|world| {
                world.script_next_run(RunScript::manual());
                let build = world.start_run(&agent, RunMode::Build);
                world.apply_step(&agent, &build, &end);
            });
            let found = twin.get(&format!("/v1/agents/{agent}")).await.json(200);
            assert_eq!(
                found["agent"]["deployment_state"],
                twin.for_profile("not_deployed", "draft")
            );
        })
        .await;
    }
}
