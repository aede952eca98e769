//! Parses the command line and maps results to exit codes.
//!
//! Exit codes: 0 for success, 1 for a stale file (`--check`), 2 for any error, usage included.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::console::Console;
use crate::regen::{Freshness, Mode};
use crate::{api, check, diff, fetch, generate, package, regen, rendered};

/// The repository's own commands.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Regenerate the client from openapi.json, known.json and overlay.json; update the snapshots
    Regen(RegenArgs),
    /// Compare two documents: files, or revisions such as HEAD~1 or HEAD~1:openapi.json
    Diff(DiffArgs),
    /// Generate a client from any OpenAPI 3.1 document
    Generate(GenerateArgs),
    /// Run every check that a change must pass
    Check(CheckArgs),
    /// Stage the crates for publishing, in target/package-staged
    Package(PackageArgs),
    /// Write the public API of each library to tests/public-api
    Api(ApiArgs),
    /// Look at the pages that `cargo doc` built, in Chromium
    Rendered(RenderedArgs),
}

#[derive(Debug, Args)]
struct RenderedArgs {
    /// The repository to work on
    #[arg(long, hide = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

#[derive(Debug, Args)]
struct ApiArgs {
    /// Write nothing; exit 1 when the API changed
    #[arg(long)]
    check: bool,
    /// The root of the repository
    #[arg(long, hide = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

#[derive(Debug, Args)]
struct PackageArgs {
    /// Reject placeholders, uncommitted files and a changelog without a date
    #[arg(long)]
    release: bool,
    /// Stage in target/package-minimal, with the oldest versions that the manifests allow
    #[arg(long)]
    minimal_versions: bool,
    /// The root of the repository
    #[arg(long, hide = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Run format, sources, snapshots, clippy and unit tests only
    #[arg(long)]
    fast: bool,
    /// The root of the repository
    #[arg(long, hide = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

#[derive(Debug, Args)]
struct RegenArgs {
    /// Write nothing; exit 1 when something is stale
    #[arg(long)]
    check: bool,
    /// Fetch a new openapi.json first, from URL or FILE or the published address
    #[arg(long, value_name = "URL|FILE", num_args = 0..=1, default_missing_value = fetch::PUBLISHED)]
    fetch: Option<String>,
    /// Apply the edits with these numbers from the list of an earlier run
    #[arg(long, value_name = "N,M", value_delimiter = ',')]
    accept: Vec<usize>,
    /// Fail on an operation that cannot be generated instead of leaving it out
    #[arg(long)]
    strict: bool,
    /// Write the report as Markdown to FILE, with a draft for the changelog and the version
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print every note of the lowering instead of their number
    #[arg(long, short)]
    verbose: bool,
    /// The root of the repository
    #[arg(long, hide = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

#[derive(Debug, Args)]
struct DiffArgs {
    /// The older document
    old: String,
    /// The newer document
    new: String,
    /// The format of the report
    #[arg(long, value_enum, default_value_t = diff::Format::Text)]
    format: diff::Format,
    /// The repository with the history, the known facts and the overlay
    #[arg(long, hide = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

#[derive(Debug, Args)]
struct GenerateArgs {
    /// The document as JSON; `-` is standard input
    file: PathBuf,
    /// Write the lowered 3.0.3 document to this file
    #[arg(long, value_name = "OUT.json")]
    lowered: Option<PathBuf>,
    /// Write the source to this file instead of standard output
    #[arg(long, value_name = "OUT.rs")]
    out: Option<PathBuf>,
    /// Known facts to apply, in the form of twin-api-gen/known.json
    #[arg(long, value_name = "KNOWN.json")]
    known: Option<PathBuf>,
    /// An OpenAPI Overlay 1.0 document to apply
    #[arg(long, value_name = "OVERLAY.json")]
    overlay: Option<PathBuf>,
    /// Write the effective document to this file: identified, with known facts and overlay applied
    #[arg(long, value_name = "OUT.json")]
    effective: Option<PathBuf>,
    /// The crate that the source will live in
    #[arg(long, value_enum, default_value_t = generate::Target::Standalone)]
    runtime: generate::Target,
    /// Fail on an operation that cannot be generated instead of leaving it out
    #[arg(long)]
    strict: bool,
    /// Print every note of the lowering instead of their number
    #[arg(long, short)]
    verbose: bool,
}

/// Runs the command that the arguments of this process name.
pub fn main() -> ExitCode {
    let mut console = Console::standard();
    match dispatch(Cli::parse().command, &mut console) {
        Ok(Freshness::Fresh) => ExitCode::SUCCESS,
        Ok(Freshness::Stale) => ExitCode::from(1),
        Err(error) => {
            console.progress(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: Command, console: &mut Console) -> anyhow::Result<Freshness> {
    match command {
        Command::Regen(args) => {
            let fetch = args.fetch.as_deref().map(fetch::Source::parse).transpose()?;
            let mode = if args.check { Mode::Check } else { Mode::Write };
            let RegenArgs { accept, strict, report, verbose, root, .. } = args;
            let options = regen::Options { root, mode, fetch, accept, strict, report, verbose };
            regen::run(&options, console)
        }
        Command::Diff(DiffArgs { old, new, format, root }) => {
            let options = diff::Options { root, old, new, format };
            diff::run(&options, console).map(|()| Freshness::Fresh)
        }
        Command::Generate(args) => {
            let GenerateArgs { file, lowered, out, known, overlay, effective, .. } = args;
            let (runtime, strict, verbose) = (args.runtime, args.strict, args.verbose);
            let options = generate::Options {
                file,
                lowered,
                out,
                known,
                overlay,
                effective,
                runtime,
                strict,
                verbose,
            };
            generate::run(&options, console).map(|()| Freshness::Fresh)
        }
        Command::Check(CheckArgs { fast, root }) => {
            check::run(&check::Options { root, fast }, console)
        }
        Command::Package(PackageArgs { release, minimal_versions, root }) => {
            let options = package::Options { root, release, minimal_versions };
            package::run(&options, console)
        }
        Command::Api(ApiArgs { check, root }) => {
            let mode = if check { Mode::Check } else { Mode::Write };
            api::run(&api::Options { root, mode }, console)
        }
        Command::Rendered(RenderedArgs { root }) => {
            rendered::run(&rendered::Options { root }, console)
        }
    }
}
