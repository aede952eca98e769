//! Streams the pages and items of lists.
//!
//! [`Paginate`] extends the builder of each list operation. Set the filters on the builder, then
//! call [`items`](Paginate::items) or [`pages`](Paginate::pages). The
//! [guide](crate::guide::pages) explains the guarantees.
//!
//! If a stream ends without an error, it has returned every item that was in the list during all
//! its requests; the guide names one exception. No item is returned twice, and the number of
//! requests is bounded. The streams start no task, and neither sort nor filter items.

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

pub(crate) use self::lists::wrong_position;
pub use self::stream::{Items, Pages};
pub(crate) use self::tally::{NewEvents, Shortfall, Tally};
pub(crate) use crate::position::Position;
pub(crate) use crate::position::{EventLocation, Location, Progress};

use futures_core::stream::FusedStream;

use crate::error::Error;

/// One page of a list.
///
/// ```no_run
/// # fn save(next: &Option<twin_ext::Position>) {}
/// # async fn store(agents: Vec<twin_ext::twin_api::types::Agent>) -> Result<(), twin_ext::Error> { Ok(()) }
/// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), twin_ext::Error> {
/// use twin_ext::prelude::*;
/// // `limit` is the page size of `list_agents`, not a limit of the stream.
/// let mut pages = twin.list_agents().limit(20).pages();
/// while let Some(page) = pages.try_next().await? {
///     store(page.items).await?;
///     // After a crash, `pages_from` resumes here.
///     save(&page.next);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items in the order of the service, without those of earlier pages.
    pub items: Vec<T>,
    /// The position of the next page, or `None` after the last one.
    pub next: Option<Position>,
    /// The number of items in the list, as the service reports it; `None` if the service reports
    /// none or an implausible one. Use it to show progress, not to find the end of the list.
    pub total: Option<u64>,
}

/// Extends the builder of every list operation with streams of its pages and items.
///
/// The service splits agents, runs and events into pages. It returns API keys, webhooks,
/// schedules, workspaces and instruction versions in one response, which is one page here.
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
/// Setters of the builder also choose the page size: `limit` for agents and events, `page_size` for
/// runs.
///
/// The stream sends nothing until it is polled. Each request has the filters of the builder. The
/// stream of agents starts at the `cursor` of its builder, and the stream of events after its
/// `after_index`. The stream of runs always starts at the first page, whatever `page` is set to.
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
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), twin_ext::Error> {
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
    /// The stream first returns the items that it has received, then one error, and ends. To
    /// resume the list, pass [`Error::position`] to [`items_from`](Self::items_from).
    ///
    /// The error is one of these:
    /// - The error of a request that failed.
    /// - [`ErrorKind::Pagination`](crate::ErrorKind::Pagination): the service truncates or repeats
    ///   the list, so items may be missing.
    fn items(self) -> Self::Items;

    /// Streams the pages. An empty list has one empty page.
    ///
    /// # Errors
    /// See [`items`](Self::items).
    fn pages(self) -> Self::Pages;

    /// Streams the pages from a [`Position`], which may come from another process.
    ///
    /// Use the same filters as in the interrupted list. If the list has changed since, the stream
    /// may repeat items, but skips none.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_ext::twin_api::Client, saved: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// use twin_ext::prelude::*;
    /// use twin_ext::Position;
    /// let position: Position = serde_json::from_str(saved)?;
    /// let mut pages = twin.list_agents().pages_from(position);
    /// while let Some(page) = pages.try_next().await? {
    ///     println!("{} more agents", page.items.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`items`](Self::items). In addition,
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest): the position belongs to
    /// another kind of list. Nothing was sent.
    fn pages_from(self, position: Position) -> Self::Pages;

    /// Streams the items from a [`Position`], like [`pages_from`](Self::pages_from).
    ///
    /// ```no_run
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use twin_ext::prelude::*;
    /// let saved = std::fs::read_to_string("position.json")?;
    /// let mut agents = twin.list_agents().items_from(serde_json::from_str(&saved)?);
    /// while let Some(agent) = agents.try_next().await? {
    ///     println!("{}", agent.agent_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`pages_from`](Self::pages_from).
    fn items_from(self, position: Position) -> Self::Items;
}

pub(crate) mod sealed {
    /// Prevents implementations outside this crate.
    pub trait Sealed {}
}
