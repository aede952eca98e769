//! Lists that come in one answer.

use std::marker::PhantomData;

use super::engine::{Pager, Step, Then};
use super::{Place, Position};

/// Asks once.
pub(super) struct SinglePager<T>(PhantomData<fn() -> T>);

impl<T> SinglePager<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send> Pager for SinglePager<T> {
    type Ask = ();
    type Answer = Vec<T>;
    type Item = T;

    fn ask(&self) {}

    fn take(&mut self, items: Vec<T>) -> Step<T> {
        let total = Some(items.len() as u64);
        Step { items, total, then: Then::End }
    }

    fn position(&self) -> Position {
        Position(Place::Start)
    }
}
