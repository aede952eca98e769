//! Schedules, which start runs. An agent has at most one schedule: a cron expression of seven fields.

use std::str::FromStr as _;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::agents::Agent;
use super::call::{OperationError, OperationResult, RoutedRequest, success};
use super::runs::RunMode;
use super::world::{Due, World};
use crate::exchange::BufferedResponse;

const NOT_DEPLOYED: &str = "the agent must be deployed to have a schedule: start a run with run_mode \
    \"build\", which deploys it when it completes";

/// The schedule of an agent.
#[derive(Debug)]
pub(super) struct Schedule {
    expression: String,
    times: cron::Schedule,
    paused: bool,
    consecutive_failures: u32,
    /// The number of the next planned run. It changes with every change of the schedule and is never
    /// reused, so that a run that was planned before the change does not start.
    generation: u64,
}

impl Schedule {
    fn parse(expression: String) -> Result<Self, OperationError> {
        let fields = expression.split_whitespace().count();
        if fields != 7 {
            return Err(OperationError::bad_request(format!(
                "cron must have 7 fields (sec min hour day month day-of-week year), not {fields}"
            )));
        }
        let times = cron::Schedule::from_str(&expression).map_err(|error| {
            OperationError::bad_request(format!("cron cannot be read: {error}"))
        })?;
        Ok(Self { expression, times, paused: false, consecutive_failures: 0, generation: 0 })
    }

    fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.times.after(&now).next().filter(|_| !self.paused)
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.paused
    }

    /// Records whether a run of this schedule failed.
    pub(super) const fn record_result(&mut self, failed: bool) {
        self.consecutive_failures =
            if failed { self.consecutive_failures.saturating_add(1) } else { 0 };
    }

    fn view(&self, now: DateTime<Utc>, observed: bool) -> Value {
        let mut view = json!({"cron": self.expression, "paused": self.paused});
        if observed {
            view["auto_paused"] = json!(false);
            view["consecutive_failures"] = json!(self.consecutive_failures);
            if let Some(next) = self.next(now) {
                view["next_run"] = json!(next.timestamp());
            }
        }
        view
    }
}

impl World {
    /// Sets the schedule of an agent. Does nothing if there is no such agent, or the expression is not
    /// valid.
    pub(super) fn add_schedule(&mut self, agent_id: &str, cron: &str) {
        let Ok(schedule) = Schedule::parse(cron.to_owned()) else { return };
        let Some(agent) = self.agents.get_mut(agent_id) else { return };
        agent.schedule = Some(Box::new(schedule));
        self.plan_next_run(agent_id);
    }

    fn plan_next_run(&mut self, agent_id: &str) {
        let (now, generation) = (self.now, self.next_number());
        let schedule = self.agents.get_mut(agent_id).and_then(|agent| agent.schedule.as_mut());
        let Some(schedule) = schedule else { return };
        schedule.generation = generation;
        if let Some(next) = schedule.next(now) {
            self.at(next, Due::Schedule { agent_id: agent_id.to_owned(), generation });
        }
    }

    pub(super) fn schedule_due(&mut self, agent_id: &str, generation: u64) {
        let schedule = self.agents.get(agent_id).and_then(|agent| agent.schedule.as_ref());
        if schedule.is_some_and(|s| s.generation == generation && !s.paused) {
            self.launch(agent_id, RunMode::Run, None, true);
            self.plan_next_run(agent_id);
        }
    }

    fn set_paused(&mut self, call: &RoutedRequest<'_>, paused: bool) -> OperationResult {
        let none = self.missing("schedule");
        let agent = self.agent_mut(call.id("agent_id"))?;
        let schedule = agent.schedule.as_mut().ok_or(none)?;
        schedule.paused = paused;
        self.plan_next_run(call.id("agent_id"));
        Ok(success())
    }
}

pub(super) fn get(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let agent = world.agent(call.id("agent_id"))?;
    let body = match &agent.schedule {
        Some(schedule) => {
            let mut view = schedule.view(world.now, world.observed());
            if world.observed() {
                view["agent_id"] = json!(&*agent.id);
            }
            json!({"schedule": view})
        }
        None if world.observed() => json!({}),
        None => json!({"schedule": null}),
    };
    Ok(BufferedResponse::json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
struct SetBody {
    cron: String,
}

pub(super) fn set(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let SetBody { cron } = call.body()?;
    let agent = world.agent_mut(call.id("agent_id"))?;
    let schedule = Schedule::parse(cron)?;
    if agent.deployed.is_none() {
        return Err(OperationError::bad_request(NOT_DEPLOYED));
    }
    agent.schedule = Some(Box::new(schedule));
    world.plan_next_run(call.id("agent_id"));
    Ok(success())
}

pub(super) fn delete(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let none = world.missing("schedule");
    let agent = world.agent_mut(call.id("agent_id"))?;
    agent.schedule.take().ok_or(none)?;
    Ok(success())
}

pub(super) fn pause(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    world.set_paused(call, true)
}

pub(super) fn resume(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    world.set_paused(call, false)
}

#[expect(clippy::unnecessary_wraps, reason = "every operation has this signature")]
pub(super) fn list(world: &mut World, _: &RoutedRequest<'_>) -> OperationResult {
    let view = |agent: &Agent| {
        let mut view = agent.schedule.as_ref()?.view(world.now, world.observed());
        view["agent_id"] = json!(&*agent.id);
        Some(view)
    };
    let views: Vec<Value> = world.agents.newest_first().filter_map(view).collect();
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"schedules": views})))
}
