//! The JSON path of a decoding error.
//!
//! twin-api finds the path after decoding has failed. The tests compare it with the path that
//! `serde_path_to_error` records while it decodes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use twin_api::{Client, types};
use twin_ext::{ClientBuilder, ErrorKind, Retry};
use twin_tests::vendored::CONTRACT;

use crate::harness::{KEY, RecordedTransport};
use crate::operations::SampleOperation;

/// The body that a client gets in every response. A test can replace it.
#[derive(Clone, Default)]
struct ResponseBody(Arc<Mutex<Vec<u8>>>);

impl ResponseBody {
    fn set(&self, body: &[u8]) {
        *self.0.lock().expect("no test panics with the lock") = body.to_vec();
    }

    fn get(&self) -> Vec<u8> {
        self.0.lock().expect("no test panics with the lock").clone()
    }
}

/// Builds a client that sends nothing, and the body that it gets in every response.
fn client_and_body() -> (Client, ResponseBody) {
    let body = ResponseBody::default();
    let recording = {
        let body = body.clone();
        RecordedTransport::returning(move || Ok(http::Response::new(body.get())))
    };
    let builder = ClientBuilder::new(KEY).base_url("http://127.0.0.1:1").retry(Retry::none());
    (builder.transport(recording).build().expect("the settings are valid"), body)
}

/// Returns the path that `serde_path_to_error` records, or `None` if the body decodes as a `T`.
fn serde_path<T: DeserializeOwned>(body: &[u8]) -> Option<String> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let error = serde_path_to_error::deserialize::<_, T>(&mut json).err()?;
    Some(error.path().to_string())
}

type PathOfError = fn(&[u8]) -> Option<String>;

const PATHS: [(&str, PathOfError); 9] = [
    ("get_me", serde_path::<types::GetMeResponse>),
    ("list_agents", serde_path::<types::ListAgentsResponse>),
    ("list_api_keys", serde_path::<types::ListApiKeysResponse>),
    ("list_instruction_versions", serde_path::<types::ListInstructionVersionsResponse>),
    ("list_run_events", serde_path::<types::ListRunEventsResponse>),
    ("list_runs", serde_path::<types::ListRunsResponse>),
    ("list_schedules", serde_path::<types::ListSchedulesResponse>),
    ("list_webhooks", serde_path::<types::ListWebhooksResponse>),
    ("start_run", serde_path::<types::StartRunResponse>),
];

/// Returns the example response of an operation, with each list twice as long.
fn example(name: &str) -> Value {
    let document: Value = serde_json::from_str(CONTRACT).expect("JSON");
    let paths = document["paths"].as_object().expect("an object").values();
    let mut operations = paths.flat_map(|path| path.as_object().expect("an object").values());
    let operation = operations.find(|operation| operation["operationId"] == name).expect("known");
    let status = SampleOperation::of(name).status.to_string();
    let mut example =
        operation["responses"][status]["content"]["application/json"]["example"].clone();
    for list in example.as_object_mut().expect("an object").values_mut() {
        if let Value::Array(list) = list {
            list.extend(list.clone());
        }
    }
    example
}

/// Adds the pointer of every value in `value`.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in members {
        pointers(value, &format!("{at}/{key}"), found);
    }
}

/// Returns bodies that differ from `example` in one value, compact and indented.
fn mutated(example: &Value) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    pointers(example, "", &mut found);
    let mut bodies = Vec::new();
    let mut keep = |value: &Value| {
        bodies.push(serde_json::to_vec(value).expect("JSON"));
        bodies.push(serde_json::to_vec_pretty(value).expect("JSON"));
    };
    for pointer in &found {
        for other in [
            json!(null),
            json!(true),
            json!(7),
            json!(-1.5),
            json!(u64::MAX),
            json!("\"]}\\"),
            json!([]),
            json!([7, {}]),
            json!([{ "a": [] }, "b"]),
            json!({}),
            json!({ "a": 1, "b": "}" }),
            json!({ "event": 7, "run_id": [1] }),
        ] {
            let mut value = example.clone();
            *value.pointer_mut(pointer).expect("the pointer is one of the value") = other;
            keep(&value);
        }
        let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
        let mut value = example.clone();
        if let Some(Value::Object(members)) = value.pointer_mut(parent) {
            members.remove(key);
            keep(&value);
        }
    }
    bodies
}

#[tokio::test]
async fn path_of_a_wrong_value_equals_that_of_serde_path_to_error() {
    let (twin, client_and_body) = client_and_body();
    let mut paths = BTreeSet::new();
    for (name, serde_path) in PATHS {
        for body in mutated(&example(name)) {
            let Some(expected) = serde_path(&body) else { continue };
            client_and_body.set(&body);
            let error =
                SampleOperation::of(name).call(&twin).await.expect_err("the body does not decode");
            let text = String::from_utf8_lossy(&body);
            assert_eq!(error.kind(), ErrorKind::Decode, "{name} {text}: {error}");
            assert_eq!(error.json_path(), Some(expected.as_str()), "{name} {text}: {error}");
            paths.insert(expected);
        }
    }
    assert!(paths.len() > 80, "{paths:?}");
}

#[tokio::test]
async fn path_in_a_truncated_response_leads_to_its_end() {
    let (twin, client_and_body) = client_and_body();
    for (name, serde_path) in PATHS {
        let body = serde_json::to_vec(&example(name)).expect("JSON");
        for end in 1..body.len() {
            let expected = serde_path(&body[..end]).expect("a truncated body does not decode");
            client_and_body.set(&body[..end]);
            let error =
                SampleOperation::of(name).call(&twin).await.expect_err("the body does not decode");
            let path = error.json_path().expect("the error has a path");
            // serde_path_to_error writes `?` for an unknown segment.
            let (one, two) = (path.trim_matches('.'), expected.trim_matches(['.', '?']));
            assert!(one.starts_with(two) || two.starts_with(one), "{end}: {path} {expected}");
        }
    }
}
