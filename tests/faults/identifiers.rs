//! An identifier cannot change which resource a request addresses.

use twin_api::Client;
use twin_ext::{Error, ErrorKind, Outcome};
use twin_tests::raw::{RawRequest, answer, json};

use crate::harness::ClientRig;

/// Identifiers, and the path segments that they become.
const ENCODED: [(&str, &str); 12] = [
    ("%2e%2e", "%252e%252e"),
    ("%2E", "%252E"),
    ("a/b", "a%2Fb"),
    ("../../v1/me", "..%2F..%2Fv1%2Fme"),
    ("a\\..\\b", "a%5C..%5Cb"),
    ("a?b=c", "a%3Fb=c"),
    ("a#b", "a%23b"),
    ("a\r\nx-api-key: y", "a%0D%0Ax-api-key:%20y"),
    (" ", "%20"),
    ("...", "..."),
    ("a\u{202e}b", "a%E2%80%AEb"),
    ("\0", "%00"),
];

#[tokio::test]
async fn empty_and_dot_identifiers_are_refused_before_sending() {
    let rig = ClientRig::new().await;
    let assert_refused = |error: twin_api::Error, name: &str| {
        let error = Error::from(error);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
        assert_eq!((error.attempts(), error.status()), (0, None));
        assert!(!error.is_retryable() && error.to_string().contains(name), "{error}");
    };
    let twin: &Client = &rig.twin;
    for id in ["", ".", ".."] {
        assert_refused(twin.get_agent().agent_id(id).send().await.expect_err(id), "agent_id");
        assert_refused(twin.delete_agent().agent_id(id).send().await.expect_err(id), "agent_id");
        let run = twin.delete_run().agent_id("a").run_id(id);
        assert_refused(run.send().await.expect_err(id), "run_id");
        let webhook = twin.delete_webhook().agent_id("a").webhook_id(id);
        assert_refused(webhook.send().await.expect_err(id), "webhook_id");
        let workspace = twin.delete_workspace().workspace_id(id);
        assert_refused(workspace.send().await.expect_err(id), "workspace_id");
        assert_refused(twin.revoke_api_key().key_id(id).send().await.expect_err(id), "key_id");
    }
    assert_eq!(rig.raw.connections(), 0);
}

#[tokio::test]
async fn other_identifiers_are_encoded_within_their_segment() {
    let rig = ClientRig::new().await;
    for (id, segment) in ENCODED {
        rig.raw.then(answer(204, "", ""));
        rig.twin.delete_run().agent_id(id).run_id(id).send().await.expect(id);
        rig.raw.then(json(403, "{}"));
        let error: Error = rig
            .twin
            .get_agent()
            .agent_id(id)
            .send()
            .await
            .expect_err("the request is refused")
            .into();
        assert_eq!(error.path(), Some(format!("/v1/agents/{segment}").as_str()));
        let requests = rig.raw.take_requests();
        let lines: Vec<_> = requests.iter().map(RawRequest::line).collect();
        let expected = [
            format!("DELETE /v1/agents/{segment}/runs/{segment}"),
            format!("GET /v1/agents/{segment}"),
        ];
        assert_eq!(lines, expected, "{id:?}");
        // The identifier adds no header line.
        assert_eq!(requests[0].text().matches("\r\nx-api-key: ").count(), 1);
    }
}

#[tokio::test]
async fn query_value_cannot_add_parameters() {
    let rig = ClientRig::new().await;
    for (value, query) in [
        ("a&limit=9", "cursor=a%26limit%3D9"),
        ("a#b", "cursor=a%23b"),
        ("a\r\nx: y", "cursor=a%0D%0Ax%3A+y"),
        ("+ %", "cursor=%2B+%25"),
    ] {
        rig.raw.then(json(200, r#"{"agents":[]}"#));
        rig.twin.list_agents().cursor(value).send().await.expect(value);
        let requests = rig.raw.take_requests();
        assert_eq!(requests[0].line(), format!("GET /v1/agents?{query}"));
    }
}
