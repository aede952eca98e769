//! `twin-emulator`: a Twin on this machine, to write programs against.
//!
//! It says where it listens in its first line of output, and ends with Ctrl-C.

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use twin_emulator::{Emulator, Orders, Profile};

/// A Twin that runs on your machine: all 33 operations, with state, on loopback.
///
/// Nothing is kept after it ends, and nothing in it is secret. Open its address in a browser to
/// watch it.
#[derive(Parser)]
#[command(version, after_long_help = EXAMPLES)]
struct Arguments {
    /// The port of 127.0.0.1 to listen on; 0 picks a free one and prints it.
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// Which Twin to be: the one of the reference, or the one that was seen.
    #[arg(long, default_value_t = Profile::Observed, value_name = "documented|observed")]
    profile: Profile,
    /// Identifiers and secrets are made up from this number, the same ones each time.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The API key to take; without it, one is made up and printed.
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    api_key: Option<String>,
    /// What is to go wrong, how runs go, and what is otherwise than in the profile: JSON, as in the
    /// example below.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Begin without the example agent `agent_abc123` and its run.
    #[arg(long)]
    empty: bool,
}

const EXAMPLES: &str = r#"Try it:
  twin-emulator --port 4010 --api-key secret
  curl -H 'x-api-key: secret' http://127.0.0.1:4010/v1/agents/agent_abc123

What a file for --faults may hold, each part of it optional:
  {
    "faults": [
      {"operation": "get_me", "attempts": [1, 2],
       "fault": {"status": {"status": 503, "retry_after": 1}}},
      {"operation": "*", "attempts": {"from": 100}, "fault": {"reset": {"at": 20}}}
    ],
    "deliveries": [{"event": "run.completed", "deliveries": [1], "fault": {"duplicate": 1}}],
    "runs": [[{"after_ms": 200, "do": {"event": "Tick"}}, {"after_ms": 200, "do": "fail"}]],
    "switches": {"ignore_after_index": false, "event_cap": null, "deploy_check": true}
  }
Operations have the names of the client's methods. Faults: status, delay, refuse, reset, close,
cut_body, trickle, endless_body, html, grpc, content_type, redirect, gzip_bomb, cursors, shift.
For deliveries: duplicate, late, reorder, wrong_signature, lost.
A run of "runs" is the next one that is started, step by step: event, pause, resume, complete,
fail, stop. Switches are what a profile does: the service was seen to ignore after_index, and to
give 500 events at most; to check that an agent is deployed is off in both."#;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twin-emulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let orders = match &arguments.faults {
        Some(file) => read_orders(file).with_context(|| file.display().to_string())?,
        None => Orders::default(),
    };
    let made_up = arguments.api_key.is_none();
    let mut builder = Emulator::builder(arguments.profile)
        .seed(arguments.seed)
        .orders(orders)
        .running_clock()
        .address(SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port)));
    if let Some(key) = arguments.api_key {
        builder = builder.api_key(key);
    }
    let twin = builder.start().await.with_context(|| cannot_listen(arguments.port))?;
    if !arguments.empty {
        twin.with(twin_emulator::World::add_example);
    }
    // Ctrl-C is heeded before anybody is told of the address.
    let (interrupted, ()) = tokio::join!(biased; tokio::signal::ctrl_c(), async {
        announce(&twin, made_up);
    });
    twin.stop();
    interrupted.context("cannot listen for Ctrl-C")
}

/// Says what one has to know to use it. Nobody has to read that.
fn announce(twin: &Emulator, with_key: bool) {
    let mut lines =
        vec![format!("listening on {}", twin.url()), format!("profile: {}", twin.profile())];
    if with_key {
        lines.push(format!("x-api-key: {}", twin.api_key()));
    }
    lines.push(format!("watch it: {}/ (Ctrl-C ends it)", twin.url()));
    let mut out = io::stdout().lock();
    let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    let _ = out.flush();
}

fn cannot_listen(port: u16) -> String {
    format!("cannot listen on 127.0.0.1:{port} (--port 0 picks a free port)")
}

fn read_orders(file: &Path) -> anyhow::Result<Orders> {
    let text = fs::read_to_string(file).context("cannot be read")?;
    Orders::parse(&text).map_err(anyhow::Error::msg)
}
