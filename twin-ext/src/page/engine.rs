//! What all kinds of paging have in common: a request, its answer, the next request.
//!
//! A [`Pager`] decides and does no I/O, so that it can be driven by any service that a test
//! makes up. The [`Engine`] sends its requests, one after the other.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Page, Position, Progress};
use crate::error::{Error, ErrorKind};

/// An answer, when it is there.
pub(super) type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Decides what is asked next, and what an answer means.
pub(super) trait Pager: Send {
    /// What tells one request of a list from another.
    type Ask: Send;
    /// What a page is made of.
    type Answer: Send;
    /// What the list holds.
    type Item: Send;

    /// What to ask for. Asking twice without an answer between asks for the same.
    fn ask(&self) -> Self::Ask;

    /// Takes the answer to what was asked for.
    fn take(&mut self, answer: Self::Answer) -> Step<Self::Item>;

    /// Gives up what it holds back, because no more answers come.
    fn held(&mut self) -> Vec<Self::Item> {
        Vec::new()
    }

    /// Where to go on, when everything that was given has been taken.
    fn position(&self) -> Position;
}

/// What came of an answer.
#[derive(Debug)]
pub(super) struct Step<T> {
    /// What is new.
    pub(super) items: Vec<T>,
    /// How many items there are, as the service says.
    pub(super) total: Option<u64>,
    pub(super) then: Then,
}

/// What comes after an answer.
#[derive(Debug)]
pub(super) enum Then {
    /// Another request.
    Go,
    /// Nothing: everything came.
    End,
    /// Nothing: it cannot be told whether everything came.
    Fault(&'static str),
}

impl<T> Step<T> {
    /// An answer of which nothing is used.
    pub(super) fn nothing(then: Then) -> Self {
        Self { items: Vec::new(), total: None, then }
    }
}

/// Pages, whatever kind of list they are of.
pub(super) trait Turn<T>: Send {
    /// The next page; `None` where there is none.
    ///
    /// `ahead` says that nobody wants it yet.
    fn poll_page(&mut self, ahead: bool, context: &mut Context<'_>) -> Poll<Option<Turned<T>>>;
}

/// A page, or why there is none.
pub(super) type Turned<T> = Result<Page<T>, Error>;

/// Sends what a pager asks for.
pub(super) struct Engine<'a, P: Pager> {
    pager: P,
    send: Box<dyn Fn(P::Ask) -> Later<'a, P::Answer> + Send + 'a>,
    under_way: Option<Request<'a, P::Answer>>,
    /// What is left to say when the request is done with.
    last: Option<Error>,
    state: State,
    /// A request that was ahead failed: the next one is sent when its page is wanted.
    waits: bool,
    came: u64,
}

struct Request<'a, T> {
    answer: Later<'a, T>,
    /// It was sent before somebody wanted its page.
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
    pub(super) fn new(pager: P, send: impl Fn(P::Ask) -> Later<'a, P::Answer> + Send + 'a) -> Self {
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

    /// Takes an answer; `None` where it brought nothing to give.
    fn step(&mut self, answer: P::Answer) -> Option<Turned<P::Item>> {
        let Step { items, total, then } = self.pager.take(answer);
        self.came += items.len() as u64;
        let next = match then {
            Then::End => None,
            Then::Go | Then::Fault(_) => Some(self.pager.position()),
        };
        let empty = items.is_empty();
        let first = self.state == State::New;
        if !matches!(then, Then::Go) {
            self.state = State::Over;
        } else if !empty {
            self.state = State::Open;
        }
        if let Then::Fault(message) = then {
            let error = Error::pagination(message, self.progress(total));
            if empty {
                return Some(Err(error));
            }
            self.last = Some(error);
        }
        // A list has one page at least, if an empty one, for its total.
        let shown = !empty || (first && self.state == State::Over);
        shown.then_some(Ok(Page { items, next, total }))
    }

    /// Ends the list with an error, after the items that the pager held back.
    fn fail(&mut self, error: Error) -> Turned<P::Item> {
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

impl<P: Pager> Turn<P::Item> for Engine<'_, P> {
    fn poll_page(
        &mut self,
        ahead: bool,
        context: &mut Context<'_>,
    ) -> Poll<Option<Turned<P::Item>>> {
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
            let request =
                under_way.get_or_insert_with(|| Request { answer: send(pager.ask()), ahead });
            let answer = ready!(request.answer.as_mut().poll(context));
            let was_ahead = request.ahead;
            self.under_way = None;
            match answer {
                Ok(answer) => {
                    if let Some(turned) = self.step(answer) {
                        return Poll::Ready(Some(turned));
                    }
                }
                // It may have failed because nobody looked after it in time.
                Err(error) if was_ahead && may_be_neglect(&error) => self.waits = true,
                Err(error) => return Poll::Ready(Some(self.fail(error))),
            }
        }
    }
}

/// Whether a request may have failed only because its future was not polled.
fn may_be_neglect(error: &Error) -> bool {
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

    /// The first so many requests fail in this way.
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
            assert_eq!(sent.load(Ordering::Relaxed), 1, "not again before it is wanted");
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
