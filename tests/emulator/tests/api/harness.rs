//! An emulator with an independent HTTP client.

use std::ops::Deref;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use twin_emulator::{Builder, Emulator, Profile, RunMode, Script};

/// Runs a test with both profiles.
pub(super) async fn in_both(test: impl AsyncFn(Twin)) {
    for profile in Profile::ALL {
        // It is shown when the test fails.
        eprintln!("profile: {profile}");
        test(Twin::start(profile).await).await;
    }
}

/// An emulator, and a client with its key.
pub(super) struct Twin {
    emulator: Emulator,
    http: reqwest::Client,
}

impl Deref for Twin {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.emulator
    }
}

impl Twin {
    pub(super) async fn documented() -> Self {
        Self::start(Profile::Documented).await
    }

    pub(super) async fn observed() -> Self {
        Self::start(Profile::Observed).await
    }

    pub(super) async fn start(profile: Profile) -> Self {
        Self::of(Emulator::builder(profile)).await
    }

    pub(super) async fn of(builder: Builder) -> Self {
        let emulator = builder.start().await.expect("a free port");
        let http = reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Self { emulator, http: http.expect("it builds") }
    }

    pub(super) fn is_observed(&self) -> bool {
        self.profile() == Profile::Observed
    }

    /// Returns the value for the emulator's profile.
    pub(super) fn either<T>(&self, documented: T, observed: T) -> T {
        if self.is_observed() { observed } else { documented }
    }

    /// Returns the status for things that do not exist.
    pub(super) fn missing(&self) -> u16 {
        self.either(404, 403)
    }

    /// Builds a request without a key.
    pub(super) fn keyless(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url()))
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.keyless(method, path).header("x-api-key", self.api_key())
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::GET, path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::DELETE, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::to(self.request(Method::POST, path).json(&body)).await
    }

    /// A POST without a body.
    pub(super) async fn poke(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::POST, path)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Reply {
        Reply::to(self.request(Method::PUT, path).json(&body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Reply {
        Reply::to(self.request(Method::PATCH, path).json(&body)).await
    }

    /// A new agent.
    pub(super) fn agent(&self) -> String {
        self.with(twin_emulator::World::add_agent)
    }

    /// Starts a run that changes only when the test says so.
    pub(super) fn run_by_hand(&self, agent: &str) -> String {
        self.with(|world| {
            world.script_next_run(Script::by_hand());
            world.start_run(agent, RunMode::Run)
        })
    }

    /// The run, as it is listed.
    pub(super) async fn run(&self, agent: &str, run: &str) -> Value {
        let page = self.get(&format!("/v1/agents/{agent}/runs?filter_run_id={run}")).await;
        page.json(200)["runs"][0].take()
    }

    /// A new workspace.
    pub(super) async fn workspace(&self, name: &str) -> String {
        let created = self.post("/v1/workspaces", json!({"name": name})).await.json(201);
        text(&created["workspace"]["workspace_id"])
    }
}

/// A received response.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.expect("the whole of it");
        Self { status, headers, body }
    }

    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("it is text")
    }

    /// A header's value, or the empty string.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("it is ASCII"))
    }

    /// Its JSON, if it has this status.
    #[track_caller]
    pub(super) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).expect("it is JSON")
    }

    /// The problem, if it is one with this status.
    #[track_caller]
    pub(super) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Value = serde_json::from_slice(&self.body).expect("it is JSON");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem
    }

    /// Asserts an empty response with this status.
    #[track_caller]
    pub(super) fn is_empty(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!((self.text(), self.header("content-type")), ("", ""));
    }

    /// Asserts the 405 of the profile.
    #[track_caller]
    pub(super) fn lacks_the_method(&self, twin: &Twin) {
        if twin.is_observed() {
            self.is_empty(405);
        } else {
            self.problem(405);
        }
    }

    /// Asserts the body `{"success": true}`.
    #[track_caller]
    pub(super) fn succeeds(&self) {
        assert_eq!(self.json(200), json!({"success": true}));
    }
}

/// A text in JSON.
#[track_caller]
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not valid UTF-8")).to_owned()
}

/// One member of every item, as text.
#[track_caller]
pub(super) fn texts(items: &Value, member: &str) -> Vec<String> {
    list(items).iter().map(|item| text(&item[member])).collect()
}

/// The items of a list.
#[track_caller]
pub(super) fn list(items: &Value) -> &[Value] {
    items.as_array().unwrap_or_else(|| panic!("{items} is no list"))
}

/// The names of an object's members, sorted.
#[track_caller]
pub(super) fn members(object: &Value) -> Vec<&str> {
    let members = object.as_object().unwrap_or_else(|| panic!("{object} is no object"));
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
