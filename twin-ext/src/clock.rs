//! Replaces time, sleep and randomness in tests.
//!
//! A client takes every pause, time limit and jitter from one [`Clock`]. With a [`ManualClock`], a
//! test of an hour of retries takes no time and always gives the same result.
//! The feature `clock` adds the two clocks; every part that pauses turns it on.

#[cfg(feature = "clock")]
mod manual;

use std::fmt;
use std::pin::{Pin, pin};
#[cfg(feature = "clock")]
use std::sync::OnceLock;
use std::task::Poll;
#[cfg(feature = "clock")]
use std::time::Instant;
use std::time::{Duration, SystemTime};

#[cfg(feature = "clock")]
#[cfg_attr(docsrs, doc(cfg(feature = "clock")))]
pub use self::manual::ManualClock;

/// The future that [`Clock::sleep`] and [`Clock::alarm`] return.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Provides time, sleep and randomness to a client.
///
/// Most tests use [`ManualClock`]. Implement the trait to adapt a simulator, or to shorten
/// pauses:
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use twin_ext::clock::{Clock, Sleep, SystemClock};
///
/// /// The system clock with pauses that end at once.
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
    /// Returns the time since a fixed moment. It never decreases.
    fn now(&self) -> Duration;

    /// Returns the time of day, which is compared with dates from the service.
    fn wall(&self) -> SystemTime;

    /// Returns a future that ends after `duration`. The client uses it for pauses, such as backoff.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Returns a future that ends after `duration`. The client uses it for time limits, such as that
    /// of an attempt.
    fn alarm(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }

    /// Returns a uniformly distributed random number. The client uses it for jitter, so it need not be
    /// secure.
    fn random(&self) -> u64;
}

/// Uses the system clock, tokio's timer and a random number generator per thread.
#[cfg(feature = "clock")]
#[cfg_attr(docsrs, doc(cfg(feature = "clock")))]
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[cfg(feature = "clock")]
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

/// Returns a uniformly random duration below `bound`.
pub(crate) fn jitter(bound: Duration, clock: &dyn Clock) -> Duration {
    let bound = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(clock.random()) * u128::from(bound)) >> 64;
    Duration::from_nanos(u64::try_from(share).unwrap_or(bound))
}

/// Runs `future` until the alarm ends. Returns `None` if the alarm ended first.
pub(crate) async fn before<F: Future>(alarm: &mut Sleep, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => alarm.as_mut().poll(context).map(|()| None),
    })
    .await
}
