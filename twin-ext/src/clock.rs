//! Time and chance, as a client takes them: from outside.
//!
//! Every pause, every limit and every jitter goes through one [`Clock`], so that a program's
//! tests of what a client does in an hour take no time and come out the same each time.
//! It measures; it decides nothing.

mod manual;

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

pub use manual::ManualClock;

/// What [`Clock::sleep`] answers with.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a client takes time and chance from.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use twin_ext::clock::{Clock, Sleep, SystemClock};
///
/// /// The system's clock, but nobody is kept waiting.
/// #[derive(Debug)]
/// struct Hasty(SystemClock);
///
/// impl Clock for Hasty {
///     fn now(&self) -> Duration {
///         self.0.now()
///     }
///     fn wall(&self) -> SystemTime {
///         self.0.wall()
///     }
///     fn sleep(&self, _: Duration) -> Sleep {
///         Box::pin(std::future::ready(()))
///     }
///     fn alarm(&self, after: Duration) -> Sleep {
///         self.0.alarm(after)
///     }
///     fn random(&self) -> u64 {
///         4
///     }
/// }
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time since some fixed moment. It never goes back.
    fn now(&self) -> Duration;

    /// The time of day, for the dates that a service sends.
    fn wall(&self) -> SystemTime;

    /// Ends after `duration`: a pause, such as that between two attempts.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Ends after `duration`: the limit of something that is under way.
    fn alarm(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }

    /// Any number, each as likely as any other.
    fn random(&self) -> u64;
}

/// The clock of the machine, tokio's timer, and a random number generator of the thread.
///
/// ```
/// use twin_ext::clock::{Clock, SystemClock};
/// let start = SystemClock.now();
/// assert!(SystemClock.now() >= start);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// Returns a random duration below `bound`, each as likely as any other.
pub(crate) fn jitter(bound: Duration, clock: &dyn Clock) -> Duration {
    let bound = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(clock.random()) * u128::from(bound)) >> 64;
    Duration::from_nanos(u64::try_from(share).unwrap_or(bound))
}

/// What `future` comes to, unless the alarm goes off before.
pub(crate) async fn before<F: Future>(alarm: &mut Sleep, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => alarm.as_mut().poll(context).map(|()| None),
    })
    .await
}
