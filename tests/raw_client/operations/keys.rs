//! The rows of API keys and of the user.

use serde_json::json;
use twin_api::secrecy::ExposeSecret;
use twin_api::types::CreateApiKeyBody;

use super::harness::{API_KEY, TableRow, TypedRow};

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    let list = TypedRow::new("list_api_keys", "GET /api/public/v1/access-api-keys", async |twin| {
        twin.list_api_keys().send().await
    })
    .documented(200, LIST, |answer| {
        assert_eq!(answer.keys[0].display_prefix, "tw_live_abc...");
        assert_eq!(answer.keys[0].last_used_at, Some(1_706_100_000));
    })
    .observed(200, observed_list(), |answer| {
        assert_eq!(answer.keys[0].key_id, "0123456789abcdef0123456789abcdef");
        assert_eq!(answer.keys[0].last_used_at, None);
        assert_eq!(answer.keys[1].last_used_at, Some(1_776_860_000));
    });
    let create =
        TypedRow::new("create_api_key", "POST /api/public/v1/access-api-keys", async |twin| {
            twin.create_api_key()
                .body(CreateApiKeyBody::builder().name("my-integration"))
                .send()
                .await
        })
        .sends(json!({"name": "my-integration"}))
        .documented(200, CREATED, |answer| {
            assert_eq!(answer.key_id, "abc123");
            assert_eq!(answer.api_key.expose_secret(), "tw_live_...");
            assert!(!format!("{answer:?}").contains("tw_live_..."), "a secret is shown");
        })
        .observed(201, observed_created(), |answer| {
            assert_eq!(answer.display_prefix, "q7Zk_0aB");
            assert_eq!(answer.api_key.expose_secret(), "canary-of-the-new-key");
            assert!(!format!("{answer:?}").contains("canary"), "a secret is shown");
        });
    let revoke = TypedRow::new(
        "revoke_api_key",
        "DELETE /api/public/v1/access-api-keys/k%5C..%5C1",
        async |twin| twin.revoke_api_key().key_id(API_KEY).send().await,
    )
    .documented(200, REVOKED, |answer| assert!(answer.revoked))
    .observed(202, json!({"revoked": true}), |answer| assert!(answer.revoked));
    let me = TypedRow::new("get_me", "GET /v1/me", async |twin| twin.get_me().send().await)
        .documented(200, ME, |answer| assert_eq!(answer.user_id, "user_123"))
        .observed(201, json!({"user_id": "u"}), |answer| assert_eq!(answer.user_id, "u"));
    vec![Box::new(list), Box::new(create), Box::new(revoke), Box::new(me)]
}

fn observed_list() -> serde_json::Value {
    json!({"keys": [
        {
            "key_id": "0123456789abcdef0123456789abcdef", "name": "never used",
            "display_prefix": "q7Zk_0aB", "created_at": 1_776_850_000,
        },
        {
            "key_id": "fedcba9876543210fedcba9876543210", "name": "in use",
            "display_prefix": "-Xy12345", "created_at": 1_776_850_001,
            "last_used_at": 1_776_860_000,
        },
    ]})
}

fn observed_created() -> serde_json::Value {
    json!({
        "key_id": "0123456789abcdef0123456789abcdef", "name": "my-integration",
        "api_key": "canary-of-the-new-key", "display_prefix": "q7Zk_0aB",
        "created_at": 1_776_850_000,
    })
}

const LIST: &str = r#"{
  "keys": [
    {
      "key_id": "abc123",
      "name": "my-integration",
      "display_prefix": "tw_live_abc...",
      "created_at": 1706000000,
      "last_used_at": 1706100000
    }
  ]
}"#;

const CREATED: &str = r#"{
  "key_id": "abc123",
  "name": "my-integration",
  "api_key": "tw_live_...",
  "display_prefix": "tw_live_abc...",
  "created_at": 1706000000
}"#;

const REVOKED: &str = r#"{
  "revoked": true
}"#;

const ME: &str = r#"{
  "user_id": "user_123"
}"#;
