//! The clock for the waits of faults, which a test can control.
//!
//! It is used by delays, trickles and the time until connections are accepted again. Tokio's
//! clock is not stopped, because the timeouts of real sockets need it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Decides when the wait of a fault ends.
pub trait Pace: fmt::Debug + Send + Sync {
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Waits by the machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealTime;

impl Pace for RealTime {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// Lets a test end every wait: each one is returned by [`ManualPace::next`] and lasts until the test
/// ends it.
#[derive(Debug, Clone)]
pub struct ManualPace {
    begun: mpsc::UnboundedSender<Waiting>,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Waiting>>>,
}

impl Default for ManualPace {
    fn default() -> Self {
        let (begun, waiting) = mpsc::unbounded_channel();
        Self { begun, waiting: Arc::new(Mutex::new(waiting)) }
    }
}

impl ManualPace {
    /// Waits for the next wait to begin, and returns it.
    pub async fn next(&self) -> Waiting {
        match self.waiting.lock().await.recv().await {
            Some(waiting) => waiting,
            None => std::future::pending().await,
        }
    }
}

impl Pace for ManualPace {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (end, ended) = oneshot::channel();
        // The receiver is alive, because `self` holds it.
        let _ = self.begun.send(Waiting { duration, end });
        ended.map(|_| ()).boxed()
    }
}

/// A wait in progress. It ends when this is dropped, so that a failed test does not hang.
#[derive(Debug)]
pub struct Waiting {
    duration: Duration,
    end: oneshot::Sender<()>,
}

impl Waiting {
    /// Returns how long the fault asks to wait.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns whether the wait was cancelled because the client disconnected.
    pub fn is_abandoned(&self) -> bool {
        self.end.is_closed()
    }

    /// Returns when the wait was cancelled.
    pub async fn abandoned(mut self) {
        self.end.closed().await;
    }

    /// Ends the wait.
    pub fn end(self) {
        // The wait may have been cancelled.
        let _ = self.end.send(());
    }
}
