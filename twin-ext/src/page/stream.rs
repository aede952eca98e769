//! The streams that people hold: pages, and their items.
//!
//! They are fused: after an error, or the end, there is nothing more. A future of `next` that
//! is dropped loses nothing; a stream that is dropped sends nothing more.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, vec};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::engine::{Engine, Pager, Turn, Turned};
use super::{Page, Position};
use crate::error::Error;

/// The pages of a list, by [`Paginate::pages`](crate::Paginate::pages).
///
/// It is a [`Stream`]; [`next`](Self::next) and [`try_next`](Self::try_next) are here for who
/// has no use for another crate's.
#[must_use = "a stream does nothing unless it is asked for something"]
pub struct Pages<'a, T> {
    engine: Box<dyn Turn<T> + 'a>,
    /// What came before somebody wanted it.
    ready: VecDeque<Turned<T>>,
    ahead: usize,
    /// The engine has nothing more.
    drained: bool,
}

impl<'a, T> Pages<'a, T> {
    pub(super) fn new<P: Pager<Item = T> + 'a>(engine: Engine<'a, P>) -> Self
    where
        P::Answer: 'a,
    {
        Self { engine: Box::new(engine), ready: VecDeque::new(), ahead: 0, drained: false }
    }

    /// A stream of this error only.
    pub(super) fn failed(error: Error) -> Self {
        Self { engine: Box::new(Nothing), ready: [Err(error)].into(), ahead: 0, drained: true }
    }

    /// Has `pages` pages on their way while one is used; 0, unless this says otherwise, asks
    /// for nothing before it is wanted.
    ///
    /// The order stays. No task is started: requests that are under way make headway whenever
    /// this stream is asked for something. One that failed meanwhile for want of time is made
    /// again when its page is wanted.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut pages = twin.list_agents().pages().prefetch(1);
    /// while let Some(page) = pages.try_next().await? {
    ///     // The next page is on its way.
    /// #   drop(page);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.ahead = pages;
        self
    }

    /// The next page; `None` at the end. Dropping the future loses nothing.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut pages = twin.list_agents().pages();
    /// while let Some(page) = pages.next().await {
    ///     println!("{}", page?.items.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The list cannot be read on, as [`Paginate::items`](crate::Paginate::items) says.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        poll_fn(|context| self.poll_next_page(context)).await
    }

    /// As [`next`](Self::next), for `?`.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let first = twin.list_agents().pages().try_next().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>, Error> {
        self.next().await.transpose()
    }

    fn poll_next_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Turned<T>>> {
        let turned = match self.ready.pop_front() {
            Some(turned) => Some(turned),
            None if self.drained => None,
            None => ready!(self.engine.poll_page(false, context)),
        };
        self.note(turned.as_ref());
        self.drive(context);
        Poll::Ready(turned)
    }

    /// Has the next pages on their way, and makes headway with them.
    fn drive(&mut self, context: &mut Context<'_>) {
        while self.ready.len() < self.ahead && !self.drained {
            let Poll::Ready(turned) = self.engine.poll_page(true, context) else { return };
            self.note(turned.as_ref());
            self.ready.extend(turned);
        }
    }

    fn note(&mut self, turned: Option<&Turned<T>>) {
        self.drained |= match turned {
            Some(Ok(page)) => page.next.is_none(),
            Some(Err(_)) | None => true,
        };
    }

    fn is_over(&self) -> bool {
        self.drained && self.ready.is_empty()
    }

    fn on_hand(&self) -> usize {
        self.ready.iter().flatten().map(|page| page.items.len()).sum()
    }
}

/// Items are moved about, never pinned.
impl<T> Unpin for Pages<'_, T> {}

impl<T> Stream for Pages<'_, T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next_page(context)
    }

    /// At least what is there already; nobody knows more before the end.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ready.len(), self.drained.then_some(self.ready.len()))
    }
}

impl<T> FusedStream for Pages<'_, T> {
    fn is_terminated(&self) -> bool {
        self.is_over()
    }
}

impl<T> fmt::Debug for Pages<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("ready", &self.ready.len())
            .field("prefetch", &self.ahead)
            .field("over", &self.is_over())
            .finish_non_exhaustive()
    }
}

/// The items of a list, by [`Paginate::items`](crate::Paginate::items).
///
/// It is a [`Stream`]; [`next`](Self::next) and [`try_next`](Self::try_next) are here for who
/// has no use for another crate's.
#[must_use = "a stream does nothing unless it is asked for something"]
pub struct Items<'a, T> {
    pages: Pages<'a, T>,
    page: vec::IntoIter<T>,
    /// Before the page whose items are given.
    before: Option<Position>,
    /// Behind it.
    after: Option<Position>,
}

impl<'a, T> Items<'a, T> {
    pub(super) fn new(pages: Pages<'a, T>, position: Position) -> Self {
        let after = Some(position);
        Self { pages, page: Vec::new().into_iter(), before: after.clone(), after }
    }

    /// Has `pages` pages on their way while the items of one are used; see [`Pages::prefetch`].
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items().prefetch(1);
    /// while let Some(agent) = agents.try_next().await? {
    ///     println!("{}", agent.agent_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.pages.ahead = pages;
        self
    }

    /// Where to go on so that no item is missed: before the page of which an item is still to
    /// come. `None` when all items were given and there are no more.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items();
    /// while let Some(agent) = agents.try_next().await? {
    ///     println!("{} {:?}", agent.agent_id, agents.position());
    /// }
    /// assert_eq!(agents.position(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn position(&self) -> Option<Position> {
        if self.page.as_slice().is_empty() { self.after.clone() } else { self.before.clone() }
    }

    /// The next item; `None` at the end. Dropping the future loses nothing.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items();
    /// while let Some(agent) = agents.next().await {
    ///     println!("{}", agent?.agent_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The list cannot be read on, as [`Paginate::items`](crate::Paginate::items) says.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| self.poll_next_item(context)).await
    }

    /// As [`next`](Self::next), for `?`.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let newest = twin.list_agents().limit(1).items().try_next().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        self.next().await.transpose()
    }

    fn poll_next_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.page.next() {
                self.pages.drive(context);
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll_next_page(context)) {
                Some(Ok(page)) => {
                    self.before = self.after.take();
                    self.after = page.next;
                    self.page = page.items.into_iter();
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Items are moved about, never pinned.
impl<T> Unpin for Items<'_, T> {}

impl<T> Stream for Items<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next_item(context)
    }

    /// At least what is there already; a total of the service's is not relied upon.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let errors = self.pages.ready.iter().filter(|turned| turned.is_err()).count();
        let least = self.page.len() + self.pages.on_hand() + errors;
        (least, self.pages.drained.then_some(least))
    }
}

impl<T> FusedStream for Items<'_, T> {
    fn is_terminated(&self) -> bool {
        self.page.as_slice().is_empty() && self.pages.is_over()
    }
}

impl<T> fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("on_hand", &self.page.len())
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

/// Where there is nothing.
struct Nothing;

impl<T> Turn<T> for Nothing {
    fn poll_page(&mut self, _: bool, _: &mut Context<'_>) -> Poll<Option<Turned<T>>> {
        Poll::Ready(None)
    }
}
