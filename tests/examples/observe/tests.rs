//! Tests `observe` against the emulator, with both profiles.

use serde_json::{Value, json};
use twin_emulator::Profile;

use super::facts::Facts;
use super::{Arguments, calls, observe, read, service};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn arguments(profile: Profile, document: &str) -> Arguments {
    let document = format!("{REPOSITORY}/tests/emulator/{document}").into();
    Arguments { live: false, profile, document: Some(document) }
}

#[tokio::test]
async fn effective_document_describes_both_profiles() {
    for profile in Profile::ALL {
        let facts = observe(&arguments(profile, "effective.json")).await.unwrap();
        let report = facts.report();
        assert!(report.contains("contradicted: 0\nnew: 0\n"), "{profile}: {report}");
        assert!(report.contains("  Agent.agent_id\n"), "{report}");
    }
}

#[tokio::test]
async fn reports_missing_members_as_new_and_conflicts_as_contradicted() {
    let facts = observe(&arguments(Profile::Observed, "contract.json")).await.unwrap();
    let report = facts.report();
    assert!(!report.contains("skipped"), "{report}");
    assert!(report.contains("  Agent.icon_config: string\n"), "{report}");
    assert!(report.contains("`total_runs`: string is documented, integer was sent"), "{report}");
    let entries = facts.entries();
    let entry = &entries["entities"]["Agent"]["members"]["icon_config"];
    assert_eq!(entry["schema"]["type"], "string");
    let source = entry["source"].as_str().unwrap();
    assert!(source.starts_with("observed ") && source.contains("GET /v1/agents"), "{source}");
}

#[tokio::test]
async fn sends_only_get_and_prints_no_values() {
    let emulator = service::start(Profile::Observed).await.unwrap();
    let document = read(format!("{REPOSITORY}/tests/emulator/contract.json").as_ref()).unwrap();
    let key = emulator.api_key().to_owned();
    drop(emulator.take_exchanges());
    let facts = calls::observe(&emulator.url(), &key, &document, &json!({})).await.unwrap();
    let exchanges = emulator.take_exchanges();
    assert!(exchanges.len() > 10, "{}", exchanges.len());
    assert!(exchanges.iter().all(|exchange| exchange.request.method == "GET"));
    let report = facts.report();
    assert!(!report.contains(&key));
    for secret in ["agent_abc123", "whsec_", "@"] {
        assert!(!report.contains(secret), "{report}");
    }
}

#[test]
fn hides_names_and_values_that_are_data() {
    let mut facts = Facts::new(&Value::Null);
    facts.new_member("Agent", "jane@example.org", &json!("secret"), "GET /v1/agents");
    facts.new_member("Agent", "color", &json!("secret"), "GET /v1/agents");
    facts.new_value("RunStatus", "tw_live_0123456789abcdef", "GET /v1/agents");
    let report = facts.report();
    assert!(
        report.contains("not shown, because the name or value is not a plain word: 2"),
        "{report}"
    );
    assert!(!report.contains("secret") && !report.contains("jane"), "{report}");
    assert!(report.contains("Agent.color: string"), "{report}");
}
