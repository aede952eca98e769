//! The operations on runs: start, list by page number, cancel and delete.
//!
//! [`super::lifecycle`] changes the state of runs. The cost of a page depends only on its length if
//! the list has no filter, or is filtered by time or by run. The other filters read every run of the
//! agent.

mod held;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use self::held::{LatestRuns, Runs};
use super::Profile;
use super::call::{OperationError, OperationResult, RoutedRequest, no_content};
use super::events::RecordedEvent;
use super::lifecycle::RunScript;
use super::world::{EMAIL, USER, World};
use crate::exchange::BufferedResponse;

const DEFAULT_PAGE_SIZE: u64 = 100;

const NOT_DEPLOYED: &str = "the agent is not deployed: start a run with run_mode \"build\", which \
    deploys it when it completes, or send skip_deploy_check: true";

/// The members of a run that a list of the reference has.
const LIST_MEMBERS: [&str; 5] = ["run_id", "agent_id", "status", "started_at", "finished_at"];

/// A run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) mode: RunMode,
    pub(super) message: Option<String>,
    pub(super) number: u64,
    pub(super) started: DateTime<Utc>,
    pub(super) finished: Option<DateTime<Utc>>,
    pub(super) state: RunState,
    /// The remaining steps.
    pub(super) script: RunScript,
    pub(super) events: Vec<RecordedEvent>,
    /// The bytes of the payloads of all events.
    pub(super) event_bytes: usize,
    pub(super) by_schedule: bool,
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunState {
    InProgress,
    /// Paused. Every pause has its own number.
    Paused(u64),
    Completed(Outcome),
    Failed,
    Stopped,
}

/// The mode of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// Executes the agent.
    Run,
    /// Builds the agent, and deploys it if the build completes.
    Build,
}

/// The outcome of a completed run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The run did its task.
    Success,
    /// The run did a part of its task.
    Partial,
    /// The run did not do its task.
    Fail,
}

impl RunMode {
    /// Returns the name in the API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Build => "build",
        }
    }

    const fn policy(self) -> (&'static str, &'static str) {
        match self {
            Self::Run => ("runner", "runner_v2"),
            Self::Build => ("builder", "builder_v3"),
        }
    }
}

impl Run {
    /// Creates a run in progress. Its agent assigns its number.
    pub(super) fn new(id: &str, mode: RunMode, started: DateTime<Utc>) -> Self {
        Self {
            id: id.to_owned(),
            mode,
            message: None,
            number: 0,
            started,
            finished: None,
            state: RunState::InProgress,
            script: RunScript::manual(),
            events: Vec::new(),
            event_bytes: 0,
            by_schedule: false,
        }
    }

    pub(super) const fn is_finished(&self) -> bool {
        !matches!(self.state, RunState::InProgress | RunState::Paused(_))
    }

    pub(super) const fn is_paused(&self) -> bool {
        matches!(self.state, RunState::Paused(_))
    }

    pub(super) fn last_activity(&self) -> DateTime<Utc> {
        let event = self.events.last().map(|event| event.at);
        self.finished.into_iter().chain(event).max().unwrap_or(self.started)
    }

    /// Returns the status in the API. A completed run is `finished` in the reference, but `completed`
    /// in deliveries and in the live service.
    pub(super) const fn status_name(&self, profile: Profile) -> &'static str {
        match (self.state, profile) {
            (RunState::InProgress, _) => "in_progress",
            (RunState::Paused(_), _) => "paused",
            (RunState::Completed(_), Profile::Documented) => "finished",
            (RunState::Completed(_), Profile::Observed) => "completed",
            (RunState::Failed, _) => "error",
            (RunState::Stopped, _) => "stopped",
        }
    }

    const fn outcome(&self) -> Option<Outcome> {
        match self.state {
            RunState::Completed(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Returns the summary of a run, which the list of runs has in addition to the run.
    fn summary(&self) -> Value {
        let mut view = json!({
            "credits_consumed": 0.25, "policy_model": "emulated-1",
            "run_kind": self.mode.policy().0, "run_phase": self.status_name(Profile::Observed),
            "summary": "An emulated run.", "tool_icons": ["mail"],
            "total_action_count": self.events.len(),
        });
        if let Some(outcome) = self.outcome() {
            view["outcome"] = json!(outcome);
        }
        view
    }
}

impl World {
    /// Returns a run as a list shows it. In the reference, a run of a list has fewer members than the
    /// response of `start_run`.
    fn run_in_list(&self, agent_id: &str, run: &Run) -> Value {
        let mut view = self.run_view(agent_id, run);
        if let (false, Some(members)) = (self.observed(), view.as_object_mut()) {
            members.retain(|name, _| LIST_MEMBERS.contains(&name.as_str()));
        }
        view
    }

    pub(super) fn run_view(&self, agent_id: &str, run: &Run) -> Value {
        let observed = self.observed();
        let mut view = json!({
            "run_id": run.id, "agent_id": agent_id, "status": run.status_name(self.profile),
            "started_at": self.time(run.started), "is_finished": run.is_finished(),
            "run_number": if observed { run.number } else { run.number + 1 },
            "policy_type": run.mode.policy().1,
        });
        if !observed || run.is_paused() {
            view["is_paused"] = json!(run.is_paused());
        }
        if let Some(finished) = run.finished {
            view["finished_at"] = json!(self.time(finished));
        }
        if observed {
            view["event_bytes"] = json!(run.event_bytes);
            view["event_count"] = json!(run.events.len());
            // The live service was observed to return null or an empty goal, never the message.
            view["goal"] = json!(run.message.as_ref().map(|_| ""));
            view["last_event_at"] = json!(self.time(run.last_activity()));
            view["step_count"] = json!(run.events.len());
            view["user_id"] = json!(USER);
            view["user_email"] = json!(EMAIL);
            view["wrote_instructions"] = json!(run.mode == RunMode::Build && run.is_finished());
        }
        view
    }

    pub(super) fn run(&self, call: &RoutedRequest<'_>) -> Result<&Run, OperationError> {
        let agent = self.agent(call.id("agent_id"))?;
        agent.runs.get(call.id("run_id")).ok_or_else(|| self.missing("run"))
    }
}

/// The filters of a list of runs. A run must match all of them.
struct Filters {
    status: Option<String>,
    run_id: Option<String>,
    after: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
    policy: Option<String>,
    group: Option<String>,
}

impl Filters {
    fn read(call: &RoutedRequest<'_>) -> Result<Self, OperationError> {
        let group = call.text("filter_policy_group");
        if group.as_deref().is_some_and(|group| !["builder", "runner"].contains(&group)) {
            return Err(OperationError::bad_request(
                "filter_policy_group must be builder or runner",
            ));
        }
        Ok(Self {
            status: call.text("filter_status"),
            run_id: call.text("filter_run_id"),
            after: call.time("filter_started_after")?,
            before: call.time("filter_started_before")?,
            policy: call.text("filter_policy_type"),
            group,
        })
    }

    fn matches(&self, run: &Run, profile: Profile) -> bool {
        let (group, policy) = run.mode.policy();
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
        is(&self.status, run.status_name(profile))
            && is(&self.policy, policy)
            && is(&self.group, group)
    }

    /// Returns a page of the matching runs, newest first, and the number of all matching runs.
    fn page<'a>(
        &self,
        runs: &'a Runs,
        profile: Profile,
        skipped: usize,
        size: usize,
    ) -> (Vec<&'a Run>, usize) {
        let mut between = runs.between(self.after, self.before);
        if let Some(id) = &self.run_id {
            // Clients poll a single run with this filter, so the lookup must be fast.
            between = runs.find_in(between, id);
        }
        if self.status.is_none() && self.policy.is_none() && self.group.is_none() {
            let page = between.iter().rev().skip(skipped).take(size);
            return (page.collect(), between.len());
        }
        let found = || between.iter().rev().filter(|run| self.matches(run, profile));
        (found().skip(skipped).take(size).collect(), found().count())
    }
}

pub(super) fn list(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let filters = Filters::read(call)?;
    let page = call.number("page", 1)?.unwrap_or(1);
    let page_size = call.number("page_size", 1)?.unwrap_or(DEFAULT_PAGE_SIZE);
    let agent = world.agent(call.id("agent_id"))?;
    let size = usize::try_from(page_size).unwrap_or(usize::MAX);
    let skipped = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(size);
    let (shown, total) = filters.page(&agent.runs, world.profile, skipped, size);
    let runs: Vec<Value> = shown.iter().map(|run| world.run_in_list(&agent.id, run)).collect();
    let mut body = json!({"runs": runs, "page": page, "page_size": page_size});
    if world.observed() {
        body["total_runs"] = json!(total);
        body["all_run_summaries"] = shown.iter().map(|run| run.summary()).collect();
    } else {
        body["total_runs"] = json!(total.to_string());
    }
    Ok(BufferedResponse::json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
struct StartBody {
    run_mode: Option<String>,
    user_message: Option<String>,
    skip_deploy_check: Option<bool>,
}

pub(super) fn start(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let body: StartBody = call.body()?;
    let agent = world.agent(call.id("agent_id"))?;
    let mode = match (body.run_mode.as_deref(), world.profile) {
        (Some("run"), _) | (None, Profile::Documented) => RunMode::Run,
        (Some("build"), _) => RunMode::Build,
        (_, Profile::Documented) => {
            return Err(OperationError::bad_request("run_mode must be build or run"));
        }
        // The error of the live service names modes that the service does not accept.
        (_, Profile::Observed) => {
            return Err(OperationError::bad_request(
                "run_mode must be one of Builder, Run, or SubAgent",
            ));
        }
    };
    let checked = world.switches.deploy_check && body.skip_deploy_check != Some(true);
    if checked && mode == RunMode::Run && agent.deployed.is_none() {
        return Err(OperationError::bad_request(NOT_DEPLOYED));
    }
    let agent_id = agent.id.to_string();
    let run_id = world.launch(&agent_id, mode, body.user_message, false);
    let run = world.agent(&agent_id)?.runs.get(&run_id).ok_or_else(|| world.missing("run"))?;
    Ok(BufferedResponse::json(StatusCode::CREATED, &json!({"run": world.run_view(&agent_id, run)})))
}

pub(super) fn delete(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    world.run(call)?;
    world.agent_mut(call.id("agent_id"))?.runs.remove(call.id("run_id"));
    Ok(no_content())
}

#[derive(Deserialize)]
struct CancelBody {
    #[serde(rename = "reason")]
    _reason: Option<String>,
}

pub(super) fn cancel(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    if !call.request.body.is_empty() {
        let _: CancelBody = call.body()?;
    }
    let finished = world.run(call)?.is_finished();
    if !finished {
        world.stop(call.id("agent_id"), call.id("run_id"));
    }
    let body = match (world.profile, finished) {
        (Profile::Documented, false) => json!({"error": ""}),
        (Profile::Documented, true) => json!({"error": "run already completed"}),
        (Profile::Observed, false) => json!({"success": true}),
        (Profile::Observed, true) => json!({"success": true, "error": "run already completed"}),
    };
    Ok(BufferedResponse::json(StatusCode::OK, &body))
}
