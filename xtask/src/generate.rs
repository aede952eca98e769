//! `cargo xtask generate`: generates a client from any OpenAPI 3.1 document.
//!
//! It contains nothing specific to Twin: known facts and an overlay are optional arguments. Output
//! files are replaced only after all of them were written to temporary files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use tempfile::TempPath;
use twin_api_gen::{Generated, Input, Runtime};

use crate::console::Console;
use crate::{fetch, report, write as files};

/// Maximum bytes of an input. A device or a pipe may have no end.
const MAX_BYTES: u64 = 64 << 20;

/// The options of the command.
#[derive(Debug, Clone)]
pub struct GenerateOptions {
    /// The document. `-` is standard input.
    pub file: PathBuf,
    /// The output file for the lowered document.
    pub lowered: Option<PathBuf>,
    /// The output file for the source. `None` is standard output.
    pub out: Option<PathBuf>,
    /// The file with known facts.
    pub known: Option<PathBuf>,
    /// The file with the overlay.
    pub overlay: Option<PathBuf>,
    /// The output file for the effective document.
    pub effective: Option<PathBuf>,
    /// The crate that will contain the source.
    pub runtime: RuntimeArg,
    /// Whether an operation that cannot be generated is an error.
    pub strict: bool,
    /// Whether to show every note.
    pub verbose: bool,
}

/// The crate that will contain the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RuntimeArg {
    /// Any crate that depends on progenitor-client and serde.
    Standalone,
    /// The crate twin-api, with its transport and types.
    TwinApi,
}

impl From<RuntimeArg> for Runtime {
    fn from(target: RuntimeArg) -> Self {
        match target {
            RuntimeArg::Standalone => Self::StandAlone,
            RuntimeArg::TwinApi => Self::TwinApi,
        }
    }
}

/// Generates the client and writes the requested files.
///
/// # Errors
/// Fails if no client can be generated, or a file cannot be read or written.
pub fn run(options: &GenerateOptions, console: &mut Console) -> anyhow::Result<()> {
    let outputs: Vec<&PathBuf> =
        [&options.out, &options.lowered, &options.effective].into_iter().flatten().collect();
    for (index, path) in outputs.iter().enumerate() {
        ensure!(!outputs[..index].contains(path), "two outputs name the same file");
    }
    let name = options.file.display();
    let bytes = read(&options.file).with_context(|| name.to_string())?;
    console.progress(format_args!("generating from {} bytes", bytes.len()));
    let known = options.known.as_deref().map(named).transpose()?;
    let overlay = options.overlay.as_deref().map(named).transpose()?;
    let input = Input {
        openapi: &bytes,
        known: known.as_deref(),
        overlay: overlay.as_deref(),
        runtime: options.runtime.into(),
        strict: options.strict,
    };
    let generated = twin_api_gen::generate(input).with_context(|| name.to_string())?;
    report::generation(&generated, options.verbose, console);
    write(options, &generated)?;
    match options.out {
        Some(_) => Ok(()),
        None => console.raw(generated.source.as_bytes()),
    }
}

/// Reads an input file. The error names it.
fn named(file: &Path) -> anyhow::Result<Vec<u8>> {
    fetch::read_file(file, MAX_BYTES).with_context(|| file.display().to_string())
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        return fetch::read_capped(io::stdin().lock(), MAX_BYTES).context("cannot be read");
    }
    fetch::read_file(file, MAX_BYTES)
}

fn write(options: &GenerateOptions, generated: &Generated) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    if let Some(path) = &options.lowered {
        outputs.push(StagedOutput::stage(path, format!("{:#}\n", generated.lowered).as_bytes())?);
    }
    if let Some(path) = &options.effective {
        outputs.push(StagedOutput::stage(path, format!("{:#}\n", generated.effective).as_bytes())?);
    }
    if let Some(path) = &options.out {
        outputs.push(StagedOutput::stage(path, generated.source.as_bytes())?);
    }
    outputs.into_iter().try_for_each(StagedOutput::install)
}

/// A new content in a temporary file beside its target. It is removed if it is not installed.
struct StagedOutput {
    staged: TempPath,
    target: PathBuf,
}

impl StagedOutput {
    fn stage(path: &Path, bytes: &[u8]) -> anyhow::Result<Self> {
        let stage = || {
            let target = resolve(path)?;
            anyhow::Ok(Self { staged: files::write_beside(&target, bytes)?, target })
        };
        stage().with_context(|| format!("writing {}", path.display()))
    }

    fn install(self) -> anyhow::Result<()> {
        let Self { staged, target } = self;
        staged.persist(&target).with_context(|| format!("writing {}", target.display()))
    }
}

/// Resolves links to the regular file that `path` names. Any other target must not be replaced.
fn resolve(path: &Path) -> anyhow::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(fs::canonicalize(path)?),
        Ok(metadata) if metadata.is_dir() => bail!("it is a folder; name a file in it"),
        Ok(_) => bail!("it is not a regular file; omit --out to write to standard output"),
        Err(_) if path.is_symlink() => bail!("it is a symbolic link to a missing file"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_path_buf()),
        Err(error) => Err(error.into()),
    }
}
