//! The page at `/`, the state behind it, and the document of the API.
//!
//! `GET /` is complete without scripts: tables in HTML. Its one script asks for
//! `GET /_emulator/state` every second and updates the tables; its buttons call the control API.
//!
//! None of this is an operation: it takes no key, has no faults, and is not in the journal. It
//! shows no secret ([`secrets`]). [`super::control`] says who may see it.

mod html;
pub(super) mod secrets;
pub(super) mod view;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::routing::{MethodRouter, get};

use self::html::Shell;
use self::view::View;
use super::control::{Forbidden, guard};
use super::document;
use super::server::Shared;
use super::wire::Connection;
use crate::exchange::Answer;

/// The page without what it shows, and what its script and style are allowed to do.
static SHELL: LazyLock<Shell> = LazyLock::new(Shell::new);

/// The page and its state, for this machine only.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", own(|shared, passed| passed.map_or_else(Forbidden::answer, |()| page(shared))))
        .route(
            "/_emulator/state",
            own(|shared, passed| passed.map_or_else(Forbidden::answer, |()| state(shared))),
        )
}

/// The document that the answers of the profile conform to, for everybody.
pub(super) fn document_route() -> Router<Arc<Shared>> {
    Router::new().route("/openapi.json", own(|shared, _| api(shared)))
}

/// A path of the emulator's own. The handler learns whether [`guard`] lets the request pass.
fn own(answer: fn(&Shared, Result<(), Forbidden>) -> Answer) -> MethodRouter<Arc<Shared>> {
    get(
        move |State(shared): State<Arc<Shared>>,
              ConnectInfo(connection): ConnectInfo<Connection>,
              headers: HeaderMap| async move {
            let passed = guard(&connection, &Method::GET, &headers);
            let answer = with_policies(answer(&shared, passed));
            shared.respond(&connection, answer).await
        },
    )
}

/// Keeps browsers from storing an answer, guessing its type, or showing it to other origins.
pub(super) fn with_policies(answer: Answer) -> Answer {
    answer
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .header(RESOURCE_POLICY, HeaderValue::from_static("same-origin"))
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

fn page(shared: &Shared) -> Answer {
    let html = SHELL.render(&View::of(shared));
    Answer::new(StatusCode::OK, "text/html; charset=utf-8", html)
        .header(CONTENT_SECURITY_POLICY, SHELL.policy.clone())
}

fn state(shared: &Shared) -> Answer {
    // Only a value that cannot be written fails here, and there is none.
    let json = serde_json::to_vec(&View::of(shared)).unwrap_or_default();
    Answer::new(StatusCode::OK, "application/json", json)
}

/// The document of the profile, byte for byte.
fn api(shared: &Shared) -> Answer {
    Answer::new(StatusCode::OK, "application/json", document(shared.profile))
}
