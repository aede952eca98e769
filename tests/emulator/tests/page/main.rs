//! The page: its content, its access rules, its buttons and its escaping.
//!
//! Some tests use a browser if one is installed ([`browser`]); the others check the HTML.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

mod browser;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/recorder.rs"]
mod recorder;

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::header::HOST;
use serde_json::{Value, json};
use twin_emulator::fault::{Fault, Rule};
use twin_emulator::{Emulator, Profile, RunMode, RunScript, World};

use self::browser::{Browser, PageScripts};
use self::process::EmulatorProcess;
use self::recorder::RecordingServer;

const HOSTILE: [&str; 3] = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    r#""><b onmouseover='alert(3)'>&amp;"#,
];

async fn emulator(profile: Profile) -> Emulator {
    Emulator::builder(profile).start().await.expect("the emulator starts")
}

/// Calls an operation with the key, and returns the response.
async fn call(twin: &Emulator, method: &str, path: &str, body: &Value) -> Value {
    let method = method.parse().expect("a method");
    let request = reqwest::Client::new()
        .request(method, format!("{}{path}", twin.url()))
        .header("x-api-key", twin.api_key())
        .header("content-type", "application/json")
        .body(body.to_string());
    let response = request.send().await.expect("the request succeeds").error_for_status();
    response.expect("the call succeeds").json().await.expect("the text is JSON")
}

/// Returns the response to a GET of `path` without a key.
async fn get(twin: &Emulator, path: &str) -> reqwest::Response {
    reqwest::get(format!("{}{path}", twin.url())).await.expect("the request succeeds")
}

async fn text(twin: &Emulator, path: &str) -> String {
    get(twin, path).await.text().await.expect("the body is valid UTF-8")
}

/// The `XPath` of a table row that contains all these texts.
fn row(table: &str, texts: &[&str]) -> String {
    let conditions: Vec<String> =
        texts.iter().map(|text| format!("[.//span[normalize-space()='{text}']]")).collect();
    format!("//section[@id='{table}']//tbody/tr{}", conditions.concat())
}

#[tokio::test]
async fn page_updates_without_reload() {
    let Some(browser) = Browser::open("about:blank", PageScripts::Run).await else { return };
    for profile in Profile::ALL {
        let receiver = RecordingServer::start(&[]).await;
        let twin = emulator(profile).await;
        twin.with(|world| world.add_deployed_agent("agent_1"));
        browser.goto(&twin.url()).await.expect("the page loads");
        browser.wait_for(&row("agents", &["agent_1", "deployed"])).await;
        browser.wait_for("//body[@data-connection='live']").await;
        browser.evaluate("window.notReloaded = true").await;

        let hook = format!("{}/hook", receiver.url());
        let webhook = json!({"url": hook, "events": ["run.completed"]});
        call(&twin, "POST", "/v1/agents/agent_1/webhooks", &webhook).await;
        let started = json!({"run_mode": "run", "skip_deploy_check": true});
        let run = call(&twin, "POST", "/v1/agents/agent_1/runs", &started).await;
        let run = run["run"]["run_id"].as_str().expect("the run has an identifier").to_owned();
        browser.wait_for(&row("runs", &[&run, "agent_1", "in_progress"])).await;
        browser.wait_for(&row("requests", &["201 Created", "start_run"])).await;
        twin.advance(Duration::from_secs(5)).await;

        let completed = match profile {
            Profile::Documented => "finished: success",
            Profile::Observed => "completed: success",
        };
        browser.wait_for(&row("runs", &[&run, completed])).await;
        browser.wait_for(&row("deliveries", &["run.completed", &hook, "delivered"])).await;
        assert_eq!(browser.evaluate("window.notReloaded").await, true);
    }
}

#[tokio::test]
async fn page_escapes_hostile_identifiers() {
    let twin = emulator(Profile::Observed).await;
    let Some(browser) = Browser::open(&twin.url(), PageScripts::Run).await else { return };
    browser.wait_for("//body[@data-connection='live']").await;
    let elements = "document.querySelectorAll('img, b[onmouseover], script').length";
    assert_eq!(browser.evaluate(elements).await, 1);

    // The script shows the first state, and the server renders the second one.
    twin.with(|world| HOSTILE.iter().for_each(|id| world.add_deployed_agent(id)));
    get(&twin, "/%3Cimg%20src=x%3E?<img/src=x/onerror=alert(4)>").await;
    for reload in [false, true] {
        if reload {
            browser.refresh().await.expect("the page loads again");
        }
        browser.wait_for("//section[@id='agents']//tbody/tr[3]").await;
        let ids = "[...document.querySelectorAll('#agents tbody th')].map((id) => id.textContent)";
        let shown = browser.evaluate(ids).await;
        assert_eq!(shown, json!(HOSTILE.iter().rev().collect::<Vec<_>>()));
        let targets = "document.querySelector('#requests tbody').textContent";
        browser.wait_for("//section[@id='requests']//tbody/tr").await;
        let shown = browser.evaluate(targets).await;
        assert!(shown.as_str().is_some_and(|text| text.contains("onerror=alert(4)")), "{shown}");
        assert_eq!(browser.evaluate(elements).await, 1);
        assert!(!browser.has_dialog().await);
    }
}

#[tokio::test]
async fn page_loads_no_other_host_and_logs_no_error() {
    let twin = emulator(Profile::Observed).await;
    let Some(browser) = Browser::open(&twin.url(), PageScripts::Run).await else { return };
    browser.wait_for("//body[@data-connection='live']").await;

    let loaded = browser
        .evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
        .await;

    let state = format!("{}/_emulator/state", twin.url());
    let loaded = loaded.as_array().expect("the value is a list");
    assert!(!loaded.is_empty() && loaded.iter().all(|name| *name == state), "{loaded:?}");
    assert_eq!(browser.log_entries().await, Vec::<Value>::new());
    // The page also does not request an icon.
    assert!(twin.take_exchanges().is_empty());
}

#[tokio::test]
async fn page_reports_lost_connection_and_reconnects() {
    // A child process, because all connections close when it ends.
    let first = EmulatorProcess::start(&["--port", "0", "--profile", "documented"]);
    let url = first.url().to_owned();
    let Some(browser) = Browser::open(&url, PageScripts::Run).await else { return };
    let said = |text: &str| format!("//p[@role='status'][starts-with(., '{text}')]");
    browser.wait_for(&said("Live")).await;
    browser.wait_for(&row("agents", &["agent_abc123"])).await;

    drop(first);
    browser.wait_for(&said("Connection lost at ")).await;
    browser.wait_for(&row("agents", &["agent_abc123"])).await;

    let port = url.rsplit(':').next().expect("the address has a port");
    let _second = EmulatorProcess::start(&["--port", port, "--profile", "observed", "--empty"]);
    browser.wait_for(&said("Live")).await;
    browser.wait_for("//dd[.='observed']").await;
    browser.wait_for("//section[@id='agents']/p[not(@hidden)]").await;
}

#[tokio::test]
async fn page_shows_tables_without_scripts() {
    let twin = emulator(Profile::Documented).await;
    twin.with(World::add_example);
    let Some(browser) = Browser::open(&twin.url(), PageScripts::Blocked).await else { return };

    browser.wait_for(&row("agents", &["agent_abc123", "deployed"])).await;
    browser.wait_for(&row("runs", &["run_xyz789", "finished: success", "agent_abc123"])).await;
    browser.wait_for("//p[@role='status'][contains(., 'Reload')]").await;
    assert_eq!(browser.log_entries().await, Vec::<Value>::new());
}

#[tokio::test]
async fn page_is_complete_in_one_response() {
    for profile in Profile::ALL {
        let twin = emulator(profile).await;
        twin.with(World::add_example);
        get(&twin, "/v1/agents?limit=5").await;

        let page = text(&twin, "/").await;

        for shown in [profile.name(), "agent_abc123", "run_xyz789", "GET /v1/agents?limit=5"] {
            assert!(page.contains(&format!(">{shown}</span>")), "{shown} is not in {page}");
        }
        for [table, total] in [["Agents", "1"], ["Runs started", "1"], ["Deliveries made", "0"]] {
            assert!(page.contains(&format!("{table} <b>{total}</b>")), "{page}");
        }
        assert!(page.contains(">no mismatch</span>"), "{page}");
    }
}

#[tokio::test]
async fn page_shows_mismatches_until_they_are_taken() {
    let twin = emulator(Profile::Documented).await;
    let Some(browser) = Browser::open(&twin.url(), PageScripts::Run).await else { return };
    browser.wait_for("//section[@id='mismatches'][@hidden]").await;
    browser.wait_for("//dd[.='no mismatch']").await;

    call(&twin, "GET", "/v1/me", &json!({"no": "operation takes this"})).await;

    browser.wait_for("//dd[.='mismatches']").await;
    let shown = "//section[@id='mismatches'][not(@hidden)]//tbody//span[contains(., '/v1/me')]";
    browser.wait_for(shown).await;
    assert_eq!(twin.take_mismatches().len(), 1);
    browser.wait_for("//section[@id='mismatches'][@hidden]").await;
}

#[tokio::test]
async fn page_has_security_headers() {
    let twin = emulator(Profile::Observed).await;
    for path in ["/", "/_emulator/state", "/openapi.json"] {
        let response = get(&twin, path).await;
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().expect("the value is ASCII");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
    let page = get(&twin, "/").await;
    let policy = page.headers()["content-security-policy"].to_str().expect("the value is ASCII");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
}

/// A web page can resolve its own host name to 127.0.0.1, and could then read the responses.
#[tokio::test]
async fn other_hosts_get_the_document_but_not_the_state() {
    let twin = emulator(Profile::Observed).await;
    twin.with(World::add_example);
    let ask = async |path: &str, host: &str| {
        let request = reqwest::Client::new().get(format!("{}{path}", twin.url()));
        request.header(HOST, host).send().await.expect("the request succeeds")
    };
    for path in ["/", "/_emulator/state"] {
        for host in ["localhost", "[::1]:80", "127.0.0.1"] {
            assert_eq!(ask(path, host).await.status(), StatusCode::OK, "{host}");
        }
        let refused = ask(path, "twin.example.org").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(!refused.text().await.expect("the body is valid UTF-8").contains("agent_abc123"));
    }
    assert_eq!(ask("/openapi.json", "twin.example.org").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn page_shows_no_secret() {
    let receiver = RecordingServer::start(&[]).await;
    let twin = Emulator::builder(Profile::Observed).api_key("my own key").start().await;
    let twin = twin.expect("the emulator starts");
    twin.with(|world| world.add_deployed_agent("agent_1"));
    let webhook = json!({
        "url": format!("{}/hook?token=q7w8e9", receiver.url()),
        "events": ["run.started"],
    });
    let webhook = call(&twin, "POST", "/v1/agents/agent_1/webhooks", &webhook).await;
    let key = call(&twin, "POST", "/api/public/v1/access-api-keys", &json!({"name": "k"})).await;
    let [secret, key] = [&webhook["signing_secret"], &key["api_key"]]
        .map(|secret| secret.as_str().expect("the response has the secret").to_owned());
    // A program can put a key into a path, a query or an identifier by mistake.
    get(&twin, &format!("/v1/agents/{key}?key={secret}")).await;
    get(&twin, "/v1/agents/my%20own%20key").await;
    get(&twin, "/v1/agents?x-api-key=my+own+key").await;
    twin.with(|world| {
        world.add_deployed_agent(&format!("agent of my own key and {key}"));
        world.start_run("agent_1", RunMode::Run);
    });
    twin.settled().await;

    let browser = Browser::open(&twin.url(), PageScripts::Run).await;
    let mut shown = vec![text(&twin, "/").await, text(&twin, "/_emulator/state").await];
    if let Some(browser) = &browser {
        browser.wait_for("//body[@data-connection='live']").await;
        shown.push(browser.source().await.expect("the page has a source"));
    }

    for shown in shown {
        assert!(shown.contains("/hook?…") && shown.contains("[hidden]"), "{shown}");
        for secret in [&secret, &key, "my own key", "my%20own", "my+own", "q7w8e9"] {
            assert!(!shown.contains(secret), "{secret} is in {shown}");
        }
    }
    // These requests also differ from the document.
    twin.stop();
}

#[tokio::test]
async fn page_shows_newest_rows_and_total_counts() {
    let twin = emulator(Profile::Observed).await;
    twin.with(|world| {
        world.add_agents(1_000);
        world.add_deployed_agent("newest");
        (0..60).for_each(|_| drop(world.start_run("newest", RunMode::Run)));
    });

    let state: Value = get(&twin, "/_emulator/state").await.json().await.expect("the text is JSON");

    let table = |id: &str| {
        let tables = state["tables"].as_array().expect("the value is a list");
        tables.iter().find(|table| table["id"] == id).expect("the table exists").clone()
    };
    for (id, total) in [("agents", "1,001"), ("runs", "60")] {
        assert_eq!(table(id)["total"], total);
        assert_eq!(table(id)["rows"].as_array().map(Vec::len), Some(50));
        assert_eq!(table(id)["note"], "only the newest 50 are shown");
    }
    assert_eq!(table("agents")["rows"][0][0]["text"], "newest");
}

/// A test that counts requests must not count those of the page.
#[tokio::test]
async fn page_requests_are_not_in_the_journal() {
    let twin = emulator(Profile::Documented).await;

    for path in ["/", "/_emulator/state", "/openapi.json"] {
        assert_eq!(get(&twin, path).await.status(), StatusCode::OK);
    }

    assert!(twin.take_exchanges().is_empty());
}

#[tokio::test]
async fn page_buttons_control_the_emulator() {
    let twin = emulator(Profile::Observed).await;
    let Some(browser) = Browser::open(&twin.url(), PageScripts::Run).await else { return };
    let receiver = RecordingServer::start(&[]).await;
    twin.with(World::add_example);
    let hook = json!({"url": receiver.url(), "events": ["run.completed", "run.paused"]});
    call(&twin, "POST", "/v1/agents/agent_abc123/webhooks", &hook).await;
    let run = twin.with(|world| {
        world.script_next_run(RunScript::manual());
        world.start_run("agent_abc123", RunMode::Run)
    });
    browser.wait_for(&row("runs", &[&run, "in_progress"])).await;

    // Pauses the run as the user does, and sends and repeats a delivery.
    browser.click("//section[@id='runs']//button[.='Pause']").await;
    browser.wait_for(&row("runs", &[&run, "paused"])).await;
    browser.wait_for(&row("deliveries", &["run.paused", "delivered"])).await;
    browser.click("//form[contains(@data-path, 'deliveries')]//button").await;
    browser.wait_for(&row("deliveries", &["run.completed", "delivered"])).await;
    browser.click("//section[@id='deliveries']//tr[.//span[.='run.paused']]//button").await;
    receiver.requested(3).await;
    let signature = receiver.take_requests()[0].header("x-cobb-signature").to_owned();
    browser
        .wait_for(&format!("//section[@id='deliveries']//pre[contains(., '{signature}')]"))
        .await;

    // Adds a fault, applies it to a request, shows it, and removes it.
    browser.click("//form[contains(@data-path, 'faults')]//button[.='Add']").await;
    browser.wait_for(&row("faults", &["get_me", "delay"])).await;
    call(&twin, "GET", "/v1/me", &Value::Null).await;
    browser.wait_for(&row("requests", &["get_me", "delay"])).await;
    browser.click("//form[contains(@data-path, 'faults')]//button[.='Remove all']").await;
    browser.wait_for("//section[@id='faults'][@hidden]").await;

    // Queues a script, advances the clock, adds agents, and resets.
    browser.click("//form[contains(@data-path, 'scripts')]//button").await;
    browser.wait_for("//output[contains(., '\"waiting\":1')]").await;
    browser.click("//form[contains(@data-path, 'clock')]//button[.='1 hour']").await;
    browser.wait_for("//dd[contains(., '13:00:00')]").await;
    browser.click("//form[contains(@data-path, 'seed')]//button").await;
    browser.wait_for("//li/a[@href='#agents']/b[.='11']").await;
    browser.click("//form[contains(@data-path, 'reset')]//button").await;
    browser.wait_for("//li/a[@href='#agents']/b[.='0']").await;
    assert_eq!(browser.log_entries().await, Vec::<Value>::new());
    twin.take_mismatches();
}

#[tokio::test]
async fn page_fits_narrow_and_wide_windows() {
    for profile in Profile::ALL {
        let twin = emulator(profile).await;
        let Some(browser) = Browser::open(&twin.url(), PageScripts::Run).await else { return };
        let receiver = RecordingServer::start(&[]).await;
        twin.with(World::add_example);
        let hook = json!({"url": format!("{}/a/rather/long/path", receiver.url()),
                          "events": ["run.started", "run.completed"]});
        call(&twin, "POST", "/v1/agents/agent_abc123/webhooks", &hook).await;
        twin.with(|world| drop(world.start_run("agent_abc123", RunMode::Run)));
        twin.settled().await;
        twin.add_fault(Rule::new("get_me", Fault::Delay { ms: 0 }))
            .expect("the document has get_me");
        get(&twin, &format!("/v1/agents/{}", "long".repeat(60))).await;
        call(&twin, "GET", "/v1/me", &json!({"no": "operation takes this"})).await;
        browser.wait_for(&row("deliveries", &["run.started", "delivered"])).await;
        browser.wait_for(&row("requests", &["get_me", "delay"])).await;
        browser.evaluate("document.querySelector('#deliveries details').open = true").await;
        for width in [400, 1_280] {
            browser.resize(width).await;
            let wide = "[document.documentElement, ...document.querySelectorAll('section, section > div, td, th, fieldset')]
                .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
                .map((one) => `${one.tagName} ${one.id || one.dataset.label || one.textContent.slice(0, 40)}: ${one.scrollWidth} > ${one.clientWidth}`)";
            assert_eq!(browser.evaluate(wide).await, json!([]), "{profile}, {width} pixels");
        }
        twin.take_mismatches();
    }
}
