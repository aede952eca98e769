//! Headless Chromium, which a test controls through chromedriver. The browser has a temporary profile.
//!
//! Without Chromium or chromedriver, a test prints a notice and passes; with `CI=true` it fails.

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
const TIMEOUT: Duration = Duration::from_secs(30);

/// A browser with one tab. Its fields are dropped in this order.
pub(crate) struct Browser {
    tab: Client,
    _driver: Driver,
    _profile: TempDir,
}

/// Whether the browser runs the scripts of pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageScripts {
    Run,
    Blocked,
}

impl Browser {
    /// Opens the page at `url`. Returns `None` if no browser is installed.
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
    pub(crate) async fn wait_for(&self, xpath: &str) -> Element {
        let found = self.wait().at_most(TIMEOUT).for_element(Locator::XPath(xpath)).await;
        found.unwrap_or_else(|error| panic!("waiting for {xpath}: {error}"))
    }

    /// Waits for the element at `xpath`, and clicks it.
    pub(crate) async fn click(&self, xpath: &str) {
        self.wait_for(xpath).await;
        // The script finds and clicks the element in one step: the page may replace the element at any time.
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

    /// Evaluates a JavaScript expression in the page.
    pub(crate) async fn evaluate(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.execute(&script, Vec::new()).await.expect("the expression has a value")
    }

    /// Returns the entries of the console, including errors of loading, since the last call.
    pub(crate) async fn log_entries(&self) -> Vec<Value> {
        let log = self.issue_cmd(BrowserLog).await.expect("chromium keeps a log");
        log.as_array().expect("the log is a list").clone()
    }

    /// Returns whether a dialog is open.
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

/// Reports that a test was skipped. Writes to stderr directly, because the test harness shows the
/// output of the print macros only for failed tests.
fn skip(program: &str) {
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "{program} is not installed, and CI=true does not allow to skip this test"
    );
    let current = thread::current();
    let test = current.name().unwrap_or("a test of the page");
    let said = format!("\nSKIPPED {test}: {program} is not installed; see CONTRIBUTING.md\n");
    io::stderr().write_all(said.as_bytes()).expect("stderr is open");
}

/// chromedriver, and the chromium process that it started.
struct Driver {
    child: Child,
    port: u16,
    // Must stay open: otherwise chromedriver exits when it writes its next line.
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

    /// Asks chromedriver to end itself and its browser.
    fn shut_down(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let head = "GET /shutdown HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes())?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // If the request fails, chromedriver has ended already, or hangs and is killed here.
        let _ = self.shut_down();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Parses `ChromeDriver was started successfully on port 12345.`
fn read_port(output: &mut impl BufRead) -> u16 {
    let mut said = String::new();
    while output.read_line(&mut said).expect("the output is valid UTF-8") > 0 {
        if let Some((_, port)) = said.trim_end().rsplit_once("successfully on port ") {
            return port.trim_end_matches('.').parse().expect("a port is a number");
        }
    }
    panic!("chromedriver printed no port, but: {said}");
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

/// The command that returns the log: console messages, and resources that could not be loaded.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}
