//! Serves the page at `/`, its data at `/_emulator/state`, and the document of the API at
//! `/openapi.json`.
//!
//! The page has all its tables in HTML, so that it works without its script. The script requests
//! `/_emulator/state` every second and updates the tables. The buttons call the control API.
//!
//! Requests for these paths need no key, get no faults, and are not in the journal. The page shows no
//! secret ([`secrets`]). Only this machine may see the page and its data ([`guard`]).

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

use self::html::Template;
use self::view::PageView;
use super::control::{Forbidden, guard};
use super::document;
use super::server::ServerState;
use super::wire::Connection;
use crate::exchange::BufferedResponse;

/// The static parts of the page.
static TEMPLATE: LazyLock<Template> = LazyLock::new(Template::new);

/// Returns the routes of the page and its state, which only this machine may call.
pub(super) fn routes() -> Router<Arc<ServerState>> {
    Router::new()
        .route(
            "/",
            guarded(|shared, allowed| allowed.map_or_else(Forbidden::response, |()| page(shared))),
        )
        .route(
            "/_emulator/state",
            guarded(|shared, allowed| allowed.map_or_else(Forbidden::response, |()| state(shared))),
        )
}

/// Returns the route of the profile's document, which everyone may call.
pub(super) fn document_route() -> Router<Arc<ServerState>> {
    Router::new().route("/openapi.json", guarded(|shared, _| api(shared)))
}

/// Creates a route for GET, whose handler gets the result of [`guard`].
fn guarded(
    response: fn(&ServerState, Result<(), Forbidden>) -> BufferedResponse,
) -> MethodRouter<Arc<ServerState>> {
    get(
        move |State(shared): State<Arc<ServerState>>,
              ConnectInfo(connection): ConnectInfo<Connection>,
              headers: HeaderMap| async move {
            let allowed = guard(&connection, &Method::GET, &headers);
            let response = with_policies(response(&shared, allowed));
            shared.respond(&connection, response).await
        },
    )
}

/// Adds headers that forbid caching, type sniffing, referrers and use by other origins.
pub(super) fn with_policies(response: BufferedResponse) -> BufferedResponse {
    response
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .header(RESOURCE_POLICY, HeaderValue::from_static("same-origin"))
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

fn page(shared: &ServerState) -> BufferedResponse {
    let html = TEMPLATE.render(&PageView::of(shared));
    BufferedResponse::new(StatusCode::OK, "text/html; charset=utf-8", html)
        .header(CONTENT_SECURITY_POLICY, TEMPLATE.policy.clone())
}

fn state(shared: &ServerState) -> BufferedResponse {
    // The view can always be serialized.
    let json = serde_json::to_vec(&PageView::of(shared)).unwrap_or_default();
    BufferedResponse::new(StatusCode::OK, "application/json", json)
}

/// Returns the OpenAPI document of the profile.
fn api(shared: &ServerState) -> BufferedResponse {
    BufferedResponse::new(StatusCode::OK, "application/json", document(shared.profile))
}
