//! An emulator and a client whose clocks are coupled: a pause of the client advances the emulator.
//! Thus an hour of waiting takes no real time.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use twin_api::Client;
use twin_api::types::{RunMode, StartRunBody};
use twin_ext::clock::{Clock, ManualClock, Sleep};
use twin_ext::{ClientBuilder, RunExt as _, RunHandle, Wait};
use twin_tests::emulator::{Builder, Emulator, Profile, RunScript};

/// Runs a test against both profiles.
pub(crate) async fn in_both(test: impl AsyncFn(EmulatedTwin)) {
    for profile in Profile::ALL {
        // The output is shown if the test fails.
        eprintln!("profile: {profile}");
        test(EmulatedTwin::start(Emulator::builder(profile)).await).await;
    }
}

/// An emulator, its client, and an agent.
pub(crate) struct EmulatedTwin {
    emulator: Arc<Emulator>,
    pub(crate) clock: CoupledClock,
    pub(crate) client: Client,
    pub(crate) agent: String,
}

impl Deref for EmulatedTwin {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.emulator
    }
}

impl EmulatedTwin {
    pub(crate) async fn start(builder: Builder) -> Self {
        let emulator = Arc::new(builder.start().await.expect("a free port"));
        let clock = CoupledClock::new(Arc::clone(&emulator));
        let built = ClientBuilder::new(emulator.api_key())
            .base_url(emulator.url())
            .clock(clock.clone())
            .build();
        let agent = emulator.with(twin_tests::emulator::World::add_agent);
        Self { emulator, clock, client: built.expect("the configuration is valid"), agent }
    }

    pub(crate) async fn observed() -> Self {
        Self::start(Emulator::builder(Profile::Observed)).await
    }

    pub(crate) async fn documented() -> Self {
        Self::start(Emulator::builder(Profile::Documented)).await
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.profile() == Profile::Observed
    }

    /// Launches a run that follows this script.
    pub(crate) async fn launch(&self, script: RunScript) -> RunHandle {
        self.with(|world| world.script_next_run(script));
        self.client.launch(&*self.agent, start_body()).await.expect("the launch succeeds")
    }

    /// Adds `count` events to a run.
    pub(crate) fn add_events(&self, run: &RunHandle, count: u64) {
        self.with(|world| world.add_events(&self.agent, run.run_id(), count));
    }
}

/// Returns a complete body of `start_run`.
pub(crate) fn start_body() -> twin_api::types::builder::StartRunBody {
    StartRunBody::builder().run_mode(RunMode::Run).user_message("Go.")
}

/// Returns a wait with a deadline in seconds.
pub(crate) fn within(seconds: u64) -> Wait {
    Wait::default().deadline(Duration::from_secs(seconds))
}

type PauseAction = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// A manual clock whose pauses advance the emulator.
#[derive(Clone)]
pub(crate) struct CoupledClock {
    own: ManualClock,
    emulator: Arc<Emulator>,
    acts: Arc<Mutex<BTreeMap<usize, PauseAction>>>,
}

impl CoupledClock {
    fn new(emulator: Arc<Emulator>) -> Self {
        Self { own: ManualClock::new(1), emulator, acts: Arc::default() }
    }

    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.own.pauses()
    }

    /// Runs `act` after this many pauses of the client.
    pub(crate) fn after_pauses(
        &self,
        pauses: usize,
        act: impl FnOnce() -> BoxFuture<'static, ()> + Send + 'static,
    ) {
        self.acts.lock().unwrap().insert(pauses, Box::new(act));
    }
}

impl std::fmt::Debug for CoupledClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.own.fmt(f)
    }
}

impl Clock for CoupledClock {
    fn now(&self) -> Duration {
        self.own.now()
    }

    fn wall(&self) -> SystemTime {
        self.emulator.with(|world| world.now()).into()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(async move {
            clock.own.sleep(duration).await;
            clock.emulator.advance(duration).await;
            let act = clock.acts.lock().unwrap().remove(&clock.own.pauses().len());
            if let Some(act) = act {
                act().await;
            }
        })
    }

    fn alarm(&self, duration: Duration) -> Sleep {
        self.own.alarm(duration)
    }

    fn random(&self) -> u64 {
        self.own.random()
    }
}
