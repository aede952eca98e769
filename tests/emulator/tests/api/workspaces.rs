//! Workspaces: create, update, reorder and delete, and their agents.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{TestEmulator, in_both, members, text, texts};

const WORKSPACES: &str = "/v1/workspaces";

async fn names(twin: &TestEmulator) -> Vec<String> {
    texts(&twin.get(WORKSPACES).await.json(200)["workspaces"], "name")
}

/// Adds workspaces and returns the identifiers of all workspaces.
async fn add(twin: &TestEmulator, names: &[&str]) -> Vec<String> {
    for name in names {
        twin.workspace(name).await;
    }
    texts(&twin.get(WORKSPACES).await.json(200)["workspaces"], "workspace_id")
}

async fn reorder(twin: &TestEmulator, ids: &[&String]) -> super::harness::ApiResponse {
    twin.post(&format!("{WORKSPACES}/reorder"), json!({"workspace_ids": ids})).await
}

#[tokio::test]
async fn emulator_starts_with_one_workspace() {
    in_both(async |twin| assert_eq!(names(&twin).await, ["My Workspace"])).await;
}

#[tokio::test]
async fn workspace_has_the_members_of_its_profile() {
    in_both(async |twin| {
        let created = twin.post(WORKSPACES, json!({"name": "Marketing Agents"})).await.json(201);
        let observed = [
            "agent_count",
            "created_at",
            "icon_config",
            "name",
            "position",
            "updated_at",
            "workspace_id",
        ];
        let wanted = twin.for_profile(["name", "workspace_id"].as_slice(), observed.as_slice());
        assert_eq!(members(&created["workspace"]), wanted);
        let listed = twin.get(WORKSPACES).await.json(200)["workspaces"][1].take();
        assert_eq!(listed, created["workspace"]);
    })
    .await;
}

#[tokio::test]
async fn observed_workspace_icon_is_json_in_a_string() {
    let twin = TestEmulator::observed().await;
    let shown = twin.get(WORKSPACES).await.json(200);
    let icon: Result<Value, _> =
        serde_json::from_str(&text(&shown["workspaces"][0]["icon_config"]));
    assert!(icon.is_ok(), "{shown}");
}

#[tokio::test]
async fn new_workspace_is_listed_last() {
    in_both(async |twin| {
        add(&twin, &["A", "B"]).await;
        assert_eq!(names(&twin).await, ["My Workspace", "A", "B"]);
    })
    .await;
}

#[tokio::test]
async fn updates_name_and_icon_of_workspace() {
    in_both(async |twin| {
        let ids = add(&twin, &["A"]).await;
        twin.advance(Duration::from_secs(3_600)).await;
        let icon = r##"{"color": "#fff"}"##;
        let body = json!({"name": "Renamed Workspace", "icon_config": icon});
        let updated = twin.put(&format!("{WORKSPACES}/{}", ids[1]), body).await.json(200);
        let workspace = &updated["workspace"];
        assert_eq!(
            (&workspace["workspace_id"], &workspace["name"]),
            (&json!(ids[1]), &json!("Renamed Workspace"))
        );
        assert_eq!(workspace["icon_config"], twin.for_profile(Value::Null, json!(icon)));
        assert_eq!(names(&twin).await, ["My Workspace", "Renamed Workspace"]);
    })
    .await;
}

#[tokio::test]
async fn workspace_update_changes_updated_at_but_not_created_at() {
    let twin = TestEmulator::observed().await;
    twin.advance(Duration::from_secs(3_600)).await;
    let body = json!({"name": "Renamed"});
    let updated = twin.put(&format!("{WORKSPACES}/ws_001"), body).await.json(200);
    let times = (&updated["workspace"]["created_at"], &updated["workspace"]["updated_at"]);
    let [noon, one] = ["2026-03-11T12", "2026-03-11T13"];
    let wanted = [noon, one].map(|hour| json!(format!("{hour}:00:00.000000000+00:00")));
    assert_eq!(times, (&wanted[0], &wanted[1]));
}

#[tokio::test]
async fn workspace_update_keeps_absent_icon() {
    let twin = TestEmulator::observed().await;
    let path = format!("{WORKSPACES}/ws_001");
    twin.put(&path, json!({"name": "A", "icon_config": "{}"})).await.json(200);
    let updated = twin.put(&path, json!({"name": "B"})).await.json(200);
    assert_eq!(updated["workspace"]["icon_config"], "{}");
}

#[tokio::test]
async fn reorders_workspaces() {
    in_both(async |twin| {
        let ids = add(&twin, &["A", "B"]).await;
        reorder(&twin, &[&ids[2], &ids[0], &ids[1]]).await.assert_success();
        assert_eq!(names(&twin).await, ["B", "My Workspace", "A"]);
    })
    .await;
}

#[tokio::test]
async fn unnamed_workspaces_follow_in_their_order() {
    in_both(async |twin| {
        let ids = add(&twin, &["A", "B", "C"]).await;
        reorder(&twin, &[&ids[2]]).await.assert_success();
        assert_eq!(names(&twin).await, ["B", "My Workspace", "A", "C"]);
        reorder(&twin, &[]).await.assert_success();
        assert_eq!(names(&twin).await, ["B", "My Workspace", "A", "C"]);
    })
    .await;
}

#[tokio::test]
async fn workspace_positions_match_the_order() {
    let twin = TestEmulator::observed().await;
    let ids = add(&twin, &["A", "B"]).await;
    reorder(&twin, &[&ids[2], &ids[1], &ids[0]]).await.assert_success();
    let shown = twin.get(WORKSPACES).await.json(200);
    let positions: Vec<&Value> = (0..3).map(|at| &shown["workspaces"][at]["position"]).collect();
    assert_eq!(positions, [0, 1, 2]);
}

#[tokio::test]
async fn rejected_reorder_changes_nothing() {
    in_both(async |twin| {
        let ids = add(&twin, &["A", "B"]).await;
        let unknown = "ws_none".to_owned();
        reorder(&twin, &[&ids[2], &unknown]).await.problem(twin.not_found_status());
        reorder(&twin, &[&ids[2], &ids[2]]).await.problem(400);
        assert_eq!(names(&twin).await, ["My Workspace", "A", "B"]);
    })
    .await;
}

#[tokio::test]
async fn deleting_workspace_deletes_its_agents() {
    in_both(async |twin| {
        let ids = add(&twin, &["A"]).await;
        let kept = twin.agent();
        let body = json!({"workspace_id": ids[1]});
        let agent = twin.post("/v1/agents", body).await.json(201)["agent"]["agent_id"].take();
        let path = format!("{WORKSPACES}/{}", ids[1]);
        assert_eq!(twin.delete(&path).await.json(200), json!({"deleted": true}));
        assert_eq!(names(&twin).await, ["My Workspace"]);
        twin.get(&format!("/v1/agents/{}", text(&agent))).await.problem(twin.not_found_status());
        assert_eq!(texts(&twin.get("/v1/agents").await.json(200)["agents"], "agent_id"), [kept]);
    })
    .await;
}

#[tokio::test]
async fn rejects_deletion_of_last_workspace() {
    in_both(async |twin| {
        let agent = twin.agent();
        twin.delete(&format!("{WORKSPACES}/ws_001")).await.problem(400);
        twin.get(&format!("/v1/agents/{agent}")).await.json(200);
    })
    .await;
}

#[tokio::test]
async fn deletes_first_workspace_when_another_exists() {
    in_both(async |twin| {
        let ids = add(&twin, &["A"]).await;
        twin.delete(&format!("{WORKSPACES}/{}", ids[0])).await.json(200);
        let agent = twin.post("/v1/agents", json!({})).await.json(201);
        assert_eq!(agent["agent"]["workspace_id"], ids[1]);
    })
    .await;
}

#[tokio::test]
async fn rejects_update_and_deletion_of_unknown_workspace() {
    in_both(async |twin| {
        let path = format!("{WORKSPACES}/none");
        twin.put(&path, json!({"name": "A"})).await.problem(twin.not_found_status());
        twin.delete(&path).await.problem(twin.not_found_status());
    })
    .await;
}

#[tokio::test]
async fn identifier_of_deleted_workspace_is_not_reused() {
    in_both(async |twin| {
        let ids = add(&twin, &["A"]).await;
        twin.delete(&format!("{WORKSPACES}/{}", ids[1])).await.json(200);
        assert_ne!(twin.workspace("B").await, ids[1]);
    })
    .await;
}

#[tokio::test]
async fn workspace_counts_its_agents() {
    let twin = TestEmulator::observed().await;
    let ids = add(&twin, &["A"]).await;
    let agents: Vec<String> = (0..3).map(|_| twin.agent()).collect();
    let body = json!({"workspace_id": ids[1]});
    twin.post(&format!("/v1/agents/{}/move", agents[0]), body).await.assert_success();
    let shown = twin.get(WORKSPACES).await.json(200);
    let counts: Vec<&Value> = (0..2).map(|at| &shown["workspaces"][at]["agent_count"]).collect();
    assert_eq!(counts, [2, 1]);
}
