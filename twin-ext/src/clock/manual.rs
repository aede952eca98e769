//! A clock for tests: nothing passes but what the test lets pass.
//!
//! A pause ends at once and moves the time on by its length; a limit is reached only when
//! the time is. It starts at the Unix epoch's midnight of 2026-01-01.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use super::{Clock, Sleep};

/// 2026-01-01T00:00:00Z, in seconds.
const START: u64 = 1_767_225_600;

/// A clock that stands still until a pause or [`advance`](Self::advance) moves it.
///
/// Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use twin_ext::{ClientBuilder, clock::ManualClock};
///
/// let clock = ManualClock::new(7);
/// let twin = ClientBuilder::new("tw_live_0123")
///     .base_url("http://127.0.0.1:4010")
///     .clock(clock.clone())
///     .build()?;
/// clock.advance(Duration::from_secs(1));
/// assert!(clock.pauses().is_empty());
/// # drop(twin);
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    now: Duration,
    random: fastrand::Rng,
    pauses: Vec<Duration>,
    limits: Vec<Duration>,
    waiting: Vec<Waker>,
}

impl ManualClock {
    /// Creates a clock whose random numbers come from `seed`.
    ///
    /// ```
    /// use twin_ext::clock::{Clock, ManualClock};
    /// assert_eq!(ManualClock::new(7).random(), ManualClock::new(7).random());
    /// ```
    pub fn new(seed: u64) -> Self {
        let state = State {
            now: Duration::ZERO,
            random: fastrand::Rng::with_seed(seed),
            pauses: Vec::new(),
            limits: Vec::new(),
            waiting: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Moves the time on, and ends what waits for a limit that is reached so.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twin_ext::clock::{Clock, ManualClock};
    /// let clock = ManualClock::new(7);
    /// clock.advance(Duration::from_secs(30));
    /// assert_eq!(clock.now(), Duration::from_secs(30));
    /// ```
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.now = state.now.saturating_add(duration);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Returns the pauses that were made, in order.
    ///
    /// ```
    /// use twin_ext::clock::ManualClock;
    /// assert!(ManualClock::new(7).pauses().is_empty());
    /// ```
    pub fn pauses(&self) -> Vec<Duration> {
        self.state().pauses.clone()
    }

    /// Returns the limits that were set, in order.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twin_ext::clock::{Clock, ManualClock};
    /// let clock = ManualClock::new(7);
    /// let alarm = clock.alarm(Duration::from_secs(30));
    /// assert_eq!(clock.limits(), [Duration::from_secs(30)]);
    /// # drop(alarm);
    /// ```
    pub fn limits(&self) -> Vec<Duration> {
        self.state().limits.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here leaves the state halfway, so that a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, end: Duration, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.now >= end {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        self.state().now
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START) + self.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(async move {
            clock.state().pauses.push(duration);
            clock.advance(duration);
        })
    }

    fn alarm(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        let mut state = self.state();
        state.limits.push(duration);
        let end = state.now.saturating_add(duration);
        drop(state);
        Box::pin(std::future::poll_fn(move |context| clock.poll(end, context)))
    }

    fn random(&self) -> u64 {
        self.state().random.u64(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pause_takes_no_time_and_moves_the_clock() {
        let clock = ManualClock::new(1);
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now(), Duration::from_secs(3600));
        assert_eq!(clock.pauses(), [Duration::from_secs(3600)]);
    }

    #[tokio::test]
    async fn a_limit_is_reached_when_the_time_is() {
        let clock = ManualClock::new(1);
        let alarm = tokio::spawn(clock.alarm(Duration::from_secs(2)));
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
        assert!(!alarm.is_finished());
        clock.advance(Duration::from_secs(1));
        alarm.await.unwrap();
    }

    #[test]
    fn a_seed_gives_the_same_numbers() {
        let numbers = |seed| [(); 4].map(|()| ManualClock::new(seed).random());
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }
}
