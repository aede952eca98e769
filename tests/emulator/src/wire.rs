//! Sends the bytes of a response, and applies the fault of the connection if there is one.
//!
//! [`respond`] gives the fault to the connection before hyper writes the response. The connection
//! counts the bytes and ends after the requested number, so that hyper sees a lost connection. For a
//! response without a fault, the cost is one atomic load for each write.
//!
//! TLS and HTTP/2 are not supported.

mod body;
mod listener;
mod plan;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

pub use self::listener::Gate;
pub(crate) use self::listener::Listener;
use self::plan::{Ending, Trickle, WritePlan};
pub(crate) use self::stream::Connection;
use super::fault::{Timer, WireFault};
use crate::exchange::BufferedResponse;

/// Builds the HTTP response. If the fault is a delay, waits first.
///
/// Every response of the server must be built here, because this also ends the fault of the previous
/// response on the same connection.
pub(crate) async fn respond(
    mut response: BufferedResponse,
    fault: Option<&WireFault>,
    connection: &Connection,
    timer: &Arc<dyn Timer>,
) -> Response {
    let plan = match fault {
        None | Some(WireFault::CutBody { .. } | WireFault::Endless(_)) => WritePlan::Plain,
        Some(WireFault::Delay(delay)) => {
            timer.sleep(*delay).await;
            WritePlan::Plain
        }
        Some(WireFault::Refuse(time)) => {
            // Connections are refused before the reset, so that a client cannot reconnect at once.
            connection.gate().refuse_for(*time, timer).await;
            WritePlan::End { left: 0, how: Ending::Reset }
        }
        Some(WireFault::Reset(at)) => WritePlan::End { left: *at, how: Ending::Reset },
        Some(WireFault::Close(at)) => WritePlan::End { left: *at, how: Ending::Close },
        Some(WireFault::Trickle { bytes, every, head }) => {
            WritePlan::Trickle(Trickle::new(*bytes, *every, *head, Arc::clone(timer)))
        }
    };
    connection.follow(plan);
    match fault {
        Some(WireFault::CutBody { at, chunked }) => cut(response, *at, *chunked, connection),
        Some(WireFault::Endless(of)) => {
            response.headers.remove(header::CONTENT_LENGTH);
            with_body(response, body::endless(*of))
        }
        _ => response.into_response(),
    }
}

fn cut(response: BufferedResponse, at: usize, chunked: bool, connection: &Connection) -> Response {
    let length = response.body.len();
    let body = match chunked {
        _ if at < length => body::cut(response.body.slice(..at), connection.clone()),
        true if at == length => body::cut(response.body.clone(), connection.clone()),
        true => body::in_chunks(response.body.clone()),
        false => return response.into_response(),
    };
    let mut response = with_body(response, body);
    if !chunked {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn with_body(response: BufferedResponse, body: axum::body::Body) -> Response {
    let mut response = response.into_response();
    *response.body_mut() = body;
    response
}
