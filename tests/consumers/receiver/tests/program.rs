//! Tests that the receiver gets each delivery three times, and handles it once.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use twin_emulator::fault::Attempts;
use twin_emulator::{
    DeliveryFault, DeliveryRule, Emulator, EventType, Outcome, Profile, RunMode, RunScript,
    RunStep, World,
};

/// Returns whether `redis-server` is installed. If not, prints `SKIPPED`, or panics if `CI` is set.
fn redis_is_installed() -> bool {
    let found = std::process::Command::new("redis-server").arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "redis-server is not installed");
    if !found {
        eprintln!("SKIPPED: redis-server is not installed");
    }
    found
}

/// A child process and the lines of its output. Dropping the value kills the process.
struct ChildProcess {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl ChildProcess {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { lines, _child: child }
    }

    async fn line(&mut self) -> Option<String> {
        let line = timeout(Duration::from_secs(60), self.lines.next_line()).await;
        line.expect("the program prints a line in time").unwrap()
    }
}

async fn redis() -> (ChildProcess, String) {
    // Another process may take the port before Redis does.
    for _ in 0..20 {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        drop(free);
        let arguments = ["--bind", "127.0.0.1", "--save", "", "--port", &port];
        let mut redis = ChildProcess::start(Command::new("redis-server").args(arguments));
        while let Some(line) = redis.line().await {
            if line.contains("Ready to accept connections") {
                return (redis, format!("redis://127.0.0.1:{port}"));
            }
        }
    }
    panic!("redis-server does not start");
}

async fn handles_each_run_once(profile: Profile, redis: &str) {
    let twin = Emulator::builder(profile).running_clock().start().await.unwrap();
    let agent = twin.with(World::add_agent);
    let script = RunScript::manual().then(Duration::ZERO, RunStep::Complete(Outcome::Success));
    twin.with(|world| {
        world.script_runs(script);
        world.add_delivery_fault(DeliveryRule {
            event: Some(EventType::Completed),
            deliveries: Attempts::default(),
            fault: DeliveryFault::Duplicate(2),
        });
    });
    let mut receiver = ChildProcess::start(
        Command::new(env!("CARGO_BIN_EXE_receiver"))
            .arg(&agent)
            .env("TWIN_API_KEY", twin.api_key())
            .env("TWIN_BASE_URL", twin.url())
            .env("REDIS_URL", redis),
    );
    assert_eq!(receiver.line().await.as_deref(), Some("ready"));
    for _ in 0..3 {
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        // A second line for the previous run would come before this one.
        let line = receiver.line().await.unwrap();
        assert!(line.starts_with(&format!("{run} has ")), "{profile}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handles_each_run_once_in_both_profiles() {
    if !redis_is_installed() {
        return;
    }
    let (_redis, url) = redis().await;
    for (database, profile) in [Profile::Documented, Profile::Observed].into_iter().enumerate() {
        handles_each_run_once(profile, &format!("{url}/{database}")).await;
    }
}
