//! What twin-ext adds to an operation, with a link to its documentation.
//!
//! twin-api cannot depend on twin-ext, so the links are absolute. `cargo xtask rendered` checks that
//! each leads to an item of twin-ext.

use crate::passes::tree::Operation;

/// The documentation of twin-ext.
pub(super) const ROOT: &str = "https://docs.rs/twin-ext/latest/twin_ext/";

/// One way through twin-ext.
pub(crate) struct Better {
    /// What is linked.
    item: &'static str,
    /// Its page below [`ROOT`].
    page: &'static str,
    /// What it does, in the third person.
    does: &'static str,
}

impl Better {
    const fn new(item: &'static str, page: &'static str, does: &'static str) -> Self {
        Self { item, page, does }
    }

    /// `` [`item`](crate::item) ``, for a page of twin-ext itself.
    pub(crate) fn local_link(&self) -> String {
        format!("[`{0}`](crate::{0})", self.item)
    }

    /// A sentence with an absolute link.
    pub(super) fn sentence(&self) -> String {
        format!("[`{}`]({ROOT}{}) {}.", self.item, self.page, self.does)
    }
}

const WAYS: &[(&str, Better)] = &[
    ("list_agents", PAGINATE),
    ("list_api_keys", PAGINATE),
    ("list_instruction_versions", PAGINATE),
    ("list_schedules", PAGINATE),
    ("list_webhooks", PAGINATE),
    ("list_workspaces", PAGINATE),
    ("list_runs", PAGINATE),
    (
        "list_runs",
        Better::new(
            "RunExt::finished_since",
            "trait.RunExt.html#tymethod.finished_since",
            "lists the runs that ended since a time",
        ),
    ),
    ("list_run_events", PAGINATE),
    (
        "list_run_events",
        Better::new(
            "RunHandle::events",
            "struct.RunHandle.html#method.events",
            "follows a run's events until it ends",
        ),
    ),
    (
        "start_run",
        Better::new(
            "RunExt::launch",
            "trait.RunExt.html#tymethod.launch",
            "starts a run and returns a handle that waits for its end",
        ),
    ),
    (
        "start_run",
        Better::new(
            "RunExt::launch_or_find",
            "trait.RunExt.html#tymethod.launch_or_find",
            "also finds the run if the response is lost",
        ),
    ),
    (
        "cancel_run",
        Better::new(
            "RunHandle::cancel",
            "struct.RunHandle.html#method.cancel",
            "cancels the run of a handle",
        ),
    ),
    (
        "delete_run",
        Better::new(
            "RunHandle::delete",
            "struct.RunHandle.html#method.delete",
            "deletes the run of a handle",
        ),
    ),
    (
        "create_webhook",
        Better::new(
            "webhook::Receiver",
            "webhook/struct.Receiver.html",
            "verifies deliveries and handles each event once",
        ),
    ),
    (
        "set_schedule",
        Better::new(
            "SetScheduleExt::cron",
            "trait.SetScheduleExt.html#tymethod.cron",
            "checks the cron expression before it is sent",
        ),
    ),
];

const PAGINATE: Better =
    Better::new("Paginate::items", "trait.Paginate.html#tymethod.items", "streams the whole list");

/// The better ways for an operation; none for most.
pub(crate) fn ways(operation: &Operation) -> impl Iterator<Item = &'static Better> {
    WAYS.iter().filter(|(name, _)| *name == operation.function).map(|(_, way)| way)
}

/// What twin-ext's retries do for an operation, with a link. `OperationInfo::is_idempotent` of
/// twin-api has the same rule.
pub(super) fn retries(operation: &Operation) -> String {
    let link = format!("[`twin-ext`]({ROOT}guide/retries/index.html)");
    let always = matches!(
        operation.method.as_str(),
        "get" | "head" | "options" | "trace" | "put" | "delete"
    ) || operation.function == "cancel_run";
    if always {
        format!("The raw client sends it once; {link} retries it after transient failures.")
    } else {
        format!("The raw client sends it once; {link} retries it only if it surely had no effect.")
    }
}
