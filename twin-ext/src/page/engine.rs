//! Sends the requests of a list, one at a time.
//!
//! A [`Pager`] decides which request is next and does no I/O, so tests can drive it with generated
//! responses. The [`Engine`] sends the requests of any pager.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use twin_api::transport::OperationInfo;

use super::{Page, Position, Progress};
use crate::error::{Error, ErrorKind};

/// The response to a request in flight.
pub(super) type ResponseFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Decides which request is next, and evaluates each response.
pub(super) trait Pager: Send {
    /// The parameters that differ between the requests of a list.
    type Request: Send;
    /// The part of a response that the pager reads.
    type Response: Send;
    /// The type of an item.
    type Item: Send;

    /// Returns the next request. It stays the same until [`take`](Self::take) gets its response.
    fn request(&self) -> Self::Request;

    /// Evaluates the response to the last request.
    fn take(&mut self, response: Self::Response) -> PagerUpdate<Self::Item>;

    /// Returns the items that the pager holds back until the next response.
    fn held(&mut self) -> Vec<Self::Item> {
        Vec::new()
    }

    /// Returns the position after all items that the pager has returned.
    fn position(&self) -> Position;
}

/// The items and the decision that a pager derives from a response.
#[derive(Debug)]
pub(super) struct PagerUpdate<T> {
    /// The new items.
    pub(super) items: Vec<T>,
    /// The number of items that the service reports.
    pub(super) total: Option<u64>,
    pub(super) action: PagerAction,
}

/// What the engine does after a response.
#[derive(Debug)]
pub(super) enum PagerAction {
    /// Send another request.
    Continue,
    /// End the list: it is complete.
    End,
    /// End the list with an error: items may be missing.
    Fail(&'static str),
}

impl<T> PagerUpdate<T> {
    /// Creates an update without items.
    pub(super) fn empty(action: PagerAction) -> Self {
        Self { items: Vec::new(), total: None, action }
    }
}

/// A source of pages, for any kind of list.
pub(super) trait PageSource<T>: Send {
    /// Polls for the next page. Returns `None` after the last page.
    ///
    /// `ahead` is true for a prefetch: the caller does not need the page yet.
    fn poll_page(&mut self, ahead: bool, context: &mut Context<'_>) -> Poll<Option<PageResult<T>>>;
}

/// A page, or the error that ends the list.
pub(super) type PageResult<T> = Result<Page<T>, Error>;

/// Sends the requests of a pager.
pub(super) struct Engine<'a, P: Pager> {
    list: &'static OperationInfo,
    pager: P,
    send: Box<dyn Fn(P::Request) -> ResponseFuture<'a, P::Response> + Send + 'a>,
    in_flight: Option<InFlight<'a, P::Response>>,
    /// The error to return after the last page.
    last: Option<Error>,
    state: EngineState,
    /// Whether a prefetch failed and is retried when its page is needed.
    retry_on_demand: bool,
    /// The number of items returned.
    returned: u64,
}

struct InFlight<'a, T> {
    response: ResponseFuture<'a, T>,
    /// Whether the request was sent as a prefetch.
    ahead: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EngineState {
    /// No items were returned yet.
    New,
    Open,
    Ended,
}

impl<'a, P: Pager> Engine<'a, P> {
    pub(super) fn new(
        list: &'static OperationInfo,
        pager: P,
        send: impl Fn(P::Request) -> ResponseFuture<'a, P::Response> + Send + 'a,
    ) -> Self {
        Self {
            list,
            pager,
            send: Box::new(send),
            in_flight: None,
            last: None,
            state: EngineState::New,
            retry_on_demand: false,
            returned: 0,
        }
    }

    /// Evaluates a response. Returns `None` if it yields neither items nor an error.
    fn step(&mut self, response: P::Response) -> Option<PageResult<P::Item>> {
        let PagerUpdate { items, total, action } = self.pager.take(response);
        self.returned += items.len() as u64;
        let next = match action {
            PagerAction::End => None,
            PagerAction::Continue | PagerAction::Fail(_) => Some(self.pager.position()),
        };
        let empty = items.is_empty();
        let first = self.state == EngineState::New;
        if !matches!(action, PagerAction::Continue) {
            self.state = EngineState::Ended;
        } else if !empty {
            self.state = EngineState::Open;
        }
        if let PagerAction::Fail(message) = action {
            let error = Error::pagination(self.list, message, self.progress(total));
            if empty {
                return Some(Err(error));
            }
            self.last = Some(error);
        }
        // An empty list has one empty page, which contains the total.
        let shown = !empty || (first && self.state == EngineState::Ended);
        shown.then_some(Ok(Page { items, next, total }))
    }

    /// Ends the list with an error, after the items that the pager holds back.
    fn fail(&mut self, error: Error) -> PageResult<P::Item> {
        self.state = EngineState::Ended;
        let next = self.pager.position();
        let items = self.pager.held();
        self.returned += items.len() as u64;
        let error = error.with_progress(self.progress(None));
        if items.is_empty() {
            return Err(error);
        }
        self.last = Some(error);
        Ok(Page { items, next: Some(next), total: None })
    }

    fn progress(&self, total: Option<u64>) -> Progress {
        Progress { position: self.pager.position(), received: self.returned, total }
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
            if self.state == EngineState::Ended {
                return Poll::Ready(None);
            }
            if ahead && self.retry_on_demand {
                return Poll::Pending;
            }
            self.retry_on_demand = false;
            let Self { pager, send, in_flight, .. } = self;
            let request = in_flight
                .get_or_insert_with(|| InFlight { response: send(pager.request()), ahead });
            let response = ready!(request.response.as_mut().poll(context));
            let was_ahead = request.ahead;
            self.in_flight = None;
            match response {
                Ok(response) => {
                    if let Some(page) = self.step(response) {
                        return Poll::Ready(Some(page));
                    }
                }
                Err(error) if was_ahead && may_lack_polling(&error) => self.retry_on_demand = true,
                Err(error) => return Poll::Ready(Some(self.fail(error))),
            }
        }
    }
}

/// Returns whether a request may have failed only because its future was not polled in time.
fn may_lack_polling(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Transport)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::Waker;

    use twin_api::Call as _;
    use twin_api::builder::ListWebhooks;

    use super::*;
    use crate::error::{Failure, Outcome};
    use crate::page::single::SinglePager;

    /// Creates an engine whose first `times` requests fail with `kind`, and the count of requests.
    fn failing(kind: ErrorKind, times: u64) -> (Engine<'static, SinglePager<u8>>, Arc<AtomicU64>) {
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        let engine = Engine::new(ListWebhooks::OPERATION, SinglePager::new(), move |()| {
            let fails = count.fetch_add(1, Ordering::Relaxed) < times;
            Box::pin(async move {
                if fails {
                    Err(Failure::new(kind, Outcome::Unknown, "no").into())
                } else {
                    Ok(vec![7])
                }
            })
        });
        (engine, sent)
    }

    #[test]
    fn failed_prefetch_is_retried_when_its_page_is_needed() {
        let context = &mut Context::from_waker(Waker::noop());
        let (mut engine, sent) = failing(ErrorKind::Timeout, 1);
        for _ in 0..3 {
            assert!(engine.poll_page(true, context).is_pending());
            assert_eq!(
                sent.load(Ordering::Relaxed),
                1,
                "the failed prefetch was retried too early"
            );
        }
        let Poll::Ready(Some(Ok(page))) = engine.poll_page(false, context) else {
            panic!("a page")
        };
        assert_eq!((page.items, sent.load(Ordering::Relaxed)), (vec![7], 2));
        assert!(matches!(engine.poll_page(false, context), Poll::Ready(None)));
    }

    #[test]
    fn rejected_prefetch_and_failed_request_end_the_list() {
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
