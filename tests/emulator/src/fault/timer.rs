//! The timer for the waits of faults, which a test can control.
//!
//! Delays, trickles and refused connections wait with it. Tests do not pause tokio's clock instead,
//! because the timeouts of real sockets need that clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Waits for the durations that faults ask for.
pub trait Timer: fmt::Debug + Send + Sync {
    /// Returns a future that ends after `duration`, or when a test ends the wait.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Waits with the clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTimer;

impl Timer for SystemTimer {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// Lets a test end every wait. [`ManualTimer::next`] returns each wait that begins, and the wait lasts
/// until the test ends it.
#[derive(Debug, Clone)]
pub struct ManualTimer {
    begun: mpsc::UnboundedSender<PendingWait>,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<PendingWait>>>,
}

impl Default for ManualTimer {
    fn default() -> Self {
        let (begun, waiting) = mpsc::unbounded_channel();
        Self { begun, waiting: Arc::new(Mutex::new(waiting)) }
    }
}

impl ManualTimer {
    /// Returns the next wait, when it has begun.
    pub async fn next(&self) -> PendingWait {
        match self.waiting.lock().await.recv().await {
            Some(waiting) => waiting,
            None => std::future::pending().await,
        }
    }
}

impl Timer for ManualTimer {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (end, ended) = oneshot::channel();
        // The receiver is alive, because `self` holds it.
        let _ = self.begun.send(PendingWait { duration, end });
        ended.map(|_| ()).boxed()
    }
}

/// A wait in progress. Dropping it ends the wait, so that a failed test does not hang.
#[derive(Debug)]
pub struct PendingWait {
    duration: Duration,
    end: oneshot::Sender<()>,
}

impl PendingWait {
    /// Returns the duration that the fault asked for.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns whether the wait was cancelled because the client disconnected.
    pub fn is_cancelled(&self) -> bool {
        self.end.is_closed()
    }

    /// Waits until the wait is cancelled because the client disconnected.
    pub async fn cancelled(mut self) {
        self.end.closed().await;
    }

    /// Ends the wait.
    pub fn end(self) {
        // The wait may have been cancelled.
        let _ = self.end.send(());
    }
}
