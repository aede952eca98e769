//! Wraps a callback of the caller, so that its owner can implement `Clone` and `Debug`.

use std::fmt;
use std::sync::Arc;

pub(super) struct Callback<F: ?Sized>(pub(super) Arc<F>);

impl<F: ?Sized> Clone for Callback<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: ?Sized> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("callback")
    }
}
