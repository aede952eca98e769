//! The system clock, whose pauses need a runtime of tokio.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use super::{Clock, Sleep};

/// Uses the system clock, tokio's timer and a random number generator per thread.
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
