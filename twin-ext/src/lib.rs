//! Ergonomics over [`twin_api`], by extension only.
//!
//! Today it re-exports the raw client, so that a program that depends on `twin-ext` alone
//! reaches everything. Policy, pages, runs and webhooks come here, as traits and types
//! over [`twin_api::Client`]; nothing of the raw client is wrapped or hidden.

/// The raw client.
pub use twin_api;

/// What a program usually imports.
pub mod prelude {
    pub use twin_api;
    pub use twin_api::types::Problem;
}
