//! Workspaces: ordered folders of agents.

use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{OperationError, OperationResult, RoutedRequest, success};
use super::world::World;
use crate::exchange::BufferedResponse;

/// The workspaces in their order. There is always at least one.
#[derive(Debug)]
pub(super) struct Workspaces {
    list: Vec<Workspace>,
    created: usize,
}

#[derive(Debug)]
struct Workspace {
    id: Arc<str>,
    name: String,
    icon: Option<String>,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
}

impl Workspaces {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        let mut workspaces = Self { list: Vec::new(), created: 0 };
        workspaces.add("My Workspace".to_owned(), now);
        workspaces
    }

    fn add(&mut self, name: String, now: DateTime<Utc>) -> usize {
        self.created += 1;
        let id = format!("ws_{:03}", self.created).into();
        self.insert(id, name, now)
    }

    fn insert(&mut self, id: Arc<str>, name: String, now: DateTime<Utc>) -> usize {
        self.list.push(Workspace { id, name, icon: None, created: now, updated: now });
        self.list.len() - 1
    }

    /// Returns the identifier of the default workspace for new agents, which is the first.
    pub(super) fn default_id(&self) -> Arc<str> {
        self.list.first().map(|workspace| Arc::clone(&workspace.id)).unwrap_or_default()
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|workspace| &*workspace.id == id)
    }
}

impl World {
    pub(super) fn add_workspace(&mut self, id: &str, name: &str) {
        self.workspaces.insert(id.into(), name.to_owned(), self.now);
    }

    fn workspace_view(&self, position: usize) -> Value {
        let workspace = &self.workspaces.list[position];
        let mut view = json!({"workspace_id": &*workspace.id, "name": workspace.name});
        if self.observed() {
            view["agent_count"] = json!(self.agents.count_in(&workspace.id));
            view["position"] = json!(position);
            view["created_at"] = json!(self.time(workspace.created));
            view["updated_at"] = json!(self.time(workspace.updated));
            view["icon_config"] =
                json!(workspace.icon.as_deref().unwrap_or(r#"{"icon":"folder"}"#));
        }
        view
    }

    /// Returns the identifier of an existing workspace.
    pub(super) fn workspace_id(&self, id: &str) -> Result<Arc<str>, OperationError> {
        let found = self.workspaces.position(id).map(|place| &self.workspaces.list[place]);
        let found = found.ok_or_else(|| self.missing("workspace"))?;
        Ok(Arc::clone(&found.id))
    }

    fn workspace_position(&self, call: &RoutedRequest<'_>) -> Result<usize, OperationError> {
        let found = self.workspaces.position(call.id("workspace_id"));
        found.ok_or_else(|| self.missing("workspace"))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every operation has this signature")]
pub(super) fn list(world: &mut World, _: &RoutedRequest<'_>) -> OperationResult {
    let positions = 0..world.workspaces.list.len();
    let views: Vec<Value> = positions.map(|position| world.workspace_view(position)).collect();
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"workspaces": views})))
}

#[derive(Deserialize)]
struct NamedBody {
    name: String,
    icon_config: Option<String>,
}

pub(super) fn create(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let NamedBody { name, .. } = call.body()?;
    let position = world.workspaces.add(name, world.now);
    Ok(BufferedResponse::json(
        StatusCode::CREATED,
        &json!({"workspace": world.workspace_view(position)}),
    ))
}

pub(super) fn update(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let position = world.workspace_position(call)?;
    let NamedBody { name, icon_config } = call.body()?;
    let workspace = &mut world.workspaces.list[position];
    workspace.name = name;
    workspace.icon = icon_config.or(workspace.icon.take());
    workspace.updated = world.now;
    Ok(BufferedResponse::json(
        StatusCode::OK,
        &json!({"workspace": world.workspace_view(position)}),
    ))
}

pub(super) fn delete(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let position = world.workspace_position(call)?;
    if world.workspaces.list.len() == 1 {
        return Err(OperationError::bad_request("the last workspace cannot be deleted"));
    }
    let workspace = world.workspaces.list.remove(position);
    world.agents.delete_in(&workspace.id);
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"deleted": true})))
}

#[derive(Deserialize)]
struct ReorderBody {
    workspace_ids: Vec<String>,
}

/// Reorders the workspaces. Those that the request does not name follow in their old order.
pub(super) fn reorder(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let ReorderBody { workspace_ids } = call.body()?;
    let mut places = Vec::with_capacity(workspace_ids.len());
    for id in &workspace_ids {
        let place = world.workspaces.position(id).ok_or_else(|| world.missing("workspace"))?;
        if places.contains(&place) {
            return Err(OperationError::bad_request("workspace_ids names a workspace twice"));
        }
        places.push(place);
    }
    let place = |id: &str| workspace_ids.iter().position(|named| named == id);
    world.workspaces.list.sort_by_key(|workspace| place(&workspace.id).unwrap_or(usize::MAX));
    Ok(success())
}
