//! Checks `contract.json` against the OpenAPI specification and the reference of the API. The tables
//! here are copied from the reference by hand.
//!
//! These tests do not run the client. All observations of the live service are in `known.json`.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

mod known_facts;

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::contract_document;

/// The reference's table of endpoints, with the success status of each.
const OPERATIONS: [(&str, &str, &str, &str); 33] = [
    ("list_api_keys", "get", "/api/public/v1/access-api-keys", "200"),
    ("create_api_key", "post", "/api/public/v1/access-api-keys", "200"),
    ("revoke_api_key", "delete", "/api/public/v1/access-api-keys/{key_id}", "200"),
    ("get_me", "get", "/v1/me", "200"),
    ("list_agents", "get", "/v1/agents", "200"),
    ("create_agent", "post", "/v1/agents", "201"),
    ("get_agent", "get", "/v1/agents/{agent_id}", "200"),
    ("delete_agent", "delete", "/v1/agents/{agent_id}", "204"),
    ("list_runs", "get", "/v1/agents/{agent_id}/runs", "200"),
    ("start_run", "post", "/v1/agents/{agent_id}/runs", "201"),
    ("delete_run", "delete", "/v1/agents/{agent_id}/runs/{run_id}", "204"),
    ("cancel_run", "post", "/v1/agents/{agent_id}/runs/{run_id}/cancel", "200"),
    ("list_run_events", "get", "/v1/agents/{agent_id}/runs/{run_id}/events", "200"),
    ("create_webhook", "post", "/v1/agents/{agent_id}/webhooks", "201"),
    ("list_webhooks", "get", "/v1/agents/{agent_id}/webhooks", "200"),
    ("get_webhook", "get", "/v1/agents/{agent_id}/webhooks/{webhook_id}", "200"),
    ("update_webhook", "patch", "/v1/agents/{agent_id}/webhooks/{webhook_id}", "200"),
    ("delete_webhook", "delete", "/v1/agents/{agent_id}/webhooks/{webhook_id}", "204"),
    ("get_schedule", "get", "/v1/agents/{agent_id}/schedule", "200"),
    ("set_schedule", "put", "/v1/agents/{agent_id}/schedule", "200"),
    ("delete_schedule", "delete", "/v1/agents/{agent_id}/schedule", "200"),
    ("pause_schedule", "post", "/v1/agents/{agent_id}/schedule/pause", "200"),
    ("resume_schedule", "post", "/v1/agents/{agent_id}/schedule/resume", "200"),
    ("list_schedules", "get", "/v1/schedules", "200"),
    ("get_instructions", "get", "/v1/agents/{agent_id}/instructions", "200"),
    ("update_instructions", "put", "/v1/agents/{agent_id}/instructions", "200"),
    ("list_instruction_versions", "get", "/v1/agents/{agent_id}/instructions/history", "200"),
    ("list_workspaces", "get", "/v1/workspaces", "200"),
    ("create_workspace", "post", "/v1/workspaces", "201"),
    ("update_workspace", "put", "/v1/workspaces/{workspace_id}", "200"),
    ("delete_workspace", "delete", "/v1/workspaces/{workspace_id}", "200"),
    ("reorder_workspaces", "post", "/v1/workspaces/reorder", "200"),
    ("move_agent", "post", "/v1/agents/{agent_id}/move", "200"),
];

/// The reference's tables of parameters: operation, parameters, body members. A required name
/// ends with `!`.
const INPUTS: [(&str, &[&str], &[&str]); 33] = [
    ("list_api_keys", &[], &[]),
    ("create_api_key", &[], &["name!"]),
    ("revoke_api_key", &["key_id!"], &[]),
    ("get_me", &[], &[]),
    ("list_agents", &["workspace_id", "cursor", "limit"], &[]),
    (
        "create_agent",
        &[],
        &["workspace_id", "owner_user_id", "is_subagent", "derived_from_agent_id", "agent_id"],
    ),
    ("get_agent", &["agent_id!"], &[]),
    ("delete_agent", &["agent_id!"], &[]),
    (
        "list_runs",
        &[
            "agent_id!",
            "page",
            "page_size",
            "filter_status",
            "filter_run_id",
            "filter_started_after",
            "filter_started_before",
            "filter_policy_type",
            "filter_policy_group",
        ],
        &[],
    ),
    ("start_run", &["agent_id!"], &["run_mode", "user_message", "skip_deploy_check"]),
    ("delete_run", &["agent_id!", "run_id!"], &[]),
    ("cancel_run", &["agent_id!", "run_id!"], &["reason"]),
    ("list_run_events", &["agent_id!", "run_id!", "limit", "after_index"], &[]),
    ("create_webhook", &["agent_id!"], &["url!", "events!"]),
    ("list_webhooks", &["agent_id!"], &[]),
    ("get_webhook", &["agent_id!", "webhook_id!"], &[]),
    ("update_webhook", &["agent_id!", "webhook_id!"], &["url", "events", "status"]),
    ("delete_webhook", &["agent_id!", "webhook_id!"], &[]),
    ("get_schedule", &["agent_id!"], &[]),
    ("set_schedule", &["agent_id!"], &["cron!"]),
    ("delete_schedule", &["agent_id!"], &[]),
    ("pause_schedule", &["agent_id!"], &[]),
    ("resume_schedule", &["agent_id!"], &[]),
    ("list_schedules", &[], &[]),
    ("get_instructions", &["agent_id!"], &[]),
    ("update_instructions", &["agent_id!"], &["content!", "source_type", "source_id"]),
    ("list_instruction_versions", &["agent_id!", "limit"], &[]),
    ("list_workspaces", &[], &[]),
    ("create_workspace", &[], &["name!"]),
    ("update_workspace", &["workspace_id!"], &["name!", "icon_config"]),
    ("delete_workspace", &["workspace_id!"], &[]),
    ("reorder_workspaces", &[], &["workspace_ids!"]),
    ("move_agent", &["agent_id!"], &["workspace_id!"]),
];

const EVENTS: [&str; 5] =
    ["run.started", "run.completed", "run.failed", "run.stopped", "run.paused"];

/// Returns the violations of the official OpenAPI 3.1 schema, and those of JSON Schema 2020-12 in
/// Schema Objects.
fn schema_violations(document: &Value) -> Vec<String> {
    let official = include_str!("../schemas/openapi-3.1.json");
    let official: Value = serde_json::from_str(official).expect("the official schema is JSON");
    let official = jsonschema::draft202012::new(&official).expect("the official schema compiles");
    let mut violations: Vec<String> =
        official.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    walk(document, "#", &mut |pointer, value| {
        let schemas: Vec<&Value> = if pointer.ends_with("/components/schemas") {
            members(value).map(|(_, schema)| schema).collect()
        } else {
            value.get("schema").into_iter().collect()
        };
        for schema in schemas {
            if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
                violations.push(format!("{pointer}{}: {error}", error.instance_path()));
            }
        }
    });
    violations
}

/// Calls `visit` with every value in `value` and its JSON pointer.
fn walk<'a>(value: &'a Value, pointer: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(pointer, value);
    for (name, member) in members(value) {
        walk(member, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), visit);
    }
    for (index, element) in elements(value).enumerate() {
        walk(element, &format!("{pointer}/{index}"), visit);
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"]).flat_map(|(path, item)| {
        members(item).map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

/// Appends `!` to each required name.
fn mark_required<'a>(names: impl Iterator<Item = (&'a str, bool)>) -> BTreeSet<String> {
    names.map(|(name, required)| format!("{name}{}", if required { "!" } else { "" })).collect()
}

/// Returns the component that a reference names, or the value itself if it is not a reference.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).expect("every reference leads somewhere"),
        None => value,
    }
}

/// Builds a validator of `schema`, whose references point into `document`.
fn validator(document: &Value, schema: &Value) -> Validator {
    let schema = json!({ "allOf": [schema], "components": document["components"] });
    jsonschema::draft202012::new(&schema).expect("the schema compiles")
}

/// Returns the examples in `document` that violate their schema, and the number of all examples.
fn invalid_examples(document: &Value) -> (Vec<String>, usize) {
    let (mut refused, mut seen) = (Vec::new(), 0);
    walk(document, "#", &mut |pointer, value| {
        let (schema, examples): (_, Vec<&Value>) = match value.get("schema") {
            // A parameter or a media type.
            Some(schema) => {
                let named = members(&value["examples"]).filter_map(|(_, e)| e.get("value"));
                (schema, value.get("example").into_iter().chain(named).collect())
            }
            // A schema with an array of examples.
            None => (value, elements(&value["examples"]).collect()),
        };
        for example in examples {
            seen += 1;
            if let Err(error) = validator(document, schema).validate(example) {
                refused.push(format!("{pointer}: {error}"));
            }
        }
    });
    (refused, seen)
}

#[test]
fn contract_is_valid_openapi() {
    assert_eq!(schema_violations(&contract_document()), Vec::<String>::new());
}

#[test]
fn official_schema_rejects_invalid_openapi() {
    let mut document = contract_document();
    document["info"] = json!({ "title": "no version" });
    document["components"]["schemas"]["Run"]["type"] = json!("objekt");
    assert_eq!(schema_violations(&document).len(), 2, "{:?}", schema_violations(&document));
}

#[test]
fn operations_match_the_reference() {
    let document = twin_api_gen::generate(crate::contract()).unwrap().effective;
    let success = |operation: &Value| -> Vec<String> {
        let statuses = members(&operation["responses"]).map(|(status, _)| status.clone());
        statuses.filter(|status| status.starts_with('2')).collect()
    };
    let found: BTreeSet<_> = operations(&document)
        .map(|(method, path, operation)| {
            let id = operation["operationId"].as_str().unwrap();
            (id.to_owned(), method.to_owned(), path.to_owned(), success(operation))
        })
        .collect();
    let wanted: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|&(id, method, path, status)| {
            (id.to_owned(), method.to_owned(), path.to_owned(), vec![status.to_owned()])
        })
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn parameters_and_bodies_match_the_reference() {
    let document = contract_document();
    for (id, parameters, fields) in INPUTS {
        let (.., operation) =
            operations(&document).find(|(.., operation)| operation["operationId"] == id).unwrap();
        let found = elements(&operation["parameters"])
            .map(|p| (p["name"].as_str().unwrap(), p["required"] == true));
        let wanted: BTreeSet<String> = parameters.iter().map(ToString::to_string).collect();
        assert_eq!(mark_required(found), wanted, "parameters of {id}");

        let body = &operation["requestBody"];
        let schema = resolve(&document, &body["content"]["application/json"]["schema"]);
        let found = members(&schema["properties"]).map(|(name, _)| {
            (name.as_str(), elements(&schema["required"]).any(|required| required == name))
        });
        let wanted: BTreeSet<String> = fields.iter().map(ToString::to_string).collect();
        assert_eq!(mark_required(found), wanted, "body of {id}");
        if !fields.is_empty() {
            assert_eq!(body["required"] == true, id != "cancel_run", "body of {id}");
        }
    }
}

#[test]
fn every_operation_has_tag_summary_and_responses() {
    let document = contract_document();
    let tags: Vec<&Value> = elements(&document["tags"]).map(|tag| &tag["name"]).collect();
    for (method, path, operation) in operations(&document) {
        let [tag] = operation["tags"].as_array().unwrap().as_slice() else {
            panic!("{method} {path} must have one tag");
        };
        assert!(tags.contains(&tag), "{method} {path} has an unknown tag");
        assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        for status in ["4XX", "5XX"] {
            let response = resolve(&document, &operation["responses"][status]);
            let schema = &response["content"]["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
        }
        for (status, response) in members(&operation["responses"]) {
            let empty = resolve(&document, response).get("content").is_none();
            assert_eq!(empty, status == "204", "{method} {path} {status}");
        }
    }
    for id in ["delete_agent", "delete_run"] {
        let (.., operation) = operations(&document).find(|(.., o)| o["operationId"] == id).unwrap();
        assert!(operation["responses"]["404"].is_object(), "{id} has a response 404");
    }
}

#[test]
fn every_operation_parameter_and_schema_has_a_description() {
    let document = contract_document();
    let described = |value: &Value| value["description"].as_str().is_some_and(|d| !d.is_empty());
    let mut bare = Vec::new();
    walk(&document, "#", &mut |pointer, value| {
        let parent = pointer.rsplit('/').nth(1).unwrap_or_default();
        let subject = matches!(parent, "parameters" | "tags" | "properties" | "schemas")
            || (matches!(parent, "responses" | "securitySchemes") && value.get("$ref").is_none())
            || matches!(pointer.rsplit('/').next(), Some("info" | "requestBody"))
            || value.get("responses").is_some_and(|_| value.get("summary").is_some());
        if subject && value.is_object() && !described(value) {
            bare.push(pointer.to_owned());
        }
    });
    assert_eq!(bare, Vec::<String>::new());
}

#[test]
fn every_example_matches_its_schema() {
    let document = contract_document();
    let (refused, seen) = invalid_examples(&document);
    assert_eq!(refused, Vec::<String>::new());
    // Every body and every response with content has an example.
    for (method, path, operation) in operations(&document) {
        let bodies = std::iter::once(&operation["requestBody"]);
        let responses = members(&operation["responses"]).map(|(_, response)| response);
        for content in bodies.chain(responses).filter_map(|body| body.get("content")) {
            for (_, media) in members(content) {
                assert!(
                    media.get("example").or(media.get("examples")).is_some(),
                    "{method} {path} lacks an example"
                );
            }
        }
    }
    assert!(seen > 100, "only {seen} examples were seen");
}

#[test]
fn contract_describes_five_webhooks() {
    let document = contract_document();
    let names: BTreeSet<&str> =
        members(&document["webhooks"]).map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(EVENTS));
    for event in EVENTS {
        let webhook = &document["webhooks"][event]["post"];
        let headers: Vec<&Value> = elements(&webhook["parameters"]).map(|p| &p["name"]).collect();
        assert_eq!(headers, ["X-Cobb-Signature", "X-Cobb-Event"], "{event}");
        let schema = &webhook["requestBody"]["content"]["application/json"]["schema"];
        let body = |event: &str| {
            json!({ "event": event, "timestamp": "2026-03-11T14:32:15Z", "data": {
                "run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "completed",
                "outcome": "success", "finished_at": "2026-03-11T14:32:15Z" } })
        };
        let validator = validator(&document, schema);
        for other in EVENTS {
            assert_eq!(validator.is_valid(&body(other)), other == event, "{event}: {other}");
        }
    }
}

#[test]
fn security_requires_the_x_api_key_header() {
    let document = contract_document();
    assert_eq!(document["security"], json!([{ "x-api-key": [] }]));
    let scheme = &document["components"]["securitySchemes"]["x-api-key"];
    let found = [&scheme["type"], &scheme["in"], &scheme["name"]];
    assert_eq!(found, ["apiKey", "header", "x-api-key"]);
    assert_eq!(document["servers"][0]["url"], "https://build.twin.so");
}
