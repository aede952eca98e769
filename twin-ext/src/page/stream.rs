//! Defines the public streams: [`Pages`] and [`Items`].
//!
//! Both are fused: they return `None` after an error and after the end. Dropping a future of
//! `next` loses no item. Dropping a stream cancels its request in flight.

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

/// Streams the pages of a list. [`Paginate::pages`](crate::Paginate::pages) creates it.
///
/// Call [`next`](Self::next) or [`try_next`](Self::try_next) in a loop, or use it as a
/// [`Stream`](https://docs.rs/futures-core/latest/futures_core/stream/trait.Stream.html). Use
/// [`Items`] to get the items one by one.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<'a, T> {
    engine: Box<dyn PageSource<T> + 'a>,
    /// Prefetched pages.
    ready: VecDeque<PageResult<T>>,
    ahead: usize,
    /// Whether the engine has returned its last page or an error.
    drained: bool,
}

impl<'a, T> Pages<'a, T> {
    pub(super) fn new<P: Pager<Item = T> + 'a>(engine: Engine<'a, P>) -> Self
    where
        P::Response: 'a,
    {
        Self { engine: Box::new(engine), ready: VecDeque::new(), ahead: 0, drained: false }
    }

    /// Creates a stream that returns only this error.
    pub(super) fn failed(error: Error) -> Self {
        Self { engine: Box::new(NoPages), ready: [Err(error)].into(), ahead: 0, drained: true }
    }

    /// Prefetches up to `pages` pages while the caller uses one. The default is 0: the stream
    /// requests a page when the caller asks for it.
    ///
    /// Use it if handling a page takes as long as a request. Pages keep their order. The stream
    /// starts no task, so a prefetch makes progress only while the stream is polled. It sends one
    /// request at a time, and holds at most `pages` pages in memory. A prefetch that times out or
    /// loses its connection is retried when its page is needed.
    ///
    /// ```no_run
    /// # use twin_ext::Error;
    /// # async fn store(agents: Vec<twin_ext::twin_api::types::Agent>) -> Result<(), Error> { Ok(()) }
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut pages = twin.list_agents().pages().prefetch(1);
    /// while let Some(page) = pages.try_next().await? {
    ///     store(page.items).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.ahead = pages;
        self
    }

    /// Returns the next page, or `None` after the last one. Dropping the future loses no page.
    ///
    /// # Errors
    /// See [`Paginate::items`](crate::Paginate::items).
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        poll_fn(|context| self.poll_next_page(context)).await
    }

    /// Returns the next page, like [`next`](Self::next), as a `Result<Option<_>>` for `?`.
    ///
    /// # Errors
    /// See [`Paginate::items`](crate::Paginate::items).
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>, Error> {
        self.next().await.transpose()
    }

    fn poll_next_page(&mut self, context: &mut Context<'_>) -> Poll<Option<PageResult<T>>> {
        let page = match self.ready.pop_front() {
            Some(page) => Some(page),
            None if self.drained => None,
            None => ready!(self.engine.poll_page(false, context)),
        };
        self.record_end(page.as_ref());
        self.drive(context);
        Poll::Ready(page)
    }

    /// Polls prefetches until enough pages are ready or a request is pending.
    fn drive(&mut self, context: &mut Context<'_>) {
        while self.ready.len() < self.ahead && !self.drained {
            let Poll::Ready(page) = self.engine.poll_page(true, context) else { return };
            self.record_end(page.as_ref());
            self.ready.extend(page);
        }
    }

    /// Records whether this page is the last one, or an error.
    fn record_end(&mut self, page: Option<&PageResult<T>>) {
        self.drained |= match page {
            Some(Ok(page)) => page.next.is_none(),
            Some(Err(_)) | None => true,
        };
    }

    fn is_over(&self) -> bool {
        self.drained && self.ready.is_empty()
    }

    /// Returns the number of items in prefetched pages.
    fn prefetched_items(&self) -> usize {
        self.ready.iter().flatten().map(|page| page.items.len()).sum()
    }
}

/// The stream pins no `T`.
impl<T> Unpin for Pages<'_, T> {}

impl<T> Stream for Pages<'_, T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next_page(context)
    }

    /// The lower bound counts prefetched pages. The upper bound is known after the last response.
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

/// Streams the items of a list. [`Paginate::items`](crate::Paginate::items) creates it.
///
/// Call [`next`](Self::next) or [`try_next`](Self::try_next) in a loop, or use it as a
/// [`Stream`](https://docs.rs/futures-core/latest/futures_core/stream/trait.Stream.html).
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<'a, T> {
    pages: Pages<'a, T>,
    page: vec::IntoIter<T>,
    /// The position before the current page.
    before: Option<Position>,
    /// The position after the current page.
    after: Option<Position>,
}

impl<'a, T> Items<'a, T> {
    pub(super) fn new(pages: Pages<'a, T>, position: Position) -> Self {
        let after = Some(position);
        Self { pages, page: Vec::new().into_iter(), before: after.clone(), after }
    }

    /// Prefetches up to `pages` pages while the caller uses the items of one. The default is 0.
    /// See [`Pages::prefetch`].
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.pages.ahead = pages;
        self
    }

    /// Returns the position to resume the list from, or `None` after the last item.
    ///
    /// The position is before the current page until the stream has returned all items of that
    /// page. A resumed list therefore repeats up to one page of items and skips none.
    ///
    /// ```no_run
    /// # fn save(position: &str) {}
    /// # fn index(agent: &twin_ext::twin_api::types::Agent) -> Result<(), std::io::Error> { Ok(()) }
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items();
    /// while let Some(agent) = agents.try_next().await? {
    ///     index(&agent)?;
    ///     save(&serde_json::to_string(&agents.position())?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn position(&self) -> Option<Position> {
        if self.page.as_slice().is_empty() { self.after.clone() } else { self.before.clone() }
    }

    /// Returns the next item, or `None` after the last one. Dropping the future loses no item.
    ///
    /// # Errors
    /// See [`Paginate::items`](crate::Paginate::items).
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| self.poll_next_item(context)).await
    }

    /// Returns the next item, like [`next`](Self::next), as a `Result<Option<_>>` for `?`.
    ///
    /// # Errors
    /// See [`Paginate::items`](crate::Paginate::items).
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

/// The stream pins no `T`.
impl<T> Unpin for Items<'_, T> {}

impl<T> Stream for Items<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next_item(context)
    }

    /// The lower bound counts received items. The total in a response may be wrong and is not used.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let errors = self.pages.ready.iter().filter(|page| page.is_err()).count();
        let least = self.page.len() + self.pages.prefetched_items() + errors;
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

/// A source without pages.
struct NoPages;

impl<T> PageSource<T> for NoPages {
    fn poll_page(&mut self, _: bool, _: &mut Context<'_>) -> Poll<Option<PageResult<T>>> {
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::super::Location;
    use super::*;

    /// Returns its pages at once.
    struct AtOnce(VecDeque<PageResult<u8>>);

    impl PageSource<u8> for AtOnce {
        fn poll_page(&mut self, _: bool, _: &mut Context<'_>) -> Poll<Option<PageResult<u8>>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    fn page(items: &[u8]) -> Page<u8> {
        Page { items: items.to_vec(), next: Some(Position(Location::Start)), total: None }
    }

    /// Streams three items and an error on three pages, with a prefetch of this many pages.
    fn pages(ahead: usize) -> Pages<'static, u8> {
        let error = Err(Error::config("the list fails"));
        let source = AtOnce([Ok(page(&[1, 2])), Ok(page(&[3])), error].into());
        Pages { engine: Box::new(source), ready: VecDeque::new(), ahead, drained: false }
    }

    fn items(ahead: usize) -> Items<'static, u8> {
        Items::new(pages(ahead), Position(Location::Start))
    }

    /// Polls a stream to its end, and returns its size hint and whether it is terminated before
    /// each item.
    fn hints<S: FusedStream + Unpin>(mut stream: S) -> Vec<(usize, Option<usize>, bool)> {
        let mut hints = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let (least, most) = stream.size_hint();
            hints.push((least, most, stream.is_terminated()));
            match Pin::new(&mut stream).poll_next(&mut context) {
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => return hints,
                Poll::Pending => panic!("the source is always ready"),
            }
        }
    }

    #[test]
    fn size_hint_of_pages_counts_the_prefetched_ones() {
        let open = (0, None, false);
        assert_eq!(hints(pages(0)), [open, open, open, (0, Some(0), true)]);
        let ahead = [open, (1, None, false), (1, Some(1), false), (0, Some(0), true)];
        assert_eq!(hints(pages(1)), ahead);
        assert_eq!(hints(pages(5))[1], (2, Some(2), false));
    }

    #[test]
    fn size_hint_of_items_counts_the_received_ones_and_the_error() {
        let (open, end) = ((0, None, false), (0, Some(0), true));
        assert_eq!(hints(items(0)), [open, (1, None, false), open, open, end]);
        let last = (1, Some(1), false);
        let ahead = [open, (3, Some(3), false), (2, Some(2), false), last, end];
        assert_eq!(hints(items(5)), ahead);
    }

    #[test]
    fn debug_shows_the_progress_of_a_stream() {
        let mut items = items(1);
        let mut context = Context::from_waker(Waker::noop());
        assert!(items.poll_next_item(&mut context).is_ready());
        let shown =
            "Items { on_hand: 1, pages: Pages { ready: 1, prefetch: 1, over: false, .. }, .. }";
        assert_eq!(format!("{items:?}"), shown);
    }
}
