//! Checks how far the timestamp of a delivery is from now.

use std::time::Duration;

use super::refusal::RefusalReason;
use crate::time::Timestamp;

/// The range of accepted timestamps around now, including both ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    pub(super) past: Duration,
    pub(super) future: Duration,
}

impl Tolerance {
    pub(super) fn check(self, now: Timestamp, timestamp: &str) -> Result<(), RefusalReason> {
        let stamp = Timestamp::parse(timestamp).ok_or(RefusalReason::UnreadableTimestamp)?;
        let age = now.nanos().saturating_sub(stamp.nanos());
        if age > nanos(self.past) {
            Err(RefusalReason::TooOld)
        } else if age < -nanos(self.future) {
            Err(RefusalReason::InFuture)
        } else {
            Ok(())
        }
    }
}

/// Converts to nanoseconds. They have at most 94 bits, so the conversion never saturates.
pub(super) fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}
