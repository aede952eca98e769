//! Sends the bytes of a response, with the fault of the connection if there is one.
//!
//! [`respond`] passes the fault to the connection before hyper writes the response. The connection
//! then counts the bytes and stops at the chosen one; hyper sees a lost connection. A response
//! without a fault costs one atomic load more than on a plain `TcpStream`.
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
use self::plan::{Ending, Plan, Trickle};
pub(crate) use self::stream::Connection;
use super::fault::{Pace, WireFault};
use crate::exchange::BufferedResponse;

/// Builds the HTTP response, after waiting as the fault demands.
///
/// Every response of the server is built here, because this also ends the fault of the previous
/// response on the same connection.
pub(crate) async fn respond(
    mut answer: BufferedResponse,
    fault: Option<&WireFault>,
    connection: &Connection,
    pace: &Arc<dyn Pace>,
) -> Response {
    let plan = match fault {
        None | Some(WireFault::CutBody { .. } | WireFault::Endless(_)) => Plan::Plain,
        Some(WireFault::Delay(delay)) => {
            pace.sleep(*delay).await;
            Plan::Plain
        }
        Some(WireFault::Refuse(time)) => {
            // The gate shuts before the reset, so that a client that reconnects is refused.
            connection.gate().refuse_for(*time, pace).await;
            Plan::End { left: 0, how: Ending::Reset }
        }
        Some(WireFault::Reset(at)) => Plan::End { left: *at, how: Ending::Reset },
        Some(WireFault::Close(at)) => Plan::End { left: *at, how: Ending::Close },
        Some(WireFault::Trickle { bytes, every, head }) => {
            Plan::Trickle(Trickle::new(*bytes, *every, *head, Arc::clone(pace)))
        }
    };
    connection.follow(plan);
    match fault {
        Some(WireFault::CutBody { at, chunked }) => cut(answer, *at, *chunked, connection),
        Some(WireFault::Endless(of)) => {
            answer.headers.remove(header::CONTENT_LENGTH);
            with_body(answer, body::endless(*of))
        }
        _ => answer.into_response(),
    }
}

fn cut(answer: BufferedResponse, at: usize, chunked: bool, connection: &Connection) -> Response {
    let length = answer.body.len();
    let body = match chunked {
        _ if at < length => body::cut(answer.body.slice(..at), connection.clone()),
        true if at == length => body::cut(answer.body.clone(), connection.clone()),
        true => body::in_chunks(answer.body.clone()),
        false => return answer.into_response(),
    };
    let mut response = with_body(answer, body);
    if !chunked {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn with_body(answer: BufferedResponse, body: axum::body::Body) -> Response {
    let mut response = answer.into_response();
    *response.body_mut() = body;
    response
}
