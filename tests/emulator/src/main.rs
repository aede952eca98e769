//! The program `twin-emulator`: serves the Twin REST API on this machine, for tests of programs
//! that call it.
//!
//! The first line of its output is `listening on URL`. Ctrl-C stops it.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use twin_emulator::fault::{EXAMPLES, Example};
use twin_emulator::{Emulator, FaultFile, Profile};

/// The Twin REST API on your machine: all 33 operations, with state.
///
/// Open its address in a browser to see and control its state. All data is lost when the program
/// ends.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(name = "twin-emulator", version, after_long_help = AFTER_HELP)]
struct Arguments {
    /// The port to listen on; with 0, the program picks a free port and prints it.
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// Behave as the published reference says, or as the live service was observed to behave.
    #[arg(long, default_value_t = Profile::Observed, value_name = "documented|observed")]
    profile: Profile,
    /// The seed of generated identifiers and secrets: the same seed gives the same ones.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The API key to accept. By default, a key is generated and printed.
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    api_key: Option<String>,
    /// A JSON file with faults, run scripts and switches; --help-faults explains it.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Print every fault, run step and switch of a fault file, with examples.
    #[arg(long)]
    help_faults: bool,
    /// Start without the example agent `agent_abc123` and its run.
    #[arg(long)]
    empty: bool,
    /// The address to listen on. An address outside loopback also needs --expose-to-network.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Allow a --host outside loopback: anyone on that network can then use the emulator.
    #[arg(long)]
    expose_to_network: bool,
    /// Deliver webhooks to other machines too, not only to this one.
    #[arg(long)]
    remote_receivers: bool,
    /// Let web pages of this origin (scheme, host and port) call the API; can be repeated.
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
    /// Disable the page at / and the control API under /_emulator/.
    #[arg(long)]
    no_control: bool,
}

const AFTER_HELP: &str = "Try it:
  twin-emulator --port 4010 --api-key secret
  curl -H 'x-api-key: secret' http://127.0.0.1:4010/v1/agents/agent_abc123
  curl -d '{\"by\": \"15m\"}' http://127.0.0.1:4010/_emulator/clock/advance

The OpenAPI document of the API is at /openapi.json, and the document of the control API is at
/_emulator/openapi.json.";

/// The text of `--help-faults` before the list of faults.
const FILE_HELP: &str = r#"A fault file is a JSON object. Each of its parts is optional:
  {
    "faults": [
      {"operation": "get_me", "attempts": [1, 2],
       "fault": {"status": {"status": 503, "retry_after": 1}}},
      {"operation": "*", "attempts": {"from": 100}, "fault": {"reset": 20}}
    ],
    "deliveries": [{"event": "run.completed", "deliveries": [1], "fault": {"duplicate": 1}}],
    "runs": [[{"after": "200ms", "do": {"event": "Tick"}}, {"after": "2s", "do": "fail"}]],
    "switches": {"ignore_after_index": false, "event_cap": null, "deploy_check": true}
  }
"operation" is the name of a client method, or * for all. "attempts" and "deliveries" are
"every" (the default), 3, [1, 4], {"from": 2, "to": 5} or {"from": 2}, counted from 1.
"takes_effect": true runs the operation even if the caller gets another response or none; false
does not run it. By default, it runs if the fault changes, delays or cuts the real response.
"#;

/// The text of `--help-faults` after the list of faults.
const STEPS_HELP: &str = r#"
"runs" is a list of scripts, one for each of the next runs. A script is a list of steps. Each step
waits for the time "after" and then applies "do":
  {"event": "Tick"}  "pause"  "user_pause"  "resume"  "complete"  {"complete": "partial"}
  {"complete": "fail"}  "fail"  "stop"

"switches" change the behaviour of the profile:
  "ignore_after_index"  list_run_events ignores after_index; true in the profile observed
  "event_cap"           the maximum number of events in a response, or null; 500 in the profile observed
  "deploy_check"        a run in mode run needs a deployed agent; false in both profiles
"#;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.help_faults {
        return print_help(&help_faults());
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twin-emulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the text of `--help-faults`.
fn help_faults() -> String {
    // The faults of requests come first.
    let (requests, deliveries) = EXAMPLES.split_at(15);
    let lines = |examples: &[Example]| {
        let lines: Vec<String> = examples.iter().map(|example| format!("  {example}")).collect();
        lines.join("\n") + "\n"
    };
    let [requests, deliveries] = [lines(requests), lines(deliveries)];
    format!(
        "{FILE_HELP}\nFaults of requests:\n{requests}\nFaults of deliveries:\n{deliveries}{STEPS_HELP}"
    )
}

fn print_help(text: &str) -> ExitCode {
    // A reader such as `head` may have closed the pipe.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

#[tokio::main]
async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if !arguments.host.to_canonical().is_loopback() && !arguments.expose_to_network {
        bail!(
            "--host {} is not a loopback address: anyone on that network could use the emulator; \
             add --expose-to-network to allow it",
            arguments.host
        );
    }
    let fault_file = match &arguments.faults {
        Some(file) => read_fault_file(file).with_context(|| file.display().to_string())?,
        None => FaultFile::default(),
    };
    let address = SocketAddr::from((arguments.host, arguments.port));
    let mut builder = Emulator::builder(arguments.profile)
        .seed(arguments.seed)
        .fault_file(fault_file)
        .running_clock()
        .address(address);
    if let Some(key) = &arguments.api_key {
        builder = builder.api_key(key);
    }
    if !arguments.empty {
        builder = builder.example();
    }
    if arguments.remote_receivers {
        builder = builder.remote_receivers();
    }
    if arguments.no_control {
        builder = builder.without_control();
    }
    for origin in &arguments.cors {
        builder = builder.cors(origin).map_err(anyhow::Error::msg).context("--cors")?;
    }
    let twin = builder.start().await.with_context(|| cannot_listen(address))?;
    // Ctrl-C must work before the address is printed.
    let (interrupted, ()) = tokio::join!(biased; tokio::signal::ctrl_c(), async {
        announce(&twin, arguments);
    });
    twin.stop();
    interrupted.context("cannot listen for Ctrl-C")
}

/// Prints the address, the profile and the key.
fn announce(twin: &Emulator, arguments: &Arguments) {
    let mut lines =
        vec![format!("listening on {}", twin.url()), format!("profile: {}", twin.profile())];
    let address = local_address(twin.gate().address());
    let url = format!("http://{address}");
    // A key that the user chose may be a secret, so it is not printed.
    let key = arguments.api_key.is_none().then(|| format!(" TWIN_API_KEY={}", twin.api_key()));
    lines.push(format!("export TWIN_BASE_URL={url}{}", key.unwrap_or_default()));
    // The page and the control API accept only loopback host names.
    if !arguments.no_control && address.ip().to_canonical().is_loopback() {
        lines.push(format!("page: {url}/ (control API: {url}/_emulator/openapi.json)"));
    }
    lines.push("press Ctrl-C to stop".to_owned());
    let mut out = io::stdout().lock();
    // The reader may have closed the pipe.
    let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    let _ = out.flush();
    if !arguments.host.to_canonical().is_loopback() {
        eprintln!(
            "twin-emulator: anyone who can reach port {} of this machine can use the API",
            address.port()
        );
    }
}

/// Returns the address for programs of this machine: `0.0.0.0` and `::` stand for all addresses, and
/// a client cannot use them everywhere.
fn local_address(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn cannot_listen(address: SocketAddr) -> String {
    format!("cannot listen on {address} (--port 0 picks a free port)")
}

fn read_fault_file(file: &Path) -> anyhow::Result<FaultFile> {
    let text = fs::read_to_string(file).context("cannot be read")?;
    Ok(FaultFile::parse(&text)?)
}
