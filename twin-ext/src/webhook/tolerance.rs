//! The tolerance: how far the timestamp of a delivery may be from now.

use std::time::Duration;

use super::refusal::RefusalReason;
use crate::time::Timestamp;

/// The span of accepted timestamps around now, both ends included.
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

/// Converts to nanoseconds. A duration has at most 94 bits of them, so that nothing saturates.
pub(super) fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}
