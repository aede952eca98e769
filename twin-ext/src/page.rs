//! Lists, page after page, as streams.
//!
//! [`Paginate`] is on the builders of the raw client: set the filters there, then ask for
//! [`items`](Paginate::items) or [`pages`](Paginate::pages). What you can rely on is in the
//! [guide](crate::guide::pages).
//!
//! It never ends a list in silence where there may be more, never asks for ever, and never
//! gives an item twice. It runs no task of its own, and sorts and filters nothing.

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
pub(crate) use crate::position::{Indexed, Place, Progress};

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
///     // Once they are dealt with, `page.next` is worth keeping.
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// What it holds, as it came, without what an earlier page held already.
    pub items: Vec<T>,
    /// Where the list goes on; `None` where it ends.
    pub next: Option<Position>,
    /// How many items the service says there are, if it does and it can be.
    pub total: Option<u64>,
}

/// A list of the service, as a stream.
///
/// It is on the builders of all lists, which keep their filters. Agents, runs and events come
/// in pages; keys, webhooks, schedules, workspaces and versions of instructions come in one.
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
/// Nothing is sent before the stream is asked for something. The setting in which a list's
/// pages are told apart is the stream's: a `page` that was set is overwritten, a `cursor` or
/// an `after_index` is where the list begins.
pub trait Paginate: Sized + sealed::Sealed {
    /// What the list holds.
    type Item;
    /// The stream of its pages.
    type Pages: FusedStream<Item = Result<Page<Self::Item>, Error>> + Unpin + Send;
    /// The stream of its items.
    type Items: FusedStream<Item = Result<Self::Item, Error>> + Unpin + Send;

    /// The items of all pages, each once.
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
    /// The stream gives what a request failed with, or
    /// [`ErrorKind::Pagination`](crate::ErrorKind::Pagination), after the good items, and then
    /// ends. [`Error::position`] is where to go on.
    fn items(self) -> Self::Items;

    /// The pages, one at least.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut pages = twin.list_agents().limit(20).pages();
    /// let first = pages.try_next().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`items`](Self::items).
    fn pages(self) -> Self::Pages;

    /// The pages from a [`Position`] on, in another process too. What came before may come
    /// again, where the list has changed meanwhile; nothing is left out.
    ///
    /// The builder must be set up as it was for the page that the position is from.
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
    /// where the position is one in another kind of list.
    fn pages_from(self, position: Position) -> Self::Pages;

    /// The items from a [`Position`] on, as [`pages_from`](Self::pages_from).
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
    /// The lists are those of the API.
    pub trait Sealed {}
}
