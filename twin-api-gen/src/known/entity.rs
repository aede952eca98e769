//! A type of the API as `known.json` describes it.
//!
//! - `places`: where the type is used; see [`Place`]. A body or an answer needs none when
//!   its name is the operation's: `CreateAgentBody`, `GetAgentResponse`.
//! - `source`: where the type and its members are known from.
//! - `description`: what the Rust type says of itself when the document is silent.
//! - one of `members` (an object type), `values` (an open enum) and `schema` (anything else).
//!
//! A member has a `schema` with its `description`, and may have `required`, a `source` of
//! its own, `secret` (its type must be a secret type), `seen_absent` (the observation that
//! makes a documented member optional) and `upstream`. A value is a string, or an object
//! with `value` and `source`.

use serde_json::Value;

pub(crate) use super::super::identify::place::Place;

#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) places: Vec<Place>,
    pub(crate) source: String,
    pub(crate) description: Option<String>,
    pub(crate) shape: Shape,
}

#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Object { members: Vec<Member>, additional: Option<Value> },
    Enum(Vec<EnumValue>),
    Other(Value),
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) upstream_wins: bool,
    /// The member's own source; otherwise the entity's counts.
    pub(crate) source: Option<String>,
    pub(crate) seen_absent: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct EnumValue {
    pub(crate) value: String,
    pub(crate) source: Option<String>,
}

impl Entity {
    pub(crate) fn members(&self) -> &[Member] {
        match &self.shape {
            Shape::Object { members, .. } => members,
            Shape::Enum(_) | Shape::Other(_) => &[],
        }
    }
}

/// Whether a fact was observed, rather than promised by the reference.
pub(crate) fn observed(source: &str) -> bool {
    source.starts_with("observed")
}
