//! Isolates failures of progenitor and typify, which panic on some documents and recurse deeply.
//!
//! [`run`] runs them on a thread with a large stack. [`catch`] converts a panic to its message and
//! does not print it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::thread;

use crate::limits::STACK_BYTES;
use crate::{Error, Stage};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on a thread with a large stack and waits for the result. A panic becomes an error.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("twin-api-gen".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || match catch(work) {
                Ok(result) => result,
                Err(panic) => Err(internal(&panic)),
            });
        match worker.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(internal("the worker thread ended without a result")),
            Err(error) => Err(Error::new(Stage::Parse, format!("cannot start a thread: {error}"))),
        }
    })
}

fn internal(panic: &str) -> Error {
    Error::new(Stage::Client, format!("the generator itself failed: {panic}"))
        .help("this is a bug in twin-api-gen; report it with the document")
}

/// Runs `work` and returns the message of a panic, without printing it.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install_hook();
    let before = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.map_err(|payload| {
        payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "panic without a message".to_owned())
    })
}

/// Installs a panic hook that ignores panics inside [`catch`]. Other panics go to the hook that was
/// installed before.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catch_returns_the_message_of_a_panic() {
        assert_eq!(catch(|| panic!("seven {}", 7)), Err::<(), _>("seven 7".to_owned()));
        assert_eq!(catch(|| 7), Ok(7));
    }

    #[test]
    fn panic_of_the_worker_is_an_error() {
        let error = run::<()>(|| panic!("boom")).unwrap_err();
        assert!(error.to_string().contains("boom"), "{error}");
    }
}
