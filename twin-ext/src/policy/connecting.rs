//! Whether an attempt that ran out of time was still waiting for its connection.
//!
//! The HTTP client does not say. A layer around its connector does: it writes down that a
//! connection is being made for the attempt whose task it runs in, and, when it is dropped
//! before the connection is there, that the attempt was given up meanwhile. A connection that
//! the HTTP client goes on making for others, because the attempt found a free one, is not
//! dropped with the attempt, and so does not count.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static ATTEMPT: Progress;
}

/// What is known of the connection of one attempt.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    given_up: Arc<AtomicBool>,
}

impl Progress {
    /// Runs an attempt whose connection is watched.
    pub(super) async fn watch<F: Future>(&self, attempt: F) -> F::Output {
        ATTEMPT.scope(self.clone(), attempt).await
    }

    /// Whether the attempt, which is dropped by now, was waiting for its connection.
    pub(super) fn was_connecting(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }
}

/// Watches connections that are being made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WatchConnections;

impl<S> Layer<S> for WatchConnections {
    type Service = Watched<S>;

    fn layer(&self, connector: S) -> Watched<S> {
        Watched(connector)
    }
}

/// A connector whose connections are watched.
#[derive(Debug, Clone)]
pub(crate) struct Watched<S>(S);

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let attempt = ATTEMPT.try_with(Clone::clone).ok();
        Connecting { connecting: Box::pin(self.0.call(target)), attempt }
    }
}

/// A connection that is being made.
pub(crate) struct Connecting<F> {
    connecting: Pin<Box<F>>,
    attempt: Option<Progress>,
}

impl<F: Future> Future for Connecting<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.connecting.as_mut().poll(context);
        if polled.is_ready() {
            self.attempt = None;
        }
        polled
    }
}

impl<F> Drop for Connecting<F> {
    fn drop(&mut self) {
        if let Some(attempt) = &self.attempt {
            attempt.given_up.store(true, Ordering::Release);
        }
    }
}
