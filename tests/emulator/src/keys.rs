//! API keys and their user.

use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Profile;
use super::call::{OperationResult, Refusal, RoutedRequest};
use super::ids::Ids;
use super::world::{USER, World};
use crate::exchange::BufferedResponse;

const LONGEST_NAME: usize = 128;

/// The valid keys. A revoked key is removed.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

struct Key {
    id: String,
    name: String,
    secret: String,
    prefix: String,
    created: DateTime<Utc>,
    used: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Keys {
    /// Creates the initial keys: `secret`, or a generated one.
    pub(super) fn new(
        ids: &mut Ids,
        profile: Profile,
        secret: Option<String>,
        now: DateTime<Utc>,
    ) -> Self {
        let mut key = Key::new(ids, profile, "emulator".to_owned(), now);
        if let Some(secret) = secret {
            key.secret = secret;
        }
        Self(vec![key])
    }

    /// Returns the secret of the initial key, unless it was revoked.
    pub(super) fn first_secret(&self) -> Option<&str> {
        self.0.first().map(|key| key.secret.as_str())
    }

    /// Rejects a request without a valid key.
    pub(super) fn admit(&mut self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), Refusal> {
        let unauthorized = |detail| Refusal::problem(StatusCode::UNAUTHORIZED, detail);
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
        let key = Key::new(&mut self.ids, self.profile, name.to_owned(), self.now);
        self.keys.0.push(Key { id: id.to_owned(), ..key });
    }
}

impl Key {
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
        // In the reference `last_used_at` is required, so a new key has its time of creation.
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

#[expect(clippy::unnecessary_wraps, reason = "the form of every operation")]
pub(super) fn me(_: &mut World, _: &RoutedRequest<'_>) -> OperationResult {
    Ok(BufferedResponse::json(StatusCode::OK, &json!({"user_id": USER})))
}

#[expect(clippy::unnecessary_wraps, reason = "the form of every operation")]
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
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Refusal::bad_request(format!("name must have 1 to {LONGEST_NAME} characters")));
    }
    let key = Key::new(&mut world.ids, world.profile, name, world.now);
    let answer = json!({
        "key_id": key.id, "name": key.name, "api_key": key.secret,
        "display_prefix": key.prefix, "created_at": key.created.timestamp(),
    });
    world.keys.0.push(key);
    Ok(BufferedResponse::json(StatusCode::OK, &answer))
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
