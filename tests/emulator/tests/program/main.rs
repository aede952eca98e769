//! The program `twin-emulator`: its output, its options and its errors.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

#[path = "../support/process.rs"]
mod process;

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use reqwest::StatusCode;
use twin_emulator::fault::EXAMPLES;
use twin_emulator::{FaultFile, Profile, document};

use self::process::{EmulatorProcess, command};

/// Runs the program with arguments that it rejects. Returns the exit code and stderr.
fn refused(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command(args).output().expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&stdout), "");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

async fn me(program: &EmulatorProcess, key: &str) -> StatusCode {
    let request = reqwest::Client::new().get(format!("{}/v1/me", program.url()));
    request.header("x-api-key", key).send().await.expect("the request succeeds").status()
}

#[tokio::test]
async fn prints_generated_key_that_works() {
    let mut program = EmulatorProcess::start(&["--port", "0"]);

    let key = program.key();

    assert_eq!(me(&program, &key).await, StatusCode::OK);
    assert_eq!(me(&program, "another").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn accepts_given_key_and_does_not_print_it() {
    let program = EmulatorProcess::start(&["--port", "0", "--api-key", "of-my-own"]);
    assert_eq!(me(&program, "of-my-own").await, StatusCode::OK);

    let (_, said) = program.interrupt();

    assert!(said.contains("export TWIN_BASE_URL=http://127.0.0.1:"), "{said}");
    assert!(!said.contains("of-my-own") && !said.contains("TWIN_API_KEY"), "{said}");
}

#[test]
fn same_seed_generates_same_key() {
    let key = |seed| EmulatorProcess::start(&["--port", "0", "--seed", seed]).key();
    assert_eq!(key("7"), key("7"));
    assert_ne!(key("7"), key("8"));
}

#[test]
fn ctrl_c_exits_with_success() {
    let mut program = EmulatorProcess::start(&["--port", "0"]);
    // The program prints its last line only when it is ready for Ctrl-C.
    while !program.line().contains("Ctrl-C") {}

    let (status, said) = program.interrupt();

    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(said, "");
}

#[test]
fn rejects_invalid_arguments_and_names_valid_ones() {
    let (status, said) = refused(&["--profile", "live"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("unknown profile \"live\"; use documented or observed"), "{said}");

    let (status, said) = refused(&["--api-key", ""]);
    assert_eq!(status, Some(2));
    assert!(said.contains("--api-key"), "{said}");
}

/// Returns stdout for these arguments.
fn printed(args: &[&str]) -> String {
    let Output { status, stdout, .. } = command(args).output().expect("the program starts");
    assert!(status.success());
    String::from_utf8(stdout).expect("the text is UTF-8")
}

#[test]
fn help_faults_example_is_a_valid_fault_file() {
    let help = printed(&["--help-faults"]);
    let (_, example) = help.split_once("is optional:\n").expect("the help has an example");
    let (example, _) = example.split_once("\n\"operation\"").expect("the example ends");

    let fault_file = FaultFile::parse(example).expect("the fault file is valid");

    assert_eq!(
        (fault_file.faults.len(), fault_file.deliveries.len(), fault_file.runs.len()),
        (2, 1, 1)
    );
    assert_eq!(fault_file.switches.event_cap, Some(None));
}

#[test]
fn help_faults_lists_every_fault() {
    let help = printed(&["--help-faults"]);
    for example in EXAMPLES {
        let line = format!("  \"fault\": {}", example.json);
        assert!(help.lines().any(|found| found.starts_with(&line)), "{line}");
    }
}

#[test]
fn version_option_prints_crate_name_and_version() {
    assert_eq!(printed(&["--version"]), format!("twin-emulator {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn rejects_invalid_fault_file_and_names_the_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("faults.json");
    let path = file.to_str().expect("the file name is valid UTF-8");
    let cases: [(&str, &[&str]); 4] = [
        (
            "{\n  \"deliveries\": [{\"event\": \"run.begun\", \"fault\": \"lost\"}]\n}",
            &["line 2", "deliveries[0].event", "run.begun"],
        ),
        ("{\n\n  \"fault\": []\n}", &["line 3", "did you mean \"faults\"?", "runs"]),
        (
            "{\n \"runs\": [[\n {\"after\": \"2s\",\n \"do\": \"explode\"}]]\n}",
            &["line 4, runs[0][0].do", "unknown step", "complete"],
        ),
        ("{", &["line 1", "not valid JSON"]),
    ];
    for (fault_file, expected) in cases {
        fs::write(&file, fault_file).expect("the file can be written");

        let (status, said) = refused(&["--port", "0", "--faults", path]);

        assert_eq!(status, Some(1));
        assert!(said.starts_with(&format!("twin-emulator: {path}: ")), "{said}");
        assert!(expected.iter().all(|part| said.contains(part)), "{said}");
    }
    let (status, said) = refused(&["--port", "0", "--faults", "/no/such/file"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("/no/such/file: cannot be read"), "{said}");
}

#[test]
fn rejects_port_in_use_and_names_port_0() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let program = EmulatorProcess::start(&["--port", "0"]);
    let address = other.local_addr().expect("the listener has an address").to_string();
    for address in [address.as_str(), program.url()] {
        let port = address.rsplit(':').next().expect("the address has a port");

        let (status, said) = refused(&["--port", port]);

        assert_eq!(status, Some(1));
        assert!(said.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{said}");
        assert!(said.contains("--port 0") && said.contains("in use"), "{said}");
    }
}

#[tokio::test]
async fn serves_the_document_of_its_profile() {
    for profile in Profile::ALL {
        let program = EmulatorProcess::start(&["--port", "0", "--profile", profile.name()]);

        let response = reqwest::get(format!("{}/openapi.json", program.url())).await;

        let response = response.expect("the request succeeds");
        assert_eq!(response.headers()["content-type"], "application/json");
        let served = response.text().await.expect("the response is complete");
        assert!(served == document(profile), "the documents differ");
    }
}

#[test]
fn rejects_address_outside_loopback_without_flag() {
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        let (status, said) = refused(&["--port", "0", "--host", host]);
        assert_eq!(status, Some(1));
        assert!(said.contains(host) && said.contains("--expose-to-network"), "{said}");
    }
    let program = EmulatorProcess::start(&["--port", "0", "--host", "127.0.0.2"]);
    assert!(program.url().starts_with("http://127.0.0.2:"), "{}", program.url());
}

#[tokio::test]
async fn exposed_emulator_accepts_requests_and_warns() {
    let program =
        EmulatorProcess::start(&["--port", "0", "--host", "0.0.0.0", "--expose-to-network"]);
    let port = program.url().rsplit(':').next().expect("the address has a port").to_owned();
    let url = format!("http://127.0.0.1:{port}/openapi.json");
    assert_eq!(reqwest::get(url).await.expect("the request succeeds").status(), StatusCode::OK);

    let (_, said) = program.interrupt();

    assert!(said.contains(&format!("anyone who can reach port {port}")), "{said}");
}

#[test]
fn exposed_emulator_prints_loopback_urls() {
    for (host, loopback) in [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")] {
        if TcpListener::bind((host, 0)).is_err() {
            // This machine has no IPv6.
            continue;
        }
        let args = ["--port", "0", "--host", host, "--expose-to-network"];
        let mut program = EmulatorProcess::start(&args);
        let port = program.url().rsplit(':').next().expect("the address has a port").to_owned();
        let lines: Vec<String> = std::iter::repeat_with(|| program.line()).take(3).collect();

        let url = format!("http://{loopback}:{port}");
        assert!(lines[1].starts_with(&format!("export TWIN_BASE_URL={url} ")), "{lines:?}");
        assert!(lines[2].starts_with(&format!("page: {url}/ ")), "{lines:?}");
    }
}

#[tokio::test]
async fn no_control_disables_page_and_control_api() {
    let program =
        EmulatorProcess::start(&["--port", "0", "--profile", "documented", "--no-control"]);
    for path in ["/", "/_emulator/state", "/_emulator/requests", "/_emulator/openapi.json"] {
        let response =
            reqwest::get(format!("{}{path}", program.url())).await.expect("the request succeeds");
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let document = reqwest::get(format!("{}/openapi.json", program.url())).await;
    assert_eq!(document.expect("the request succeeds").status(), StatusCode::OK);
}

#[test]
fn rejects_invalid_cors_origin() {
    for origin in ["*", "localhost:3000", "http://localhost:3000/", "http://localhost:3000/x", ""] {
        let (status, said) = refused(&["--port", "0", "--cors", origin]);
        assert_eq!(status, Some(1), "{origin}");
        assert!(said.contains("is not an origin"), "{said}");
    }
}

#[tokio::test]
async fn advances_running_clock_over_http() {
    let program = EmulatorProcess::start(&["--port", "0"]);
    let advance = format!("{}/_emulator/clock/advance", program.url());
    let now = async |by: &str| -> String {
        let body = format!(r#"{{"by": "{by}"}}"#);
        let response = reqwest::Client::new().post(&advance).body(body).send().await;
        let response: serde_json::Value =
            response.expect("the request succeeds").json().await.expect("the text is JSON");
        response["now"].as_str().expect("the time is valid").to_owned()
    };
    let read =
        |text: &str| chrono::DateTime::parse_from_rfc3339(text).expect("the time is RFC 3339");
    let before = read(&now("0s").await);
    let after = read(&now("1h").await);
    let passed = (after - before).num_seconds();
    assert!((3_600..3_660).contains(&passed), "{passed} s");
}
