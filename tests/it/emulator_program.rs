//! The program `twin-emulator`, run as its users run it.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use reqwest::StatusCode;
use twin_tests::emulator::Orders;
use xtask::console::Console;
use xtask::fetch::Source;
use xtask::regen::{self, Mode, Verdict};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The program while it runs. It is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
    url: String,
}

impl Program {
    /// Starts it, and waits until it says where it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut program = Self { child, output, url: String::new() };
        let first = program.line();
        let url = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("it says {first}"));
        url.clone_into(&mut program.url);
        program
    }

    /// The base URL, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The next line that it says.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it says text");
        line.trim_end().to_owned()
    }

    /// The key that it says.
    fn key(&mut self) -> String {
        let mut lines = std::iter::repeat_with(|| self.line()).take(4);
        let key = lines.find_map(|line| line.strip_prefix("x-api-key: ").map(str::to_owned));
        key.expect("it says a key")
    }

    /// Interrupts it as Ctrl-C does, and gives how it ended and what it had still to say.
    fn interrupt(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
        assert!(sent.success());
        let mut said = String::new();
        self.output.read_to_string(&mut said).expect("it says text");
        let mut errors = self.child.stderr.take().expect("it was asked for");
        errors.read_to_string(&mut said).expect("it says text");
        (self.child.wait().expect("it ends"), said)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twin-emulator"));
    command.args(args).stdin(Stdio::null());
    command
}

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
    let published = fs::read(Path::new(REPOSITORY).join("openapi.json")).expect("it is there");
    assert!(answer.bytes().await.expect("it is whole") == published, "the documents differ");
}

/// `cargo xtask regen --fetch http://127.0.0.1:…/openapi.json`, in a copy of what it reads.
#[test]
fn regen_can_fetch_from_it() {
    let copy = tempfile::tempdir().expect("a folder");
    let fresh = copy_what_regen_reads(copy.path());
    let document = copy.path().join("openapi.json");
    // An older document, which the fetched one is to replace.
    let older = fs::read_to_string(&document).expect("it is there") + "\n";
    fs::write(&document, older).expect("it can be written");
    let program = Program::start(&["--port", "0"]);
    let source = Source::parse(&format!("{}/openapi.json", program.url())).expect("it is safe");
    let root = copy.path().to_owned();
    let options = regen::Options { root, mode: Mode::Write, fetch: Some(source), verbose: false };

    let verdict = regen::run(&options, &mut Console::silent()).expect("it regenerates");

    assert_eq!(verdict, Verdict::Fresh);
    for (file, bytes) in fresh {
        let found = fs::read(&file).expect("it is still there");
        assert!(found == bytes, "{} was changed", file.display());
    }
}

/// Copies it, and gives every file of the copy with its bytes.
fn copy_what_regen_reads(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let repository = Path::new(REPOSITORY);
    let snapshots = fs::read_dir(repository.join("tests/snapshots")).expect("it is there");
    let snapshots = snapshots.map(|entry| {
        let name = entry.expect("it can be read").file_name();
        Path::new("tests/snapshots").join(name)
    });
    let files = ["openapi.json", "twin-api-gen/overlay.json"].map(PathBuf::from);
    let mut copied = BTreeMap::new();
    for file in files.into_iter().chain(snapshots) {
        let bytes = fs::read(repository.join(&file)).expect("it can be read");
        let copy = folder.join(file);
        fs::create_dir_all(copy.parent().expect("it is in a folder")).expect("it can be made");
        fs::write(&copy, &bytes).expect("it can be written");
        copied.insert(copy, bytes);
    }
    copied
}
