//! An emulator with an HTTP client, and assertions about responses.

use std::ops::Deref;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use twin_emulator::{Builder, Emulator, Profile, RunMode, RunScript};

/// Runs a test with both profiles.
pub(super) async fn in_both(test: impl AsyncFn(TestEmulator)) {
    for profile in Profile::ALL {
        // The output of a failed test shows this line.
        eprintln!("profile: {profile}");
        test(TestEmulator::start(profile).await).await;
    }
}

/// An emulator, and an HTTP client with its key.
pub(super) struct TestEmulator {
    emulator: Emulator,
    http: reqwest::Client,
}

impl Deref for TestEmulator {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.emulator
    }
}

impl TestEmulator {
    pub(super) async fn documented() -> Self {
        Self::start(Profile::Documented).await
    }

    pub(super) async fn observed() -> Self {
        Self::start(Profile::Observed).await
    }

    pub(super) async fn start(profile: Profile) -> Self {
        Self::from_builder(Emulator::builder(profile)).await
    }

    pub(super) async fn from_builder(builder: Builder) -> Self {
        let emulator = builder.start().await.expect("the emulator starts");
        let http = reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Self { emulator, http: http.expect("the HTTP client is valid") }
    }

    pub(super) fn is_observed(&self) -> bool {
        self.profile() == Profile::Observed
    }

    /// Returns the value for the profile of the emulator.
    pub(super) fn for_profile<T>(&self, documented: T, observed: T) -> T {
        if self.is_observed() { observed } else { documented }
    }

    /// Returns the status for a resource that does not exist.
    pub(super) fn not_found_status(&self) -> u16 {
        self.for_profile(404, 403)
    }

    /// Builds a request without a key.
    pub(super) fn request_without_key(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url()))
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_without_key(method, path).header("x-api-key", self.api_key())
    }

    pub(super) async fn get(&self, path: &str) -> ApiResponse {
        ApiResponse::to(self.request(Method::GET, path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> ApiResponse {
        ApiResponse::to(self.request(Method::DELETE, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> ApiResponse {
        ApiResponse::to(self.request(Method::POST, path).json(&body)).await
    }

    /// Sends a POST without a body.
    pub(super) async fn post_empty(&self, path: &str) -> ApiResponse {
        ApiResponse::to(self.request(Method::POST, path)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> ApiResponse {
        ApiResponse::to(self.request(Method::PUT, path).json(&body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> ApiResponse {
        ApiResponse::to(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Creates an agent.
    pub(super) fn agent(&self) -> String {
        self.with(twin_emulator::World::add_agent)
    }

    /// Starts a run that changes only when the test applies a step.
    pub(super) fn start_manual_run(&self, agent: &str) -> String {
        self.with(|world| {
            world.script_next_run(RunScript::manual());
            world.start_run(agent, RunMode::Run)
        })
    }

    /// Returns the run from the list of runs.
    pub(super) async fn run(&self, agent: &str, run: &str) -> Value {
        let page = self.get(&format!("/v1/agents/{agent}/runs?filter_run_id={run}")).await;
        page.json(200)["runs"][0].take()
    }

    /// Creates a workspace.
    pub(super) async fn workspace(&self, name: &str) -> String {
        let created = self.post("/v1/workspaces", json!({"name": name})).await.json(201);
        text(&created["workspace"]["workspace_id"])
    }
}

/// A received response.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl ApiResponse {
    pub(super) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the request succeeds");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("the response is complete");
        Self { status, headers, body }
    }

    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("the body is valid UTF-8")
    }

    /// Returns the value of a header, or the empty string.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("the value is ASCII"))
    }

    /// Asserts the status and a JSON body, and returns the body.
    #[track_caller]
    pub(super) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).expect("the text is JSON")
    }

    /// Asserts problem details with this status, and returns them.
    #[track_caller]
    pub(super) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Value = serde_json::from_slice(&self.body).expect("the text is JSON");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem
    }

    /// Asserts an empty response with this status.
    #[track_caller]
    pub(super) fn assert_empty(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!((self.text(), self.header("content-type")), ("", ""));
    }

    /// Asserts the response with the status 405 that the profile has.
    #[track_caller]
    pub(super) fn assert_method_not_allowed(&self, twin: &TestEmulator) {
        if twin.is_observed() {
            self.assert_empty(405);
        } else {
            self.problem(405);
        }
    }

    /// Asserts the body `{"success": true}`.
    #[track_caller]
    pub(super) fn assert_success(&self) {
        assert_eq!(self.json(200), json!({"success": true}));
    }
}

/// Returns a JSON string.
#[track_caller]
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string")).to_owned()
}

/// Returns the member `member` of every item, as text.
#[track_caller]
pub(super) fn texts(items: &Value, member: &str) -> Vec<String> {
    list(items).iter().map(|item| text(&item[member])).collect()
}

/// Returns the items of a list.
#[track_caller]
pub(super) fn list(items: &Value) -> &[Value] {
    items.as_array().unwrap_or_else(|| panic!("{items} is not a list"))
}

/// Returns the names of an object's members, sorted.
#[track_caller]
pub(super) fn members(object: &Value) -> Vec<&str> {
    let members = object.as_object().unwrap_or_else(|| panic!("{object} is not an object"));
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
