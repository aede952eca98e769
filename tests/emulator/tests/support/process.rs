//! The program `twin-emulator` as a child process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A running program. It is killed when this is dropped.
pub(crate) struct EmulatorProcess {
    child: Child,
    output: BufReader<ChildStdout>,
    url: String,
}

impl EmulatorProcess {
    /// Starts the program, and waits until it prints its address.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("the pipe was requested"));
        let mut program = Self { child, output, url: String::new() };
        let first = program.line();
        let url = first
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("the first line is {first}"));
        url.clone_into(&mut program.url);
        program
    }

    /// Returns the base URL, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Reads the next line of output.
    #[allow(dead_code, reason = "not every suite uses it")]
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the output is valid UTF-8");
        line.trim_end().to_owned()
    }

    /// Reads the printed key.
    #[allow(dead_code, reason = "not every suite uses it")]
    pub(crate) fn key(&mut self) -> String {
        let mut lines = std::iter::repeat_with(|| self.line()).take(4);
        let key = lines.find_map(|line| Some(line.split_once(" TWIN_API_KEY=")?.1.to_owned()));
        key.expect("the output has a key")
    }

    /// Sends SIGINT, and returns the exit status and the remaining output.
    #[allow(dead_code, reason = "not every suite uses it")]
    pub(crate) fn interrupt(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
        assert!(sent.success());
        let mut said = String::new();
        self.output.read_to_string(&mut said).expect("the output is valid UTF-8");
        let mut errors = self.child.stderr.take().expect("the pipe was requested");
        errors.read_to_string(&mut said).expect("the output is valid UTF-8");
        (self.child.wait().expect("the program ends"), said)
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        // The process may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a command that runs the program with these arguments.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twin-emulator"));
    command.args(args).stdin(Stdio::null());
    command
}
