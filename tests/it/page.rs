//! The emulator's page: what it shows, to whom, and that nothing in it does more than show.
//!
//! In a browser where there is one ([`browser`]), and as bytes everywhere.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

mod browser;

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::header::HOST;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use twin_tests::emulator::{Emulator, Profile};
use twin_tests::scripted::{Answer, Scripted};

use self::browser::{Browser, Scripts};

const HOSTILE: [&str; 3] = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    r#""><b onmouseover='alert(3)'>&amp;"#,
];

async fn emulator(profile: Profile) -> Emulator {
    Emulator::builder(profile).start().await.expect("a free port")
}

/// Calls an operation with the key, and gives what it answered.
async fn call(twin: &Emulator, method: &str, path: &str, body: &Value) -> Value {
    let method = method.parse().expect("a method");
    let request = reqwest::Client::new()
        .request(method, format!("{}{path}", twin.url()))
        .header("x-api-key", twin.api_key())
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.expect("it answers").error_for_status();
    answer.expect("it agrees").json().await.expect("it is JSON")
}

/// What `path` of the emulator answers without a key.
async fn get(twin: &Emulator, path: &str) -> reqwest::Response {
    reqwest::get(format!("{}{path}", twin.url())).await.expect("it answers")
}

async fn text(twin: &Emulator, path: &str) -> String {
    get(twin, path).await.text().await.expect("it is text")
}

/// A row of a table, which holds all these texts.
fn row(table: &str, texts: &[&str]) -> String {
    let conditions: String =
        texts.iter().map(|text| format!("[.//span[normalize-space()='{text}']]")).collect();
    format!("//section[@id='{table}']//tbody/tr{conditions}")
}

#[tokio::test]
async fn what_happens_appears_without_a_reload() {
    for profile in Profile::ALL {
        let receiver = Scripted::start().await.expect("a free port");
        let twin = emulator(profile).await;
        twin.with(|world| world.add_deployed_agent("agent_1"));
        let Some(browser) = Browser::open(&twin.url(), Scripts::Run).await else { return };
        browser.sees(&row("agents", &["agent_1", "deployed"])).await;
        browser.sees("//body[@data-connection='live']").await;
        browser.evaluate("window.notReloaded = true").await;

        let hook = format!("{}/hook", receiver.url());
        let webhook = json!({"url": hook, "events": ["run.completed"]});
        call(&twin, "POST", "/v1/agents/agent_1/webhooks", &webhook).await;
        let started = json!({"run_mode": "run", "skip_deploy_check": true});
        let run = call(&twin, "POST", "/v1/agents/agent_1/runs", &started).await;
        let run = run["run"]["run_id"].as_str().expect("the run has an identifier").to_owned();
        browser.sees(&row("runs", &[&run, "agent_1", "in_progress"])).await;
        browser.sees(&row("requests", &["201 Created", "start_run"])).await;
        receiver.answer(Answer::empty(StatusCode::NO_CONTENT));
        twin.advance(Duration::from_secs(5)).await;

        let completed = match profile {
            Profile::Documented => "finished: success",
            Profile::Observed => "completed: success",
        };
        browser.sees(&row("runs", &[&run, completed])).await;
        browser.sees(&row("deliveries", &["run.completed", &hook, "delivered"])).await;
        assert_eq!(browser.evaluate("window.notReloaded").await, true);
    }
}

#[tokio::test]
async fn what_is_hostile_stays_text() {
    let twin = emulator(Profile::Observed).await;
    let Some(browser) = Browser::open(&twin.url(), Scripts::Run).await else { return };
    browser.sees("//body[@data-connection='live']").await;
    let elements = "document.querySelectorAll('img, b[onmouseover], script').length";
    assert_eq!(browser.evaluate(elements).await, 1);

    // First by the script, then as the server writes it.
    twin.with(|world| HOSTILE.iter().for_each(|id| world.add_deployed_agent(id)));
    get(&twin, "/%3Cimg%20src=x%3E?<img/src=x/onerror=alert(4)>").await;
    for reload in [false, true] {
        if reload {
            browser.refresh().await.expect("the page loads again");
        }
        browser.sees("//section[@id='agents']//tbody/tr[3]").await;
        let ids = "[...document.querySelectorAll('#agents tbody th')].map((id) => id.textContent)";
        let shown = browser.evaluate(ids).await;
        assert_eq!(shown, json!(HOSTILE.iter().rev().collect::<Vec<_>>()));
        let targets = "document.querySelector('#requests tbody').textContent";
        browser.sees("//section[@id='requests']//tbody/tr").await;
        let shown = browser.evaluate(targets).await;
        assert!(shown.as_str().is_some_and(|text| text.contains("onerror=alert(4)")), "{shown}");
        assert_eq!(browser.evaluate(elements).await, 1);
        assert!(!browser.has_dialog().await);
    }
}

#[tokio::test]
async fn the_page_asks_nobody_else_and_complains_of_nothing() {
    let twin = emulator(Profile::Observed).await;
    let Some(browser) = Browser::open(&twin.url(), Scripts::Run).await else { return };
    browser.sees("//body[@data-connection='live']").await;

    let loaded = browser
        .evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
        .await;

    let state = format!("{}/_emulator/state", twin.url());
    let loaded = loaded.as_array().expect("a list");
    assert!(!loaded.is_empty() && loaded.iter().all(|name| *name == state), "{loaded:?}");
    assert_eq!(browser.complaints().await, Vec::<Value>::new());
    // Nor for an icon: it would be among the requests.
    assert!(twin.take_exchanges().is_empty());
}

#[tokio::test]
async fn a_lost_connection_is_said_and_found_again() {
    let start = |runtime: &Runtime, address: Option<&str>| {
        let mut builder = Emulator::builder(Profile::Observed);
        if let Some(address) = address {
            builder = builder.address(address.parse().expect("an address"));
        }
        runtime.block_on(builder.start()).expect("the port is free")
    };
    // A runtime of its own: its end is the end of every connection.
    let runtime = || Runtime::new().expect("a runtime");
    tokio::task::LocalSet::new()
        .run_until(async move {
            let (mine, twin) = on_its_own(move || {
                let runtime = runtime();
                let twin = start(&runtime, None);
                (runtime, twin)
            });
            let Some(browser) = Browser::open(&twin.url(), Scripts::Run).await else {
                mine.shutdown_background();
                return;
            };
            browser.sees("//body[@data-connection='live']").await;
        })
        .await;
}
