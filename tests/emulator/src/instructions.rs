//! The instructions of agents, in versions.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::call::{OperationResult, RoutedRequest, success};
use super::world::{EMAIL, USER, World};
use crate::exchange::BufferedResponse;

/// A version of an agent's instructions.
#[derive(Debug)]
pub(super) struct Version {
    number: u64,
    content: String,
    source_type: String,
    source_id: String,
    written: DateTime<Utc>,
}

impl Version {
    /// Returns the members that the live service returns in addition to the text.
    fn extras(&self) -> [(&'static str, Value); 3] {
        let hash = base16ct::lower::encode_string(&Sha256::digest(&self.content));
        [
            ("storage_key", json!(format!("instructions/{hash}"))),
            ("content_hash", json!(hash)),
            ("source_id", json!(self.source_id)),
        ]
    }
}

pub(super) fn get(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let agent = world.agent(call.id("agent_id"))?;
    let Some(version) = agent.versions.last() else {
        // In the reference, every agent has instructions.
        let empty = json!({"instructions": {"content": ""}});
        return Ok(BufferedResponse::json(
            StatusCode::OK,
            &if world.observed() { json!({}) } else { empty },
        ));
    };
    let mut view = json!({"content": version.content});
    if world.observed() {
        view["agent_id"] = json!(&*agent.id);
        view["updated_at"] = json!(world.time(version.written));
        view["user_id"] = json!(USER);
        view["user_email"] = json!(EMAIL);
        for (name, value) in version.extras() {
            view[name] = value;
        }
    }
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"instructions": view})))
}

#[derive(Deserialize)]
struct UpdateBody {
    content: String,
    source_type: Option<String>,
    source_id: Option<String>,
}

pub(super) fn update(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let UpdateBody { content, source_type, source_id } = call.body()?;
    let written = world.now;
    let agent = world.agent_mut(call.id("agent_id"))?;
    agent.versions.push(Version {
        number: agent.versions.len() as u64 + 1,
        content,
        source_type: source_type.unwrap_or_else(|| "api".to_owned()),
        source_id: source_id.unwrap_or_default(),
        written,
    });
    Ok(success())
}

/// Lists the versions, newest first. The newest version is the current one.
pub(super) fn history(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let limit = call.number("limit", 1)?.unwrap_or(u64::MAX);
    let agent = world.agent(call.id("agent_id"))?;
    let newest = agent.versions.iter().rev();
    let versions = newest.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(|version| {
        let written = world.time(version.written);
        let mut view = json!({"content": version.content, "created_at": written});
        if world.observed() {
            view["id"] = json!(version.number);
            view["source_type"] = json!(version.source_type);
            for (name, value) in version.extras() {
                view[name] = value;
            }
        }
        view
    });
    let versions: Vec<Value> = versions.collect();
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"instruction_versions": versions})))
}
