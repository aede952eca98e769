//! Sends deliveries over HTTP.
//!
//! A receiver gets its deliveries one after the other, in order, so that tests are deterministic.
//! Deliveries to different receivers are concurrent, so that a slow receiver does not delay the
//! others.
//!
//! Only receivers on loopback get deliveries, unless remote receivers are allowed: a test may
//! register a real URL by mistake. Every delivery is checked against the document before it is sent.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use tokio::sync::mpsc::UnboundedReceiver;
use url::{Host, Url};

use super::contract::Contract;
use super::delivery::{AttemptError, Outgoing};
use super::server::ServerState;
use crate::exchange::RecordedRequest;

/// The timeout of an attempt.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The deliveries that wait for each receiver, by the origin of its URL. A receiver without an entry
/// is idle.
type Queues = HashMap<String, VecDeque<Outgoing>>;

/// Sends queued deliveries until the queue is closed.
pub(super) async fn send_deliveries(
    shared: Arc<ServerState>,
    mut incoming: UnboundedReceiver<Outgoing>,
) {
    let client = reqwest::Client::builder()
        .user_agent("twin-emulator")
        .redirect(Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build();
    let client = client.map_err(|error| error.to_string());
    let mut queues = Queues::new();
    let mut in_flight = FuturesUnordered::new();
    loop {
        tokio::select! {
            outgoing = incoming.recv() => {
                let Some(outgoing) = outgoing else { return };
                let origin = origin(&outgoing.url);
                if let Some(queue) = queues.get_mut(&origin) {
                    queue.push_back(outgoing);
                } else {
                    queues.insert(origin.clone(), VecDeque::new());
                    in_flight.push(attempt(&client, &shared, origin, outgoing));
                }
            }
            Some(origin) = in_flight.next() => {
                if let Some(next) = next(&mut queues, &origin) {
                    in_flight.push(attempt(&client, &shared, origin, next));
                }
            }
        }
    }
}

/// Returns the next delivery to a receiver. If there is none, the receiver becomes idle.
fn next(queues: &mut Queues, origin: &str) -> Option<Outgoing> {
    let next = queues.get_mut(origin)?.pop_front();
    if next.is_none() {
        queues.remove(origin);
    }
    next
}

fn origin(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// Attempts a delivery, records the result, and returns the origin of the receiver.
async fn attempt(
    client: &Result<reqwest::Client, String>,
    shared: &ServerState,
    origin: String,
    outgoing: Outgoing,
) -> String {
    let delivery = outgoing.delivery;
    let outcome = match client {
        Ok(client) => send(client, shared, outgoing).await,
        Err(error) => Err(AttemptError::permanent(error.clone())),
    };
    shared.with(|world| world.record_attempt(delivery, outcome));
    shared.finish_attempt();
    origin
}

async fn send(
    client: &reqwest::Client,
    shared: &ServerState,
    outgoing: Outgoing,
) -> Result<u16, AttemptError> {
    let url =
        Url::parse(&outgoing.url).map_err(|error| AttemptError::permanent(error.to_string()))?;
    check_receiver_url(&url, shared.setup.network.remote_receivers)
        .map_err(AttemptError::permanent)?;
    let event = outgoing.event.name();
    let delivery = build_request(&url, outgoing).map_err(AttemptError::permanent)?;
    let found = Contract::of(shared.profile).check_delivery(event, &delivery);
    shared.journal().note_mismatches(found);
    let request = client.post(url).headers(delivery.headers).body(delivery.body);
    match request.send().await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(AttemptError::transient(if error.is_timeout() {
            "no response in 10 seconds"
        } else if error.is_connect() {
            "the receiver cannot be reached"
        } else {
            "the connection closed before a complete response"
        })),
    }
}

fn build_request(url: &Url, outgoing: Outgoing) -> Result<RecordedRequest, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in outgoing.headers() {
        let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        headers.insert(name, value);
    }
    let target = url.path().to_owned();
    Ok(RecordedRequest { method: Method::POST, target, headers, body: outgoing.body })
}

/// Rejects a URL that the emulator cannot or must not reach.
fn check_receiver_url(url: &Url, remote: bool) -> Result<(), String> {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" if !cfg!(feature = "https") => {
            Err("not sent: this build cannot deliver to https; register an http URL".to_owned())
        }
        "http" | "https" if loopback || remote => Ok(()),
        "http" | "https" => {
            Err("not sent: the receiver is not on loopback; allow remote receivers with \
             --remote-receivers or Builder::remote_receivers"
                .to_owned())
        }
        _ => Err("not sent: the emulator delivers to http URLs only".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::server::tests::shared;
    use super::super::{EventType, Profile};
    use super::*;

    /// Builds a delivery with a signature and a body that the document does not allow.
    fn failed_run(url: &str) -> Outgoing {
        Outgoing {
            delivery: 1,
            url: url.to_owned(),
            event: EventType::Failed,
            signature: "sha256=00".to_owned(),
            body: "{}".into(),
        }
    }

    #[tokio::test]
    async fn checks_deliveries_against_the_document_before_sending() {
        for profile in Profile::ALL {
            let shared = shared(profile);
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            // Nothing listens on port 0.
            send(&client, &shared, failed_run("http://127.0.0.1:0/hook")).await.unwrap_err();
            let found = shared.journal().take_mismatches();
            let places: Vec<&str> = found.iter().map(|found| found.instance.as_str()).collect();
            assert!(places.contains(&"X-Cobb-Signature") && places.contains(&""), "{found:#?}");
        }
    }

    #[test]
    fn delivers_only_to_loopback_by_default() {
        let accepts = |url: &str| check_receiver_url(&Url::parse(url).unwrap(), false).is_ok();
        for url in
            ["http://127.0.0.1:1/x", "http://127.9.9.9/", "http://localhost", "http://[::1]/"]
        {
            assert!(accepts(url), "{url}");
        }
        for url in [
            "http://example.org/",
            "http://127.0.0.1.example.org/",
            "http://0.0.0.0/",
            "http://192.168.0.1/",
            "http://[::2]/",
            "ftp://localhost/",
        ] {
            assert!(!accepts(url), "{url}");
        }
        assert_eq!(accepts("https://127.0.0.1/"), cfg!(feature = "https"));
    }

    #[cfg(feature = "https")]
    #[tokio::test]
    async fn sends_tls_handshake_to_https_receivers() {
        use std::net::Ipv4Addr;

        use tokio::io::AsyncReadExt as _;

        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("https://{}/hook", listener.local_addr().unwrap());
        let hello = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut start = [0; 2];
            stream.read_exact(&mut start).await.unwrap();
            start
        };
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let shared = shared(Profile::Observed);
        let (sent, start) = tokio::join!(send(&client, &shared, failed_run(&url)), hello);
        // The first bytes of a TLS handshake. The receiver then closes the connection.
        assert_eq!(start, [0x16, 0x03]);
        assert!(sent.is_err());
    }
}
