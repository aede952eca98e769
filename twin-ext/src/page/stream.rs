//! The public streams: pages, and their items.
//!
//! They are fused: nothing follows an error or the end. Dropping a future of `next` loses
//! nothing. Dropping a stream cancels its request.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, vec};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::engine::{Engine, PageResult, PageSource, Pager};
use super::{Page, Position};
use crate::error::Error;

/// Streams the pages of a list; made by [`Paginate::pages`](crate::Paginate::pages).
///
/// It implements [`Stream`]. Its own [`next`](Self::next) and [`try_next`](Self::try_next) need
/// no other crate.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<'a, T> {
    engine: Box<dyn PageSource<T> + 'a>,
    /// Prefetched pages.
    ready: VecDeque<PageResult<T>>,
    ahead: usize,
    /// Whether the engine has given its last page or error.
    drained: bool,
}

impl<'a, T> Pages<'a, T> {
    pub(super) fn new<P: Pager<Item = T> + 'a>(engine: Engine<'a, P>) -> Self
    where
        P::Response: 'a,
    {
        Self { engine: Box::new(engine), ready: VecDeque::new(), ahead: 0, drained: false }
    }

    /// Creates a stream that gives only this error.
    pub(super) fn failed(error: Error) -> Self {
        Self { engine: Box::new(Nothing), ready: [Err(error)].into(), ahead: 0, drained: true }
    }

    /// Prefetches `pages` pages while one is used. The default is 0: a page is requested when it
    /// is needed.
    ///
    /// The order stays. No task is started: requests make progress when this stream is polled. A
    /// prefetch that fails because it was not polled in time is repeated when its page is needed.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut pages = twin.list_agents().pages().prefetch(1);
    /// while let Some(page) = pages.try_next().await? {
    ///     // The next page is under way.
    /// #   drop(page);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.ahead = pages;
        self
    }

    /// Returns the next page; `None` at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// As [`Paginate::items`](crate::Paginate::items).
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        poll_fn(|context| self.poll_next_page(context)).await
    }

    /// Returns the next page, like [`next`](Self::next), in a form that suits `?`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>, Error> {
        self.next().await.transpose()
    }

    fn poll_next_page(&mut self, context: &mut Context<'_>) -> Poll<Option<PageResult<T>>> {
        let page = match self.ready.pop_front() {
            Some(page) => Some(page),
            None if self.drained => None,
            None => ready!(self.engine.poll_page(false, context)),
        };
        self.note(page.as_ref());
        self.drive(context);
        Poll::Ready(page)
    }

    /// Polls the prefetches.
    fn drive(&mut self, context: &mut Context<'_>) {
        while self.ready.len() < self.ahead && !self.drained {
            let Poll::Ready(page) = self.engine.poll_page(true, context) else { return };
            self.note(page.as_ref());
            self.ready.extend(page);
        }
    }

    fn note(&mut self, page: Option<&PageResult<T>>) {
        self.drained |= match page {
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

/// Items are never pinned.
impl<T> Unpin for Pages<'_, T> {}

impl<T> Stream for Pages<'_, T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next_page(context)
    }

    /// The lower bound counts prefetched pages; the upper one is known at the end.
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

/// Streams the items of a list; made by [`Paginate::items`](crate::Paginate::items).
///
/// It implements [`Stream`]. Its own [`next`](Self::next) and [`try_next`](Self::try_next) need
/// no other crate.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<'a, T> {
    pages: Pages<'a, T>,
    page: vec::IntoIter<T>,
    /// The position before the page whose items are given.
    before: Option<Position>,
    /// The position after it.
    after: Option<Position>,
}

impl<'a, T> Items<'a, T> {
    pub(super) fn new(pages: Pages<'a, T>, position: Position) -> Self {
        let after = Some(position);
        Self { pages, page: Vec::new().into_iter(), before: after.clone(), after }
    }

    /// Prefetches `pages` pages while the items of one are used, like [`Pages::prefetch`].
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

    /// Returns the position to resume from so that no item is missed: before the page whose items
    /// were not all given. `None` after the last item of the list.
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

    /// Returns the next item; `None` at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// As [`Paginate::items`](crate::Paginate::items).
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| self.poll_next_item(context)).await
    }

    /// Returns the next item, like [`next`](Self::next), in a form that suits `?`.
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

/// Items are never pinned.
impl<T> Unpin for Items<'_, T> {}

impl<T> Stream for Items<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next_item(context)
    }

    /// The lower bound counts items at hand. The total of the service may be wrong and is not
    /// used.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let errors = self.pages.ready.iter().filter(|page| page.is_err()).count();
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

/// Gives no pages.
struct Nothing;

impl<T> PageSource<T> for Nothing {
    fn poll_page(&mut self, _: bool, _: &mut Context<'_>) -> Poll<Option<PageResult<T>>> {
        Poll::Ready(None)
    }
}
