//! The program `twin-emulator`, run as its users run it.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

#[path = "../support/process.rs"]
mod process;

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use reqwest::StatusCode;
use twin_emulator::{Orders, Profile, document};

use self::process::{Program, command};

/// Runs it with what it should refuse, and gives the status and what it said of it.
fn refused(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command(args).output().expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&stdout), "");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

async fn me(program: &Program, key: &str) -> StatusCode {
    let request = reqwest::Client::new().get(format!("{}/v1/me", program.url()));
    request.header("x-api-key", key).send().await.expect("it answers").status()
}

#[tokio::test]
async fn the_key_that_it_makes_up_is_said_and_works() {
    let mut program = Program::start(&["--port", "0"]);

    let key = program.key();

    assert_eq!(me(&program, &key).await, StatusCode::OK);
    assert_eq!(me(&program, "another").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_that_it_is_given_works_and_is_not_said() {
    let program = Program::start(&["--port", "0", "--api-key", "of-my-own"]);
    assert_eq!(me(&program, "of-my-own").await, StatusCode::OK);

    let (_, said) = program.interrupt();

    assert!(said.contains("watch it: http://127.0.0.1:") && !said.contains("of-my-own"), "{said}");
    assert!(!said.contains("x-api-key"), "{said}");
}

#[test]
fn the_same_seed_makes_the_same_key() {
    let key = |seed| Program::start(&["--port", "0", "--seed", seed]).key();
    assert_eq!(key("7"), key("7"));
    assert_ne!(key("7"), key("8"));
}

#[test]
fn ctrl_c_ends_it_well() {
    let mut program = Program::start(&["--port", "0"]);
    // What it says last, it says when it is ready for that.
    while !program.line().starts_with("watch it") {}

    let (status, said) = program.interrupt();

    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(said, "");
}

#[test]
fn arguments_that_are_wrong_are_refused_with_a_remedy() {
    let (status, said) = refused(&["--profile", "live"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("there is no profile live; take documented or observed"), "{said}");

    let (status, said) = refused(&["--api-key", ""]);
    assert_eq!(status, Some(2));
    assert!(said.contains("--api-key"), "{said}");
}

/// What it shows of files of faults is one.
#[test]
fn the_example_in_its_help_is_taken() {
    let Output { status, stdout, .. } = command(&["--help"]).output().expect("the program starts");
    assert!(status.success());
    let help = String::from_utf8(stdout).expect("it says text");
    let (_, example) = help.split_once("each part of it optional:\n").expect("it shows one");
    let (example, _) = example.split_once("\nOperations have").expect("it ends");

    let orders = Orders::parse(example).expect("it is as it should be");

    assert_eq!((orders.faults.len(), orders.deliveries.len(), orders.runs.len()), (2, 1, 1));
    assert_eq!(orders.switches.event_cap, Some(None));
}

/// Every kind of fault is named in the help.
#[test]
fn the_kinds_of_faults_in_its_help_are_those_that_there_are() {
    let Output { stdout, .. } = command(&["--help"]).output().expect("the program starts");
    let help = String::from_utf8(stdout).expect("it says text").replace('\n', " ");
    for unknown in
        [r#"{"faults": [{"operation": "*", "fault": "x"}]}"#, r#"{"deliveries": [{"fault": "x"}]}"#]
    {
        let error = Orders::parse(unknown).expect_err("there is no such kind");
        let (_, kinds) = error.split_once("expected one of ").expect("it names them");
        let kinds: Vec<&str> = kinds.split('`').skip(1).step_by(2).collect();
        assert!(kinds.len() >= 5, "{error}");
        assert!(help.contains(&format!(": {}.", kinds.join(", "))), "{kinds:?}");
    }
}

#[test]
fn a_bad_file_of_faults_is_refused_with_the_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("faults.json");
    let path = file.to_str().expect("its name is text");
    let cases = [
        ("{\n  \"deliveries\": [{\"event\": \"run.begun\"}]\n}", &["line 2", "run.begun"]),
        ("{\n\n  \"fault\": []\n}", &["line 3", "`fault`"]),
        ("{", &["line 1", "EOF"]),
    ];
    for (orders, expected) in cases {
        fs::write(&file, orders).expect("the file can be written");

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
fn a_port_in_use_is_refused_with_a_remedy() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let program = Program::start(&["--port", "0"]);
    let address = other.local_addr().expect("it has an address").to_string();
    for address in [address.as_str(), program.url()] {
        let port = address.rsplit(':').next().expect("it has a port");

        let (status, said) = refused(&["--port", port]);

        assert_eq!(status, Some(1));
        assert!(said.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{said}");
        assert!(said.contains("--port 0") && said.contains("in use"), "{said}");
    }
}

#[tokio::test]
async fn the_document_is_served_byte_for_byte() {
    let program = Program::start(&["--port", "0"]);

    let answer = reqwest::get(format!("{}/openapi.json", program.url())).await.expect("it answers");

    assert_eq!(answer.headers()["content-type"], "application/json");
    let served = answer.text().await.expect("it is whole");
    assert!(served == document(Profile::Documented), "the documents differ");
}
