//! What went wrong, and whether it has happened all the same.

/// What went wrong, in a word.
///
/// ```
/// use twin_ext::{ClientBuilder, ErrorKind};
/// let error = ClientBuilder::new("").build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built with these settings.
    Config,
    /// What was asked for cannot be sent: a parameter is missing or not valid.
    InvalidRequest,
    /// The connection failed, before an answer or within one.
    Transport,
    /// It took too long: an attempt, or all of them together.
    Timeout,
    /// The service refused; [`Error::problem`](crate::Error::problem) says why.
    Problem,
    /// The answer is JSON, but not what it should be; [`Error::json_path`](crate::Error::json_path) says where.
    Decode,
    /// What answered is not the API: HTML, a redirect, anything that is no JSON.
    NotTheApi,
    /// The answer is larger than the client takes, or the delivery of a webhook than the verifier.
    TooLarge,
    /// Pages did not come as pages do.
    Pagination,
    /// A run did not go as was asked for.
    Run,
    /// A delivery of a webhook cannot be trusted.
    Webhook,
    /// The answer is not as documented, and the client was built to be strict about that.
    Drift,
}

/// Whether what was asked for has happened.
///
/// ```
/// use twin_ext::{ClientBuilder, Outcome};
/// let error = ClientBuilder::new("").build().unwrap_err();
/// assert_eq!(error.outcome(), Outcome::NotSent);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It surely never left.
    NotSent,
    /// The service said no: it has not happened.
    Rejected,
    /// It may have happened.
    Unknown,
    /// The service said yes, but its answer could not be read.
    Accepted,
}
