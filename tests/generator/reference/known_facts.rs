//! Checks `known.json` and the effective document against the reference and the observations.

use serde_json::{Value, json};
use twin_api_gen::known::FactStatus;
use twin_api_gen::{Input, generate};
use twin_tests::vendored::KNOWN;

use super::{elements, invalid_examples, members, operations, schema_violations, validator};
use crate::{client_of, contract, contract_client, contract_document, surface_of, vendored};

fn known() -> Value {
    serde_json::from_str(KNOWN).expect("known.json is JSON")
}

#[test]
fn effective_document_is_valid_openapi() {
    assert_eq!(schema_violations(&contract_client().effective), Vec::<String>::new());
    let vendored = generate(vendored()).expect("the vendored document generates");
    assert_eq!(schema_violations(&vendored.effective), Vec::<String>::new());
}

#[test]
fn checked_in_effective_document_is_current() {
    let file = include_str!("../../emulator/effective.json");
    let effective: Value = serde_json::from_str(file).expect("effective.json is JSON");
    let vendored = generate(vendored()).expect("the vendored document generates");
    assert!(effective == vendored.effective, "run `cargo xtask regen`");
}

#[test]
fn reference_examples_match_the_effective_schemas() {
    let (refused, seen) = invalid_examples(&contract_client().effective);
    assert_eq!(refused, Vec::<String>::new());
    assert!(seen > 100, "only {seen} examples were seen");
}

#[test]
fn observed_responses_match_the_effective_schemas() {
    let run = json!({"run_id": "r", "agent_id": "a", "status": "completed", "goal": null,
        "started_at": "2026-04-22T09:00:00.123456789+00:00", "run_number": 0});
    let agent = json!({"agent_id": "a", "latest_run_is_finished": false, "has_runs": false,
        "deployment_state": "draft", "icon_config": "{}", "agent_name": {"name": "A"}});
    let event = json!({"event_index": 157_912_706, "recorded_at": "2026-04-22T09:00:00+00:00",
        "event": {"agent_id": {"id": "a"}, "event": {"event": {"Started": {}}}}});
    let table = [
        ("ListAgentsResponse", json!({"agents": [agent]})),
        ("ListAgentsResponse", json!({"agents": [], "next_cursor": "c"})),
        (
            "ListRunsResponse",
            json!({"runs": [run], "total_runs": 42, "all_run_summaries":
            [{"credits_consumed": 1.5, "outcome": "success", "tool_icons": ["i"]}]}),
        ),
        ("StartRunResponse", json!({"run": run})),
        ("CancelRunResponse", json!({"success": true})),
        ("CancelRunResponse", json!({"success": true, "error": "run already completed"})),
        ("ListRunEventsResponse", json!({"events": [event], "total_count": 1510})),
        ("GetScheduleResponse", json!({})),
        (
            "GetScheduleResponse",
            json!({"schedule": {"cron": "0 0 9 * * * *", "paused": false,
            "agent_id": "a", "auto_paused": false, "consecutive_failures": 0,
            "next_run": 1_776_934_800}}),
        ),
        ("GetInstructionsResponse", json!({})),
        (
            "ListApiKeysResponse",
            json!({"keys": [{"key_id": "00", "name": "n",
            "display_prefix": "abcdefgh", "created_at": 1_706_000_000}]}),
        ),
        ("Problem", json!({"status": 403, "detail": "no access", "code": "forbidden"})),
    ];
    let document = contract_client().effective;
    for (component, response) in table {
        let schema = json!({ "$ref": format!("#/components/schemas/{component}") });
        let outcome = validator(&document, &schema).validate(&response).map_err(|e| e.to_string());
        assert_eq!(outcome, Ok(()), "{component}: {response}");
    }
}

#[test]
fn start_run_requires_run_mode_in_every_document() {
    let mut other = contract_document();
    let schemas = other["components"]["schemas"].as_object_mut().unwrap();
    schemas.remove("RunMode");
    schemas["StartRunBody"]["properties"]["run_mode"] = json!({ "type": ["string", "null"] });
    for document in [contract_client().effective, client_of(&other).effective] {
        let body = validator(&document, &document["components"]["schemas"]["StartRunBody"]);
        for refused in [json!({}), json!({"run_mode": null}), json!({"run_mode": "Run"})] {
            assert!(!body.is_valid(&refused), "{refused}");
        }
        assert!(body.is_valid(&json!({"run_mode": "build"})));
    }
}

#[test]
fn removed_operation_stays_and_is_marked() {
    let ours = contract_client();
    for (method, path, operation) in operations(&contract_document()) {
        if path.contains("runs") || path.contains("agents/{agent_id}/") {
            continue; // The test takes too long with all operations.
        }
        let mut smaller = contract_document();
        smaller["paths"][path].as_object_mut().unwrap().remove(method);
        let client = client_of(&smaller);
        let call = format!("{} {path}", method.to_uppercase());
        let missing: Vec<_> =
            client.facts.iter().filter(|fact| fact.status == FactStatus::Missing).collect();
        let [fact] = missing.as_slice() else { panic!("{call}: {missing:?}") };
        assert_eq!(fact.subject, call);
        let id = operation["operationId"].as_str().unwrap();
        let edit = fact.edit.clone().unwrap();
        assert!(edit.apply(&mut known()), "{edit}");
        assert!(client.source == ours.source, "{id}: the generated source changed");
        let marked: Vec<_> = surface_of(client)
            .into_values()
            .flat_map(|text| text.lines().map(ToOwned::to_owned).collect::<Vec<_>>())
            .filter(|line| line.ends_with(" (not in the document)"))
            .collect();
        assert_eq!(marked.len(), 1, "{marked:?}");
    }
}

#[test]
fn operation_dropped_by_known_json_is_removed() {
    let mut smaller = contract_document();
    smaller["paths"].as_object_mut().unwrap().remove("/v1/me");
    let mut known = known();
    known["operations"].as_object_mut().unwrap().remove("get_me");
    let (text, known) = (smaller.to_string(), known.to_string());
    let input = Input { openapi: text.as_bytes(), known: Some(known.as_bytes()), ..contract() };
    let client = generate(input).unwrap();
    assert!(!client.source.contains("fn get_me"));
    assert!(client.facts.iter().all(|fact| fact.status != FactStatus::Missing));
}

#[test]
fn contradicted_fact_overrides_the_document_until_edited() {
    let mut other = contract_document();
    other["components"]["schemas"]["Workspace"]["properties"]["name"] = json!({"type": "integer"});
    let client = client_of(&other);
    let fact = client.facts.iter().find(|fact| fact.subject == "Workspace.name").unwrap().clone();
    assert_eq!(
        fact.status,
        FactStatus::Contradicted { document: "integer".to_owned(), known_wins: true }
    );
    assert!(surface_of(client)["workspaces"].contains("\n  name: String\n"));

    let mut known = known();
    assert!(fact.edit.unwrap().apply(&mut known));
    let (text, known) = (other.to_string(), known.to_string());
    let input = Input { openapi: text.as_bytes(), known: Some(known.as_bytes()), ..contract() };
    assert!(surface_of(generate(input).unwrap())["workspaces"].contains("\n  name: i64\n"));
}

#[test]
fn new_members_reach_the_client() {
    let mut other = contract_document();
    let schemas = &mut other["components"]["schemas"];
    schemas["Run"]["properties"]["cost"] = json!({"type": "number", "description": "The cost."});
    schemas["ListWorkspacesResponse"]["properties"]["has_more"] = json!({"type": "boolean"});
    schemas["ListWorkspacesResponse"]["required"] = json!(["workspaces", "has_more"]);
    schemas["SetScheduleBody"]["properties"]["zone"] = json!({"type": "string"});
    schemas["SetScheduleBody"]["required"] = json!(["cron", "zone"]);
    schemas["RunStatus"]["enum"].as_array_mut().unwrap().push(json!("queued"));
    let parameters = other["paths"]["/v1/agents"]["get"]["parameters"].as_array_mut().unwrap();
    parameters.push(json!({"name": "sort", "in": "query", "schema": {"type": "string"}}));
    for parameter in parameters.iter_mut().filter(|it| it["name"] == "limit") {
        parameter["schema"]["maximum"] = json!(500);
    }
    other["paths"]["/v1/agents/{id}/pause"] = json!({"post": {"operationId": "pause_agent",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"204": {"description": "d"}}}});
    let surface = surface_of(client_of(&other));
    assert!(surface["runs"].contains("  cost: Option<f64>\n"));
    // A new response member is optional, because known responses lack it. A new body member is
    // required.
    assert!(surface["workspaces"].contains("  has_more: Option<bool>\n"));
    assert!(surface["schedules"].contains("  zone: String\n"));
    assert!(surface["shared"].contains("  Queued = \"queued\"\n"));
    assert!(surface["agents"].contains("    limit?: i64 ..=500,\n    sort?: String,\n"));
    let new = "POST /v1/agents/{agent_id}/pause → fn pause_agent(agent_id: String) → nothing";
    assert!(surface.values().any(|text| text.contains(new)), "{surface:#?}");
}

#[test]
fn reports_observation_that_upstream_now_documents() {
    let mut other = contract_document();
    other["components"]["schemas"]["Run"]["properties"]["user_id"] = json!({"type": "string"});
    let facts = client_of(&other).facts;
    let fact = facts.iter().find(|fact| fact.subject == "Run.user_id").unwrap();
    assert_eq!(fact.status, FactStatus::Agreed);
    assert!(fact.to_string().contains("now documented upstream"));
}

#[test]
fn report_names_the_missing_target_of_a_reference_to_a_known_type() {
    let mut other = contract_document();
    let update = &mut other["paths"]["/v1/workspaces/{workspace_id}"]["put"];
    update["responses"]["200"]["content"]["application/json"]["schema"] = json!({"type": "object", "properties": {
            "workspace": {"$ref": "#/components/schemas/Worksapce"}}});
    let client = client_of(&other);
    let facts: Vec<String> = client.facts.iter().map(ToString::to_string).collect();
    let expected = "the document has no #/components/schemas/Worksapce, to which";
    assert!(facts.iter().any(|fact| fact.contains(expected)), "{facts:#?}");
}

#[test]
fn reports_all_mistakes_in_known_json() {
    let mut broken = known();
    broken["operations"]["get_me"]["call"] = json!("FETCH /v1/me");
    broken["operations"]["get_run"]["call"] = json!("GET/v1/runs/{run_id}");
    broken["operations"]["list_agents"]["sauce"] = json!("a typing error");
    broken["entities"]["Run"]["members"]["goal"]["upstream"] = json!("maybe");
    broken["entities"]["Agent"]["members"]["agent_name"]["schema"] =
        json!({"$ref": "#/components/schemas/Nothing"});
    broken["entities"]["RunMode"].as_object_mut().unwrap().remove("source");
    broken["entities"]["RunStatus"]["values"] = json!({"value": "queued"});
    broken["entities"]["Agent"]["places"] = json!("body of create_agent");
    broken["security"]["schemes"] = json!([]);
    broken["entities"]["Workspace"]["members"]["name"]["required"] = json!("yes");
    broken["entities"]["Workspace"]["members"]["position"]["source"] = json!(3);
    broken["entities"]["Workspace"]["members"]["mood"] = json!({"schema": {"type": "text"}});
    let broken = broken.to_string();
    let error = generate(Input { known: Some(broken.as_bytes()), ..contract() }).unwrap_err();
    let shown = error.to_string();
    for expected in [
        "FETCH",
        "#/operations/get_run: `call` \"GET/v1/runs/{run_id}\" is not a method and a path",
        "`sauce`",
        "`upstream` can only be",
        "\"Nothing\"",
        "#/entities/RunMode: has no `source`",
        "#/entities/RunStatus: `values` is not an array",
        "#/entities/Agent: `places` is not an array",
        "#/security: `schemes` is not an object",
        "#/entities/Workspace/members/name: `required` is neither true nor false",
        "#/entities/Workspace/members/position: `source` is not a string",
        "#/entities/Workspace/members/mood/schema: has the unknown type \"text\"",
    ] {
        assert!(shown.contains(expected), "{shown} has no {expected}");
    }
}

#[test]
fn every_known_fact_names_its_source() {
    let known = known();
    let sources = members(&known["operations"])
        .chain(members(&known["entities"]))
        .map(|(_, fact)| &fact["source"]);
    let members = members(&known["entities"]).flat_map(|(_, entity)| members(&entity["members"]));
    let own = members.flat_map(|(_, member)| [&member["source"], &member["seen_absent"]]);
    for source in sources.chain(own.filter(|source| !source.is_null())) {
        let source = source.as_str().unwrap();
        assert!(source.starts_with("reference, ") || source.starts_with("observed 20"), "{source}");
    }
}

#[test]
fn known_json_is_in_canonical_format() {
    let written = format!("{:#}\n", known());
    assert!(KNOWN == written, "an accepted edit would change other lines");
}

#[test]
fn webhooks_have_their_own_tag_and_operation_ids() {
    let document = contract_client().effective;
    let rest: Vec<&Value> = operations(&document).map(|(.., it)| &it["tags"][0]).collect();
    for (name, item) in members(&document["webhooks"]) {
        let id = item["post"]["operationId"].as_str().unwrap();
        assert_eq!(id, format!("receive_{}", name.replace('.', "_")));
        assert!(!rest.contains(&&item["post"]["tags"][0]));
        assert!(elements(&document["tags"]).any(|tag| tag["name"] == item["post"]["tags"][0]));
    }
}
