//! The page that shows what is going on, and the document of the API beside it.
//!
//! `GET /` is whole as it comes: tables in HTML, for whoever runs no script. Its one script
//! asks for `GET /_emulator/state` every second and brings the tables up to date.
//!
//! None of this is an operation: it takes no key, no fault can be ordered for it, and it is
//! not among the exchanges that are recorded. It shows no secret ([`secrets`]), it changes
//! nothing, and it refuses to answer to a name that is not of loopback: the page of a stranger
//! whose name suddenly means 127.0.0.1 could read it otherwise.

mod html;
mod secrets;
mod view;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::{MethodRouter, get};

use self::html::Shell;
use self::view::View;
use super::server::Shared;
use super::wire::Connection;
use super::{Profile, document};
use crate::exchange::Answer;

/// The page without what it shows, and what its script and style are allowed to do.
static SHELL: LazyLock<Shell> = LazyLock::new(Shell::new);

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", own(|shared, headers| to_loopback(headers, || page(shared))))
        .route("/_emulator/state", own(|shared, headers| to_loopback(headers, || state(shared))))
        .route("/openapi.json", own(|_, _| api()))
}

/// A path of the emulator's own, which goes the way of no exchange but for the wire.
fn own(answer: fn(&Shared, &HeaderMap) -> Answer) -> MethodRouter<Arc<Shared>> {
    get(
        move |State(shared): State<Arc<Shared>>,
              ConnectInfo(connection): ConnectInfo<Connection>,
              headers: HeaderMap| async move {
            let answer = answer(&shared, &headers)
                .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
                .header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
                .header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
                .header(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
            shared.respond(&connection, answer).await
        },
    )
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

/// The document, byte for byte as it is in the repository.
fn api() -> Answer {
    Answer::new(StatusCode::OK, "application/json", document(Profile::Documented))
}

/// The answer to a request that was made to a name of this machine, and to no other.
fn to_loopback(headers: &HeaderMap, answer: impl FnOnce() -> Answer) -> Answer {
    if is_for_loopback(headers) {
        return answer();
    }
    let text = "this is shown to http://127.0.0.1, http://localhost and http://[::1] only\n";
    Answer::new(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", text)
}

fn is_for_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let hosts = |hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, host.parse().unwrap());
            }
            headers
        };
        for host in ["127.0.0.1:4010", "127.9.9.9", "localhost:1", "LOCALHOST", "[::1]:4010"] {
            assert!(is_for_loopback(&hosts(&[host])), "{host}");
        }
        let strange = [
            "example.org",
            "example.org:4010",
            "127.0.0.1.example.org",
            "localhost.example.org",
            "localhost@example.org",
            "192.168.0.1:4010",
            "0.0.0.0",
            "[::]",
            "",
            "a b",
        ];
        for host in strange {
            assert!(!is_for_loopback(&hosts(&[host])), "{host}");
        }
        assert!(!is_for_loopback(&hosts(&[])));
        assert!(!is_for_loopback(&hosts(&["127.0.0.1", "example.org"])));
    }
}
