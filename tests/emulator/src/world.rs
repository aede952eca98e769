//! The state of the emulator, and its time.
//!
//! This module has no socket and no clock. [`World::advance_to`] sets the time and applies what
//! becomes due, in order. [`World::take_outbox`] returns the deliveries to send.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::agents::Agents;
use super::call::OperationError;
use super::delivery::{Deliveries, Outgoing};
use super::events::Indexes;
use super::ids::Ids;
use super::keys::ApiKeys;
use super::lifecycle::ScriptedRuns;
use super::runs::LatestRuns;
use super::workspaces::Workspaces;
use super::{Profile, Switches};

/// The user that every key belongs to.
pub(super) const USER: &str = "user_123";
/// The email address of that user.
pub(super) const EMAIL: &str = "user@example.com";

/// The state of the emulated service.
///
/// A test changes it in [`Emulator::with`](super::Emulator::with), to set up data for which the API
/// has no operation.
#[derive(Debug)]
pub struct World {
    pub(super) profile: Profile,
    pub(super) switches: Switches,
    pub(super) now: DateTime<Utc>,
    pub(super) ids: Ids,
    pub(super) keys: ApiKeys,
    pub(super) workspaces: Workspaces,
    pub(super) agents: Agents,
    pub(super) indexes: Indexes,
    pub(super) latest_runs: LatestRuns,
    pub(super) scripts: ScriptedRuns,
    pub(super) deliveries: Deliveries,
    planned: BTreeMap<(DateTime<Utc>, u64), Due>,
    last_number: u64,
    outbox: Vec<Outgoing>,
}

/// A change that is planned for a later time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// The next step of a run's script.
    RunStep { agent_id: String, run_id: String },
    /// The end of the 15 minutes after which `run.paused` is delivered.
    LongPause { agent_id: String, run_id: String, pause: u64 },
    /// The next run of a schedule. After a change of the schedule, its generation is different.
    Schedule { agent_id: String, generation: u64 },
    /// A late delivery, or the retry of a delivery.
    Delivery { delivery: u64 },
    /// A reordered delivery that no later delivery has overtaken.
    Release { delivery: u64 },
}

impl World {
    /// Creates a world with one key and one workspace.
    pub(super) fn new(
        profile: Profile,
        switches: Switches,
        seed: u64,
        now: DateTime<Utc>,
        api_key: Option<String>,
    ) -> Self {
        let mut ids = Ids::new(seed);
        let keys = ApiKeys::new(&mut ids, profile, api_key, now);
        let workspaces = Workspaces::new(now);
        Self {
            profile,
            switches,
            now,
            keys,
            workspaces,
            agents: Agents::default(),
            indexes: Indexes::new(&mut ids),
            latest_runs: LatestRuns::default(),
            scripts: ScriptedRuns::default(),
            deliveries: Deliveries::default(),
            ids,
            planned: BTreeMap::new(),
            last_number: 0,
            outbox: Vec::new(),
        }
    }

    /// Replaces the state with a new world. Delivery numbers continue.
    pub(super) fn replace(&mut self, mut new: Self) {
        new.deliveries = Deliveries::succeeding(&self.deliveries);
        *self = new;
    }

    /// Returns the emulator's time.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Advances the time to `then`, and applies the planned changes up to `then`, in order, each at its
    /// own time. A `then` in the past changes nothing.
    ///
    /// In [`Emulator::with`](super::Emulator::with), this queues deliveries without waiting for them;
    /// [`Emulator::advance_to`](super::Emulator::advance_to) waits.
    pub fn advance_to(&mut self, then: DateTime<Utc>) {
        while let Some(entry) = self.planned.first_entry().filter(|entry| entry.key().0 <= then) {
            let ((time, _), due) = entry.remove_entry();
            self.now = self.now.max(time);
            self.apply(due);
        }
        self.now = self.now.max(then);
    }

    /// Returns the time of the next planned change.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.planned.keys().next().map(|(time, _)| *time)
    }

    /// Plans a change, `delay` from now.
    pub(super) fn after(&mut self, delay: TimeDelta, due: Due) {
        self.at(self.now + delay, due);
    }

    /// Plans a change at `time`.
    pub(super) fn at(&mut self, time: DateTime<Utc>, due: Due) {
        let entry = self.next_number();
        self.planned.insert((time, entry), due);
    }

    /// Returns a new number, which is never reused.
    pub(super) const fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn apply(&mut self, due: Due) {
        match due {
            Due::RunStep { agent_id, run_id } => self.run_next_step(&agent_id, &run_id),
            Due::LongPause { agent_id, run_id, pause } => {
                self.long_pause(&agent_id, &run_id, pause);
            }
            Due::Schedule { agent_id, generation } => self.schedule_due(&agent_id, generation),
            Due::Delivery { delivery } => self.dispatch(delivery),
            Due::Release { delivery } => self.release(delivery),
        }
    }

    /// Queues a delivery to send now.
    pub(super) fn post(&mut self, outgoing: Outgoing) {
        self.outbox.push(outgoing);
    }

    /// Returns the deliveries to send now.
    pub(super) fn take_outbox(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.outbox)
    }

    /// Formats a time as the profile does.
    pub(super) fn time(&self, time: DateTime<Utc>) -> String {
        match self.profile {
            Profile::Documented => time.to_rfc3339_opts(SecondsFormat::Secs, true),
            Profile::Observed => time.to_rfc3339_opts(SecondsFormat::Nanos, false),
        }
    }

    pub(super) const fn observed(&self) -> bool {
        matches!(self.profile, Profile::Observed)
    }

    /// Returns the error for a resource that does not exist, such as an agent.
    ///
    /// The reference has the status 404. The live service returns 403, both for deleted resources
    /// and for those of other accounts.
    pub(super) fn missing(&self, what: &str) -> OperationError {
        match self.profile {
            Profile::Documented => {
                OperationError::problem(StatusCode::NOT_FOUND, format!("there is no such {what}"))
            }
            Profile::Observed => OperationError::problem(
                StatusCode::FORBIDDEN,
                format!("you do not have access to this {what}"),
            ),
        }
    }
}
