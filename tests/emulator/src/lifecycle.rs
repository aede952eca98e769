//! Changes the state of runs, by a script or by calls of a test.
//!
//! If webhooks can subscribe to the change, deliveries are queued.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::entry::{Entry, InvalidEntry, suggestion};
use super::runs::{Outcome, Run, RunMode, RunState};
use super::webhooks::EventType;
use super::world::{Due, World};

/// How long a run must wait for input before webhooks get `run.paused`.
const LONG_PAUSE: TimeDelta = TimeDelta::minutes(15);

/// A change of a run.
///
/// In a fault file: `{"event": "ToolCallStarted"}`, `"pause"`, `"user_pause"`, `"resume"`,
/// `"complete"` or `{"complete": "partial"}`, `"fail"`, `"stop"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStep {
    /// The run records an event of this kind, such as `ToolCallStarted`.
    Event(String),
    /// The run waits for input. Webhooks get `run.paused` after 15 minutes.
    Pause,
    /// The user pauses the run. Webhooks get `run.paused` at once.
    UserPause,
    /// The paused run resumes.
    Resume,
    /// The run completes with this outcome.
    Complete(Outcome),
    /// A policy error ends the run.
    Fail,
    /// The user stops the run.
    Stop,
}

/// The steps of a run, each with a delay after the previous step.
///
/// In a fault file: `[{"after": "2s", "do": {"event": "Tick"}}, {"do": "fail"}]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunScript(VecDeque<Planned>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    after_ms: u32,
    step: RunStep,
}

const OUTCOMES: [(&str, Outcome); 3] =
    [("success", Outcome::Success), ("partial", Outcome::Partial), ("fail", Outcome::Fail)];

/// The steps without a value, in the order of `--help-faults`.
const STEPS: [&str; 6] = ["pause", "user_pause", "resume", "complete", "fail", "stop"];

impl RunStep {
    pub(super) fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        if entry.is_text() {
            return match entry.text()?.as_str() {
                "pause" => Ok(Self::Pause),
                "user_pause" => Ok(Self::UserPause),
                "resume" => Ok(Self::Resume),
                "complete" => Ok(Self::Complete(Outcome::Success)),
                "fail" => Ok(Self::Fail),
                "stop" => Ok(Self::Stop),
                "event" => Err(entry.invalid("an event needs its kind: {\"event\": \"Tick\"}")),
                other => Err(Self::unknown(entry, other)),
            };
        }
        let members = entry.members()?;
        match members.only_member("step")? {
            ("event", kind) => kind.text().map(Self::Event),
            ("complete", outcome) => outcome.choice(&OUTCOMES).map(Self::Complete),
            (known, value) if STEPS.contains(&known) => {
                Err(value.invalid(format!("{known:?} takes no value; write \"do\": {known:?}")))
            }
            (other, _) => Err(Self::unknown(entry, other)),
        }
    }

    fn unknown(entry: &Entry<'_>, name: &str) -> InvalidEntry {
        let known: Vec<&str> = std::iter::once("event").chain(STEPS).collect();
        entry.invalid(format!("unknown step {name:?}{}", suggestion(name, &known)))
    }
}

impl RunScript {
    pub(super) fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        let read = |entry: &Entry<'_>| {
            let members = entry.object(&["after", "after_ms", "do"])?;
            let delay = members.get("after").or_else(|| members.get("after_ms"));
            let after_ms = match delay {
                Some(delay) => u32::try_from(delay.duration()?.as_millis())
                    .map_err(|_| delay.invalid("a step can wait for 49 days at most"))?,
                None => 0,
            };
            Ok(Planned { after_ms, step: RunStep::read(members.required("do")?)? })
        };
        entry.list()?.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Creates an empty script, with which the run changes only by [`World::apply_step`].
    pub fn manual() -> Self {
        Self::default()
    }

    /// Creates the default script: an event every 400 ms, and success after two seconds.
    pub fn standard() -> Self {
        let ms = Duration::from_millis;
        ["RunPolicyInitialized", "PolicyDecided", "ToolCallStarted", "ToolCallResolved"]
            .into_iter()
            .fold(Self::default(), |script, kind| {
                script.then(ms(400), RunStep::Event(kind.to_owned()))
            })
            .then(ms(400), RunStep::Complete(Outcome::Success))
    }

    /// Adds a step, `delay` after the previous step. A delay of more than 49 days is shortened to 49
    /// days.
    #[must_use]
    pub fn then(mut self, delay: Duration, step: RunStep) -> Self {
        let after_ms = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
        self.0.push_back(Planned { after_ms, step });
        self
    }

    fn next_delay(&self) -> Option<TimeDelta> {
        self.0.front().map(|entry| TimeDelta::milliseconds(entry.after_ms.into()))
    }
}

/// The scripts of future runs: a queue, and the script for runs without a queued one.
#[derive(Debug)]
pub(super) struct ScriptedRuns {
    next: VecDeque<RunScript>,
    usual: RunScript,
}

impl Default for ScriptedRuns {
    fn default() -> Self {
        Self { next: VecDeque::new(), usual: RunScript::standard() }
    }
}

impl ScriptedRuns {
    /// Returns how many scripts are queued for the next runs.
    pub(super) fn waiting(&self) -> usize {
        self.next.len()
    }
}

impl World {
    /// Queues `script` for one run. The queued scripts apply to the next runs, one each, in order.
    pub fn script_next_run(&mut self, script: RunScript) {
        self.scripts.next.push_back(script);
    }

    /// Sets the script of all runs that have no queued script.
    pub fn script_runs(&mut self, script: RunScript) {
        self.scripts.usual = script;
    }

    /// Starts a run of an agent, and returns the identifier of the run. If there is no such agent,
    /// starts nothing.
    pub fn start_run(&mut self, agent_id: &str, mode: RunMode) -> String {
        self.launch(agent_id, mode, None, false)
    }

    pub(super) fn launch(
        &mut self,
        agent_id: &str,
        mode: RunMode,
        message: Option<String>,
        by_schedule: bool,
    ) -> String {
        let id = self.run_id();
        let script = self.scripts.next.pop_front().unwrap_or_else(|| self.scripts.usual.clone());
        let run = Run { message, script, by_schedule, ..Run::new(&id, mode, self.now) };
        self.begin(agent_id, run);
        id
    }

    /// Starts a run without taking a queued script.
    pub(super) fn launch_unscripted(&mut self, agent_id: &str) {
        let script = self.scripts.usual.clone();
        let run = Run { script, ..Run::new(&self.run_id(), RunMode::Run, self.now) };
        self.begin(agent_id, run);
    }

    fn run_id(&mut self) -> String {
        if self.observed() { self.ids.uuid() } else { format!("run_{}", self.ids.token(8)) }
    }

    /// Begins a run. Does nothing if there is no such agent.
    pub(super) fn begin(&mut self, agent_id: &str, run: Run) {
        let (id, detail) = (run.id.clone(), json!({"user_message": run.message}));
        let Some(agent) = self.agents.get_mut(agent_id) else { return };
        agent.runs.insert(run);
        self.latest_runs.note(agent_id, &id);
        self.record(agent_id, &id, "Started", &detail);
        self.announce(agent_id, &id, EventType::Started);
        self.plan_next_step(agent_id, &id);
    }

    /// Adds a completed run without events.
    pub(super) fn add_old_run(&mut self, agent_id: &str) {
        let (id, now) = (self.run_id(), self.now);
        let Some(agent) = self.agents.get_mut(agent_id) else { return };
        let (state, finished) = (RunState::Completed(Outcome::Success), Some(now));
        let run = Run { finished, state, ..Run::new(&id, RunMode::Run, now) };
        agent.runs.insert(run);
        self.latest_runs.note(agent_id, &id);
    }

    fn plan_next_step(&mut self, agent_id: &str, run_id: &str) {
        let run = self.agents.get(agent_id).and_then(|agent| agent.runs.get(run_id));
        if let Some(delay) = run.and_then(|run| run.script.next_delay()) {
            let due = Due::RunStep { agent_id: agent_id.to_owned(), run_id: run_id.to_owned() };
            self.after(delay, due);
        }
    }

    /// Applies the next step of a run's script, and plans the one after it.
    pub(super) fn run_next_step(&mut self, agent_id: &str, run_id: &str) {
        let run = self.agents.get_mut(agent_id).and_then(|agent| agent.runs.get_mut(run_id));
        let Some(run) = run.filter(|run| !run.is_finished()) else { return };
        let Some(entry) = run.script.0.pop_front() else { return };
        self.apply_step(agent_id, run_id, &entry.step);
        self.plan_next_step(agent_id, run_id);
    }

    /// Applies `step` to a run now. Does nothing if the run has ended or does not exist.
    pub fn apply_step(&mut self, agent_id: &str, run_id: &str, step: &RunStep) {
        let pause = self.next_number();
        let run = self.agents.get_mut(agent_id).and_then(|agent| agent.runs.get_mut(run_id));
        let Some(run) = run.filter(|run| !run.is_finished()) else { return };
        match step {
            RunStep::Event(kind) => self.record(agent_id, run_id, kind, &json!({})),
            // A second pause does not restart the 15 minutes. A run in progress cannot be resumed.
            RunStep::Pause if !run.is_paused() => {
                run.state = RunState::Paused(pause);
                self.record(agent_id, run_id, "UserInfoRequested", &json!({}));
                let (agent_id, run_id) = (agent_id.to_owned(), run_id.to_owned());
                self.after(LONG_PAUSE, Due::LongPause { agent_id, run_id, pause });
            }
            RunStep::UserPause if !run.is_paused() => {
                run.state = RunState::Paused(pause);
                self.record(agent_id, run_id, "UserPaused", &json!({}));
                self.announce(agent_id, run_id, EventType::Paused);
            }
            RunStep::Resume if run.is_paused() => {
                run.state = RunState::InProgress;
                self.record(agent_id, run_id, "UserTick", &json!({}));
            }
            RunStep::Complete(outcome) => {
                let message = json!({"outcome": outcome, "message": "The emulated work is done."});
                self.end(agent_id, run_id, RunState::Completed(*outcome), &message);
            }
            RunStep::Fail => {
                let message = json!({"error": "the emulated policy failed"});
                self.end(agent_id, run_id, RunState::Failed, &message);
            }
            RunStep::Stop => {
                self.end(agent_id, run_id, RunState::Stopped, &json!({"stopped": true}));
            }
            RunStep::Pause | RunStep::UserPause | RunStep::Resume => {}
        }
    }

    /// Stops a run, as the user does.
    pub(super) fn stop(&mut self, agent_id: &str, run_id: &str) {
        self.apply_step(agent_id, run_id, &RunStep::Stop);
    }

    fn end(&mut self, agent_id: &str, run_id: &str, state: RunState, message: &Value) {
        self.record(agent_id, run_id, "Finished", message);
        let now = self.now;
        let Some(agent) = self.agents.get_mut(agent_id) else { return };
        let Some(run) = agent.runs.get_mut(run_id) else { return };
        run.state = state;
        run.finished = Some(now);
        let failed = !matches!(state, RunState::Completed(Outcome::Success | Outcome::Partial));
        let built = run.mode == RunMode::Build && !failed;
        if let (true, Some(schedule)) = (run.by_schedule, &mut agent.schedule) {
            schedule.record_result(failed);
        }
        if built {
            agent.latest_build = Some(run_id.to_owned());
            self.deploy(agent_id);
        }
        let event = match state {
            RunState::Failed => EventType::Failed,
            RunState::Stopped => EventType::Stopped,
            _ => EventType::Completed,
        };
        self.announce(agent_id, run_id, event);
    }

    /// Queues deliveries of `run.paused`, if the run is still in the pause with this number.
    pub(super) fn long_pause(&mut self, agent_id: &str, run_id: &str, pause: u64) {
        let run = self.agents.get(agent_id).and_then(|agent| agent.runs.get(run_id));
        if run.is_some_and(|run| run.state == RunState::Paused(pause)) {
            self.announce(agent_id, run_id, EventType::Paused);
        }
    }
}
