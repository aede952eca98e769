//! Headless Chromium, driven by chromedriver during a test.
//!
//! Without chromedriver the tests print a notice and pass; with `CI=true` they fail. The browser
//! has a temporary profile.

use std::env;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use axum::http::Method;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one tab. Its fields are dropped in this order.
pub(crate) struct Browser {
    tab: Client,
    _driver: Driver,
    _profile: TempDir,
}

/// Whether pages may run their scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageScripts {
    Run,
    Blocked,
}

impl Browser {
    /// Opens the page at `url`; `None` if there is no browser.
    pub(crate) async fn open(url: &str, scripts: PageScripts) -> Option<Self> {
        if let Some(program) = PROGRAMS.into_iter().find(|program| !is_installed(program)) {
            skip(program);
            return None;
        }
        let driver = Driver::start();
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let tab = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(profile.path(), scripts))
            .connect(&driver.url())
            .await
            .expect("chromedriver starts chromium");
        let browser = Self { tab, _driver: driver, _profile: profile };
        browser.goto(url).await.expect("the page loads");
        Some(browser)
    }

    /// Waits until there is an element at `xpath`.
    pub(crate) async fn sees(&self, xpath: &str) -> Element {
        let found = self.wait().at_most(PATIENCE).for_element(Locator::XPath(xpath)).await;
        found.unwrap_or_else(|error| panic!("waiting for {xpath}: {error}"))
    }

    /// Clicks the element at `xpath` once it is there.
    pub(crate) async fn click(&self, xpath: &str) {
        self.sees(xpath).await;
        // One step, because the page may replace the element at any time.
        let xpath = Value::from(xpath);
        let found = format!("document.evaluate({xpath}, document, null, 9, null).singleNodeValue");
        self.evaluate(&format!("{found}.click()")).await;
    }

    /// Sets the width of the window in pixels.
    pub(crate) async fn resize(&self, width: u32) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        let order = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics});
        self.issue_cmd(DevTools(order)).await.expect("chromium resizes the window");
        assert_eq!(self.evaluate("window.innerWidth").await, width);
    }

    /// Returns the result of a script in the page.
    pub(crate) async fn evaluate(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.execute(&script, Vec::new()).await.expect("the expression has a value")
    }

    /// Returns the errors of the console and of loading.
    pub(crate) async fn complaints(&self) -> Vec<Value> {
        let log = self.issue_cmd(Log).await.expect("chromium keeps a log");
        log.as_array().expect("the log is a list").clone()
    }

    /// Whether a dialog is open.
    pub(crate) async fn has_dialog(&self) -> bool {
        match self.get_alert_text().await {
            Ok(_) => true,
            Err(CmdError::Standard(error)) if error.error() == "no such alert" => false,
            Err(error) => panic!("asking for a dialog: {error}"),
        }
    }
}

impl Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.tab
    }
}

fn capabilities(profile: &Path, scripts: PageScripts) -> Capabilities {
    let args = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &format!("--user-data-dir={}", profile.display()),
    ];
    let mut options = json!({ "args": args });
    if scripts == PageScripts::Blocked {
        options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
    // A dialog stays open, so that a test can check for it.
    capabilities.insert("unhandledPromptBehavior".to_owned(), json!("ignore"));
    capabilities
}

fn is_installed(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

/// Reports that a test was not run. The output of the print macros is shown only for failing
/// tests, so this writes to stderr directly.
fn skip(program: &str) {
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "there is no {program} here, and CI=true: the page has to be tested"
    );
    let current = thread::current();
    let test = current.name().unwrap_or("a test of the page");
    let said =
        format!("\nSKIPPED {test}: there is no {program}; CONTRIBUTING.md has how to get it\n");
    io::stderr().write_all(said.as_bytes()).expect("standard error takes a line");
}

/// chromedriver, and the chromium process that it started.
struct Driver {
    child: Child,
    port: u16,
    // Must stay open: chromedriver would exit at its next line of output.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut output = BufReader::new(child.stdout.take().expect("the pipe was requested"));
        let port = read_port(&mut output);
        Self { child, port, _output: output }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks chromedriver to end all browsers.
    fn shut_down(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = "GET /shutdown HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes())?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // If the request fails, chromedriver has ended, or hangs and is killed.
        let _ = self.shut_down();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Parses `ChromeDriver was started successfully on port 12345.`
fn read_port(output: &mut impl BufRead) -> u16 {
    let mut said = String::new();
    while output.read_line(&mut said).expect("chromedriver says text") > 0 {
        if let Some((_, port)) = said.trim_end().rsplit_once("successfully on port ") {
            return port.trim_end_matches('.').parse().expect("a port is a number");
        }
    }
    panic!("chromedriver did not say its port, but: {said}");
}

/// A command of the developer tools.
#[derive(Debug)]
struct DevTools(Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}

/// The browser's console, and what it refused to load or to run.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}
