//! Lists what twin-ext adds to each operation, with a link to its documentation.
//!
//! twin-api cannot depend on twin-ext, so the links are absolute. `cargo xtask rendered` checks that
//! each link leads to an item of twin-ext.

use crate::passes::tree::GeneratedOperation;

/// The URL of twin-ext's documentation.
pub(super) const ROOT: &str = "https://docs.rs/twin-ext/latest/twin_ext/";

/// An item of twin-ext that extends an operation.
pub(crate) struct Extension {
    /// The item, such as `RunExt::launch`.
    item: &'static str,
    /// The URL of the item, relative to [`ROOT`].
    page: &'static str,
    /// What the item does, in the third person.
    does: &'static str,
}

impl Extension {
    const fn new(item: &'static str, page: &'static str, does: &'static str) -> Self {
        Self { item, page, does }
    }

    /// Returns `` [`item`](crate::item) ``, for a page of twin-ext itself.
    pub(crate) fn local_link(&self) -> String {
        format!("[`{0}`](crate::{0})", self.item)
    }

    /// Returns a sentence with an absolute link to the item.
    pub(super) fn sentence(&self) -> String {
        format!("[`{}`]({ROOT}{}) {}.", self.item, self.page, self.does)
    }
}

const EXTENSIONS: &[(&str, Extension)] = &[
    ("list_agents", PAGINATE),
    ("list_api_keys", PAGINATE),
    ("list_instruction_versions", PAGINATE),
    ("list_schedules", PAGINATE),
    ("list_webhooks", PAGINATE),
    ("list_workspaces", PAGINATE),
    ("list_runs", PAGINATE),
    (
        "list_runs",
        Extension::new(
            "RunExt::finished_since",
            "trait.RunExt.html#tymethod.finished_since",
            "lists the runs that ended since a time",
        ),
    ),
    ("list_run_events", PAGINATE),
    (
        "list_run_events",
        Extension::new(
            "RunHandle::events",
            "struct.RunHandle.html#method.events",
            "follows a run's events until it ends",
        ),
    ),
    (
        "start_run",
        Extension::new(
            "RunExt::launch",
            "trait.RunExt.html#tymethod.launch",
            "starts a run and returns a handle that waits for its end",
        ),
    ),
    (
        "start_run",
        Extension::new(
            "RunExt::launch_or_find",
            "trait.RunExt.html#tymethod.launch_or_find",
            "also finds the run if the response is lost",
        ),
    ),
    (
        "cancel_run",
        Extension::new(
            "RunHandle::cancel",
            "struct.RunHandle.html#method.cancel",
            "cancels the run of a handle",
        ),
    ),
    (
        "delete_run",
        Extension::new(
            "RunHandle::delete",
            "struct.RunHandle.html#method.delete",
            "deletes the run of a handle",
        ),
    ),
    (
        "create_webhook",
        Extension::new(
            "webhook::Receiver",
            "webhook/struct.Receiver.html",
            "verifies deliveries and handles each event once",
        ),
    ),
    (
        "set_schedule",
        Extension::new(
            "SetScheduleExt::cron",
            "trait.SetScheduleExt.html#tymethod.cron",
            "checks the cron expression before it is sent",
        ),
    ),
];

const PAGINATE: Extension = Extension::new(
    "Paginate::items",
    "trait.Paginate.html#tymethod.items",
    "streams the whole list",
);

/// Returns the extensions of an operation. Most operations have none.
pub(crate) fn extensions(
    operation: &GeneratedOperation,
) -> impl Iterator<Item = &'static Extension> {
    EXTENSIONS
        .iter()
        .filter(|(name, _)| *name == operation.function)
        .map(|(_, extension)| extension)
}

/// Returns a sentence about the retries of an operation, with a link. twin-api's
/// `OperationInfo::is_idempotent` has the same rule.
pub(super) fn retries(operation: &GeneratedOperation) -> String {
    let link = format!("[`twin-ext`]({ROOT}guide/retries/index.html)");
    let always = matches!(
        operation.method.as_str(),
        "get" | "head" | "options" | "trace" | "put" | "delete"
    ) || operation.function == "cancel_run";
    if always {
        format!("The raw client sends it once; {link} retries it after transient failures.")
    } else {
        format!(
            "The raw client sends it once; {link} retries it only if the request had no effect."
        )
    }
}
