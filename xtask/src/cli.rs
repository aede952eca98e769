//! Parses the command line, finds the workspace, and maps results to exit codes.
//!
//! Exit codes: 0 for success, 1 for a stale file (`--check`), 2 for any error, usage included.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use toml_edit::DocumentMut;

use crate::console::Console;
use crate::regen::{Freshness, UpdateMode};
use crate::{api, check, diff, fetch, generate, package, regen, rendered};

/// Commands for the development of this repository
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The workspace to work on, instead of that of the current folder
    #[arg(long, global = true, hide = true, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Update the files that are generated from openapi.json, known.json and overlay.json
    Regen(RegenArgs),
    /// Compare two OpenAPI documents: files, or revisions such as HEAD~1 or HEAD~1:openapi.json
    Diff(DiffArgs),
    /// Generate a client from any OpenAPI 3.1 document
    Generate(GenerateArgs),
    /// Run the checks that every change must pass
    Check(CheckArgs),
    /// Copy the crates to target/package-staged, in the form in which they are published
    Package(PackageArgs),
    /// Write the public API of each library to tests/public-api
    Api(ApiArgs),
    /// Check in Chromium the pages that `cargo doc` built
    Rendered,
}

#[derive(Debug, Args)]
struct ApiArgs {
    /// Write nothing; exit with 1 if the API changed
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Args)]
struct PackageArgs {
    /// Fail on placeholders, uncommitted files and a changelog section without a date
    #[arg(long)]
    release: bool,
    /// Copy to target/package-minimal, and use the oldest dependencies that the manifests allow
    #[arg(long)]
    minimal_versions: bool,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Run only format, sources, snapshots, clippy and unit tests
    #[arg(long)]
    fast: bool,
}

#[derive(Debug, Args)]
struct RegenArgs {
    /// Write nothing; exit with 1 if a file is stale
    #[arg(long)]
    check: bool,
    /// Fetch a new openapi.json first: from URL or FILE, or else from the published address
    #[arg(long, value_name = "URL|FILE", num_args = 0..=1, default_missing_value = fetch::PUBLISHED)]
    fetch: Option<String>,
    /// Make the edits with these numbers in the report of the previous run
    #[arg(long, value_name = "N,M", value_delimiter = ',')]
    accept: Vec<usize>,
    /// Fail on an operation that cannot be generated instead of leaving it out
    #[arg(long)]
    strict: bool,
    /// Write the report to FILE as Markdown, with the next version and a draft for the changelog
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// List every note of the lowering and every changed documentation text, instead of their number
    #[arg(long, short)]
    verbose: bool,
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
}

#[derive(Debug, Args)]
struct GenerateArgs {
    /// The document as JSON, or `-` for standard input
    file: PathBuf,
    /// Write the lowered 3.0.3 document to this file
    #[arg(long, value_name = "OUT.json")]
    lowered: Option<PathBuf>,
    /// Write the source to this file instead of standard output
    #[arg(long, value_name = "OUT.rs")]
    out: Option<PathBuf>,
    /// Apply known facts from a file in the form of twin-api-gen/known.json
    #[arg(long, value_name = "KNOWN.json")]
    known: Option<PathBuf>,
    /// Apply an OpenAPI Overlay 1.0 document
    #[arg(long, value_name = "OVERLAY.json")]
    overlay: Option<PathBuf>,
    /// Write the document with known facts and overlay, before it is lowered, to this file
    #[arg(long, value_name = "OUT.json")]
    effective: Option<PathBuf>,
    /// The crate that will contain the source
    #[arg(long, value_enum, default_value_t = generate::RuntimeArg::Standalone)]
    runtime: generate::RuntimeArg,
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
    match dispatch(Cli::parse(), &mut console) {
        Ok(Freshness::Fresh) => ExitCode::SUCCESS,
        Ok(Freshness::Stale) => ExitCode::from(1),
        Err(error) => {
            console.progress(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn dispatch(Cli { command, root }: Cli, console: &mut Console) -> anyhow::Result<Freshness> {
    let root = || root.map_or_else(workspace, Ok);
    match command {
        Command::Regen(args) => {
            let fetch = args.fetch.as_deref().map(fetch::DocumentSource::parse).transpose()?;
            let mode = if args.check { UpdateMode::Check } else { UpdateMode::Write };
            let RegenArgs { accept, strict, report, verbose, .. } = args;
            let root = root()?;
            let options =
                regen::RegenOptions { root, mode, fetch, accept, strict, report, verbose };
            regen::run(&options, console)
        }
        Command::Diff(DiffArgs { old, new, format }) => {
            let options = diff::DiffOptions { root: root()?, old, new, format };
            diff::run(&options, console).map(|()| Freshness::Fresh)
        }
        Command::Generate(args) => {
            let GenerateArgs { file, lowered, out, known, overlay, effective, .. } = args;
            let (runtime, strict, verbose) = (args.runtime, args.strict, args.verbose);
            let options = generate::GenerateOptions {
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
        Command::Check(CheckArgs { fast }) => {
            check::run(&check::CheckOptions { root: root()?, fast }, console)
        }
        Command::Package(PackageArgs { release, minimal_versions }) => {
            let root = root()?;
            let options = package::PackageOptions { root, release, minimal_versions };
            package::run(&options, console)
        }
        Command::Api(ApiArgs { check }) => {
            let mode = if check { UpdateMode::Check } else { UpdateMode::Write };
            api::run(&api::ApiOptions { root: root()?, mode }, console)
        }
        Command::Rendered => rendered::run(&rendered::RenderedOptions { root: root()? }, console),
    }
}

/// Returns the root of the workspace that contains the current folder.
///
/// The folder in which this program was compiled can be another checkout, so it is not used.
fn workspace() -> anyhow::Result<PathBuf> {
    let current = env::current_dir().context("finding the current folder")?;
    for folder in current.ancestors() {
        let file = folder.join("Cargo.toml");
        let manifest = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.with_context(|| format!("reading {}", file.display()))?,
        };
        let manifest: DocumentMut =
            manifest.parse().with_context(|| format!("{} is not valid TOML", file.display()))?;
        if manifest.contains_table("workspace") {
            return Ok(folder.to_owned());
        }
    }
    bail!(
        "{} is not in a Cargo workspace; run the command in a checkout of the repository",
        current.display()
    )
}
