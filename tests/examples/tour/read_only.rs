//! A transport that sends only GET requests.
//!
//! Every request of the live tour passes through it, so a mistake in the tour cannot change a real
//! account.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use twin_api::reqwest::{self, Method, Request};
use twin_api::secrecy::SecretString;
use twin_api::transport::{Direct, Failure, Inner, OperationInfo, PendingResponse, Transport};
use twin_api::{Client, ErrorKind, Outcome, PlainHttp, check_base_url, http_client_builder};

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The transport that sends the GET requests.
static DIRECT: Direct = Direct;

/// A transport that sends and counts GET requests, and rejects all others.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadOnly(Arc<AtomicUsize>);

impl ReadOnly {
    /// Returns the number of requests that were sent.
    pub(crate) fn sent(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Transport for ReadOnly {
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: Request,
        operation: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        if request.method() == Method::GET {
            self.0.fetch_add(1, Ordering::Relaxed);
            return DIRECT.execute(client, request, operation);
        }
        let message = "the read-only tour sends only GET requests";
        let failure = Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message);
        Box::pin(std::future::ready(Err(failure.into())))
    }
}

/// Builds a client as `twin_api::connect` does, but with this transport.
pub(crate) fn connect(base_url: &str, key: &str, transport: ReadOnly) -> anyhow::Result<Client> {
    let url = check_base_url(base_url, PlainHttp::Loopback)?;
    let inner = Inner::new(transport).api_key(&SecretString::from(key))?;
    let mut http = http_client_builder().user_agent("twin-tour").timeout(TIMEOUT);
    if url.scheme() == "http" {
        http = http.no_proxy();
    }
    Ok(Client::new_with_client(url.as_str().trim_end_matches('/'), http.build()?, inner))
}

#[cfg(test)]
mod tests {
    use twin_emulator::{Emulator, Profile};

    use super::*;

    #[tokio::test]
    async fn read_only_transport_sends_only_get_requests() {
        let emulator = Emulator::builder(Profile::Observed).start().await.unwrap();
        let transport = ReadOnly::default();
        let twin = connect(&emulator.url(), emulator.api_key(), transport.clone()).unwrap();
        assert!(twin.delete_agent().agent_id("a").send().await.is_err());
        assert!(twin.pause_schedule().agent_id("a").send().await.is_err());
        assert_eq!((transport.sent(), emulator.take_exchanges().len()), (0, 0));
        assert!(twin.get_me().send().await.is_ok());
        assert_eq!((transport.sent(), emulator.take_exchanges().len()), (1, 1));
    }
}
