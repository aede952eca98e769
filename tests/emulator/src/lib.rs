#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//!
//! # In a test
//!
//! [`Emulator::builder`] configures an emulator with a manual clock: its time changes only with
//! [`Emulator::advance`]. [`Emulator::with`] gives access to the state, for example to add an agent
//! or to end a run. [`fault`] describes the faults of requests, and [`DeliveryRule`] the faults of
//! deliveries. With the feature `contract`, dropping the emulator panics if an exchange did not
//! conform to the API's OpenAPI document.

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
pub use self::entry::InvalidEntry;
use self::fault::{Rule, SystemTimer, Timer};
pub use self::fault_file::{FaultFile, SwitchChanges};
pub use self::journal::Exchange;
pub use self::lifecycle::{RunScript, RunStep};
pub use self::mismatch::{Mismatch, Side};
pub use self::profile::Profile;
pub use self::runs::{Outcome, RunMode};
use self::server::{ClockSource, ServerState};
use self::setup::Setup;
pub use self::webhooks::EventType;
pub use self::wire::Gate;
use self::wire::{Connection, Listener};
pub use self::world::World;

/// Behaviour of a profile that a test or a fault file can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// `list_run_events` ignores `after_index` and returns the events from the first one.
    pub ignore_after_index: bool,
    /// The maximum number of events in a response, even if `limit` is higher; `None` for no
    /// maximum.
    pub event_cap: Option<usize>,
    /// `start_run` rejects a run in mode `run` if its agent is not deployed, unless the request has
    /// `skip_deploy_check: true`.
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
    timer: Arc<dyn Timer>,
}

impl Builder {
    /// Sets the seed of the generated identifiers and secrets, which is 0 by default. The same seed
    /// and the same calls give the same identifiers and secrets.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// Sets the initial API key. By default, the emulator generates a key from the seed.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.setup.api_key = Some(key.into());
        self
    }

    /// Changes the switches of the profile.
    pub fn switches(mut self, change: impl FnOnce(&mut Switches)) -> Self {
        change(&mut self.setup.switches);
        self
    }

    /// Sets the faults, run scripts and switches of a fault file. The last call decides.
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

    /// Uses the machine's clock. By default, the time starts at 2026-03-11T12:00:00Z and changes only
    /// with [`Emulator::advance`] and [`Emulator::advance_to`].
    pub const fn running_clock(mut self) -> Self {
        self.setup.clock = ClockSource::System;
        self
    }

    /// Sets the timer of delays, trickles and refused connections. The default is [`SystemTimer`].
    ///
    /// These waits do not use the emulator's clock, so [`Emulator::advance`] does not end them.
    pub fn timer(mut self, timer: Arc<dyn Timer>) -> Self {
        self.timer = timer;
        self
    }

    /// Disables the page at `/` and the control API under `/_emulator/`.
    pub const fn without_control(mut self) -> Self {
        self.setup.network.control = false;
        self
    }

    /// Delivers webhooks to other machines too. By default, only receivers on loopback get
    /// deliveries.
    pub const fn remote_receivers(mut self) -> Self {
        self.setup.network.remote_receivers = true;
        self
    }

    /// Lets web pages of `origin`, such as `http://localhost:3000`, call the API.
    ///
    /// # Errors
    /// Returns an error if `origin` is not a scheme, a host and a port, without a path.
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

    /// Starts the emulator on the current tokio runtime. It stops when it is dropped.
    ///
    /// # Errors
    /// Returns an error if the address is in use or is not an address of this machine, or if a rule
    /// of the fault file names an unknown operation.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    #[expect(
        clippy::unused_async,
        reason = "starting needs a tokio runtime, and `await` shows that"
    )]
    pub async fn start(self) -> io::Result<Emulator> {
        let (courier, deliveries) = mpsc::unbounded_channel();
        let shared = ServerState::new(self.setup, self.timer, courier).map_err(io::Error::other)?;
        let shared = Arc::new(shared);
        let (listener, gate) = Listener::bind(self.address)?;
        let service =
            server::router(Arc::clone(&shared)).into_make_service_with_connect_info::<Connection>();
        let mut tasks = vec![
            tokio::spawn(async move {
                // It ends with the emulator, so an error cannot be reported.
                let _ = axum::serve(listener, service).await;
            }),
            tokio::spawn(courier::send_deliveries(Arc::clone(&shared), deliveries)),
        ];
        if shared.setup.clock == ClockSource::System {
            tasks.push(tokio::spawn(Arc::clone(&shared).tick()));
        }
        let api_key = shared.initial_key().to_owned();
        Ok(Emulator { shared, gate, api_key, tasks })
    }
}

/// A running emulator. It stops when it is dropped.
///
/// # Panics
/// With the feature `contract`, dropping the emulator panics if an exchange did not conform to the
/// API's document, so that the test fails. [`Emulator::take_mismatches`] and [`Emulator::stop`]
/// prevent the panic.
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
            timer: Arc::new(SystemTimer),
        }
    }

    /// Returns the base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.gate.address())
    }

    /// Returns the initial API key, even if it was revoked.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Returns the profile.
    pub fn profile(&self) -> Profile {
        self.shared.profile
    }

    /// Returns the gate, with which a test refuses and accepts connections.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Calls `act` with the state of the emulator, which it can read and change, and sends the
    /// resulting deliveries. Returns the result of `act`.
    ///
    /// Requests wait until `act` returns.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.shared.with(act)
    }

    /// Advances the clock by `time`, and applies the run steps, schedules and retries that become due,
    /// in order. Returns when every resulting delivery was attempted.
    ///
    /// The time does not advance further while a delivery waits for its receiver, which has ten
    /// seconds to respond.
    pub async fn advance(&self, time: Duration) {
        let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
        let then = self.with(|world| world.now().checked_add_signed(time));
        self.advance_to(then.unwrap_or(DateTime::<Utc>::MAX_UTC)).await;
    }

    /// Advances the clock to `then`, as [`Emulator::advance`] does. A `then` in the past changes
    /// nothing.
    pub async fn advance_to(&self, then: DateTime<Utc>) {
        self.shared.advance_to(then).await;
    }

    /// Restores state, time, faults, scripts and journal as they were after the start.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// Waits until every delivery that was queued so far was attempted once.
    pub async fn settled(&self) {
        self.shared.settled().await;
    }

    /// Adds a rule for faults of requests. It counts the attempts of its operation from now on.
    ///
    /// # Errors
    /// Returns an error if the rule names an unknown operation, or cannot have an effect.
    pub fn add_fault(&self, rule: Rule) -> Result<(), fault::RuleError> {
        self.shared.faults().install(rule, &operations::names())
    }

    /// Removes all faults of requests.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }

    /// Returns the recorded exchanges, oldest first, and removes them from the journal.
    ///
    /// The journal keeps the latest 1,000 exchanges, with at most 64 MiB of request bodies.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        self.shared.journal().take()
    }

    /// Returns how many requests an operation has received since the start or the last reset.
    pub fn count(&self, operation: &str) -> u64 {
        self.shared.journal().count(operation)
    }

    /// Returns the contract mismatches so far, and removes them from the journal. Without the
    /// feature `contract`, the result is always empty.
    pub fn take_mismatches(&self) -> Vec<Mismatch> {
        self.shared.journal().take_mismatches()
    }

    /// Stops the emulator without a panic, even if an exchange did not conform to the API's document.
    pub fn stop(self) {
        self.take_mismatches();
    }
}

impl Drop for Emulator {
    #[expect(clippy::panic, reason = "the panic fails the test whose exchange does not conform")]
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        let mismatches = self.take_mismatches();
        if !mismatches.is_empty() && !std::thread::panicking() {
            let list: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
            panic!(
                "these exchanges do not conform to the API's OpenAPI document:\n{}",
                list.join("\n")
            );
        }
    }
}
