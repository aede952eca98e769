//! Defines the trait that all operation builders share.

use crate::Error;
use crate::transport::OperationInfo;

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
///     println!("{} took {:?}", C::OPERATION.operation_id, start.elapsed());
///     result
/// }
/// ```
pub trait Call: Sized {
    /// The name, method and path of the operation.
    const OPERATION: &'static OperationInfo;

    /// The response of the operation.
    type Response;

    /// Sends the operation. If you drop the future before it is ready, the operation may have
    /// happened.
    ///
    /// # Errors
    /// Same as `send` of the builder.
    // Not a boxed future: with one, this crate would contain the machine code of every operation,
    // and take twice the time to build.
    fn call(self) -> impl Future<Output = Result<Self::Response, Error>> + Send;
}
