//! The page at `/`, the state behind it, and the document of the API.
//!
//! `GET /` is complete without scripts: tables in HTML. Its one script asks for
//! `GET /_emulator/state` every second and updates the tables; its buttons call the control API.
//!
//! These paths need no key, have no faults, and are not in the journal. The page shows no secret
//! ([`secrets`]). [`super::control`] restricts who may see it.

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
use self::view::PageView;
use super::control::{Forbidden, guard};
use super::document;
use super::server::ServerState;
use super::wire::Connection;
use crate::exchange::BufferedResponse;

/// The static parts of the page, and its content security policy.
static SHELL: LazyLock<Shell> = LazyLock::new(Shell::new);

/// Returns the routes of the page and its state, which only this machine may call.
pub(super) fn routes() -> Router<Arc<ServerState>> {
    Router::new()
        .route("/", own(|shared, passed| passed.map_or_else(Forbidden::answer, |()| page(shared))))
        .route(
            "/_emulator/state",
            own(|shared, passed| passed.map_or_else(Forbidden::answer, |()| state(shared))),
        )
}

/// Returns the route of the profile's document, which everyone may call.
pub(super) fn document_route() -> Router<Arc<ServerState>> {
    Router::new().route("/openapi.json", own(|shared, _| api(shared)))
}

/// Creates a route whose handler gets the result of [`guard`].
fn own(
    answer: fn(&ServerState, Result<(), Forbidden>) -> BufferedResponse,
) -> MethodRouter<Arc<ServerState>> {
    get(
        move |State(shared): State<Arc<ServerState>>,
              ConnectInfo(connection): ConnectInfo<Connection>,
              headers: HeaderMap| async move {
            let passed = guard(&connection, &Method::GET, &headers);
            let answer = with_policies(answer(&shared, passed));
            shared.respond(&connection, answer).await
        },
    )
}

/// Adds headers against caching, type sniffing and reads by other origins.
pub(super) fn with_policies(answer: BufferedResponse) -> BufferedResponse {
    answer
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .header(RESOURCE_POLICY, HeaderValue::from_static("same-origin"))
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

fn page(shared: &ServerState) -> BufferedResponse {
    let html = SHELL.render(&PageView::of(shared));
    BufferedResponse::new(StatusCode::OK, "text/html; charset=utf-8", html)
        .header(CONTENT_SECURITY_POLICY, SHELL.policy.clone())
}

fn state(shared: &ServerState) -> BufferedResponse {
    // The view can always be serialized.
    let json = serde_json::to_vec(&PageView::of(shared)).unwrap_or_default();
    BufferedResponse::new(StatusCode::OK, "application/json", json)
}

/// Returns the document of the profile, byte for byte.
fn api(shared: &ServerState) -> BufferedResponse {
    BufferedResponse::new(StatusCode::OK, "application/json", document(shared.profile))
}
