//! The control API under `/_emulator/`: reads the state and the journal of requests, advances the
//! clock, sends deliveries, adds faults, scripts runs, adds data, and resets.
//!
//! Its document is `control.json`, which is served at `/_emulator/openapi.json`. Its calls need no
//! key, get no faults, and are not in the journal. Only programs of this machine and the emulator's
//! own page may call it ([`guard`]).

mod actions;
mod guard;

use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, RawPathParams, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use serde_json::{Value, json};

use self::actions::{ACTIONS, ControlAction};
pub(super) use self::guard::{Forbidden, guard};
use super::call::{RoutedRequest, path_parameters};
use super::page::with_policies;
use super::server::ServerState;
use super::wire::Connection;
use crate::exchange::{BufferedResponse, RecordedRequest};

/// The document of the control API.
pub(super) const DOCUMENT: &str = include_str!("../control.json");

/// The reason why an action is rejected.
#[derive(Debug, PartialEq, Eq)]
enum ActionError {
    /// The body or a parameter is not valid. The response has the status 400.
    Invalid(String),
    /// The request names an agent, run, webhook or delivery that does not exist. The response has
    /// the status 404.
    NotFound(String),
}

impl ActionError {
    fn response(self) -> BufferedResponse {
        let (status, error) = match self {
            Self::Invalid(error) => (StatusCode::BAD_REQUEST, error),
            Self::NotFound(error) => (StatusCode::NOT_FOUND, error),
        };
        BufferedResponse::json(status, &json!({ "error": error }))
    }
}

pub(super) fn routes() -> Router<Arc<ServerState>> {
    let mut router = Router::new().route("/_emulator/{*rest}", axum::routing::any(unknown));
    for action in &ACTIONS {
        let Ok(method) = MethodFilter::try_from(action.method.clone()) else { continue };
        router = router.route(
            action.path,
            on(method, move |state, connection, parameters, request| {
                exchange(action, state, connection, parameters, request)
            }),
        );
    }
    router
}

async fn exchange(
    action: &'static ControlAction,
    State(shared): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    parameters: RawPathParams,
    request: Request,
) -> Response {
    let parameters = path_parameters(&parameters);
    let response = match guard(&connection, request.method(), request.headers()) {
        Err(forbidden) => forbidden.response(),
        Ok(()) => match RecordedRequest::read(request).await {
            Err(status) => BufferedResponse::empty(status),
            Ok(request) => {
                let call = RoutedRequest { request: &request, parameters: &parameters };
                let done = actions::perform(action, &shared, &call).await;
                done.unwrap_or_else(ActionError::response)
            }
        },
    };
    shared.respond(&connection, with_policies(response)).await
}

/// Handles a request for an unknown path below `/_emulator/`.
async fn unknown(
    State(shared): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let text = "there is no such path in the control API; see /_emulator/openapi.json";
    let missing = |()| ActionError::NotFound(text.to_owned()).response();
    let passed = guard(&connection, request.method(), request.headers());
    let response = passed.map_or_else(Forbidden::response, missing);
    shared.respond(&connection, with_policies(response)).await
}

fn ok(body: &Value) -> BufferedResponse {
    BufferedResponse::json(StatusCode::OK, body)
}

#[cfg(all(test, feature = "contract"))]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{ACTIONS, DOCUMENT};

    #[test]
    fn control_document_lists_exactly_the_actions() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(|method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let mut served: BTreeSet<(String, String)> = ACTIONS
            .iter()
            .map(|action| (action.method.to_string(), action.path.to_owned()))
            .collect();
        // The page serves its state.
        served.insert(("GET".to_owned(), "/_emulator/state".to_owned()));
        assert_eq!(documented, served);
    }

    #[test]
    fn control_document_is_valid_openapi_3_1() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let official = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi-3.1.json");
        let official = std::fs::read_to_string(official).unwrap();
        let official: Value = serde_json::from_str(&official).unwrap();
        let validator = jsonschema::validator_for(&official).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}
