//! Lists, page after page, as streams.
//!
//! [`Paginate`] is on the builders of the raw client: set the filters there, then ask for
//! [`items`](Paginate::items) or [`pages`](Paginate::pages). What you can rely on is in the
//! [guide](crate::guide::pages).
//!
//! A list ends without an error only if no item can be missing. The number of requests is
//! bounded, and no item comes twice. The module starts no task, and sorts and filters nothing.

mod cursor;
mod dedupe;
mod engine;
mod index;
mod lists;
#[cfg(test)]
mod model;
mod number;
mod single;
mod stream;
mod tally;

pub(crate) use self::lists::misplaced;
pub use self::stream::{Items, Pages};
pub(crate) use self::tally::{Entry, Shortfall, Tally};
pub(crate) use crate::position::Position;
pub(crate) use crate::position::{Indexed, Location, Progress};

use futures_core::stream::FusedStream;

use crate::error::Error;

/// One page of a list.
///
/// ```no_run
/// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
/// use twin_ext::prelude::*;
/// let mut pages = twin.list_agents().limit(20).pages();
/// while let Some(page) = pages.try_next().await? {
///     println!("{} agents of {:?}", page.items.len(), page.total);
///     // Store `page.next` after the items are handled.
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items in the order of the service, without those of earlier pages.
    pub items: Vec<T>,
    /// The position of the next page; `None` after the last one.
    pub next: Option<Position>,
    /// The number of items that the service reports, if it is plausible.
    pub total: Option<u64>,
}

/// Extends the builder of every list with streams of its items and pages.
///
/// The builder keeps its filters. Agents, runs and events come in pages; keys, webhooks,
/// schedules, workspaces and versions of instructions come in one page.
///
/// ```no_run
/// # async fn example() -> Result<(), twin_ext::Error> {
/// use twin_ext::prelude::*;
/// let twin = ClientBuilder::from_env()?.build()?;
/// let mut runs = twin.list_runs().agent_id("agent_abc123").page_size(50).items();
/// while let Some(run) = runs.try_next().await? {
///     println!("{} is {}", run.run_id, run.status);
/// }
/// # Ok(())
/// # }
/// ```
///
/// The stream sends nothing until it is polled. It sets the parameter that selects a page: a
/// `page` of the builder is overwritten; the list begins at a `cursor` or `after_index` of the
/// builder.
pub trait Paginate: Sized + sealed::Sealed {
    /// The type of an item.
    type Item;
    /// The stream of pages.
    type Pages: FusedStream<Item = Result<Page<Self::Item>, Error>> + Unpin + Send;
    /// The stream of items.
    type Items: FusedStream<Item = Result<Self::Item, Error>> + Unpin + Send;

    /// Streams the items of all pages, each once.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().workspace_id("ws_abc123").items();
    /// while let Some(agent) = agents.try_next().await? {
    ///     println!("{}", agent.agent_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The stream gives the error of a request, or one of
    /// [`ErrorKind::Pagination`](crate::ErrorKind::Pagination), after the items that arrived, and
    /// then ends. To resume the list, use [`Error::position`].
    fn items(self) -> Self::Items;

    /// Streams the pages; an empty list gives one empty page.
    ///
    /// # Errors
    /// As [`items`](Self::items).
    fn pages(self) -> Self::Pages;

    /// Streams the pages from a [`Position`] on, also in another process. If the list has
    /// changed meanwhile, items may come again; none is skipped.
    ///
    /// The builder must have the same filters as the builder that the position came from.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client, saved: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// use twin_ext::prelude::*;
    /// use twin_ext::Position;
    /// let position: Position = serde_json::from_str(saved)?;
    /// let mut rest = twin.list_agents().pages_from(position);
    /// while let Some(page) = rest.try_next().await? {
    ///     println!("{} more", page.items.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`items`](Self::items); and [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest)
    /// if the position belongs to another kind of list.
    fn pages_from(self, position: Position) -> Self::Pages;

    /// Streams the items from a [`Position`] on, like [`pages_from`](Self::pages_from).
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items();
    /// let first = agents.try_next().await?;
    /// if let Some(position) = agents.position() {
    ///     let again = twin.list_agents().items_from(position);
    /// #   drop(again);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`pages_from`](Self::pages_from).
    fn items_from(self, position: Position) -> Self::Items;
}

pub(crate) mod sealed {
    /// Prevents implementations outside this crate.
    pub trait Sealed {}
}
