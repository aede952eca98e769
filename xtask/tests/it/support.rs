//! Helpers: a temporary copy of the files that `regen` reads, the `xtask` program, and an HTTP server
//! that follows a script.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The edition of the document that never changes.
const CONTRACT: &str = "tests/emulator/contract.json";

/// A copy of the files that `regen` reads.
pub(crate) struct RepositoryCopy(TempDir);

impl RepositoryCopy {
    /// Copies the inputs without snapshots. The document is the frozen edition, because
    /// `openapi.json` changes with each published document.
    pub(crate) fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        fs::create_dir(root.path().join("twin-api-gen")).unwrap();
        fs::copy(repository().join(CONTRACT), root.join("openapi.json")).unwrap();
        for file in ["twin-api-gen/known.json", "twin-api-gen/overlay.json"] {
            fs::copy(repository().join(file), root.join(file)).unwrap();
        }
        root
    }

    /// Copies the inputs and generates the snapshots.
    pub(crate) fn fresh() -> Self {
        let root = Self::new();
        let output = root.regen(&[]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Commits all files, in a new git repository if there is none.
    pub(crate) fn commit(&self) {
        for arguments in ["init -q", "add -A", "commit -qm one"] {
            let mut git = Command::new("git");
            git.arg("-C").arg(self.path());
            git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
            let output = git.args(arguments.split(' ')).output().unwrap();
            assert!(output.status.success(), "git {arguments}: {}", stderr(&output));
        }
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// Runs `cargo xtask regen` here.
    pub(crate) fn regen(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = xtask();
        command.arg("regen").arg("--root").arg(self.path()).args(args);
        command
    }

    /// Returns [`tree`](Self::tree) without target/, where rejected documents are kept.
    pub(crate) fn repository_tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let target = self.join("target");
        self.tree().into_iter().filter(|(path, _)| !path.starts_with(&target)).collect()
    }

    /// Returns every path below the root, with the bytes of every file.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        tree(self.path())
    }
}

pub(crate) fn xtask() -> Command {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

pub(crate) fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
            found.insert(path, None);
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, Some(bytes));
        }
    }
    found
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns the frozen document with one more operation.
pub(crate) fn next_release() -> Vec<u8> {
    edited(|document| {
        document["paths"]["/v1/probe"] = json!({ "get": {
            "operationId": "probe",
            "tags": ["Probe"],
            "responses": { "204": { "description": "There." } },
        } });
    })
}

pub(crate) fn edited(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let bytes = fs::read(repository().join(CONTRACT)).unwrap();
    let mut document = serde_json::from_slice(&bytes).unwrap();
    edit(&mut document);
    serde_json::to_vec(&document).unwrap()
}

/// A server that runs its script on each connection and then closes it.
pub(crate) struct ScriptedServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ScriptedServer {
    /// Starts a server. The script gets the connection and the number of the request after the
    /// head was read.
    pub(crate) fn scripted(
        mut script: impl FnMut(&mut TcpStream, usize) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let head = read_head(&mut stream);
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(head);
                    seen.len() - 1
                };
                // The client may disconnect early.
                let _ = script(&mut stream, number);
            }
        });
        Self { address, requests, stop, thread: Some(thread) }
    }

    /// Starts a server that sends these bytes to every client.
    pub(crate) fn raw(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::scripted(move |stream, _| stream.write_all(&response))
    }

    /// Starts a server that responds with 200 and a JSON body.
    pub(crate) fn serving(body: &[u8]) -> Self {
        Self::raw(ok("application/json", body))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the heads of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread so that it sees the stop flag.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

pub(crate) fn ok(content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
