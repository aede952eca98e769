//! Clients of the emulator, and of a function that answers requests in this process.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use twin_api::Client;
use twin_api::transport::{Inner, OperationInfo, PendingResponse, Transport};
use twin_ext::prelude::*;
use twin_tests::emulator::{Emulator, Profile, RunMode, RunScript};

/// Runs a test against both profiles.
pub(crate) async fn in_both(test: impl AsyncFn(Emulator, Client)) {
    for profile in Profile::ALL {
        // The output is shown if the test fails.
        eprintln!("profile: {profile}");
        let emulator = Emulator::builder(profile).start().await.expect("a free port");
        let twin = client(&emulator);
        test(emulator, twin).await;
    }
}

pub(crate) fn client(emulator: &Emulator) -> Client {
    ClientBuilder::new(emulator.api_key())
        .base_url(emulator.url())
        .build()
        .expect("the configuration is valid")
}

/// Starts `count` runs that end only when the test ends them. Returns their identifiers, oldest first.
pub(crate) fn start_runs(emulator: &Emulator, agent: &str, count: usize) -> Vec<String> {
    let start = |_| {
        emulator.with(|world| {
            world.script_next_run(RunScript::manual());
            world.start_run(agent, RunMode::Run)
        })
    };
    (0..count).map(start).collect()
}

type Serve = dyn FnMut(&str, &[(String, String)]) -> StatusAndBody + Send;

/// The status and the body of a response.
pub(crate) type StatusAndBody = (u16, Value);

/// A server in this process: a function from the path and the query of a request to a response.
#[derive(Clone)]
pub(crate) struct FunctionServer {
    serve: Arc<Mutex<Box<Serve>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for FunctionServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FunctionServer")
    }
}

impl FunctionServer {
    pub(crate) fn start(
        serve: impl FnMut(&str, &[(String, String)]) -> StatusAndBody + Send + 'static,
    ) -> (Self, Client) {
        let server =
            Self { serve: Arc::new(Mutex::new(Box::new(serve))), requests: Arc::default() };
        let http = twin_api::http_client_builder().build().expect("the HTTP client is valid");
        let client =
            Client::new_with_client("http://127.0.0.1:1", http, Inner::new(server.clone()));
        (server, client)
    }

    /// Returns the path and query of each request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics while it holds the lock").clone()
    }
}

impl Transport for FunctionServer {
    fn execute<'a>(
        &'a self,
        _: &'a reqwest::Client,
        request: reqwest::Request,
        _: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        let url = request.url().clone();
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let target = &url[url::Position::BeforePath..];
        self.requests
            .lock()
            .expect("no test panics while it holds the lock")
            .push(target.to_owned());
        let (status, body) = (self.serve.lock().expect("no test panics while it holds the lock"))(
            url.path(),
            &query,
        );
        let answer = http::Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(body.to_string())
            .expect("the response is valid");
        // The response is pending once, as on a network.
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(reqwest::Response::from(answer))
        })
    }
}

/// Returns a numeric query parameter.
pub(crate) fn number(query: &[(String, String)], name: &str) -> Option<u64> {
    let found = query.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.parse().expect("the parameter is a number"))
}

pub(crate) fn agent(number: u64) -> Value {
    json!({
        "agent_id": format!("agent_{number}"), "deployment_state": "deployed",
        "has_runs": false, "latest_run_is_finished": true,
    })
}

pub(crate) fn run(number: u64) -> Value {
    json!({
        "run_id": format!("run_{number}"), "agent_id": "agent_abc123", "status": "finished",
        "started_at": "2026-02-20T14:30:00Z",
    })
}

pub(crate) fn event(index: u64) -> Value {
    json!({"event_index": index, "event": {"Tick": {}}})
}

/// Reads the whole list. Returns the names of its items and the error that ended it.
pub(crate) async fn drain<T>(
    mut items: twin_ext::Items<'_, T>,
    name: impl Fn(&T) -> String,
) -> (Vec<String>, Option<Error>) {
    let mut names = Vec::new();
    loop {
        match items.try_next().await {
            Ok(Some(item)) => names.push(name(&item)),
            Ok(None) => return (names, None),
            Err(error) => {
                assert!(items.next().await.is_none(), "an item followed the error");
                return (names, Some(error));
            }
        }
    }
}

pub(crate) fn names(kind: &str, numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("{kind}_{number}")).collect()
}
