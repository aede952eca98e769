//! Runs the programs of `examples/` as a user would, against the emulator in both profiles.
//!
//! Cargo builds the examples together with the tests of a package, unless `--test` selects one.

#![cfg(all(feature = "full", feature = "axum", feature = "blocking"))]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use twin_emulator::fault::{Fault, RetryAfter, Rule};
use twin_emulator::{Emulator, EventType, Profile, RunMode, World};
use twin_ext::webhook::sign;

const AGENT: &str = "agent_abc123";

#[test]
fn every_example_has_a_test() {
    let own = include_str!("examples.rs");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let names: Vec<String> =
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in names {
        assert!(own.contains(&format!("program(\"{name}\"")), "nothing runs {name}");
    }
}

/// Returns the command of an example, without the variables of the environment for Twin.
fn program(name: &str, arguments: &[&str]) -> Command {
    let folder = std::env::current_exe().unwrap();
    let folder = folder.parent().and_then(|deps| deps.parent()).unwrap().join("examples");
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is not built: run the tests without --test", program.display());
    let mut command = Command::new(program);
    command.args(arguments).env_remove("TWIN_API_KEY").env_remove("TWIN_BASE_URL");
    command
}

async fn start(profile: Profile) -> Emulator {
    let service = Emulator::builder(profile).start().await.expect("a free port");
    service.with(World::add_reference_examples);
    service
}

/// Runs a program to its end, and advances the clock of the emulator meanwhile. Returns its output.
async fn run(service: &Emulator, mut command: Command) -> String {
    command.env("TWIN_API_KEY", service.api_key()).env("TWIN_BASE_URL", service.url());
    let mut program = tokio::task::spawn_blocking(move || command.output());
    let output = loop {
        tokio::select! {
            output = &mut program => break output.unwrap().expect("the example starts"),
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                service.advance(Duration::from_millis(400)).await;
            }
        }
    };
    stdout_of(&output)
}

/// Returns the standard output of a program that succeeded.
fn stdout_of(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {out}{err}", output.status);
    out.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn list_agents_prints_every_agent() {
    for profile in Profile::ALL {
        let service = start(profile).await;
        service.with(|world| world.add_agents(150));
        let output = run(&service, program("list_agents", &[])).await;
        assert!(output.contains(&format!("{AGENT}: ")), "{output}");
        assert!(output.ends_with("151 agents\n"), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_run_prints_events_until_the_run_ends() {
    for profile in Profile::ALL {
        let service = start(profile).await;
        let output = run(&service, program("follow_run", &[AGENT])).await;
        let lines: Vec<&str> = output.lines().collect();
        assert!(lines[0].ends_with(" started"), "{output}");
        assert!(output.to_lowercase().replace('_', "").contains("toolcallstarted"), "{output}");
        assert!(lines.last().unwrap().contains("finished"), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_for_run_stores_a_ticket_and_prints_the_result() {
    for profile in Profile::ALL {
        let service = start(profile).await;
        let output = run(&service, program("wait_for_run", &[AGENT])).await;
        let run_id = output.split(' ').next().unwrap();
        assert!(output.contains(&format!("{run_id} ended: finished")), "{output}");
        let ticket = std::env::temp_dir().join(format!("{run_id}.json"));
        let stored = std::fs::read_to_string(&ticket).expect("the ticket is stored");
        std::fs::remove_file(ticket).unwrap();
        assert!(stored.contains(run_id) && stored.contains(AGENT), "{stored}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_script_runs_each_deployed_agent() {
    for profile in Profile::ALL {
        let service = start(profile).await;
        service.with(World::add_agent);
        let output = run(&service, program("blocking_script", &[])).await;
        assert!(output.starts_with("I am user_123\n"), "{output}");
        assert_eq!(output.matches(": finished").count(), 1, "{output}");
        assert_eq!(service.count("start_run"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_pages_continues_at_the_stored_position() {
    for profile in Profile::ALL {
        let service = start(profile).await;
        service.with(|world| world.add_runs(AGENT, 14));
        let file = std::env::temp_dir().join(format!("twin-ext-{}-{profile}", std::process::id()));
        let path = file.to_str().unwrap();
        let first = run(&service, program("resume_pages", &[AGENT, path])).await;
        let second = run(&service, program("resume_pages", &[AGENT, path])).await;
        std::fs::remove_file(&file).unwrap();
        let runs = |output: &str| output.lines().filter(|line| line.contains(" is ")).count();
        assert_eq!((runs(&first), runs(&second)), (10, 5), "{first}{second}");
        assert!(first.lines().all(|line| !second.contains(line)), "{first}{second}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handle_errors_tells_each_kind_of_failure() {
    for profile in Profile::ALL {
        let service = start(profile).await;
        let started = run(&service, program("handle_errors", &[AGENT])).await;
        assert!(started.ends_with(" started\n"), "{started}");
        let missing = run(&service, program("handle_errors", &["agent_unknown"])).await;
        assert_eq!(missing, "no such agent\n");
        let broken = Fault::status(500.try_into().unwrap(), None);
        service.add_fault(Rule::new("start_run", broken).on(1)).unwrap();
        let unknown = run(&service, program("handle_errors", &[AGENT])).await;
        assert!(unknown.starts_with("a run may have started: 500"), "{unknown}");
        assert!(unknown.contains("run_xyz789 at "), "{unknown}");
        let limited = Fault::status(503.try_into().unwrap(), Some(RetryAfter::Seconds(300)));
        service.add_fault(Rule::new("start_run", limited).on(1)).unwrap();
        let later = run(&service, program("handle_errors", &[AGENT])).await;
        assert!(later.starts_with("try again later: 503"), "{later}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn call_options_apply_to_one_client_only() {
    for profile in Profile::ALL {
        let service = start(profile).await;
        let output = run(&service, program("call_options", &[])).await;
        assert_eq!(output, "user_123 has 1 agents\n");
        let exchanges = service.take_exchanges();
        let traced = exchanges.iter().filter(|it| it.request.header("x-trace") == "4711");
        let traced: Vec<_> = traced.map(|it| it.operation).collect();
        assert_eq!(traced, [Some("list_agents")]);
    }
}

const BODY: &str = r#"{"event": "run.completed", "timestamp": "TIME", "data": {"run_id": "run_xyz789",
    "agent_id": "agent_abc123", "status": "completed", "outcome": "success"}}"#;

#[test]
fn verify_webhook_accepts_a_signed_body_and_rejects_a_forgery() {
    let secret = "whsec_a1b2c3";
    let body = BODY.replace("TIME", &chrono::Utc::now().to_rfc3339());
    let verify = |signature: &str| {
        let mut command = program("verify_webhook", &[signature]);
        command.env("TWIN_WEBHOOK_SECRET", secret);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = stdout_of(&verify(&sign(secret, &body)));
    assert_eq!(output, "run.completed of Some(\"run_xyz789\")\n");
    let forged = verify(&sign("whsec_other", &body));
    assert!(!forged.status.success() && forged.stdout.is_empty());
}

#[test]
fn webhook_examples_name_the_missing_variable() {
    for (name, argument) in [("verify_webhook", "sha256="), ("receive_webhooks", "127.0.0.1:0")] {
        let mut command = program(name, &[argument]);
        let output = command.env_remove("TWIN_WEBHOOK_SECRET").stdin(Stdio::null()).output();
        let output = output.unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}");
        assert!(error.contains("TWIN_WEBHOOK_SECRET: environment variable not found"), "{error}");
    }
}

/// A receiver that is killed when the test ends.
struct ReceiverProcess(Child);

impl Drop for ReceiverProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receive_webhooks_handles_a_repeated_event_once() {
    for profile in Profile::ALL {
        let service = Emulator::builder(profile).start().await.expect("a free port");
        // This world has no schedule, which would start further runs.
        service.with(World::add_example);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (address, url) =
            (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}/webhooks/twin"));
        let twin = twin_ext::ClientBuilder::new(service.api_key()).base_url(service.url());
        let twin = twin.build().unwrap();
        let body = twin_ext::twin_api::types::CreateWebhookBody::builder()
            .url(url)
            .events(vec![twin_ext::twin_api::types::WebhookEventType::RunCompleted]);
        let made = twin.create_webhook().agent_id(AGENT).body(body).send().await.unwrap();
        let secret = twin_ext::ExposeSecret::expose_secret(&made.signing_secret).to_owned();

        let mut command = program("receive_webhooks", &[&address]);
        command.env("TWIN_WEBHOOK_SECRET", secret).stdout(Stdio::piped());
        let mut receiver = ReceiverProcess(command.spawn().unwrap());
        let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), format!("listening on {address}"));

        // The receiver's store uses the system clock, and events from before its start are uncertain.
        service.advance_to(chrono::Utc::now()).await;
        let run = service.with(|world| world.start_run(AGENT, RunMode::Run));
        service.advance(Duration::from_secs(3)).await;
        let webhook = Some(made.webhook_id.as_str());
        let event = EventType::Completed;
        service
            .with(|world| world.send_delivery(AGENT, event, Some(&run), webhook))
            .expect("the emulator sends the delivery again");
        service.settled().await;
        let line = lines.next().unwrap().unwrap();
        assert_eq!(line, format!("{run} completed: Some(Success)"));
        drop(receiver);
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        assert!(rest.is_empty(), "an event was handled twice: {rest:?}");
    }
}
