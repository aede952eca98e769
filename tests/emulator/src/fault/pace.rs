//! Waiting that a script orders, as something that a test has in its hand.
//!
//! Only what is scripted waits here: delays, trickles, the time until connections are
//! accepted again. It does not stop tokio's clock, which the timeouts of real sockets use.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Who decides when a scripted wait is over.
pub trait Pace: fmt::Debug + Send + Sync {
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealTime;

impl Pace for RealTime {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// A test decides: every wait turns up in [`ByHand::next`], and lasts until the test ends it.
#[derive(Debug, Clone)]
pub struct ByHand {
    begun: mpsc::UnboundedSender<Waiting>,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Waiting>>>,
}

impl Default for ByHand {
    fn default() -> Self {
        let (begun, waiting) = mpsc::unbounded_channel();
        Self { begun, waiting: Arc::new(Mutex::new(waiting)) }
    }
}

impl ByHand {
    /// The next wait in the order in which they began; it is waited for, if there is none.
    pub async fn next(&self) -> Waiting {
        match self.waiting.lock().await.recv().await {
            Some(waiting) => waiting,
            None => std::future::pending().await,
        }
    }
}

impl Pace for ByHand {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (end, ended) = oneshot::channel();
        // `self` has the other end, too.
        let _ = self.begun.send(Waiting { duration, end });
        ended.map(|_| ()).boxed()
    }
}

/// A wait that lasts. It ends when this is dropped, so that nothing hangs on a test that
/// has failed.
#[derive(Debug)]
pub struct Waiting {
    duration: Duration,
    end: oneshot::Sender<()>,
}

impl Waiting {
    /// How long it would last by the clock.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Whether nobody waits any more, because the client has left.
    pub fn is_abandoned(&self) -> bool {
        self.end.is_closed()
    }

    /// Returns when nobody waits any more without having been woken.
    pub async fn abandoned(mut self) {
        self.end.closed().await;
    }

    /// Ends it.
    pub fn end(self) {
        // Whoever waited may have left.
        let _ = self.end.send(());
    }
}
