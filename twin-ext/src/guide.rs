//! User guides: what the crate does, and what it guarantees.
//!
//! Start with [`curl`] if you know the REST API, or with [`operations`] to find an operation.

#[doc = include_str!("guide/errors.md")]
pub mod errors {}

#[doc = include_str!("guide/curl.md")]
pub mod curl {}

#[doc = include_str!("guide/operations.md")]
pub mod operations {}

#[doc = include_str!("guide/pages.md")]
pub mod pages {}

#[doc = include_str!("guide/retries.md")]
pub mod retries {}

#[doc = include_str!("guide/runs.md")]
pub mod runs {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/webhooks.md")]
pub mod webhooks {}
