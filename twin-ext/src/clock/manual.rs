//! Provides a clock for tests that moves only when the test or a pause moves it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use super::{Clock, Sleep};

/// 2026-01-01T00:00:00Z, in seconds since the Unix epoch.
const START: u64 = 1_767_225_600;

/// A clock that stands still until a pause or [`advance`](Self::advance) moves it.
///
/// The time of day starts at 2026-01-01T00:00:00Z. Clones are the same clock. The clock of
/// `twin-emulator` is another one, which this clock does not move.
///
/// A client with this clock does not sleep between retries; the test reads the pauses that it would
/// have made:
///
/// ```
/// use twin_emulator::fault::{Fault, Rule};
/// use twin_emulator::{Emulator, Profile};
/// use twin_ext::clock::ManualClock;
/// use twin_ext::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = Emulator::builder(Profile::Observed).start().await?;
/// service.add_fault(Rule::new("get_me", Fault::status(503.try_into()?, None)).on(1..=2))?;
///
/// let clock = ManualClock::new(7);
/// let twin = ClientBuilder::new(service.api_key())
///     .base_url(service.url())
///     .clock(clock.clone())
///     .build()?;
/// twin.get_me().send().await?;
/// assert_eq!(clock.pauses().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    state: Arc<Mutex<ManualState>>,
}

#[derive(Debug)]
struct ManualState {
    now: Duration,
    random: fastrand::Rng,
    pauses: Vec<Duration>,
    limits: Vec<Duration>,
    waiting: Vec<Waker>,
}

impl ManualClock {
    /// Creates a clock. Equal seeds give equal random numbers.
    pub fn new(seed: u64) -> Self {
        let state = ManualState {
            now: Duration::ZERO,
            random: fastrand::Rng::with_seed(seed),
            pauses: Vec::new(),
            limits: Vec::new(),
            waiting: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Moves the clock forward and wakes every time limit that is reached.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.now = state.now.saturating_add(duration);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Returns all pauses so far, in order. Backoff is among them.
    pub fn pauses(&self) -> Vec<Duration> {
        self.state().pauses.clone()
    }

    /// Returns all time limits so far, in order: one for each attempt.
    pub fn limits(&self) -> Vec<Duration> {
        self.state().limits.clone()
    }

    fn state(&self) -> MutexGuard<'_, ManualState> {
        // No code panics while the state is inconsistent, so a poisoned lock is safe to use.
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
    async fn sleep_ends_at_once_and_moves_the_clock() {
        let clock = ManualClock::new(1);
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now(), Duration::from_secs(3600));
        assert_eq!(clock.pauses(), [Duration::from_secs(3600)]);
    }

    #[tokio::test]
    async fn alarm_ends_when_the_clock_reaches_it() {
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
    fn equal_seeds_give_equal_numbers() {
        let numbers = |seed| [(); 4].map(|()| ManualClock::new(seed).random());
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }
}
