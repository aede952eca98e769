//! Reads a list that the service returns in one response.

use std::marker::PhantomData;

use super::engine::{Pager, PagerAction, PagerUpdate};
use super::{Location, Position};

/// Sends one request, and ends the list after its response.
pub(super) struct SinglePager<T>(PhantomData<fn() -> T>);

impl<T> SinglePager<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send> Pager for SinglePager<T> {
    type Request = ();
    type Response = Vec<T>;
    type Item = T;

    fn request(&self) {}

    fn take(&mut self, items: Vec<T>) -> PagerUpdate<T> {
        let total = Some(items.len() as u64);
        PagerUpdate { items, total, action: PagerAction::End }
    }

    fn position(&self) -> Position {
        Position(Location::Start)
    }
}
