//! Agents, listed newest first and paged by cursor.
//!
//! The store is built for a million agents. The cost of a page depends only on its length. A
//! second index, by workspace, makes that true for the list of one workspace too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{OperationError, OperationResult, RoutedRequest, no_content, success};
use super::instructions::Version;
use super::runs::{Run, Runs};
use super::schedules::Schedule;
use super::webhooks::Webhook;
use super::world::World;
use crate::exchange::BufferedResponse;

/// The default page size of the observed profile.
const DEFAULT_LIMIT: u64 = 50;

/// The members of an agent that a list of the reference has.
const LIST_MEMBERS: [&str; 5] =
    ["agent_id", "latest_run_id", "latest_run_is_finished", "has_runs", "deployment_state"];

/// All agents, in the order of their creation.
#[derive(Debug, Default)]
pub(super) struct Agents {
    /// Boxed, because a B-tree that grows at its end leaves almost half of its slots empty.
    by_number: BTreeMap<u64, Box<Agent>>,
    numbers: HashMap<Arc<str>, u64>,
    by_workspace: HashMap<Arc<str>, BTreeSet<u64>>,
    created: u64,
}

/// An agent with its runs, webhooks, schedule and instructions.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) id: Arc<str>,
    workspace: Arc<str>,
    pub(super) name: Option<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) deployed: Option<DateTime<Utc>>,
    pub(super) latest_build: Option<String>,
    pub(super) runs: Runs,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) schedule: Option<Box<Schedule>>,
    pub(super) versions: Vec<Version>,
}

impl Agents {
    pub(super) fn get(&self, id: &str) -> Option<&Agent> {
        self.by_number.get(self.numbers.get(id)?).map(AsRef::as_ref)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Agent> {
        self.by_number.get_mut(self.numbers.get(id)?).map(AsMut::as_mut)
    }

    /// Returns all agents, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Agent> {
        self.by_number.values().rev().map(AsRef::as_ref)
    }

    /// Returns the agents with a number below `below`, newest first, with their numbers.
    fn older_than(&self, below: u64) -> impl Iterator<Item = (u64, &Agent)> {
        self.by_number.range(..below).rev().map(|(number, agent)| (*number, agent.as_ref()))
    }

    /// Returns the same agents as [`Agents::older_than`], of one workspace only.
    fn older_than_in(&self, below: u64, workspace: &str) -> impl Iterator<Item = (u64, &Agent)> {
        let numbers = self.by_workspace.get(workspace).into_iter();
        let older = numbers.flat_map(move |numbers| numbers.range(..below).rev());
        older.filter_map(|number| Some((*number, self.by_number.get(number)?.as_ref())))
    }

    pub(super) fn count(&self) -> usize {
        self.by_number.len()
    }

    pub(super) fn count_in(&self, workspace: &str) -> usize {
        self.by_workspace.get(workspace).map_or(0, BTreeSet::len)
    }

    pub(super) fn delete_in(&mut self, workspace: &str) {
        for number in self.by_workspace.remove(workspace).unwrap_or_default() {
            if let Some(agent) = self.by_number.remove(&number) {
                self.numbers.remove(&agent.id);
            }
        }
    }

    /// Returns the identifier of the newest agent.
    pub(super) fn newest(&self) -> Option<Arc<str>> {
        self.newest_first().next().map(|agent| Arc::clone(&agent.id))
    }

    fn insert(&mut self, agent: Agent) {
        self.created += 1;
        self.numbers.insert(Arc::clone(&agent.id), self.created);
        self.add_to_workspace(&Arc::clone(&agent.workspace), self.created);
        self.by_number.insert(self.created, Box::new(agent));
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Agent> {
        let number = self.numbers.remove(id)?;
        let agent = self.by_number.remove(&number)?;
        self.remove_from_workspace(&agent.workspace, number);
        Some(*agent)
    }

    /// Moves an agent to an existing workspace. Does nothing if there is no such agent.
    fn move_to(&mut self, id: &str, workspace: &Arc<str>) {
        let Some(number) = self.numbers.get(id).copied() else { return };
        let Some(agent) = self.by_number.get_mut(&number) else { return };
        let before = std::mem::replace(&mut agent.workspace, Arc::clone(workspace));
        self.remove_from_workspace(&before, number);
        self.add_to_workspace(workspace, number);
    }

    fn add_to_workspace(&mut self, workspace: &Arc<str>, number: u64) {
        match self.by_workspace.get_mut(workspace) {
            Some(numbers) => drop(numbers.insert(number)),
            None => drop(self.by_workspace.insert(Arc::clone(workspace), BTreeSet::from([number]))),
        }
    }

    fn remove_from_workspace(&mut self, workspace: &str, number: u64) {
        if let Some(numbers) = self.by_workspace.get_mut(workspace) {
            numbers.remove(&number);
        }
    }
}

impl World {
    /// Adds an agent without runs to the first workspace, and returns its identifier.
    pub fn add_agent(&mut self) -> String {
        let workspace = self.workspaces.default_id();
        self.add_agent_to(workspace).to_string()
    }

    /// Adds `count` agents without runs to the first workspace. A million agents take seconds.
    pub fn add_agents(&mut self, count: u64) {
        let workspace = self.workspaces.default_id();
        (0..count).for_each(|_| drop(self.add_agent_to(Arc::clone(&workspace))));
    }

    /// Adds a deployed agent with the identifier `id` to the first workspace.
    pub fn add_deployed_agent(&mut self, id: &str) {
        let workspace = self.workspaces.default_id();
        self.insert_agent(id.into(), workspace);
        self.deploy(id);
    }

    /// Deploys an agent, as a completed build does. Does nothing if there is no such agent.
    pub fn deploy(&mut self, agent_id: &str) {
        let now = self.now;
        if let Some(agent) = self.agents.get_mut(agent_id) {
            agent.deployed = Some(now);
            agent.name.get_or_insert_with(|| "Helpful agent".to_owned());
        }
    }

    /// Deletes an agent with its runs, webhooks and schedule. Does nothing if there is no such
    /// agent.
    pub fn delete_agent(&mut self, agent_id: &str) {
        self.agents.remove(agent_id);
    }

    fn add_agent_to(&mut self, workspace: Arc<str>) -> Arc<str> {
        let id =
            if self.observed() { self.ids.uuid() } else { format!("agent_{}", self.ids.token(8)) };
        let id: Arc<str> = id.into();
        self.insert_agent(Arc::clone(&id), workspace);
        id
    }

    fn insert_agent(&mut self, id: Arc<str>, workspace: Arc<str>) {
        self.agents.insert(Agent {
            id,
            workspace,
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

    pub(super) fn agent(&self, id: &str) -> Result<&Agent, OperationError> {
        self.agents.get(id).ok_or_else(|| self.missing("agent"))
    }

    pub(super) fn agent_mut(&mut self, id: &str) -> Result<&mut Agent, OperationError> {
        let missing = self.missing("agent");
        self.agents.get_mut(id).ok_or(missing)
    }

    /// Returns an agent as a list shows it. In the reference, an agent of a list has fewer members
    /// than the response of `get_agent`.
    fn agent_in_list(&self, agent: &Agent) -> Value {
        let mut view = self.agent_view(agent);
        if let (false, Some(members)) = (self.observed(), view.as_object_mut()) {
            members.retain(|name, _| LIST_MEMBERS.contains(&name.as_str()));
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
            "agent_id": &*agent.id, "workspace_id": &*agent.workspace, "deployment_state": state,
            "has_runs": latest.is_some(),
            "latest_run_is_finished": latest.is_some_and(Run::is_finished),
        });
        // In the reference, a new agent has no `last_activity_at`.
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
            self.add_observed_members(&mut view, agent, latest);
        }
        view
    }

    fn add_observed_members(&self, view: &mut Value, agent: &Agent, latest: Option<&Run>) {
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

/// Lists agents, newest first. In the reference the response has no cursor, so the documented
/// profile returns all agents unless the request has a limit.
pub(super) fn list(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let limit =
        call.number("limit", 1)?.unwrap_or(if world.observed() { DEFAULT_LIMIT } else { u64::MAX });
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let below = match call.text("cursor") {
        Some(cursor) => world.read_cursor(&cursor)?,
        None => u64::MAX,
    };
    let agents = &world.agents;
    let body = match call.text("workspace_id") {
        Some(workspace) => page_of(world, agents.older_than_in(below, &workspace), limit),
        None => page_of(world, agents.older_than(below), limit),
    };
    Ok(BufferedResponse::json(StatusCode::OK, &body))
}

fn page_of<'a>(
    world: &World,
    mut found: impl Iterator<Item = (u64, &'a Agent)>,
    limit: usize,
) -> Value {
    let mut last = 0;
    let page = found.by_ref().take(limit).inspect(|(number, _)| last = *number);
    let views: Vec<Value> = page.map(|(_, agent)| world.agent_in_list(agent)).collect();
    let mut body = json!({"agents": views});
    if world.observed() && found.next().is_some() {
        body["next_cursor"] = json!(format!("{CURSOR_PREFIX}{last:x}"));
    }
    body
}

/// The prefix of a cursor. The number of the last agent of the page follows, in hexadecimal.
const CURSOR_PREFIX: &str = "after-";

impl World {
    /// Parses a cursor to the number of the last agent of the previous page.
    ///
    /// The reference has a cursor in requests but not in responses. So the documented profile accepts
    /// the identifier of the last agent of a page as a cursor.
    fn read_cursor(&self, cursor: &str) -> Result<u64, OperationError> {
        let number =
            cursor.strip_prefix(CURSOR_PREFIX).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let agent = || self.agents.numbers.get(cursor).copied().filter(|_| !self.observed());
        number.or_else(agent).ok_or_else(|| {
            OperationError::bad_request(if self.observed() {
                "unknown cursor; use the next_cursor of the previous page"
            } else {
                "unknown cursor; use the agent_id of the last agent of the previous page"
            })
        })
    }
}

#[derive(Deserialize)]
struct CreateBody {
    workspace_id: Option<String>,
    // Accepted and ignored: no response has the owner.
    #[serde(rename = "owner_user_id")]
    _owner_user_id: Option<String>,
    agent_id: Option<String>,
    derived_from_agent_id: Option<String>,
    #[serde(rename = "is_subagent")]
    _is_subagent: Option<bool>,
}

pub(super) fn create(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let body: CreateBody = call.body()?;
    let workspace = match body.workspace_id {
        Some(id) => world.workspace_id(&id)?,
        None => world.workspaces.default_id(),
    };
    let name = match body.derived_from_agent_id {
        Some(source) => world.agent(&source)?.name.clone(),
        None => None,
    };
    let id: Arc<str> = match body.agent_id {
        Some(id) if id.is_empty() => return Err(OperationError::bad_request("agent_id is empty")),
        Some(id) if world.agents.get(&id).is_some() => {
            return Err(OperationError::problem(
                StatusCode::CONFLICT,
                "an agent with this agent_id exists",
            ));
        }
        Some(id) => {
            let id = id.into();
            world.insert_agent(Arc::clone(&id), workspace);
            id
        }
        None => world.add_agent_to(workspace),
    };
    world.agent_mut(&id)?.name = name;
    let agent = world.agent(&id)?;
    Ok(BufferedResponse::json(StatusCode::CREATED, &json!({"agent": world.agent_view(agent)})))
}

pub(super) fn get(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let agent = world.agent(call.id("agent_id"))?;
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"agent": world.agent_view(agent)})))
}

pub(super) fn delete(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let removed = world.agents.remove(call.id("agent_id"));
    removed.ok_or_else(|| world.missing("agent"))?;
    Ok(no_content())
}

#[derive(Deserialize)]
struct MoveBody {
    workspace_id: String,
}

pub(super) fn move_to(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let MoveBody { workspace_id } = call.body()?;
    world.agent(call.id("agent_id"))?;
    let workspace = world.workspace_id(&workspace_id)?;
    world.agents.move_to(call.id("agent_id"), &workspace);
    Ok(success())
}
