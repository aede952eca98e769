#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//!
//! # In a test
//!
//! [`Emulator::builder`] makes an emulator with a manual clock: time moves only with
//! [`Emulator::advance`]. [`Emulator::with`] sets up state that the API has no operation for.
//! [`fault`] has the faults of requests, and [`DeliveryRule`] those of deliveries. With the
//! feature `contract`, dropping the emulator panics if an exchange broke the API's document.

mod agents;
mod call;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(not(feature = "contract"))]
#[path = "unchecked.rs"]
mod contract;
mod control;
mod cors;
mod courier;
mod delivery;
mod documents;
mod entry;
mod events;
pub mod exchange;
pub mod fault;
mod fault_file;
mod ids;
mod instructions;
mod iso8601;
mod journal;
mod keys;
mod lifecycle;
mod mismatch;
mod operations;
mod page;
mod profile;
mod runs;
mod schedules;
mod seed;
mod server;
mod setup;
mod webhooks;
mod wire;
mod workspaces;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The crate `http`, whose types appear in the interface of this crate.
pub use axum::http;

pub use self::delivery::{DeliveryFault, DeliveryRule};
pub use self::documents::document;
pub use self::entry::Mistake;
use self::fault::{Pace, RealTime, Rule};
pub use self::fault_file::{Changes, FaultFile};
pub use self::journal::Exchange;
pub use self::lifecycle::{RunScript, RunStep};
pub use self::mismatch::{Mismatch, Side};
pub use self::profile::Profile;
pub use self::runs::{Outcome, RunMode};
use self::server::{Clock, ServerState};
use self::setup::Setup;
pub use self::webhooks::EventType;
pub use self::wire::Gate;
use self::wire::{Connection, Listener};
pub use self::world::World;

/// Behaviour of a profile that a test can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// Lists of events ignore `after_index` and start with the first event.
    pub ignore_after_index: bool,
    /// The most events in one response, even if `limit` is higher.
    pub event_cap: Option<usize>,
    /// A run in mode `run` needs a deployed agent, unless the request has `skip_deploy_check`.
    pub deploy_check: bool,
}

impl Switches {
    /// Returns the switches of `profile`.
    pub const fn of(profile: Profile) -> Self {
        match profile {
            Profile::Documented => {
                Self { ignore_after_index: false, event_cap: None, deploy_check: false }
            }
            Profile::Observed => {
                Self { ignore_after_index: true, event_cap: Some(500), deploy_check: false }
            }
        }
    }
}

/// The settings of an emulator.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    setup: Setup,
    address: SocketAddr,
    pace: Arc<dyn Pace>,
}

impl Builder {
    /// Sets the seed of identifiers and secrets: the same seed gives the same ones.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// Sets the API key. By default it is generated from the seed.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.setup.api_key = Some(key.into());
        self
    }

    /// Changes the switches of the profile.
    pub fn switches(mut self, change: impl FnOnce(&mut Switches)) -> Self {
        change(&mut self.setup.switches);
        self
    }

    /// Adds the faults, scripts and switches of a fault file.
    pub fn fault_file(mut self, fault_file: FaultFile) -> Self {
        self.setup.fault_file = fault_file;
        self
    }

    /// Adds the example agent `agent_abc123` with its run; see [`World::add_example`].
    pub const fn example(mut self) -> Self {
        self.setup.example = true;
        self
    }

    /// Sets the address to listen on. The default is a free port of 127.0.0.1.
    ///
    /// Anyone who can reach the address can use the emulator and read its data.
    pub const fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Uses the machine's clock. By default, time moves only with [`Emulator::advance`].
    pub const fn running_clock(mut self) -> Self {
        self.setup.clock = Clock::System;
        self
    }

    /// Sets the clock for the waits of faults.
    pub fn pace(mut self, pace: Arc<dyn Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// Leaves out the page and the control API under `/_emulator/`.
    pub const fn without_control(mut self) -> Self {
        self.setup.network.control = false;
        self
    }

    /// Delivers webhooks to other machines as well, over plain http; with the feature `https`,
    /// over https too.
    pub const fn remote_receivers(mut self) -> Self {
        self.setup.network.remote_receivers = true;
        self
    }

    /// Lets web pages of `origin`, such as `http://localhost:3000`, call the API.
    ///
    /// # Errors
    /// `origin` is not a scheme, a host and a port.
    pub fn cors(mut self, origin: &str) -> Result<Self, String> {
        let parsed = url::Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
        let value = HeaderValue::from_str(origin).ok();
        match (parsed, value) {
            (Some(parsed), Some(value)) if parsed == origin && origin.starts_with("http") => {
                self.setup.network.cors.push(value);
                Ok(self)
            }
            _ => Err(format!("{origin:?} is not an origin; write http://localhost:3000")),
        }
    }

    /// Starts the emulator. It stops when it is dropped.
    ///
    /// # Errors
    /// Returns an error if the address is in use or not of this machine, or if a rule names an
    /// unknown operation.
    #[expect(clippy::unused_async, reason = "it needs a runtime, and the await says so")]
    pub async fn start(self) -> io::Result<Emulator> {
        let (courier, deliveries) = mpsc::unbounded_channel();
        let shared = ServerState::new(self.setup, self.pace, courier).map_err(io::Error::other)?;
        let shared = Arc::new(shared);
        let (listener, gate) = Listener::bind(self.address)?;
        let service =
            server::router(Arc::clone(&shared)).into_make_service_with_connect_info::<Connection>();
        let mut tasks = vec![
            tokio::spawn(async move {
                // It ends with the emulator, so an error cannot be reported.
                let _ = axum::serve(listener, service).await;
            }),
            tokio::spawn(courier::carry(Arc::clone(&shared), deliveries)),
        ];
        if shared.setup.clock == Clock::System {
            tasks.push(tokio::spawn(Arc::clone(&shared).tick()));
        }
        let api_key = shared.first_key().to_owned();
        Ok(Emulator { shared, gate, api_key, tasks })
    }
}

/// A running emulator. It stops when it is dropped.
///
/// # Panics
/// Dropping it panics if an exchange broke the API's document, so that the test fails.
/// [`Emulator::take_mismatches`] and [`Emulator::stop`] prevent that.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<ServerState>,
    gate: Gate,
    api_key: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Emulator {
    /// Returns a builder for an emulator of this profile.
    pub fn builder(profile: Profile) -> Builder {
        Builder {
            setup: Setup::of(profile),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pace: Arc::new(RealTime),
        }
    }

    /// Returns the base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.gate.address())
    }

    /// Returns the initial API key.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Returns the profile.
    pub fn profile(&self) -> Profile {
        self.shared.profile
    }

    /// Returns the gate that refuses and accepts connections.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Reads or changes the state of the emulator.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.shared.with(act)
    }

    /// Advances the clock, and applies due events in order. Returns when every resulting delivery
    /// was attempted.
    pub async fn advance(&self, time: Duration) {
        let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
        let then = self.with(|world| world.now().checked_add_signed(time));
        self.advance_to(then.unwrap_or(DateTime::<Utc>::MAX_UTC)).await;
    }

    /// Advances the clock to `then`, as [`Emulator::advance`] does.
    pub async fn advance_to(&self, then: DateTime<Utc>) {
        self.shared.advance_to(then).await;
    }

    /// Restores state, time, faults, scripts and journal as they were after the start.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// Waits until every delivery was attempted.
    pub async fn settled(&self) {
        self.shared.settled().await;
    }

    /// Adds a fault. It counts attempts from now on.
    ///
    /// # Errors
    /// The rule names an unknown operation.
    pub fn add_fault(&self, rule: Rule) -> Result<(), fault::ScriptError> {
        self.shared.faults().install(rule, &operations::names())
    }

    /// Removes all faults of requests.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }

    /// Returns the latest exchanges, oldest first, and removes them from the journal.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        self.shared.journal().take()
    }

    /// Returns the number of calls of an operation.
    pub fn count(&self, operation: &str) -> u64 {
        self.shared.journal().count(operation)
    }

    /// Returns the contract mismatches so far, and removes them from the journal. Always empty
    /// without the feature `contract`.
    pub fn take_mismatches(&self) -> Vec<Mismatch> {
        self.shared.journal().take_mismatches()
    }

    /// Stops the emulator, even if an exchange broke the contract.
    pub fn stop(self) {
        self.take_mismatches();
    }
}

impl Drop for Emulator {
    #[expect(clippy::panic, reason = "it fails the test that broke the contract")]
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        let mismatches = self.take_mismatches();
        if !mismatches.is_empty() && !std::thread::panicking() {
            let list: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
            panic!("these exchanges break the contract:\n{}", list.join("\n"));
        }
    }
}
