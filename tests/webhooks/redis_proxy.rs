//! A TCP proxy in front of Redis that loses responses, or changes the time in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
struct ProxyFaults {
    drops_responses: AtomicBool,
    cut: AtomicBool,
    past: AtomicBool,
}

pub(crate) struct RedisProxy {
    url: String,
    faults: Arc<ProxyFaults>,
}

impl RedisProxy {
    pub(crate) async fn start(redis: &str) -> Self {
        let upstream = redis.strip_prefix("redis://").unwrap().to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let faults = Arc::new(ProxyFaults::default());
        let shared = Arc::clone(&faults);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(requests(from_client, to_server));
                tokio::spawn(answers(from_server, to_client, Arc::clone(&shared)));
            }
        });
        Self { url, faults }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Sets whether the proxy drops responses. After a dropped response, the proxy closes the connection
    /// instead of sending the next one.
    pub(crate) fn drop_responses(&self, drops_responses: bool) {
        self.faults.drops_responses.store(drops_responses, Ordering::SeqCst);
    }

    /// Sets whether the responses contain a time in the past, as if the clock of Redis were set
    /// forward afterwards.
    pub(crate) fn report_past(&self, past: bool) {
        self.faults.past.store(past, Ordering::SeqCst);
    }

    /// Closes the connection instead of sending the next response.
    pub(crate) fn cut_next_answer(&self) {
        self.faults.cut.store(true, Ordering::SeqCst);
    }
}

/// The time in the responses of the store's scripts, in milliseconds of 13 digits: in 2001.
const PAST: &[u8] = b"$13\r\n1000000000000";

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: Arc<ProxyFaults>) {
    let (mut buffer, mut swallowed) = (vec![0; 64 * 1024], false);
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let time = buffer[..read].windows(5).position(|bytes| bytes == &PAST[..5]);
        if let Some(start) = time.filter(|_| faults.past.load(Ordering::SeqCst)) {
            buffer[start..start + PAST.len()].copy_from_slice(PAST);
        }
        if faults.drops_responses.load(Ordering::SeqCst) {
            swallowed = true;
        } else if swallowed
            || faults.cut.swap(false, Ordering::SeqCst)
            || to.write_all(&buffer[..read]).await.is_err()
        {
            // A TCP connection cannot lose a response and deliver the next one.
            return;
        }
    }
}
