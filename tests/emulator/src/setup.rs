//! The initial state of an emulator, which a reset restores.

use axum::http::HeaderValue;
use chrono::{DateTime, Utc};

use super::fault::{Faults, ScriptError};
use super::fault_file::FaultFile;
use super::operations::names;
use super::server::Clock;
use super::world::World;
use super::{Profile, Switches};

/// The initial time of the manual clock: 2026-03-11T12:00:00Z, a Wednesday.
const BEGINNING: DateTime<Utc> = DateTime::from_timestamp(1_773_230_400, 0).unwrap();

#[derive(Debug)]
pub(super) struct Setup {
    pub(super) profile: Profile,
    pub(super) switches: Switches,
    pub(super) seed: u64,
    pub(super) api_key: Option<String>,
    pub(super) fault_file: FaultFile,
    /// Whether the example agent with its run is added.
    pub(super) example: bool,
    pub(super) clock: Clock,
    pub(super) network: Network,
}

/// The access over the network.
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
            clock: Clock::Manual,
            network: Network { control: true, remote_receivers: false, cors: Vec::new() },
        }
    }

    pub(super) fn world(&self) -> World {
        let now = match self.clock {
            Clock::System => Utc::now(),
            Clock::Manual => BEGINNING,
        };
        let switches = self.fault_file.switches.apply(self.switches);
        let mut world = World::new(self.profile, switches, self.seed, now, self.api_key.clone());
        self.fault_file.clone().apply(&mut world);
        if self.example {
            world.add_example();
        }
        world
    }

    pub(super) fn faults(&self) -> Result<Faults, ScriptError> {
        Faults::new(self.fault_file.faults.clone(), &names())
    }
}
