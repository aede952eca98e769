//! A scripted server, a client with a manual clock, and the expected result of a call.

use std::fmt;
use std::time::Duration;

use tokio::task::JoinHandle;
use twin_api::Client;
use twin_api::reqwest::{self, Request};
use twin_api::transport::{OperationInfo, PendingResponse, Transport};
use twin_ext::clock::ManualClock;
use twin_ext::{ClientBuilder, Error, ErrorKind, Outcome, Retry};
use twin_tests::raw::{Raw, Script};

use crate::operations::SampleOperation;

/// The key of every client here. No text of the client may contain it.
pub(crate) const KEY: &str = "tw_live_canary";

/// The upper bound of the first backoff.
pub(crate) const FIRST_BACKOFF: Duration = Duration::from_millis(500);

/// A scripted server, and a client of it with a manual clock.
pub(crate) struct ClientRig {
    pub(crate) raw: Raw,
    pub(crate) clock: ManualClock,
    pub(crate) twin: Client,
}

/// The result of a transport.
type Recorded = Result<http::Response<Vec<u8>>, twin_api::Error>;

/// A transport that sends nothing and returns the result of a function.
pub(crate) struct RecordedTransport(Box<dyn Fn() -> Recorded + Send + Sync>);

impl RecordedTransport {
    pub(crate) fn returning(answer: impl Fn() -> Recorded + Send + Sync + 'static) -> Self {
        Self(Box::new(answer))
    }
}

impl fmt::Debug for RecordedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordedTransport")
    }
}

impl Transport for RecordedTransport {
    fn execute<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: Request,
        _: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        Box::pin(std::future::ready((self.0)().map(Into::into)))
    }
}

/// What a failed call shows: the number of requests, and the properties of the error.
#[derive(Debug, PartialEq)]
pub(crate) struct FailedCall {
    /// The number of requests that the server received whole.
    pub(crate) sent: usize,
    pub(crate) kind: ErrorKind,
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) attempts: u32,
    pub(crate) retryable: bool,
}

impl ClientRig {
    /// Builds a client with default settings, except for an unlimited retry budget.
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        Self::with_server(Raw::start().await.expect("a free port"), settings)
    }

    pub(crate) fn with_server(
        raw: Raw,
        settings: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let clock = ManualClock::new(1);
        let builder = ClientBuilder::new(KEY)
            .base_url(raw.url())
            .clock(clock.clone())
            .retry(Retry::default().budget(u32::MAX));
        let twin = settings(builder).build().expect("the settings are valid");
        Self { raw, clock, twin }
    }

    /// Calls an operation whose every attempt gets `script`. Returns the error and what it shows.
    /// Also checks that the elapsed time is the sum of the pauses, and that each pause is within its
    /// bound or follows `Retry-After`.
    pub(crate) async fn expect_failure(
        &self,
        operation: &SampleOperation,
        script: Script,
    ) -> (Error, FailedCall) {
        self.raw.always(script);
        let before = self.clock.pauses().len();
        let error = match operation.call(&self.twin).await {
            Ok(value) => panic!("{} succeeded: {value}", operation.name),
            Err(error) => error,
        };
        let pauses = &self.clock.pauses()[before..];
        assert_eq!(error.elapsed(), pauses.iter().sum::<Duration>(), "{error}");
        for (pause, bound) in
            pauses.iter().zip([FIRST_BACKOFF, FIRST_BACKOFF * 2, FIRST_BACKOFF * 4])
        {
            let asked = error.retry_after().unwrap_or_default();
            assert!(*pause <= asked.mul_f64(1.1).max(bound), "{pause:?}");
        }
        assert_eq!(pauses.len() + 1, error.attempts() as usize, "{error}");
        assert_eq!(error.operation(), Some(operation.name));
        assert_eq!(error.method().map(AsRef::as_ref), Some(operation.method()));
        let failed_call = self.observed(operation, &error);
        (error, failed_call)
    }

    /// Waits for the error of `call`. Panics if the server receives more than `sent` requests:
    /// the call would then wait without end, because only the test moves the clock.
    pub(crate) async fn error_of(&self, call: JoinHandle<Error>, sent: usize) -> Error {
        tokio::select! {
            error = call => error.expect("no call panics"),
            () = self.raw.received(sent + 1) => panic!("the request was sent more than {sent} times"),
        }
    }

    /// Returns what the failed call shows, and checks that each request was one of the operation.
    pub(crate) fn observed(&self, operation: &SampleOperation, error: &Error) -> FailedCall {
        let requests = self.raw.take_requests();
        for request in &requests {
            assert_eq!(request.line(), operation.line);
        }
        FailedCall {
            sent: requests.len(),
            kind: error.kind(),
            outcome: error.outcome(),
            status: error.status().map(|status| status.as_u16()),
            retry_after: error.retry_after(),
            attempts: error.attempts(),
            retryable: error.is_retryable(),
        }
    }
}

/// Returns the expected result of a failed call: as many attempts as requests, without
/// `Retry-After`.
pub(crate) fn failed_call(sent: u32, kind: ErrorKind, outcome: Outcome) -> FailedCall {
    FailedCall {
        sent: sent as usize,
        kind,
        outcome,
        status: None,
        retry_after: None,
        attempts: sent,
        retryable: false,
    }
}

impl FailedCall {
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(Duration::from_secs(seconds)), ..self }
    }

    pub(crate) fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets other tasks run until `done`, without moving the clock.
pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    // Real time limits a test that would otherwise hang.
    let end = std::time::Instant::now() + seconds(60);
    while !done() {
        assert!(std::time::Instant::now() < end, "timed out waiting for: {what}");
        tokio::task::yield_now().await;
    }
}
