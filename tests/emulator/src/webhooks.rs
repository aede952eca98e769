//! Webhooks: who is told of the changes of an agent's runs.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::agents::Agent;
use super::call::{Call, Refusal, Reply, no_content};
use super::runs::{Run, State};
use super::world::{USER, World};
use crate::exchange::Answer;

/// A webhook. Its secret is shown once.
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

/// What a webhook can subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// A run begins to execute.
    #[serde(rename = "run.started")]
    Started,
    /// A run comes to its end, with whatever outcome.
    #[serde(rename = "run.completed")]
    Completed,
    /// A policy error ends a run.
    #[serde(rename = "run.failed")]
    Failed,
    /// The user stops a run.
    #[serde(rename = "run.stopped")]
    Stopped,
    /// A run is paused, for 15 minutes where the agent did it.
    #[serde(rename = "run.paused")]
    Paused,
}

impl EventType {
    /// The name, as headers and bodies carry it.
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
    /// Leaves a delivery for every webhook that is to be told of it.
    pub(super) fn announce(&mut self, agent_id: &str, run_id: &str, event: EventType) {
        let Some(agent) = self.agents.get(agent_id) else { return };
        let told: Vec<(String, String, String)> = agent
            .webhooks
            .iter()
            .filter(|webhook| webhook.status == Status::Active && webhook.events.contains(&event))
            .map(|webhook| (webhook.id.clone(), webhook.url.clone(), webhook.secret.clone()))
            .collect();
        let Some(run) = agent.runs.get(run_id).filter(|_| !told.is_empty()) else { return };
        let body = self.delivery_body(agent_id, run, event);
        for (webhook, url, secret) in told {
            self.deliver(agent_id, (webhook, url, secret), event, body.clone());
        }
    }

    fn delivery_body(&self, agent_id: &str, run: &Run, event: EventType) -> String {
        // Deliveries name the state `completed` in either profile.
        let status = run.status_name(super::Profile::Observed);
        let mut data = json!({"run_id": run.id, "agent_id": agent_id, "status": status});
        if let State::Completed(outcome) = run.state {
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

    fn webhook(&self, call: &Call<'_>) -> Result<&Webhook, Refusal> {
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

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Reply {
    let CreateBody { url, events } = call.body()?;
    world.agent(call.id("agent_id"))?;
    check_url(&url)?;
    check_events(&events)?;
    let webhook = Webhook {
        id: world.ids.uuid(),
        url,
        events,
        status: Status::Active,
        secret: format!("whsec_{}", world.ids.hex(32)),
        created: world.now,
        updated: world.now,
    };
    let answer = json!({
        "webhook_id": webhook.id, "url": webhook.url, "events": webhook.events,
        "signing_secret": webhook.secret, "status": webhook.status,
        "created_at": world.time(webhook.created),
    });
    world.agent_mut(call.id("agent_id"))?.webhooks.push(webhook);
    Ok(Answer::json(StatusCode::CREATED, &answer))
}

fn check_url(url: &str) -> Result<(), Refusal> {
    match Url::parse(url) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(()),
        _ => Err(Refusal::bad_request("url must be an http or https URL")),
    }
}

fn check_events(events: &[EventType]) -> Result<(), Refusal> {
    if events.is_empty() {
        return Err(Refusal::bad_request("events must name at least one event"));
    }
    Ok(())
}

pub(super) fn list(world: &mut World, call: &Call<'_>) -> Reply {
    let agent = world.agent(call.id("agent_id"))?;
    let views = agent.webhooks.iter().map(|webhook| world.webhook_view(&agent.id, webhook));
    let views: Vec<Value> = views.collect();
    Ok(Answer::json(StatusCode::OK, &json!({"webhooks": views})))
}

pub(super) fn get(world: &mut World, call: &Call<'_>) -> Reply {
    let webhook = world.webhook(call)?;
    Ok(Answer::json(StatusCode::OK, &world.webhook_view(call.id("agent_id"), webhook)))
}

#[derive(Deserialize)]
struct UpdateBody {
    url: Option<String>,
    events: Option<Vec<EventType>>,
    status: Option<Status>,
}

pub(super) fn update(world: &mut World, call: &Call<'_>) -> Reply {
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

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Reply {
    world.webhook(call)?;
    let agent = world.agent_mut(call.id("agent_id"))?;
    agent.webhooks.retain(|webhook| webhook.id != call.id("webhook_id"));
    Ok(no_content())
}
