//! What all builders of operations have in common.

use std::pin::Pin;

use crate::Error;

/// An operation that is set up and not sent yet: every builder that a function of
/// [`Client`](crate::Client) returns.
///
/// It is for code that sends any operation; otherwise use the builder's own `send`.
///
/// ```no_run
/// use twin_api::Call;
///
/// async fn timed<C: Call>(call: C) -> Result<C::Answer, twin_api::Error> {
///     let start = std::time::Instant::now();
///     let answer = call.call().await;
///     println!("{:?}", start.elapsed());
///     answer
/// }
/// ```
pub trait Call: Sized {
    /// What the operation answers with.
    type Answer;

    /// Sends the operation, as the builder's `send` does.
    ///
    /// # Errors
    /// As the builder's `send`.
    fn call<'a>(self) -> Pin<Box<dyn Future<Output = Result<Self::Answer, Error>> + Send + 'a>>
    where
        Self: 'a;
}
