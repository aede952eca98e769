//! Agents: paged by cursor, newest first.

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply, no_content, success};
use super::instructions::Version;
use super::runs::{Run, Runs};
use super::schedules::Schedule;
use super::webhooks::Webhook;
use super::world::{USER, World};
use crate::exchange::Answer;

/// How many agents a page holds, where nobody says otherwise.
const PAGE: u64 = 50;

/// What the reference shows of an agent in a list.
const LISTED: [&str; 5] =
    ["agent_id", "latest_run_id", "latest_run_is_finished", "has_runs", "deployment_state"];

/// The agents that there are, by the order of their creation.
#[derive(Debug, Default)]
pub(super) struct Agents {
    by_number: BTreeMap<u64, Agent>,
    numbers: HashMap<String, u64>,
    created: u64,
}

/// An agent, and everything that hangs on it.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) id: String,
    pub(super) workspace: String,
    pub(super) owner: String,
    pub(super) name: Option<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) deployed: Option<DateTime<Utc>>,
    pub(super) latest_build: Option<String>,
    pub(super) runs: Runs,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) schedule: Option<Schedule>,
    pub(super) versions: Vec<Version>,
}

impl Agents {
    pub(super) fn get(&self, id: &str) -> Option<&Agent> {
        self.by_number.get(self.numbers.get(id)?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Agent> {
        self.by_number.get_mut(self.numbers.get(id)?)
    }

    /// All agents, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Agent> {
        self.by_number.values().rev()
    }

    pub(super) fn count(&self) -> usize {
        self.by_number.len()
    }

    pub(super) fn count_in(&self, workspace: &str) -> usize {
        self.by_number.values().filter(|agent| agent.workspace == workspace).count()
    }

    pub(super) fn delete_in(&mut self, workspace: &str) {
        self.by_number.retain(|_, agent| agent.workspace != workspace);
        self.numbers.retain(|_, number| self.by_number.contains_key(number));
    }

    /// The newest agent's identifier.
    pub(super) fn newest(&self) -> Option<String> {
        self.newest_first().next().map(|agent| agent.id.clone())
    }

    fn insert(&mut self, agent: Agent) {
        self.created += 1;
        self.numbers.insert(agent.id.clone(), self.created);
        self.by_number.insert(self.created, agent);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Agent> {
        self.by_number.remove(&self.numbers.remove(id)?)
    }
}

impl World {
    /// Adds an agent without runs, in the first workspace, and tells its identifier.
    pub fn add_agent(&mut self) -> String {
        let id =
            if self.observed() { self.ids.uuid() } else { format!("agent_{}", self.ids.token(8)) };
        let workspace = self.workspaces.default_id();
        self.insert_agent(id.clone(), workspace);
        id
    }

    /// Adds an agent that is deployed, under this identifier.
    pub fn add_deployed_agent(&mut self, id: &str) {
        let workspace = self.workspaces.default_id();
        self.insert_agent(id.to_owned(), workspace);
        self.deploy(id);
    }

    /// Deploys an agent, as a build that completes does. Without such an agent, nothing.
    pub fn deploy(&mut self, agent_id: &str) {
        let now = self.now;
        if let Some(agent) = self.agents.get_mut(agent_id) {
            agent.deployed = Some(now);
            agent.name.get_or_insert_with(|| "Helpful agent".to_owned());
        }
    }

    /// Deletes an agent with everything that hangs on it. Without such an agent, nothing.
    pub fn delete_agent(&mut self, agent_id: &str) {
        self.agents.remove(agent_id);
    }

    fn insert_agent(&mut self, id: String, workspace: String) {
        self.agents.insert(Agent {
            id,
            workspace,
            owner: USER.to_owned(),
            name: None,
            created: self.now,
            deployed: None,
            latest_build: None,
            runs: Runs::default(),
            webhooks: Vec::new(),
            schedule: None,
            versions: Vec::new(),
        });
    }

    pub(super) fn agent(&self, id: &str) -> Result<&Agent, Refusal> {
        self.agents.get(id).ok_or_else(|| self.missing("agent"))
    }

    pub(super) fn agent_mut(&mut self, id: &str) -> Result<&mut Agent, Refusal> {
        let missing = self.missing("agent");
        self.agents.get_mut(id).ok_or(missing)
    }

    /// An agent in a list, of which the reference shows less than of one agent.
    fn agent_in_list(&self, agent: &Agent) -> Value {
        let mut view = self.agent_view(agent);
        if let (false, Some(members)) = (self.observed(), view.as_object_mut()) {
            members.retain(|name, _| LISTED.contains(&name.as_str()));
        }
        view
    }

    fn agent_view(&self, agent: &Agent) -> Value {
        let latest = agent.runs.latest();
        let state = match (agent.deployed, self.observed()) {
            (Some(_), _) => "deployed",
            (None, false) => "not_deployed",
            (None, true) => "draft",
        };
        let mut view = json!({
            "agent_id": agent.id, "workspace_id": agent.workspace, "deployment_state": state,
            "has_runs": latest.is_some(),
            "latest_run_is_finished": latest.is_some_and(Run::is_finished),
        });
        // The reference has none for a new agent.
        if latest.is_some() || self.observed() {
            let activity = latest.map_or(agent.created, Run::last_activity);
            view["last_activity_at"] = json!(self.time(activity));
        }
        if let Some(deployed) = agent.deployed {
            view["deployed_at"] = json!(self.time(deployed));
        }
        match (latest, self.observed()) {
            (None, true) => {}
            (latest, _) => view["latest_run_id"] = json!(latest.map_or("", |run| run.id.as_str())),
        }
        if self.observed() {
            self.add_what_was_seen(&mut view, agent, latest);
        }
        view
    }

    fn add_what_was_seen(&self, view: &mut Value, agent: &Agent, latest: Option<&Run>) {
        view["has_instruction_build"] = json!(agent.latest_build.is_some());
        view["icon_config"] = json!(r#"{"icon":"robot","color":"blue"}"#);
        view["latest_run_has_pending_input"] = json!(latest.is_some_and(Run::is_paused));
        if let Some(name) = &agent.name {
            view["agent_name"] = json!({"name": name});
        }
        if let Some(run) = latest {
            view["latest_run_status"] = json!(run.status_name(self.profile));
        }
        if let Some(build) = &agent.latest_build {
            view["latest_instruction_build_run_id"] = json!(build);
        }
    }
}

/// The reference shows no cursor in the answer, so the documented profile gives none; and
/// without a limit it answers with everything.
pub(super) fn list(world: &mut World, call: &Call<'_>) -> Reply {
    let limit = call.number("limit", 1)?.unwrap_or(if world.observed() { PAGE } else { u64::MAX });
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let below = match call.text("cursor") {
        Some(cursor) => read_cursor(&cursor)?,
        None => u64::MAX,
    };
    let workspace = call.text("workspace_id");
    let mut found = world.agents.by_number.range(..below).rev().filter(|(_, agent)| {
        workspace.as_ref().is_none_or(|workspace| agent.workspace == *workspace)
    });
    let page: Vec<(&u64, &Agent)> = found.by_ref().take(limit).collect();
    let views: Vec<Value> = page.iter().map(|(_, agent)| world.agent_in_list(agent)).collect();
    let mut body = json!({"agents": views});
    if let (true, Some((last, _)), Some(_)) = (world.observed(), page.last(), found.next()) {
        body["next_cursor"] = json!(format!("{CURSOR}{last:x}"));
    }
    Ok(Answer::json(StatusCode::OK, &body))
}

/// What a cursor begins with; the rest is the number of the last agent that was shown.
const CURSOR: &str = "after-";

fn read_cursor(cursor: &str) -> Result<u64, Refusal> {
    let number = cursor.strip_prefix(CURSOR).and_then(|hex| u64::from_str_radix(hex, 16).ok());
    number.ok_or_else(|| Refusal::bad_request("cursor is not one that this service gave"))
}

#[derive(Deserialize)]
struct CreateBody {
    workspace_id: Option<String>,
    owner_user_id: Option<String>,
    agent_id: Option<String>,
    derived_from_agent_id: Option<String>,
    #[serde(rename = "is_subagent")]
    _is_subagent: Option<bool>,
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Reply {
    let body: CreateBody = call.body()?;
    let workspace = body.workspace_id.unwrap_or_else(|| world.workspaces.default_id());
    if !world.workspaces.has(&workspace) {
        return Err(world.missing("workspace"));
    }
    let name = match body.derived_from_agent_id {
        Some(source) => world.agent(&source)?.name.clone(),
        None => None,
    };
    let id = match body.agent_id {
        Some(id) if id.is_empty() => return Err(Refusal::bad_request("agent_id is empty")),
        Some(id) if world.agents.get(&id).is_some() => {
            return Err(Refusal::problem(StatusCode::CONFLICT, "there is an agent of this id"));
        }
        Some(id) => {
            world.insert_agent(id.clone(), workspace);
            id
        }
        None => {
            let id = world.add_agent();
            world.agent_mut(&id)?.workspace = workspace;
            id
        }
    };
    let agent = world.agent_mut(&id)?;
    agent.name = name;
    agent.owner = body.owner_user_id.unwrap_or_else(|| USER.to_owned());
    let agent = world.agent(&id)?;
    Ok(Answer::json(StatusCode::CREATED, &json!({"agent": world.agent_view(agent)})))
}

pub(super) fn get(world: &mut World, call: &Call<'_>) -> Reply {
    let agent = world.agent(call.id("agent_id"))?;
    Ok(Answer::json(StatusCode::OK, &json!({"agent": world.agent_view(agent)})))
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Reply {
    let removed = world.agents.remove(call.id("agent_id"));
    removed.ok_or_else(|| world.missing("agent"))?;
    Ok(no_content())
}

#[derive(Deserialize)]
struct MoveBody {
    workspace_id: String,
}

pub(super) fn move_to(world: &mut World, call: &Call<'_>) -> Reply {
    let MoveBody { workspace_id } = call.body()?;
    world.agent(call.id("agent_id"))?;
    if !world.workspaces.has(&workspace_id) {
        return Err(world.missing("workspace"));
    }
    world.agent_mut(call.id("agent_id"))?.workspace = workspace_id;
    Ok(success())
}
