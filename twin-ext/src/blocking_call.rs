//! Provides blocking calls, for programs without async code.

use twin_api::Call;

use crate::blocking::block_on;
use crate::error::Error;

/// Adds a blocking call to the builder of every operation.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// # fn main() -> Result<(), Error> {
/// let twin = ClientBuilder::from_env()?.build()?;
/// let me = twin.get_me().blocking()?;
/// println!("{}", me.user_id);
/// # Ok(())
/// # }
/// ```
pub trait BlockingCall: Call {
    /// Sends the operation and blocks until its response arrives.
    ///
    /// # Errors
    /// Same as `send`. On a thread of an async runtime, the error is
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) and nothing is sent: blocking would stall
    /// the tasks of the runtime.
    fn blocking(self) -> Result<Self::Response, Error>;
}

impl<C: Call> BlockingCall for C {
    fn blocking(self) -> Result<Self::Response, Error> {
        Ok(block_on(self.call())??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Service, json};
    use crate::{ErrorKind, Outcome};

    #[test]
    fn blocking_call_sends_from_an_ordinary_thread() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let responses = [json(200, r#"{"user_id": "u"}"#), json(404, "{}")];
        let service = runtime.block_on(Service::start(responses));
        let (twin, _) = service.client();
        assert_eq!(twin.get_me().blocking().unwrap().user_id, "u");
        let error = twin.delete_agent().agent_id("a").blocking().unwrap_err();
        assert!(error.is_not_found() && error.operation() == Some("delete_agent"));
    }

    #[tokio::test]
    async fn blocking_call_on_an_async_thread_fails_before_sending() {
        let service = Service::start([json(200, "{}")]).await;
        let error = service.client().0.get_me().blocking().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
        assert!(service.requests().is_empty());
    }
}
