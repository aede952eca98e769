//! The control API under `/_emulator/`: reads the state, moves the clock, sends deliveries, adds
//! faults, scripts runs, seeds, resets, and reads the journal of requests.
//!
//! Its document is `control.json`, served at `/_emulator/openapi.json`. It needs no key, has no
//! faults, and its calls are not in the journal. Only programs of this machine and the emulator's
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

use self::actions::{ACTIONS, Action};
pub(super) use self::guard::{Forbidden, guard};
use super::call::Call;
use super::page::with_policies;
use super::server::Shared;
use super::wire::Connection;
use crate::exchange::{Answer, Recorded};

/// The document of the control API.
pub(super) const DOCUMENT: &str = include_str!("../control.json");

/// Why an action was rejected.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    /// The body or a parameter is wrong.
    Wrong(String),
    /// The request names something that does not exist.
    Missing(String),
}

impl Refused {
    fn answer(self) -> Answer {
        let (status, error) = match self {
            Self::Wrong(error) => (StatusCode::BAD_REQUEST, error),
            Self::Missing(error) => (StatusCode::NOT_FOUND, error),
        };
        Answer::json(status, &json!({ "error": error }))
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
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
    action: &'static Action,
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    parameters: RawPathParams,
    request: Request,
) -> Response {
    let parameters: Vec<(String, String)> =
        parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let answer = match guard(&connection, request.method(), request.headers()) {
        Err(forbidden) => forbidden.answer(),
        Ok(()) => match Recorded::read(request).await {
            Err(status) => Answer::empty(status),
            Ok(request) => {
                let call = Call { request: &request, parameters: &parameters };
                let done = actions::carry_out(action, &shared, &call).await;
                done.unwrap_or_else(Refused::answer)
            }
        },
    };
    shared.respond(&connection, with_policies(answer)).await
}

/// The response to an unknown path below `/_emulator/`.
async fn unknown(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let text = "there is no such path in the control API; see /_emulator/openapi.json";
    let missing = |()| Refused::Missing(text.to_owned()).answer();
    let passed = guard(&connection, request.method(), request.headers());
    let answer = passed.map_or_else(Forbidden::answer, missing);
    shared.respond(&connection, with_policies(answer)).await
}

fn ok(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}

/// Returns the methods and paths of all actions, for the tests.
#[cfg(test)]
pub(super) fn paths() -> impl Iterator<Item = (&'static axum::http::Method, &'static str)> {
    ACTIONS.iter().map(|action| (&action.method, action.path))
}

#[cfg(all(test, feature = "contract"))]
mod tests;
