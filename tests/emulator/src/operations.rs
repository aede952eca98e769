//! The 33 operations of the API: the name, method, path and handler of each.

use axum::http::Method;

use super::call::{OperationResult, RoutedRequest};
use super::world::World;
use super::{agents, events, instructions, keys, runs, schedules, webhooks, workspaces};

/// One operation of the API.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// The name in fault files and in [`Emulator::count`](crate::Emulator::count), such as `get_me`.
    pub(super) id: &'static str,
    pub(super) method: Method,
    /// The path, with its parameters in braces.
    pub(super) path: &'static str,
    /// Changes the world and returns the response.
    pub(super) handler: fn(&mut World, &RoutedRequest<'_>) -> OperationResult,
}

/// Every operation, in the order of the reference.
pub(super) static OPERATIONS: [Operation; 33] = [
    operation("list_api_keys", Method::GET, KEYS, keys::list),
    operation("create_api_key", Method::POST, KEYS, keys::create),
    operation("revoke_api_key", Method::DELETE, KEY, keys::revoke),
    operation("get_me", Method::GET, "/v1/me", keys::me),
    operation("list_agents", Method::GET, AGENTS, agents::list),
    operation("create_agent", Method::POST, AGENTS, agents::create),
    operation("get_agent", Method::GET, AGENT, agents::get),
    operation("delete_agent", Method::DELETE, AGENT, agents::delete),
    operation("move_agent", Method::POST, "/v1/agents/{agent_id}/move", agents::move_to),
    operation("list_runs", Method::GET, RUNS, runs::list),
    operation("start_run", Method::POST, RUNS, runs::start),
    operation("delete_run", Method::DELETE, "/v1/agents/{agent_id}/runs/{run_id}", runs::delete),
    operation("cancel_run", Method::POST, CANCEL, runs::cancel),
    operation("list_run_events", Method::GET, EVENTS, events::list),
    operation("create_webhook", Method::POST, WEBHOOKS, webhooks::create),
    operation("list_webhooks", Method::GET, WEBHOOKS, webhooks::list),
    operation("get_webhook", Method::GET, WEBHOOK, webhooks::get),
    operation("update_webhook", Method::PATCH, WEBHOOK, webhooks::update),
    operation("delete_webhook", Method::DELETE, WEBHOOK, webhooks::delete),
    operation("get_schedule", Method::GET, SCHEDULE, schedules::get),
    operation("set_schedule", Method::PUT, SCHEDULE, schedules::set),
    operation("delete_schedule", Method::DELETE, SCHEDULE, schedules::delete),
    operation("pause_schedule", Method::POST, PAUSE, schedules::pause),
    operation("resume_schedule", Method::POST, RESUME, schedules::resume),
    operation("list_schedules", Method::GET, "/v1/schedules", schedules::list),
    operation("get_instructions", Method::GET, INSTRUCTIONS, instructions::get),
    operation("update_instructions", Method::PUT, INSTRUCTIONS, instructions::update),
    operation("list_instruction_versions", Method::GET, HISTORY, instructions::history),
    operation("list_workspaces", Method::GET, WORKSPACES, workspaces::list),
    operation("create_workspace", Method::POST, WORKSPACES, workspaces::create),
    operation("update_workspace", Method::PUT, WORKSPACE, workspaces::update),
    operation("delete_workspace", Method::DELETE, WORKSPACE, workspaces::delete),
    operation("reorder_workspaces", Method::POST, REORDER, workspaces::reorder),
];

const KEYS: &str = "/api/public/v1/access-api-keys";
const KEY: &str = "/api/public/v1/access-api-keys/{key_id}";
const AGENTS: &str = "/v1/agents";
const AGENT: &str = "/v1/agents/{agent_id}";
const RUNS: &str = "/v1/agents/{agent_id}/runs";
const CANCEL: &str = "/v1/agents/{agent_id}/runs/{run_id}/cancel";
const EVENTS: &str = "/v1/agents/{agent_id}/runs/{run_id}/events";
const WEBHOOKS: &str = "/v1/agents/{agent_id}/webhooks";
const WEBHOOK: &str = "/v1/agents/{agent_id}/webhooks/{webhook_id}";
const SCHEDULE: &str = "/v1/agents/{agent_id}/schedule";
const PAUSE: &str = "/v1/agents/{agent_id}/schedule/pause";
const RESUME: &str = "/v1/agents/{agent_id}/schedule/resume";
const INSTRUCTIONS: &str = "/v1/agents/{agent_id}/instructions";
const HISTORY: &str = "/v1/agents/{agent_id}/instructions/history";
const WORKSPACES: &str = "/v1/workspaces";
const WORKSPACE: &str = "/v1/workspaces/{workspace_id}";
const REORDER: &str = "/v1/workspaces/reorder";

const fn operation(
    id: &'static str,
    method: Method,
    path: &'static str,
    handler: fn(&mut World, &RoutedRequest<'_>) -> OperationResult,
) -> Operation {
    Operation { id, method, path, handler }
}

/// The names of all operations.
pub(super) fn names() -> [&'static str; 33] {
    OPERATIONS.each_ref().map(|operation| operation.id)
}
