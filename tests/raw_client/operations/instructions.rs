//! The rows of instructions.

use serde_json::{Value, json};
use twin_api::types::UpdateInstructionsBody;

use super::harness::{AGENT, DONE, TableRow, TypedRow};

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    let get =
        TypedRow::new("get_instructions", "GET /v1/agents/a%2Fb%20c/instructions", async |twin| {
            twin.get_instructions().agent_id(AGENT).send().await
        })
        .documented(200, ONE, |answer| {
            let instructions = answer.instructions.as_ref().expect("the response has instructions");
            assert!(instructions.content.starts_with("Check email every morning"));
        })
        .observed(200, json!({}), |answer| assert!(answer.instructions.is_none()))
        .observed(201, json!({"instructions": observed_item()}), |answer| {
            let instructions = answer.instructions.as_ref().expect("the response has instructions");
            assert_eq!(instructions.content_hash.as_deref(), Some("00ff"));
            assert_eq!(instructions.user_email.as_deref(), Some("someone@example.com"));
        });
    let update = TypedRow::new(
        "update_instructions",
        "PUT /v1/agents/a%2Fb%20c/instructions",
        async |twin| {
            let body = UpdateInstructionsBody::builder()
                .content("Check email.\n\"Twice\".")
                .source_type("api")
                .source_id("s1");
            twin.update_instructions().agent_id(AGENT).body(body).send().await
        },
    )
    .sends(json!({
        "content": "Check email.\n\"Twice\".", "source_type": "api", "source_id": "s1",
    }))
    .documented(200, DONE, |done| assert!(done.success))
    .observed(201, json!({"success": true}), |done| assert!(done.success));
    vec![Box::new(get), Box::new(update), Box::new(history())]
}

fn history() -> impl TableRow {
    let line = "GET /v1/agents/a%2Fb%20c/instructions/history?limit=10";
    TypedRow::new("list_instruction_versions", line, async |twin| {
        twin.list_instruction_versions().agent_id(AGENT).limit(10).send().await
    })
    .documented(200, HISTORY, |answer| {
        assert_eq!(answer.instruction_versions.len(), 2);
        assert_eq!(answer.instruction_versions[1].created_at, "2026-03-11T14:00:00Z");
    })
    .observed(201, json!({"instruction_versions": [seen_version()]}), |answer| {
        assert_eq!(answer.instruction_versions[0].id, Some(4_711));
        assert_eq!(answer.instruction_versions[0].source_type.as_deref(), Some("builder"));
    })
}

/// Returns the same operations without optional inputs.
pub(super) fn rows_without_optional_inputs() -> Vec<Box<dyn TableRow>> {
    let update =
        TypedRow::new("update_instructions", "PUT /v1/agents/a/instructions", async |twin| {
            let body = UpdateInstructionsBody::builder().content("");
            twin.update_instructions().agent_id("a").body(body).send().await
        })
        .sends(json!({"content": ""}));
    let line = "GET /v1/agents/a/instructions/history";
    let history = TypedRow::new("list_instruction_versions", line, async |twin| {
        twin.list_instruction_versions().agent_id("a").send().await
    });
    vec![Box::new(update), Box::new(history)]
}

/// Instructions as the live service returns them.
fn observed_item() -> Value {
    json!({
        "content": "Check email.", "agent_id": "0196-a", "content_hash": "00ff",
        "source_id": "s1", "storage_key": "k/1", "user_id": "user_1",
        "user_email": "someone@example.com",
        "updated_at": "2026-04-22T09:00:00.123456789+00:00",
    })
}

/// A version of instructions as the live service returns it.
fn seen_version() -> Value {
    json!({
        "id": 4_711, "content": "Check email.", "content_hash": "00ff",
        "source_type": "builder", "source_id": "s1", "storage_key": "k/1",
        "created_at": "2026-04-22T09:00:00.123456789+00:00",
    })
}

const ONE: &str = r#"{
  "instructions": {
    "content": "Check email every morning and summarize unread messages."
  }
}"#;

const HISTORY: &str = r#"{
  "instruction_versions": [
    {
      "content": "Check email and Slack every morning.",
      "created_at": "2026-03-11T15:00:00Z"
    },
    {
      "content": "Check email every morning and summarize unread messages.",
      "created_at": "2026-03-11T14:00:00Z"
    }
  ]
}"#;
