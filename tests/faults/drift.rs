//! A difference from the document is reported. It fails the call in strict mode only.

use std::sync::{Arc, Mutex};

use twin_api::Client;
use twin_api::types::{CreateAgentBody, RunMode, StartRunBody};
use twin_ext::drift::DriftKind;
use twin_ext::{ClientBuilder, Error, ErrorKind, Outcome};
use twin_tests::emulator::{Emulator, Profile};
use twin_tests::raw::json;

use crate::harness::{ClientRig, failed_call};
use crate::operations::{OPERATIONS, SampleOperation};

/// Responses that differ from the document: operation, body, JSON path and kind of the difference.
const TABLE: [(&str, &str, &str, DriftKind); 5] = [
    ("get_me", r#"{"user_id":"u","canary":"canary"}"#, "canary", DriftKind::UnknownField),
    (
        "list_runs",
        r#"{"runs":[{"agent_id":"a","run_id":"r","started_at":"t","status":"whsec_canary"}]}"#,
        "runs[].status",
        DriftKind::UnknownValue,
    ),
    (
        "list_run_events",
        r#"{"events":[{"event":{"whsec_canary":1},"a":2}]}"#,
        "events[].a",
        DriftKind::UnknownField,
    ),
    (
        "get_schedule",
        r#"{"schedule":{"cron":"c","paused":true,"b":[{"c":1}]}}"#,
        "schedule.b",
        DriftKind::UnknownField,
    ),
    (
        "list_workspaces",
        r#"{"workspaces":[{"name":"n","workspace_id":"ws","x":1},{"name":"n","workspace_id":"ws","x":2}]}"#,
        "workspaces[].x",
        DriftKind::UnknownField,
    ),
];

#[tokio::test]
async fn drift_is_reported_and_the_call_succeeds() {
    for (name, body, path, kind) in TABLE {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&reports);
        let rig = ClientRig::with(|builder| {
            builder
                .on_drift(move |drift| sink.lock().expect("no thread panicked").push(drift.clone()))
        })
        .await;
        rig.raw.always(json(200, body));
        SampleOperation::of(name).call(&rig.twin).await.expect("drift does not fail the call");
        let reports = reports.lock().expect("no thread panicked");
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert_eq!(
            (reports[0].operation, reports[0].path.as_str(), reports[0].kind),
            (name, path, kind)
        );
        assert!(
            !format!("{reports:?} {}", reports[0]).contains("whsec_"),
            "the report contains a value"
        );
    }
}

#[tokio::test]
async fn strict_mode_fails_on_drift_without_a_retry() {
    let rig = ClientRig::with(ClientBuilder::strict).await;
    for (name, body, path, kind) in TABLE {
        let (error, seen) = rig.expect_failure(SampleOperation::of(name), json(200, body)).await;
        assert_eq!(
            seen,
            failed_call(1, ErrorKind::Drift, Outcome::Accepted).status(200),
            "{error}"
        );
        assert_eq!((error.drift()[0].path.as_str(), error.drift()[0].kind), (path, kind));
        assert!(!format!("{error} {error:?}").contains("whsec_"), "{error}");
    }
}

#[tokio::test]
async fn missing_member_is_reported_as_drift_before_decoding_fails() {
    let rig = ClientRig::with(ClientBuilder::strict).await;
    let (error, seen) = rig.expect_failure(SampleOperation::of("get_me"), json(200, "{}")).await;
    assert_eq!(seen.kind, ErrorKind::Drift, "{error}");
    assert_eq!(error.drift()[0].to_string(), "get_me: missing field at user_id");
}

#[tokio::test]
async fn responses_with_required_members_only_are_not_drift() {
    let rig = ClientRig::with(ClientBuilder::strict).await;
    for operation in OPERATIONS {
        rig.raw.always(operation.answer());
        if let Err(error) = operation.call(&rig.twin).await {
            panic!("{} {error}", operation.name);
        }
    }
}

/// Creates an agent and a run, and calls every operation that reads.
async fn call_every_reading_operation(twin: &Client) -> Result<(), Error> {
    twin.get_me().send().await?;
    let agent = twin.create_agent().body(CreateAgentBody::builder()).send().await?;
    let agent = &agent.agent.agent_id;
    let body = StartRunBody::builder().run_mode(RunMode::Run);
    let run = twin.start_run().agent_id(agent).body(body).send().await?.into_inner().run.run_id;
    twin.get_agent().agent_id(agent).send().await?;
    twin.list_agents().send().await?;
    twin.list_runs().agent_id(agent).send().await?;
    twin.list_run_events().agent_id(agent).run_id(run).send().await?;
    twin.get_schedule().agent_id(agent).send().await?;
    twin.list_schedules().send().await?;
    twin.get_instructions().agent_id(agent).send().await?;
    twin.list_instruction_versions().agent_id(agent).send().await?;
    twin.list_webhooks().agent_id(agent).send().await?;
    twin.list_workspaces().send().await?;
    twin.list_api_keys().send().await?;
    twin.delete_agent().agent_id(agent).send().await?;
    Ok(())
}

#[tokio::test]
async fn both_emulator_profiles_cause_no_drift() {
    for profile in Profile::ALL {
        let emulator = Emulator::builder(profile).start().await.expect("a free port");
        let builder = ClientBuilder::new(emulator.api_key()).base_url(emulator.url()).strict();
        let twin = builder.build().expect("the settings are valid");
        if let Err(error) = call_every_reading_operation(&twin).await {
            panic!("{profile}: {error} {:?}", error.drift());
        }
    }
}
