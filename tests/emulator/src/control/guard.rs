//! Restricts the page and the control API to programs of this machine and the emulator's own page.
//!
//! Requests of other web pages are rejected, even from a browser of this machine. Such a page could
//! resolve its own host name to 127.0.0.1, so the header `Host` must name a loopback host. Such a
//! page could also send a request without reading the response, so a request that changes the
//! emulator must not come from another origin.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode};

use crate::exchange::BufferedResponse;
use crate::wire::Connection;

const FETCH_SITE: &str = "sec-fetch-site";

/// Rejects a request from another machine, to another host name, or from another origin.
pub(crate) fn guard(
    connection: &Connection,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Forbidden> {
    if !connection.is_local() {
        return Err(Forbidden(
            "only programs on the machine of the emulator may use the page and the control API\n",
        ));
    }
    if !is_for_loopback(headers) {
        return Err(Forbidden("use http://127.0.0.1, http://localhost or http://[::1]\n"));
    }
    if *method != Method::GET && !is_of_this_origin(headers) {
        return Err(Forbidden("web pages of other origins may not control the emulator\n"));
    }
    Ok(())
}

/// The reason why a request may not use the page or the control API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forbidden(&'static str);

impl Forbidden {
    pub(crate) fn response(self) -> BufferedResponse {
        BufferedResponse::new(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", self.0)
    }
}

fn is_for_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Returns whether a request comes from the emulator's own page, or from a program that is not a
/// browser. A browser sends the origin of the page with every request that is not a GET.
fn is_of_this_origin(headers: &HeaderMap) -> bool {
    let site = headers.get(FETCH_SITE).is_none_or(|site| site == "same-origin" || site == "none");
    let mut origins = headers.get_all(ORIGIN).iter();
    let own = match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => headers.get(HOST).is_some_and(|host| {
            origin.as_bytes().strip_prefix(b"http://") == Some(host.as_bytes())
        }),
        (Some(_), Some(_)) => false,
    };
    site && own
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn accepts_only_loopback_host_names() {
        let is_for_loopback = |hosts: &[&str]| {
            let hosts: Vec<(&str, &str)> = hosts.iter().map(|host| ("host", *host)).collect();
            super::is_for_loopback(&headers(&hosts))
        };
        for host in ["127.0.0.1:4010", "127.9.9.9", "localhost:1", "LOCALHOST", "[::1]:4010"] {
            assert!(is_for_loopback(&[host]), "{host}");
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
            assert!(!is_for_loopback(&[host]), "{host}");
        }
        assert!(!is_for_loopback(&[]));
        assert!(!is_for_loopback(&["127.0.0.1", "example.org"]));
    }

    #[test]
    fn rejects_requests_of_other_origins() {
        let host = ("host", "127.0.0.1:4010");
        let accepts =
            |list: &[(&str, &str)]| is_of_this_origin(&headers(&[&[host], list].concat()));
        assert!(accepts(&[]));
        assert!(accepts(&[("origin", "http://127.0.0.1:4010"), (FETCH_SITE, "same-origin")]));
        for origin in ["http://127.0.0.1:4011", "https://127.0.0.1:4010", "http://x.test", "null"] {
            assert!(!accepts(&[("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(!accepts(&[(FETCH_SITE, site)]), "{site}");
        }
        let own = ("origin", "http://127.0.0.1:4010");
        assert!(!accepts(&[own, ("origin", "http://x.test")]));
    }
}
