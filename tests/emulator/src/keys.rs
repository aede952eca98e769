//! API keys, and the user to whom they belong.

use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Profile;
use super::call::{OperationError, OperationResult, RoutedRequest};
use super::ids::Ids;
use super::world::{USER, World};
use crate::exchange::BufferedResponse;

const MAX_NAME_CHARS: usize = 128;

/// The valid keys. A revoked key is removed.
#[derive(Debug)]
pub(super) struct ApiKeys(Vec<ApiKey>);

struct ApiKey {
    id: String,
    name: String,
    secret: String,
    prefix: String,
    created: DateTime<Utc>,
    used: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ApiKeys {
    /// Creates the initial key, with the given or a generated secret.
    pub(super) fn new(
        ids: &mut Ids,
        profile: Profile,
        secret: Option<String>,
        now: DateTime<Utc>,
    ) -> Self {
        let mut key = ApiKey::new(ids, profile, "emulator".to_owned(), now);
        if let Some(secret) = secret {
            key.secret = secret;
        }
        Self(vec![key])
    }

    /// Returns the secret of the initial key, unless it was revoked.
    pub(super) fn initial_secret(&self) -> Option<&str> {
        self.0.first().map(|key| key.secret.as_str())
    }

    /// Rejects a request without a valid key.
    pub(super) fn authenticate(
        &mut self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<(), OperationError> {
        let unauthorized = |detail| OperationError::problem(StatusCode::UNAUTHORIZED, detail);
        let mut sent = headers.get_all("x-api-key").iter();
        let sent = match (sent.next(), sent.next()) {
            (Some(sent), None) => sent.as_bytes(),
            (None, _) => return Err(unauthorized("the header x-api-key is missing")),
            (Some(_), Some(_)) => return Err(unauthorized("x-api-key was sent more than once")),
        };
        let found = self.0.iter_mut().find(|key| key.secret.as_bytes() == sent);
        let key = found.ok_or_else(|| unauthorized("the API key is not valid"))?;
        key.used = Some(now);
        Ok(())
    }
}

impl World {
    pub(super) fn add_key(&mut self, id: &str, name: &str) {
        let key = ApiKey::new(&mut self.ids, self.profile, name.to_owned(), self.now);
        self.keys.0.push(ApiKey { id: id.to_owned(), ..key });
    }
}

impl ApiKey {
    fn new(ids: &mut Ids, profile: Profile, name: String, now: DateTime<Utc>) -> Self {
        let secret = format!("tw_live_{}", ids.token(32));
        let (id, prefix) = match profile {
            Profile::Documented => (ids.token(6), format!("{}...", &secret[..11])),
            Profile::Observed => (ids.hex(32), ids.token(8)),
        };
        Self { id, name, secret, prefix, created: now, used: None }
    }

    fn view(&self, profile: Profile) -> Value {
        let mut view = json!({
            "key_id": self.id, "name": self.name, "display_prefix": self.prefix,
            "created_at": self.created.timestamp(),
        });
        // In the reference `last_used_at` is required, so for an unused key it is the time of creation.
        let used = match profile {
            Profile::Documented => Some(self.used.unwrap_or(self.created)),
            Profile::Observed => self.used,
        };
        if let Some(used) = used {
            view["last_used_at"] = json!(used.timestamp());
        }
        view
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every operation has this signature")]
pub(super) fn me(_: &mut World, _: &RoutedRequest<'_>) -> OperationResult {
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"user_id": USER})))
}

#[expect(clippy::unnecessary_wraps, reason = "every operation has this signature")]
pub(super) fn list(world: &mut World, _: &RoutedRequest<'_>) -> OperationResult {
    let keys: Vec<Value> = world.keys.0.iter().map(|key| key.view(world.profile)).collect();
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"keys": keys})))
}

#[derive(Deserialize)]
struct CreateBody {
    name: String,
}

pub(super) fn create(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let CreateBody { name } = call.body()?;
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(OperationError::bad_request(format!(
            "name must have 1 to {MAX_NAME_CHARS} characters"
        )));
    }
    let key = ApiKey::new(&mut world.ids, world.profile, name, world.now);
    let response = json!({
        "key_id": key.id, "name": key.name, "api_key": key.secret,
        "display_prefix": key.prefix, "created_at": key.created.timestamp(),
    });
    world.keys.0.push(key);
    Ok(BufferedResponse::json(StatusCode::OK, &response))
}

pub(super) fn revoke(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let keys = &mut world.keys.0;
    let before = keys.len();
    keys.retain(|key| key.id != call.id("key_id"));
    if keys.len() == before {
        return Err(world.missing("API key"));
    }
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"revoked": true})))
}
