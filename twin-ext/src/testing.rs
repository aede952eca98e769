//! Provides a scripted HTTP server for the tests of this crate.
//!
//! Each connection gets the next scripted response and is then closed.

#![allow(clippy::unwrap_used, reason = "helpers fail the test")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use twin_api::Client;

use crate::clock::ManualClock;
use crate::{ClientBuilder, Retry};

/// The key of every test client. No output may contain it.
pub(crate) const KEY: &str = "tw_live_canary";

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) url: String,
    /// The heads of all requests.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Starts a server that answers each connection with the next response, then repeats the
    /// last one. An empty response closes the connection; a trailing `…` leaves it open.
    pub(crate) async fn start<A: Into<Vec<u8>>>(responses: impl IntoIterator<Item = A>) -> Self {
        let responses: Vec<Vec<u8>> = responses.into_iter().map(Into::into).collect();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { url, requests: Arc::default() };
        let requests = service.requests.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let response =
                    responses.get(number).or(responses.last()).cloned().unwrap_or_default();
                tokio::spawn(serve(stream, response, requests.clone()));
            }
        });
        service
    }

    /// Returns the request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heads = self.heads();
        heads.iter().map(|head| head.lines().next().unwrap().to_owned()).collect()
    }

    /// Returns the heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns a builder for a client of this server.
    pub(crate) fn builder(&self, clock: &ManualClock) -> ClientBuilder {
        ClientBuilder::new(KEY).base_url(&self.url).clock(clock.clone())
    }

    /// Returns a client of this server, and its clock.
    pub(crate) fn client(&self) -> (Client, ManualClock) {
        let clock = ManualClock::new(1);
        (self.builder(&clock).retry(Retry::default()).build().unwrap(), clock)
    }
}

async fn serve(mut stream: TcpStream, response: Vec<u8>, requests: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let text = String::from_utf8(request).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap().to_owned() + "\r\n";
    requests.lock().unwrap().push(head);
    let open = response.strip_suffix("…".as_bytes());
    // The client may have disconnected already.
    let _ = stream.write_all(open.unwrap_or(&response)).await;
    if open.is_some() {
        let _ = stream.read_buf(&mut Vec::new()).await;
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// Builds a response with its length.
pub(crate) fn response(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Builds a JSON response.
pub(crate) fn json(status: u16, body: &str) -> String {
    response(status, "content-type: application/json\r\n", body)
}
