//! A Twin that runs on this machine: the whole API, with state, on loopback.
//!
//! ```
//! use std::time::Duration;
//! use twin_emulator::{Emulator, Profile};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let twin = Emulator::builder(Profile::Observed).start().await?;
//! let agent = twin.with(|world| world.add_agent());
//! println!("GET {}/v1/agents/{agent} with x-api-key: {}", twin.url(), twin.api_key());
//!
//! // Its time is the test's: nothing happens until it passes.
//! twin.advance(Duration::from_secs(60)).await;
//! # Ok(())
//! # }
//! ```
//!
//! It has two [`Profile`]s, for where the reference and the live service differ. Every
//! exchange is held against the document of the API; one that breaks it fails the test, with
//! the place in the document ([`contract`]). Faults come on order ([`fault`]), deliveries of
//! webhooks are real ([`DeliveryRule`] makes them go wrong).
//!
//! It keeps nothing: what it knows ends with it. It is for loopback, and protects no secret.

mod agents;
mod call;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(not(feature = "contract"))]
#[path = "unchecked.rs"]
mod contract;
mod courier;
mod delivery;
mod documents;
mod events;
pub mod exchange;
pub mod fault;
mod ids;
mod instructions;
mod journal;
mod keys;
mod lifecycle;
mod mismatch;
mod operations;
mod orders;
mod page;
mod profile;
mod runs;
mod schedules;
mod seed;
mod server;
mod webhooks;
mod wire;
mod workspaces;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use self::delivery::{DeliveryFault, DeliveryRule};
pub use self::documents::document;
use self::fault::{Pace, RealTime, Rule};
pub use self::journal::Exchange;
pub use self::lifecycle::{Script, Step};
pub use self::mismatch::{Mismatch, Side};
pub use self::orders::{Changes, Orders};
pub use self::profile::Profile;
pub use self::runs::{Outcome, RunMode};
use self::server::{Clock, Shared};
pub use self::webhooks::EventType;
pub use self::wire::Gate;
use self::wire::{Connection, Listener};
pub use self::world::World;

/// What a profile does, and a test may have otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// Events begin with the first, whatever `after_index` says.
    pub ignore_after_index: bool,
    /// So many events at most are in an answer, whatever `limit` says.
    pub event_cap: Option<usize>,
    /// A run in mode `run` needs a deployed agent, unless it says `skip_deploy_check`.
    pub deploy_check: bool,
}

impl Switches {
    /// What this profile does.
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

/// How an emulator is to be.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    profile: Profile,
    switches: Switches,
    seed: u64,
    api_key: Option<String>,
    address: SocketAddr,
    clock: Clock,
    pace: Arc<dyn Pace>,
    orders: Orders,
}

impl Builder {
    /// Identifiers and secrets are made up from `seed`, the same ones each time.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The key to take, in place of one that is made up.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// What it does otherwise than its profile.
    pub fn switches(mut self, change: impl FnOnce(&mut Switches)) -> Self {
        change(&mut self.switches);
        self
    }

    /// What is to go wrong, how runs go, and what is otherwise than in the profile.
    pub fn orders(mut self, orders: Orders) -> Self {
        self.orders = orders;
        self
    }

    /// Where to listen, in place of a free port of 127.0.0.1.
    pub const fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Takes the machine's time, in place of one that a test moves.
    pub const fn running_clock(mut self) -> Self {
        self.clock = Clock::System;
        self
    }

    /// Takes another's word for how long to wait, where a fault makes it wait.
    pub fn pace(mut self, pace: Arc<dyn Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// Listens, until the emulator is dropped.
    ///
    /// # Errors
    /// The address cannot be had, or the orders name an operation that there is not.
    #[expect(clippy::unused_async, reason = "it needs a runtime, and the await says so")]
    pub async fn start(self) -> io::Result<Emulator> {
        let now = match self.clock {
            Clock::System => Utc::now(),
            Clock::Manual => BEGINNING,
        };
        let switches = self.orders.switches.apply(self.switches);
        let mut world = World::new(self.profile, switches, self.seed, now, self.api_key);
        let api_key = world.keys.first_secret().unwrap_or_default().to_owned();
        let faults = self.orders.faults().map_err(io::Error::other)?;
        self.orders.apply(&mut world);
        let (courier, deliveries) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(self.clock, self.pace, world, faults, courier));
        let (listener, gate) = Listener::bind(self.address)?;
        let service =
            server::router(Arc::clone(&shared)).into_make_service_with_connect_info::<Connection>();
        let mut tasks = vec![
            tokio::spawn(async move {
                // It ends with the emulator; there is nobody to tell of an error.
                let _ = axum::serve(listener, service).await;
            }),
            tokio::spawn(courier::carry(Arc::clone(&shared), deliveries)),
        ];
        if self.clock == Clock::System {
            tasks.push(tokio::spawn(Arc::clone(&shared).tick()));
        }
        Ok(Emulator { shared, gate, api_key, tasks })
    }
}

/// Where a clock that a test moves begins: 2026-03-11T12:00:00Z, a Wednesday.
const BEGINNING: DateTime<Utc> = DateTime::from_timestamp(1_773_230_400, 0).unwrap();

/// A Twin that listens. It stops when it is dropped.
///
/// # Panics
/// When it is dropped, and an exchange has broken the contract: that fails the test.
/// [`Emulator::take_mismatches`] takes them away before.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    gate: Gate,
    api_key: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Emulator {
    /// An emulator of this profile, to be started.
    pub fn builder(profile: Profile) -> Builder {
        Builder {
            profile,
            switches: Switches::of(profile),
            seed: 0,
            api_key: None,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::Manual,
            pace: Arc::new(RealTime),
            orders: Orders::default(),
        }
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.gate.address())
    }

    /// The key that it was started with.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.shared.profile
    }

    /// The door for connections, to be shut and opened.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Does something with what the emulator knows.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.shared.with(act)
    }

    /// Lets time pass, with all that falls due meanwhile, and waits until every delivery that
    /// it led to was attempted.
    pub async fn advance(&self, time: Duration) {
        let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
        let then = self.with(|world| world.now().checked_add_signed(time));
        self.advance_to(then.unwrap_or(DateTime::<Utc>::MAX_UTC)).await;
    }

    /// Lets time pass until `then`, as [`Emulator::advance`] does.
    pub async fn advance_to(&self, then: DateTime<Utc>) {
        self.settled().await;
        // Step by step, so that the outcome of a delivery is known before the next thing.
        while let Some(due) = self.with(|world| world.next_due()).filter(|due| *due <= then) {
            self.with(|world| world.advance_to(due));
            self.settled().await;
        }
        self.with(|world| world.advance_to(then));
    }

    /// Waits until no delivery is on its way.
    pub async fn settled(&self) {
        self.shared.settled().await;
    }

    /// Orders a fault; its count of attempts begins now.
    ///
    /// # Errors
    /// The rule names an operation that there is not.
    pub fn order(&self, rule: Rule) -> Result<(), fault::ScriptError> {
        self.shared.faults().install(rule, &operations::names())
    }

    /// Forgets all faults that were ordered.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }

    /// The latest exchanges, oldest first, taken out of the record.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        self.shared.journal().take()
    }

    /// How often an operation was called so far.
    pub fn count(&self, operation: &str) -> u64 {
        self.shared.journal().count(operation)
    }

    /// What broke the contract so far, taken out of the record.
    pub fn take_mismatches(&self) -> Vec<Mismatch> {
        self.shared.journal().take_mismatches()
    }

    /// Stops it, whatever broke the contract.
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
            panic!("exchanges that break the contract:\n{}", list.join("\n"));
        }
    }
}
