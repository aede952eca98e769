//! Sends deliveries over HTTP, one after the other, in the order in which they were left.
//!
//! It reaches loopback only, by plain http: what a test registers by mistake is not told to
//! a stranger. Every delivery is held against the document before it goes out, as answers are.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use tokio::sync::mpsc::UnboundedReceiver;
use url::{Host, Url};

use super::contract::Contract;
use super::delivery::Outgoing;
use super::server::Shared;
use crate::exchange::Recorded;

/// A receiver that takes longer is taken to be gone.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends what comes in until nobody can send any more.
pub(super) async fn carry(shared: Arc<Shared>, mut incoming: UnboundedReceiver<Outgoing>) {
    let client = reqwest::Client::builder()
        .user_agent("twin-emulator")
        .redirect(Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build();
    while let Some(outgoing) = incoming.recv().await {
        let delivery = outgoing.delivery;
        let outcome = match &client {
            Ok(client) => send(client, &shared, outgoing).await,
            Err(error) => Err(error.to_string()),
        };
        shared.with(|world| world.attempted(delivery, outcome));
        shared.arrived();
    }
}

async fn send(
    client: &reqwest::Client,
    shared: &Shared,
    outgoing: Outgoing,
) -> Result<u16, String> {
    let url = Url::parse(&outgoing.url).map_err(|error| error.to_string())?;
    check(&url)?;
    let event = outgoing.event.name();
    let delivery = request(&url, outgoing)?;
    let found = Contract::of(shared.profile).check_delivery(event, &delivery);
    shared.journal().note_mismatches(found);
    let request = client.post(url).headers(delivery.headers).body(delivery.body);
    match request.send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Err("no answer in 10 seconds".to_owned()),
        Err(error) if error.is_connect() => Err("the receiver cannot be reached".to_owned()),
        Err(_) => Err("the connection broke off".to_owned()),
    }
}

fn request(url: &Url, outgoing: Outgoing) -> Result<Recorded, String> {
    let signature = HeaderValue::try_from(outgoing.signature).map_err(|error| error.to_string())?;
    let event = HeaderValue::from_static(outgoing.event.name());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-cobb-event", event);
    headers.insert("x-cobb-signature", signature);
    let target = url.path().to_owned();
    Ok(Recorded { method: Method::POST, target, headers, body: outgoing.body })
}

fn check(url: &Url) -> Result<(), String> {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    match (url.scheme(), loopback) {
        ("http", true) => Ok(()),
        _ => Err("the emulator delivers to http on loopback only".to_owned()),
    }
}
