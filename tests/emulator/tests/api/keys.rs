//! API keys, and the user to whom they belong.

use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

use super::harness::{ApiResponse, TestEmulator, in_both, list, members, text, texts};

const KEYS: &str = "/api/public/v1/access-api-keys";

async fn create(twin: &TestEmulator, name: &str) -> Value {
    twin.post(KEYS, json!({"name": name})).await.json(200)
}

/// Calls `GET /v1/me` with this key.
async fn me(twin: &TestEmulator, key: &Value) -> ApiResponse {
    ApiResponse::to(twin.request_without_key(Method::GET, "/v1/me").header("x-api-key", text(key)))
        .await
}

#[tokio::test]
async fn new_key_has_the_documented_members() {
    in_both(async |twin| {
        let key = create(&twin, "my-integration").await;
        let names = ["api_key", "created_at", "display_prefix", "key_id", "name"];
        assert_eq!(members(&key), names);
        assert_eq!(key["created_at"], twin.with(|world| world.now().timestamp()));
    })
    .await;
}

#[tokio::test]
async fn shows_whole_key_only_on_creation() {
    in_both(async |twin| {
        let key = create(&twin, "my-integration").await;
        let listed = twin.get(KEYS).await;
        assert_eq!(list(&listed.json(200)["keys"]).len(), 2);
        assert!(!listed.text().contains(&text(&key["api_key"])));
        assert!(!listed.text().contains(twin.api_key()));
    })
    .await;
}

#[tokio::test]
async fn documented_display_prefix_is_the_start_of_the_key() {
    let twin = TestEmulator::documented().await;
    let key = create(&twin, "k").await;
    let prefix = text(&key["display_prefix"]);
    let beginning = prefix.strip_suffix("...").expect("the reference has dots");
    assert_eq!(beginning.len(), "tw_live_abc".len());
    assert!(text(&key["api_key"]).starts_with(beginning), "{key}");
}

#[tokio::test]
async fn observed_keys_have_opaque_prefixes_and_hex_identifiers() {
    let twin = TestEmulator::observed().await;
    let key = create(&twin, "k").await;
    let (id, prefix) = (text(&key["key_id"]), text(&key["display_prefix"]));
    assert_eq!((id.len(), prefix.len()), (32, 8), "{key}");
    assert!(id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{key}");
    assert!(!text(&key["api_key"]).contains(&prefix), "{key}");
}

#[tokio::test]
async fn new_key_belongs_to_the_same_user() {
    in_both(async |twin| {
        let key = create(&twin, "k").await;
        let user = me(&twin, &key["api_key"]).await.json(200);
        assert_eq!(user, twin.get("/v1/me").await.json(200));
        assert_eq!(members(&user), ["user_id"]);
    })
    .await;
}

#[tokio::test]
async fn rejects_revoked_key_at_once() {
    in_both(async |twin| {
        let key = create(&twin, "k").await;
        me(&twin, &key["api_key"]).await.json(200);
        let revoked = twin.delete(&format!("{KEYS}/{}", text(&key["key_id"]))).await;
        assert_eq!(revoked.json(200), json!({"revoked": true}));
        me(&twin, &key["api_key"]).await.problem(401);
    })
    .await;
}

#[tokio::test]
async fn revoking_a_key_keeps_other_keys() {
    in_both(async |twin| {
        let [first, second] = [create(&twin, "a").await, create(&twin, "b").await];
        twin.delete(&format!("{KEYS}/{}", text(&first["key_id"]))).await.json(200);
        me(&twin, &second["api_key"]).await.json(200);
        assert_eq!(texts(&twin.get(KEYS).await.json(200)["keys"], "name"), ["emulator", "b"]);
    })
    .await;
}

#[tokio::test]
async fn rejects_revocation_of_unknown_key() {
    in_both(async |twin| {
        let path = format!("{KEYS}/{}", text(&create(&twin, "k").await["key_id"]));
        twin.delete(&path).await.json(200);
        twin.delete(&path).await.problem(twin.not_found_status());
        twin.delete(&format!("{KEYS}/none")).await.problem(twin.not_found_status());
    })
    .await;
}

#[tokio::test]
async fn rejects_missing_wrong_and_repeated_keys() {
    in_both(async |twin| {
        let key = twin.api_key().to_owned();
        let cases: [&[(&str, &str)]; 8] = [
            &[],
            &[("authorization", &format!("Bearer {key}"))],
            &[("authorization", &key)],
            &[("api-key", &key)],
            &[("x-api-key", "")],
            &[("x-api-key", &key[1..])],
            &[("x-api-key", &key), ("x-api-key", &key)],
            &[("x-api-key", &key), ("x-api-key", "another")],
        ];
        for headers in cases {
            let plain = twin.request_without_key(Method::GET, "/v1/me");
            let request = headers.iter().fold(plain, |r, (name, value)| r.header(*name, *value));
            ApiResponse::to(request).await.problem(401);
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_key_in_the_query() {
    in_both(async |twin| {
        let path = format!("/v1/me?x-api-key={0}&api_key={0}", twin.api_key());
        ApiResponse::to(twin.request_without_key(Method::GET, &path)).await.problem(401);
    })
    .await;
}

#[tokio::test]
async fn every_operation_returns_401_without_key() {
    in_both(async |twin| {
        let document: Value = serde_json::from_str(twin_emulator::document(twin.profile()))
            .expect("the text is JSON");
        let mut asked = 0;
        for (path, item) in document["paths"].as_object().expect("paths are an object") {
            for method in item.as_object().expect("the path has methods").keys() {
                let method = method.to_uppercase().parse().expect("the method is valid");
                let path = path.replace(['{', '}'], "");
                ApiResponse::to(twin.request_without_key(method, &path).json(&json!({})))
                    .await
                    .problem(401);
                asked += 1;
            }
        }
        assert_eq!(asked, 33);
    })
    .await;
}

#[tokio::test]
async fn request_without_key_has_no_effect() {
    in_both(async |twin| {
        let body = json!({"name": "k"});
        ApiResponse::to(twin.request_without_key(Method::POST, KEYS).json(&body))
            .await
            .problem(401);
        assert_eq!(texts(&twin.get(KEYS).await.json(200)["keys"], "name"), ["emulator"]);
    })
    .await;
}

#[tokio::test]
async fn accepts_key_names_of_1_to_128_characters() {
    in_both(async |twin| {
        for name in ["k".to_owned(), "é".repeat(128), "🦀".repeat(128)] {
            assert_eq!(create(&twin, &name).await["name"], name);
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_empty_and_too_long_key_names() {
    in_both(async |twin| {
        for name in [String::new(), "k".repeat(129), "é".repeat(129)] {
            twin.post(KEYS, json!({"name": name})).await.problem(400);
        }
        assert_eq!(list(&twin.get(KEYS).await.json(200)["keys"]).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn listed_key_has_time_of_last_use() {
    in_both(async |twin| {
        let key = create(&twin, "k").await;
        twin.advance(Duration::from_secs(60)).await;
        me(&twin, &key["api_key"]).await.json(200);
        let used = twin.with(|world| world.now().timestamp());
        twin.advance(Duration::from_secs(60)).await;
        assert_eq!(twin.get(KEYS).await.json(200)["keys"][1]["last_used_at"], used);
    })
    .await;
}

#[tokio::test]
async fn observed_unused_key_has_no_last_used_at() {
    in_both(async |twin| {
        create(&twin, "k").await;
        let listed = &twin.get(KEYS).await.json(200)["keys"][1];
        assert_eq!(listed["last_used_at"].is_null(), twin.is_observed(), "{listed}");
    })
    .await;
}
