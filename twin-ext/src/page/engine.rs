//! Sends the requests of a list, one after the other.
//!
//! A [`Pager`] makes the decisions and does no I/O, so that a test can drive it with any service.
//! The [`Engine`] does the I/O for every kind of pager.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Page, Position, Progress};
use crate::error::{Error, ErrorKind};

/// A request that is under way.
pub(super) type ResponseFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Decides about the next request, and evaluates its response.
pub(super) trait Pager: Send {
    /// The parameters that differ between the requests of a list.
    type Request: Send;
    /// The part of a response that the pager reads.
    type Response: Send;
    /// The type of an item.
    type Item: Send;

    /// Returns the next request; the same one until its response is taken.
    fn request(&self) -> Self::Request;

    /// Takes the response to the last request.
    fn take(&mut self, answer: Self::Response) -> Update<Self::Item>;

    /// Returns the items that the pager holds back, because no more responses come.
    fn held(&mut self) -> Vec<Self::Item> {
        Vec::new()
    }

    /// Returns the position after everything that the pager has given.
    fn position(&self) -> Position;
}

/// The result of a response.
#[derive(Debug)]
pub(super) struct Update<T> {
    /// The new items.
    pub(super) items: Vec<T>,
    /// The number of items that the service reports.
    pub(super) total: Option<u64>,
    pub(super) action: Action,
}

/// The action after a response.
#[derive(Debug)]
pub(super) enum Action {
    /// Send another request.
    Continue,
    /// End the list: it is complete.
    End,
    /// End the list with an error: items may be missing.
    Fail(&'static str),
}

impl<T> Update<T> {
    /// Creates an update from a response whose items are not used.
    pub(super) fn empty(action: Action) -> Self {
        Self { items: Vec::new(), total: None, action }
    }
}

/// Gives the pages of any kind of list.
pub(super) trait PageSource<T>: Send {
    /// Polls for the next page; `None` after the last one.
    ///
    /// `ahead` marks a prefetch: the caller does not need the page yet.
    fn poll_page(&mut self, ahead: bool, context: &mut Context<'_>) -> Poll<Option<PageResult<T>>>;
}

/// A page, or the error that ends the list.
pub(super) type PageResult<T> = Result<Page<T>, Error>;

/// Sends the requests of a pager.
pub(super) struct Engine<'a, P: Pager> {
    pager: P,
    send: Box<dyn Fn(P::Request) -> ResponseFuture<'a, P::Response> + Send + 'a>,
    under_way: Option<InFlight<'a, P::Response>>,
    /// The error that follows the last page.
    last: Option<Error>,
    state: State,
    /// A prefetch failed: the request is repeated when its page is needed.
    waits: bool,
    came: u64,
}

struct InFlight<'a, T> {
    response: ResponseFuture<'a, T>,
    /// It was sent as a prefetch.
    ahead: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No page was given yet.
    New,
    Open,
    Over,
}

impl<'a, P: Pager> Engine<'a, P> {
    pub(super) fn new(
        pager: P,
        send: impl Fn(P::Request) -> ResponseFuture<'a, P::Response> + Send + 'a,
    ) -> Self {
        Self {
            pager,
            send: Box::new(send),
            under_way: None,
            last: None,
            state: State::New,
            waits: false,
            came: 0,
        }
    }

    /// Takes a response; `None` if it has nothing to give.
    fn step(&mut self, answer: P::Response) -> Option<PageResult<P::Item>> {
        let Update { items, total, action } = self.pager.take(answer);
        self.came += items.len() as u64;
        let next = match action {
            Action::End => None,
            Action::Continue | Action::Fail(_) => Some(self.pager.position()),
        };
        let empty = items.is_empty();
        let first = self.state == State::New;
        if !matches!(action, Action::Continue) {
            self.state = State::Over;
        } else if !empty {
            self.state = State::Open;
        }
        if let Action::Fail(message) = action {
            let error = Error::pagination(message, self.progress(total));
            if empty {
                return Some(Err(error));
            }
            self.last = Some(error);
        }
        // An empty list gives one empty page, which holds the total.
        let shown = !empty || (first && self.state == State::Over);
        shown.then_some(Ok(Page { items, next, total }))
    }

    /// Ends the list with an error, after the items that the pager held back.
    fn fail(&mut self, error: Error) -> PageResult<P::Item> {
        self.state = State::Over;
        let next = self.pager.position();
        let items = self.pager.held();
        self.came += items.len() as u64;
        let error = error.after(self.progress(None));
        if items.is_empty() {
            return Err(error);
        }
        self.last = Some(error);
        Ok(Page { items, next: Some(next), total: None })
    }

    fn progress(&self, total: Option<u64>) -> Progress {
        Progress { position: self.pager.position(), came: self.came, total }
    }
}

impl<P: Pager> PageSource<P::Item> for Engine<'_, P> {
    fn poll_page(
        &mut self,
        ahead: bool,
        context: &mut Context<'_>,
    ) -> Poll<Option<PageResult<P::Item>>> {
        loop {
            if let Some(error) = self.last.take() {
                return Poll::Ready(Some(Err(error)));
            }
            if self.state == State::Over {
                return Poll::Ready(None);
            }
            if ahead && self.waits {
                return Poll::Pending;
            }
            self.waits = false;
            let Self { pager, send, under_way, .. } = self;
            let request = under_way
                .get_or_insert_with(|| InFlight { response: send(pager.request()), ahead });
            let answer = ready!(request.response.as_mut().poll(context));
            let was_ahead = request.ahead;
            self.under_way = None;
            match answer {
                Ok(answer) => {
                    if let Some(page) = self.step(answer) {
                        return Poll::Ready(Some(page));
                    }
                }
                // It may have failed because it was not polled in time.
                Err(error) if was_ahead && may_lack_polling(&error) => self.waits = true,
                Err(error) => return Poll::Ready(Some(self.fail(error))),
            }
        }
    }
}

/// Returns whether a request may have failed only because its future was not polled.
fn may_lack_polling(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Transport)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::Waker;

    use super::*;
    use crate::error::{Detail, Outcome};
    use crate::page::single::SinglePager;

    /// Creates an engine whose first requests fail with this kind of error.
    fn failing(kind: ErrorKind, times: u64) -> (Engine<'static, SinglePager<u8>>, Arc<AtomicU64>) {
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        let engine = Engine::new(SinglePager::new(), move |()| {
            let fails = count.fetch_add(1, Ordering::Relaxed) < times;
            Box::pin(async move {
                if fails {
                    Err(Detail::new(kind, Outcome::Unknown, "no").into())
                } else {
                    Ok(vec![7])
                }
            })
        });
        (engine, sent)
    }

    #[test]
    fn failed_prefetch_is_sent_again_when_its_page_is_needed() {
        let context = &mut Context::from_waker(Waker::noop());
        let (mut engine, sent) = failing(ErrorKind::Timeout, 1);
        for _ in 0..3 {
            assert!(engine.poll_page(true, context).is_pending());
            assert_eq!(
                sent.load(Ordering::Relaxed),
                1,
                "the failed prefetch was repeated too early"
            );
        }
        let Poll::Ready(Some(Ok(page))) = engine.poll_page(false, context) else {
            panic!("a page")
        };
        assert_eq!((page.items, sent.load(Ordering::Relaxed)), (vec![7], 2));
        assert!(matches!(engine.poll_page(false, context), Poll::Ready(None)));
    }

    #[test]
    fn refused_prefetch_and_failed_request_end_the_list() {
        let context = &mut Context::from_waker(Waker::noop());
        for (kind, ahead) in [(ErrorKind::Problem, true), (ErrorKind::Timeout, false)] {
            let (mut engine, sent) = failing(kind, 1);
            let Poll::Ready(Some(Err(error))) = engine.poll_page(ahead, context) else {
                panic!("an error")
            };
            assert_eq!((error.kind(), error.items_seen()), (kind, Some(0)));
            assert!(matches!(engine.poll_page(false, context), Poll::Ready(None)));
            assert_eq!(sent.load(Ordering::Relaxed), 1);
        }
    }
}
