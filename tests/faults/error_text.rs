//! The text that a program prints for each kind of failure, through each common error type.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::process::Command;

use twin_api::Client;
use twin_api::reqwest::header::HeaderMap;
use twin_ext::prelude::*;
use twin_ext::webhook::Verifier;
use twin_ext::{CallOptions, Retry, RunTicket, Wait};
use twin_tests::raw::{Script, Signal, answer, json};

use crate::harness::{ClientRig, KEY, seconds};
use crate::operations::RawError;
use crate::tls::{CertificateAuthority, TlsServer, trusting};

/// The environment variable that makes a process run the failing `main`.
const PROGRAM: &str = "TWIN_FAULTS_PROGRAM";

/// A response and the client that gets it.
struct FailureCase {
    name: &'static str,
    script: Script,
    settings: fn(ClientBuilder) -> ClientBuilder,
}

fn failure_cases() -> Vec<FailureCase> {
    let fault = |name, script| FailureCase { name, script, settings: |builder| builder };
    let problem = r#"{"title":"Forbidden","detail":"you do not have access\u001b[31m to this"}"#;
    vec![
        fault("problem", json(403, problem)),
        fault("problem without a body", answer(404, "", "")),
        fault("rate limit", answer(429, "retry-after: 121\r\n", r#"{"detail":"slow down"}"#)),
        fault("gateway", answer(502, "content-type: text/html\r\n", "<html>bad gateway</html>")),
        fault("web page", answer(200, "content-type: text/html\r\n", "<html>hello</html>")),
        fault("redirect", answer(302, "location: https://elsewhere.test\r\n", "")),
        fault("other shape", json(200, r#"{"agent":{"agent_id":7}}"#)),
        fault("not json", json(200, "hello")),
        fault("reset", Script::new().reset()),
        fault(
            "torn",
            Script::new().send("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"agent\"").close(),
        ),
        FailureCase {
            name: "too large",
            script: json(200, r#"{"agent":{"agent_id":"agent_abc123"}}"#),
            settings: |builder| builder.max_response_bytes(8),
        },
        FailureCase {
            name: "strict",
            script: json(200, r#"{"agent":{"agent_id":"a","mood":1}}"#),
            settings: ClientBuilder::strict,
        },
    ]
}

async fn get_agent(twin: &Client, id: &str) -> RawError {
    twin.get_agent().agent_id(id).send().await.expect_err("the call fails")
}

/// Returns every kind of failure of one call, with its name.
async fn failures() -> Vec<(&'static str, RawError)> {
    let mut failures = Vec::new();
    for FailureCase { name, script, settings } in failure_cases() {
        let rig = ClientRig::with(|builder| settings(builder.retry(Retry::none()))).await;
        rig.raw.always(script);
        failures.push((name, get_agent(&rig.twin, "agent_abc123").await));
    }
    let rig = ClientRig::with(|builder| builder.retry(Retry::none())).await;
    rig.raw.always(Script::new().wait(&Signal::default()));
    let twin = rig.twin.clone();
    let call = tokio::spawn(async move { get_agent(&twin, "agent_abc123").await });
    rig.raw.received(1).await;
    rig.clock.advance(seconds(30));
    failures.push(("timeout", call.await.expect("no call panics")));
    failures.push(("invalid request", get_agent(&rig.twin, "..").await));
    let options = CallOptions::new().header("x-api-key", KEY);
    failures.push(("options", get_agent(&rig.twin.with(options), "a").await));
    failures.push(("refused", get_agent(&client_without_server(), "agent_abc123").await));
    failures
}

/// Returns a client whose base URL has no listener.
fn client_without_server() -> Client {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let url = format!("http://{}", port.local_addr().expect("the socket is bound"));
    drop(port);
    ClientBuilder::new(KEY)
        .base_url(url)
        .retry(Retry::none())
        .build()
        .expect("the settings are valid")
}

/// Cuts backtraces and locations, and replaces port numbers, because they differ between runs.
fn without_varying_parts(text: &str) -> String {
    let text = text.split("\n\nStack backtrace").next().unwrap_or_default();
    let text = text.split("\n\nLocation:").next().unwrap_or_default();
    let mut clean = String::new();
    let mut rest = text;
    let port = |rest: &str| {
        let hosts = ["127.0.0.1:", "localhost:"].into_iter();
        hosts.filter_map(|host| Some(rest.find(host)? + host.len())).min()
    };
    while let Some(end) = port(rest) {
        clean.push_str(&rest[..end]);
        clean.push_str("PORT");
        rest = rest[end..].trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    clean + rest
}

/// Returns failures of TLS, lists, runs, webhooks and settings.
async fn extended_failures() -> Vec<(&'static str, Error)> {
    let mut failures = vec![
        ("config", ClientBuilder::new(" ").build().expect_err("the key is blank")),
        ("base URL", {
            let builder = ClientBuilder::new(KEY).base_url("http://user:canary@twin.test");
            builder.build().expect_err("the URL has a password")
        }),
    ];
    let (ours, theirs) = (CertificateAuthority::new(), CertificateAuthority::new());
    let service = TlsServer::plain(theirs.certify("localhost", 2090)).await;
    let twin = trusting(&ours).base_url(&service.url).build().expect("the settings are valid");
    failures.push(("unknown CA", get_agent(&twin, "agent_abc123").await.into()));

    let rig = ClientRig::with(|builder| builder.retry(Retry::none())).await;
    let page = r#"{"agents":[],"next_cursor":"again"}"#;
    rig.raw.always(json(200, page));
    let mut agents = rig.twin.list_agents().items();
    failures.push(("pagination", agents.try_next().await.expect_err("the cursor repeats")));

    let run = rig.twin.resume(RunTicket::new("agent_abc123", "run_xyz789"));
    let paused = r#"{"runs":[{"run_id":"run_xyz789","agent_id":"agent_abc123","status":"paused","started_at":""}]}"#;
    rig.raw.always(json(200, paused));
    failures.push(("run", run.wait().await.expect_err("the run is paused")));
    let limit = Wait::default().deadline(seconds(60)).through_pauses();
    rig.raw.always(json(200, paused));
    failures.push(("wait", run.wait_with(limit.clone()).await.expect_err("the run does not end")));
    rig.raw.always(Script::new().reset());
    failures.push((
        "wait that fails",
        run.wait_with(limit).await.expect_err("the connection is reset"),
    ));
    rig.raw.always(json(200, r#"{"success":false,"error":"not\u001b[31m now"}"#));
    failures.push(("cancel", run.cancel("").await.expect_err("the service refuses")));

    let verifier = Verifier::new("whsec_canary").expect("the secret is valid");
    let error = verifier.verify(&HeaderMap::new(), b"{}").expect_err("the delivery is not signed");
    failures.push(("webhook", error));
    failures
}

/// Appends an error in each form in which programs print it.
fn append_all_forms<E: StdError + Clone + Send + Sync + 'static>(
    text: &mut String,
    name: &str,
    error: &E,
) {
    let boxed: Box<dyn StdError> = error.clone().into();
    assert_eq!(format!("{boxed:?}"), format!("{error:?}"));
    let (anyhow, eyre) = (anyhow::Error::new(error.clone()), eyre::Report::new(error.clone()));
    for (form, shown) in [
        ("display", error.to_string()),
        ("debug", format!("{error:?}")),
        ("anyhow {:#}", format!("{anyhow:#}")),
        ("anyhow {:?}", format!("{anyhow:?}")),
        ("eyre {:#}", format!("{eyre:#}")),
        ("eyre {:?}", format!("{eyre:?}")),
    ] {
        let shown = without_varying_parts(&shown);
        assert!(!shown.contains("canary") && !shown.contains('\u{1b}'), "{shown}");
        writeln!(text, "{name}, {form}\n    {}", shown.replace('\n', "\n    "))
            .expect("writing to memory succeeds");
    }
}

#[tokio::test]
async fn every_failure_is_readable_through_anyhow_eyre_and_box() {
    let mut text = String::new();
    for (name, error) in failures().await {
        let ext = Error::from(error.clone());
        assert_eq!(
            (ext.to_string(), format!("{ext:?}")),
            (error.to_string(), format!("{error:?}"))
        );
        append_all_forms(&mut text, name, &error);
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn every_failure_of_lists_runs_and_webhooks_is_readable() {
    let mut text = String::new();
    for (name, error) in extended_failures().await {
        append_all_forms(&mut text, name, &error);
    }
    insta::assert_snapshot!(text);
}

/// Returns an error from `main` in the child process; does nothing in the test process.
#[tokio::test]
async fn failing_main_child() -> Result<(), twin_api::Error> {
    if std::env::var_os(PROGRAM).is_none() {
        return Ok(());
    }
    client_without_server().get_me().send().await.map(drop)
}

#[test]
fn main_prints_the_error_on_one_line() {
    let mut command =
        Command::new(std::env::current_exe().expect("the path of the test binary is known"));
    command.args(["--exact", "error_text::failing_main_child", "--nocapture"]).env(PROGRAM, "1");
    let output = command.output().expect("the child process starts");
    assert!(!output.status.success());
    let output = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let line = output
        .lines()
        .find(|line| line.contains("Error: "))
        .expect("the program append_all_forms the error");
    let line = without_varying_parts(line);
    let from = line.find("Error: ").expect("the line has the error");
    assert!(
        line[from..].starts_with(
            "Error: no connection to 127.0.0.1:PORT: connection refused (GET /v1/me): error sending request"
        ),
        "{line}"
    );
}
