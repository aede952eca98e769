//! The settings of an emulator, from which the start and every reset build its state.

use axum::http::HeaderValue;
use chrono::{DateTime, Utc};

use super::fault::{Faults, RuleError};
use super::fault_file::FaultFile;
use super::operations::names;
use super::server::ClockSource;
use super::world::World;
use super::{Profile, Switches};

/// The initial time of the manual clock: 2026-03-11T12:00:00Z, a Wednesday.
const START_TIME: DateTime<Utc> = DateTime::from_timestamp(1_773_230_400, 0).unwrap();

/// The settings of an emulator.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) profile: Profile,
    pub(super) switches: Switches,
    pub(super) seed: u64,
    pub(super) api_key: Option<String>,
    pub(super) fault_file: FaultFile,
    /// Whether the example agent with its run is added.
    pub(super) example: bool,
    pub(super) clock: ClockSource,
    pub(super) network: Network,
}

/// The settings of network access.
#[derive(Debug)]
pub(super) struct Network {
    /// Whether the page and the control API are served, to this machine only.
    pub(super) control: bool,
    /// Whether deliveries are sent to other machines.
    pub(super) remote_receivers: bool,
    /// The origins whose pages may call the API.
    pub(super) cors: Vec<HeaderValue>,
}

impl Setup {
    pub(super) fn of(profile: Profile) -> Self {
        Self {
            profile,
            switches: Switches::of(profile),
            seed: 0,
            api_key: None,
            fault_file: FaultFile::default(),
            example: false,
            clock: ClockSource::Manual,
            network: Network { control: true, remote_receivers: false, cors: Vec::new() },
        }
    }

    pub(super) fn world(&self) -> World {
        let now = match self.clock {
            ClockSource::System => Utc::now(),
            ClockSource::Manual => START_TIME,
        };
        let switches = self.fault_file.switches.apply(self.switches);
        let mut world = World::new(self.profile, switches, self.seed, now, self.api_key.clone());
        self.fault_file.clone().apply(&mut world);
        if self.example {
            world.add_example();
        }
        world
    }

    pub(super) fn faults(&self) -> Result<Faults, RuleError> {
        Faults::new(self.fault_file.faults.clone(), &names())
    }
}
