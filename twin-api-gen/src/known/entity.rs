//! Describes the entities of `known.json`: the types of the API.
//!
//! - `places`: where the API uses the type; see [`Place`]. A place where `known.json` itself refers
//!   to the entity need not be listed.
//! - `source`: the reference section or the observation that describes the type.
//! - `description`: the documentation of the Rust type if the document has none.
//! - exactly one of `members` (an object), `values` (an open enum) and `schema` (any other type).
//!
//! A member has a `schema` with its `description`. It may also have `required`, its own `source`,
//! `secret` (the Rust type must be a secret type), `seen_absent` (the observation that makes a
//! documented member optional) and `upstream`. A value is a string, or an object with `value` and
//! `source`.

use serde_json::Value;

pub(crate) use crate::identify::place::Place;

#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) places: Vec<Place>,
    pub(crate) source: String,
    pub(crate) description: Option<String>,
    pub(crate) shape: EntityShape,
}

#[derive(Debug, Clone)]
pub(crate) enum EntityShape {
    Object { members: Vec<EntityMember>, additional: Option<Value> },
    Enum(Vec<EnumValue>),
    Other(Value),
}

#[derive(Debug, Clone)]
pub(crate) struct EntityMember {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) upstream_wins: bool,
    /// The member's own source. `None` means the source of the entity.
    pub(crate) source: Option<String>,
    /// The observation that the member may be absent.
    pub(crate) seen_absent: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct EnumValue {
    pub(crate) value: String,
    pub(crate) source: Option<String>,
}

impl Entity {
    pub(crate) fn members(&self) -> &[EntityMember] {
        match &self.shape {
            EntityShape::Object { members, .. } => members,
            EntityShape::Enum(_) | EntityShape::Other(_) => &[],
        }
    }
}

/// Returns whether a fact was observed at the live service. Otherwise it is from the reference.
pub(crate) fn observed(source: &str) -> bool {
    source.starts_with("observed")
}
