//! Webhooks: subscriptions to the events of an agent's runs.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::agents::Agent;
use super::call::{OperationError, OperationResult, RoutedRequest, no_content};
use super::entry::{Entry, InvalidEntry};
use super::runs::{Outcome, Run, RunState};
use super::world::{USER, World};
use crate::exchange::BufferedResponse;

/// A webhook. Only the response of `create_webhook` has its secret.
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) url: String,
    events: Vec<EventType>,
    status: Status,
    pub(super) secret: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An event that a webhook can subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// A run begins to execute.
    #[serde(rename = "run.started")]
    Started,
    /// A run completes, with any outcome.
    #[serde(rename = "run.completed")]
    Completed,
    /// A policy error ends a run.
    #[serde(rename = "run.failed")]
    Failed,
    /// The user stops a run.
    #[serde(rename = "run.stopped")]
    Stopped,
    /// The user pauses a run, or the agent has waited for input for 15 minutes.
    #[serde(rename = "run.paused")]
    Paused,
}

impl EventType {
    /// All events, in the order of the reference.
    pub const ALL: [Self; 5] =
        [Self::Started, Self::Completed, Self::Failed, Self::Stopped, Self::Paused];

    pub(super) fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        entry.choice(&Self::ALL.map(|event| (event.name(), event)))
    }

    /// Returns the name in the headers and bodies of deliveries, such as `run.completed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "run.started",
            Self::Completed => "run.completed",
            Self::Failed => "run.failed",
            Self::Stopped => "run.stopped",
            Self::Paused => "run.paused",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Active,
    Disabled,
}

impl Agent {
    pub(super) fn has_active_webhook(&self, id: &str) -> bool {
        self.webhooks.iter().any(|webhook| webhook.id == id && webhook.status == Status::Active)
    }
}

impl World {
    /// Adds the webhook that the reference has as an example. Does nothing if there is no such agent.
    pub(super) fn add_webhook(&mut self, agent_id: &str, id: &str) {
        let url = "https://example.com/webhooks/twin".to_owned();
        let webhook = self.webhook_to(url, vec![EventType::Completed, EventType::Failed]);
        if let Some(agent) = self.agents.get_mut(agent_id) {
            agent.webhooks.push(Webhook { id: id.to_owned(), ..webhook });
        }
    }

    fn webhook_to(&mut self, url: String, events: Vec<EventType>) -> Webhook {
        Webhook {
            id: self.ids.uuid(),
            url,
            events,
            status: Status::Active,
            secret: format!("whsec_{}", self.ids.hex(32)),
            created: self.now,
            updated: self.now,
        }
    }

    /// Queues a delivery for every webhook that subscribes to the event.
    pub(super) fn announce(&mut self, agent_id: &str, run_id: &str, event: EventType) {
        let Some(agent) = self.agents.get(agent_id) else { return };
        let subscribed: Vec<(String, String, String)> = agent
            .webhooks
            .iter()
            .filter(|webhook| webhook.status == Status::Active && webhook.events.contains(&event))
            .map(|webhook| (webhook.id.clone(), webhook.url.clone(), webhook.secret.clone()))
            .collect();
        let Some(run) = agent.runs.get(run_id).filter(|_| !subscribed.is_empty()) else { return };
        let body = self.delivery_body(agent_id, run, event);
        for (webhook, url, secret) in subscribed {
            self.deliver(agent_id, (webhook, url, secret), event, body.clone());
        }
    }

    /// Sends deliveries of `event` now, and returns their numbers.
    ///
    /// With `webhook_id`, the delivery goes to this webhook, even if it does not subscribe to the
    /// event. Without, it goes to every active webhook of the agent that subscribes. The delivery is
    /// about the run `run_id`, or about the latest run of the agent.
    ///
    /// # Errors
    /// Returns an error if there is no such agent, run or webhook.
    pub fn send_delivery(
        &mut self,
        agent_id: &str,
        event: EventType,
        run_id: Option<&str>,
        webhook_id: Option<&str>,
    ) -> Result<Vec<u64>, String> {
        let agent = self.agents.get(agent_id);
        let agent = agent.ok_or_else(|| format!("there is no agent {agent_id}"))?;
        let run = match run_id {
            Some(id) => agent.runs.get(id).ok_or_else(|| format!("there is no run {id}"))?,
            None => {
                agent.runs.latest().ok_or_else(|| format!("agent {agent_id} has no run yet"))?
            }
        };
        let wanted = |webhook: &&Webhook| match webhook_id {
            Some(id) => webhook.id == id,
            None => webhook.status == Status::Active && webhook.events.contains(&event),
        };
        let subscribed = agent.webhooks.iter().filter(wanted);
        let subscribed = subscribed
            .map(|webhook| (webhook.id.clone(), webhook.url.clone(), webhook.secret.clone()));
        let subscribed: Vec<(String, String, String)> = subscribed.collect();
        if subscribed.is_empty() {
            let no_webhook =
                || format!("no active webhook of agent {agent_id} subscribes to {}", event.name());
            let missing = webhook_id.map(|id| format!("there is no webhook {id}"));
            return Err(missing.unwrap_or_else(no_webhook));
        }
        let body = self.sample_body(agent_id, run, event);
        let deliver = |to| self.deliver(agent_id, to, event, body.clone());
        Ok(subscribed.into_iter().map(deliver).collect())
    }

    /// Builds the body of a delivery of `event`, even if the run is in another state.
    fn sample_body(&self, agent_id: &str, run: &Run, event: EventType) -> String {
        let state = match (event, run.state) {
            (EventType::Started, _) => RunState::InProgress,
            (EventType::Completed, RunState::Completed(outcome)) => RunState::Completed(outcome),
            (EventType::Completed, _) => RunState::Completed(Outcome::Success),
            (EventType::Failed, _) => RunState::Failed,
            (EventType::Stopped, _) => RunState::Stopped,
            (EventType::Paused, _) => RunState::Paused(0),
        };
        let ends = !matches!(event, EventType::Started | EventType::Paused);
        let finished = ends.then(|| run.finished.unwrap_or(self.now));
        let run = Run { finished, state, ..Run::new(&run.id, run.mode, run.started) };
        self.delivery_body(agent_id, &run, event)
    }

    fn delivery_body(&self, agent_id: &str, run: &Run, event: EventType) -> String {
        // In deliveries, both profiles call the state `completed`.
        let status = run.status_name(super::Profile::Observed);
        let mut data = json!({"run_id": run.id, "agent_id": agent_id, "status": status});
        if let RunState::Completed(outcome) = run.state {
            data["outcome"] = json!(outcome);
        }
        if let Some(finished) = run.finished {
            data["finished_at"] = json!(self.time(finished));
        }
        let now = self.time(self.now);
        json!({"event": event.name(), "timestamp": now, "data": data}).to_string()
    }

    fn webhook_view(&self, agent_id: &str, webhook: &Webhook) -> Value {
        json!({
            "webhook_id": webhook.id, "agent_id": agent_id, "user_id": USER, "url": webhook.url,
            "events": webhook.events, "status": webhook.status,
            "created_at": self.time(webhook.created), "updated_at": self.time(webhook.updated),
        })
    }

    fn webhook(&self, call: &RoutedRequest<'_>) -> Result<&Webhook, OperationError> {
        let agent = self.agent(call.id("agent_id"))?;
        let found = agent.webhooks.iter().find(|webhook| webhook.id == call.id("webhook_id"));
        found.ok_or_else(|| self.missing("webhook"))
    }
}

#[derive(Deserialize)]
struct CreateBody {
    url: String,
    events: Vec<EventType>,
}

pub(super) fn create(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let CreateBody { url, events } = call.body()?;
    world.agent(call.id("agent_id"))?;
    check_url(&url)?;
    check_events(&events)?;
    let webhook = world.webhook_to(url, events);
    let response = json!({
        "webhook_id": webhook.id, "url": webhook.url, "events": webhook.events,
        "signing_secret": webhook.secret, "status": webhook.status,
        "created_at": world.time(webhook.created),
    });
    world.agent_mut(call.id("agent_id"))?.webhooks.push(webhook);
    Ok(BufferedResponse::json(StatusCode::CREATED, &response))
}

fn check_url(url: &str) -> Result<(), OperationError> {
    match Url::parse(url) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(()),
        _ => Err(OperationError::bad_request("url must be an http or https URL")),
    }
}

fn check_events(events: &[EventType]) -> Result<(), OperationError> {
    if events.is_empty() {
        return Err(OperationError::bad_request("events must name at least one event"));
    }
    Ok(())
}

pub(super) fn list(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let agent = world.agent(call.id("agent_id"))?;
    let views = agent.webhooks.iter().map(|webhook| world.webhook_view(&agent.id, webhook));
    let views: Vec<Value> = views.collect();
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"webhooks": views})))
}

pub(super) fn get(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let webhook = world.webhook(call)?;
    Ok(BufferedResponse::json(StatusCode::OK, &world.webhook_view(call.id("agent_id"), webhook)))
}

#[derive(Deserialize)]
struct UpdateBody {
    url: Option<String>,
    events: Option<Vec<EventType>>,
    status: Option<Status>,
}

pub(super) fn update(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let UpdateBody { url, events, status } = call.body()?;
    world.webhook(call)?;
    url.as_deref().map_or(Ok(()), check_url)?;
    events.as_deref().map_or(Ok(()), check_events)?;
    let now = world.now;
    let agent = world.agent_mut(call.id("agent_id"))?;
    for webhook in agent.webhooks.iter_mut().filter(|w| w.id == call.id("webhook_id")) {
        webhook.url = url.clone().unwrap_or_else(|| webhook.url.clone());
        webhook.events = events.clone().unwrap_or_else(|| webhook.events.clone());
        webhook.status = status.unwrap_or(webhook.status);
        webhook.updated = now;
    }
    get(world, call)
}

pub(super) fn delete(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    world.webhook(call)?;
    let agent = world.agent_mut(call.id("agent_id"))?;
    agent.webhooks.retain(|webhook| webhook.id != call.id("webhook_id"));
    Ok(no_content())
}
