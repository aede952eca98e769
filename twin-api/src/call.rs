//! Defines the trait that all operation builders share.

use std::pin::Pin;

use crate::Error;

/// An operation that is not sent yet. Every builder that [`Client`](crate::Client) returns
/// implements it.
///
/// Use it in code that is generic over operations. Otherwise use `send` of the builder.
///
/// ```no_run
/// use twin_api::Call;
///
/// async fn timed<C: Call>(call: C) -> Result<C::Response, twin_api::Error> {
///     let start = std::time::Instant::now();
///     let result = call.call().await;
///     println!("{:?}", start.elapsed());
///     result
/// }
/// ```
pub trait Call: Sized {
    /// The response of the operation.
    type Response;

    /// Sends the operation.
    ///
    /// # Errors
    /// Same as `send` of the builder.
    fn call<'a>(self) -> Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send + 'a>>
    where
        Self: 'a;
}
