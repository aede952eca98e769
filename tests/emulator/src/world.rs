//! The state of the emulator, and its time.
//!
//! It has no socket and no clock: [`World::advance_to`] sets the time and applies due events in
//! order, and [`World::take_outbox`] returns the deliveries to send.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::agents::Agents;
use super::call::Refusal;
use super::delivery::{Deliveries, Outgoing};
use super::events::Indexes;
use super::ids::Ids;
use super::keys::Keys;
use super::lifecycle::ScriptedRuns;
use super::runs::LatestRuns;
use super::workspaces::Workspaces;
use super::{Profile, Switches};

/// The user that every key belongs to.
pub(super) const USER: &str = "user_123";
/// The email address of that user.
pub(super) const EMAIL: &str = "user@example.com";

/// The state of a Twin.
///
/// Tests reach it through [`Emulator::with`](super::Emulator::with), to set up what the API
/// has no operation for.
#[derive(Debug)]
pub struct World {
    pub(super) profile: Profile,
    pub(super) switches: Switches,
    pub(super) now: DateTime<Utc>,
    pub(super) ids: Ids,
    pub(super) keys: Keys,
    pub(super) workspaces: Workspaces,
    pub(super) agents: Agents,
    pub(super) indexes: Indexes,
    pub(super) latest_runs: LatestRuns,
    pub(super) scripts: ScriptedRuns,
    pub(super) deliveries: Deliveries,
    agenda: BTreeMap<(DateTime<Utc>, u64), Due>,
    entries: u64,
    outbox: Vec<Outgoing>,
}

/// A due event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// The next step of a run's script.
    RunStep { agent_id: String, run_id: String },
    /// A run has waited for input long enough to be announced.
    LongPause { agent_id: String, run_id: String, pause: u64 },
    /// The next run of a schedule. A changed or replaced schedule has another generation.
    Schedule { agent_id: String, generation: u64 },
    /// A delayed delivery.
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
        let keys = Keys::new(&mut ids, profile, api_key, now);
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
            agenda: BTreeMap::new(),
            entries: 0,
            outbox: Vec::new(),
        }
    }

    /// Replaces the state with a new world. Delivery numbers continue.
    pub(super) fn replace(&mut self, mut new: Self) {
        new.deliveries = Deliveries::after(&self.deliveries);
        *self = new;
    }

    /// Returns the emulator's time.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Advances the time to `then`, and applies due events in order, each at its own time. Time
    /// does not go back.
    pub fn advance_to(&mut self, then: DateTime<Utc>) {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= then) {
            let ((time, _), due) = entry.remove_entry();
            self.now = self.now.max(time);
            self.carry_out(due);
        }
        self.now = self.now.max(then);
    }

    /// Returns the time of the next due event.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.agenda.keys().next().map(|(time, _)| *time)
    }

    pub(super) fn after(&mut self, delay: TimeDelta, due: Due) {
        self.at(self.now + delay, due);
    }

    pub(super) fn at(&mut self, time: DateTime<Utc>, due: Due) {
        let entry = self.serial();
        self.agenda.insert((time, entry), due);
    }

    /// Returns a new serial number.
    pub(super) const fn serial(&mut self) -> u64 {
        self.entries += 1;
        self.entries
    }

    fn carry_out(&mut self, due: Due) {
        match due {
            Due::RunStep { agent_id, run_id } => self.step(&agent_id, &run_id),
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

    /// Returns the error for something that does not exist.
    ///
    /// The reference has 404. The live service answers 403, for deleted things and for those of
    /// other accounts.
    pub(super) fn missing(&self, what: &str) -> Refusal {
        match self.profile {
            Profile::Documented => {
                Refusal::problem(StatusCode::NOT_FOUND, format!("there is no such {what}"))
            }
            Profile::Observed => Refusal::problem(
                StatusCode::FORBIDDEN,
                format!("you do not have access to this {what}"),
            ),
        }
    }
}
