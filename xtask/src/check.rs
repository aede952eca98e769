//! `cargo xtask check`: runs every check that a change must pass.
//!
//! `.ci/run` installs the tools and then runs this list. The checks run in order and the first
//! failure ends the run, so the fast ones come first. This module installs nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::console::Console;
use crate::regen::{self, Freshness, UpdateMode};
use crate::{api, package, rendered, sources};

/// The options of the command.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// The repository.
    pub root: PathBuf,
    /// Whether to run only the checks that take less than a minute together.
    pub fast: bool,
}

/// When a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speed {
    /// In every check.
    Fast,
    /// In a whole check only.
    Slow,
}

/// How a step is carried out.
#[derive(Debug)]
enum CheckAction {
    /// A program and its arguments, separated by blanks.
    Run(&'static str),
    /// A cargo command for a crate with exactly these features.
    Features(&'static str, &'static str, &'static str),
    /// A program and its arguments with one environment variable.
    RunWith(&'static str, (&'static str, &'static str)),
    /// A cargo command in the staged workspace of the consumers.
    Consumers(&'static str),
    /// The rules for sources, in this process.
    Sources,
    /// `cargo xtask regen --check`, in this process.
    Snapshots,
    /// `cargo xtask package`, in this process.
    Package,
    /// `cargo xtask api --check`, in this process.
    PublicApi,
    /// `cargo xtask rendered`, in this process.
    Rendered,
    /// A program that depends on the repository by its address, through the build script.
    GitDependency,
}

/// One check.
#[derive(Debug)]
struct Check {
    name: &'static str,
    speed: Speed,
    action: CheckAction,
}

const fn fast(name: &'static str, action: CheckAction) -> Check {
    Check { name, speed: Speed::Fast, action }
}

const fn slow(name: &'static str, action: CheckAction) -> Check {
    Check { name, speed: Speed::Slow, action }
}

/// The checks, in order. Add a new check before "tests", because the summary of the test runner
/// must end the log.
const STEPS: &[Check] = &[
    fast("format", CheckAction::Run("cargo fmt --all --check")),
    fast("sources", CheckAction::Sources),
    fast("snapshots", CheckAction::Snapshots),
    fast(
        "clippy",
        CheckAction::Run(
            "cargo clippy --locked --workspace --all-targets --all-features -- -D warnings",
        ),
    ),
    fast("unit tests", CheckAction::Run("cargo test --locked -q --workspace --lib")),
    slow("spelling", CheckAction::Run("typos")),
    slow("workflows", CheckAction::Run("actionlint")),
    slow(
        "documentation",
        CheckAction::RunWith(
            "cargo doc --locked --workspace --no-deps --all-features",
            ("RUSTDOCFLAGS", "-D warnings"),
        ),
    ),
    slow("documentation: rendered pages", CheckAction::Rendered),
    slow("dependencies", CheckAction::Run("cargo deny --locked check bans licenses sources")),
    // A program picks one TLS feature. The unit tests build a client with it, which shows that a
    // provider of cryptography is found.
    slow("features: types only", CheckAction::Features("twin-api", "test --lib", "")),
    slow("features: no TLS", CheckAction::Features("twin-api", "test --lib", "client")),
    slow("features: rustls-ring", CheckAction::Features("twin-api", "test --lib", "rustls-ring")),
    slow("features: native-tls", CheckAction::Features("twin-api", "test --lib", "native-tls")),
    // The texts and types of TLS errors differ between the libraries.
    slow(
        "features: failures of native TLS",
        CheckAction::Run(
            "cargo test --locked -q -p twin-tests --no-default-features -F native-tls \
             --test faults -- tls:: proxies::",
        ),
    ),
    // Build each part of twin-ext without the others.
    slow("features: client", CheckAction::Features("twin-ext", "check", "client")),
    slow("features: pages", CheckAction::Features("twin-ext", "check", "pages")),
    slow("features: runs", CheckAction::Features("twin-ext", "check", "runs")),
    slow("features: schedules", CheckAction::Features("twin-ext", "check", "schedules")),
    slow("features: webhooks", CheckAction::Features("twin-ext", "check", "webhooks")),
    slow("features: receiver", CheckAction::Features("twin-ext", "check", "receiver")),
    slow("features: axum", CheckAction::Features("twin-ext", "check", "axum")),
    slow("features: blocking", CheckAction::Features("twin-ext", "check", "blocking")),
    slow("features: redis", CheckAction::Features("twin-ext", "check", "redis")),
    slow("features: tracing", CheckAction::Features("twin-ext", "check", "tracing")),
    // Verification on a host without a clock, threads or sockets. It fails without the target:
    // `rustup target add wasm32-unknown-unknown`.
    slow(
        "webhooks: WebAssembly",
        CheckAction::Run(
            "cargo check --locked -q -p twin-ext --no-default-features -F webhooks \
             --target wasm32-unknown-unknown",
        ),
    ),
    slow("public API", CheckAction::PublicApi),
    slow("package: stage", CheckAction::Package),
    slow(
        "package: build each crate from its archive",
        CheckAction::Run(
            "cargo check --locked --workspace --target-dir target \
             --manifest-path target/package-unpacked/Cargo.toml",
        ),
    ),
    // It fails without the toolchain: `rustup toolchain install 1.88 --profile minimal`.
    slow(
        "package: minimum Rust version",
        CheckAction::Run(concat!(
            "rustup run ",
            env!("CARGO_PKG_RUST_VERSION"),
            " cargo check --locked -q --workspace --target-dir target/minimum-rust \
             --manifest-path target/package-unpacked/Cargo.toml",
        )),
    ),
    // Build programs of users with the staged crates, once for each TLS feature.
    slow("consumers: tests", CheckAction::Consumers("test")),
    slow("consumers: git dependency", CheckAction::GitDependency),
    slow(
        "consumers: aws-lc",
        CheckAction::Consumers("check -p cli --no-default-features -F rustls-aws-lc"),
    ),
    slow(
        "consumers: native TLS",
        CheckAction::Consumers("check -p cli --no-default-features -F native-tls"),
    ),
    // Another crate may enable these features of serde_json. They must not change what we decode.
    slow(
        "features: serde_json's",
        CheckAction::Run(
            "cargo test --locked -q -p twin-tests -F serde-json-features --test webhooks \
             --test pages --test runs",
        ),
    ),
    slow("tests", CheckAction::Run("cargo test --locked --workspace")),
];

/// Runs the checks and prints how long each took.
///
/// # Errors
/// Fails at the first check that fails. The error has its name and its command.
pub fn run(options: &CheckOptions, console: &mut Console) -> anyhow::Result<Freshness> {
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut chosen =
        STEPS.iter().filter(|step| !options.fast || step.speed == Speed::Fast).peekable();
    while let Some(step) = chosen.next() {
        if chosen.peek().is_none() {
            // Print times before the last step, so that the test summary ends the log.
            for (name, time) in &times {
                console.progress(format_args!("{:>7.1} s  {name}", time.as_secs_f64()));
            }
        }
        console.progress(format_args!("\n==> {}", step.name));
        let start = Instant::now();
        perform(step, &options.root, console)
            .with_context(|| format!("check \"{}\" failed", step.name))?;
        times.push((step.name, start.elapsed()));
    }
    Ok(Freshness::Fresh)
}

fn perform(step: &Check, root: &Path, console: &mut Console) -> anyhow::Result<()> {
    match step.action {
        CheckAction::Run(command) => execute(command, None, root),
        CheckAction::RunWith(command, variable) => execute(command, Some(variable), root),
        CheckAction::Features(package, command, features) => {
            let only = if features.is_empty() { String::new() } else { format!(" -F {features}") };
            let options = format!("--locked -q -p {package} --no-default-features{only}");
            execute(&format!("cargo {command} {options}"), None, root)
        }
        CheckAction::PublicApi => {
            let options = api::ApiOptions { root: root.to_owned(), mode: UpdateMode::Check };
            let freshness = api::run(&options, console)?;
            ensure!(freshness == Freshness::Fresh, "the files of tests/public-api are stale");
            Ok(())
        }
        CheckAction::GitDependency => {
            let manifest = "--manifest-path target/package-staged/git/Cargo.toml";
            execute(&format!("cargo check --locked --target-dir target {manifest}"), None, root)
        }
        CheckAction::Consumers(command) => {
            let manifest = "--manifest-path target/package-staged/consumers/Cargo.toml";
            execute(&format!("cargo {command} --locked --target-dir target {manifest}"), None, root)
        }
        CheckAction::Rendered => {
            rendered::run(&rendered::RenderedOptions { root: root.to_owned() }, console).map(drop)
        }
        CheckAction::Sources => sources::check(root, console),
        CheckAction::Package => {
            let options = package::PackageOptions {
                root: root.to_owned(),
                release: false,
                minimal_versions: false,
            };
            package::run(&options, console).map(drop)
        }
        CheckAction::Snapshots => {
            let options = regen::RegenOptions::new(root, UpdateMode::Check);
            let freshness = regen::run(&options, console)?;
            ensure!(
                freshness == Freshness::Fresh,
                "the snapshots are stale; run `cargo xtask regen`"
            );
            Ok(())
        }
    }
}

fn execute(command: &str, variable: Option<(&str, &str)>, root: &Path) -> anyhow::Result<()> {
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let mut child = Command::new(program);
    child.args(words).current_dir(root).envs(variable);
    let status = child
        .status()
        .with_context(|| format!("{program} cannot be started; .ci/run shows how to install it"))?;
    if !status.success() {
        bail!("`{command}` ended with {status}");
    }
    Ok(())
}
