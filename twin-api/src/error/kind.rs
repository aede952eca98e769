//! What went wrong, and whether the operation may have happened.

/// What went wrong, in a word.
///
/// ```
/// use twin_api::ErrorKind;
/// # async fn example(twin: twin_api::Client) {
/// if let Err(error) = twin.get_me().send().await
///     && error.kind() == ErrorKind::NotTheApi
/// {
///     println!("the base URL is wrong");
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built, or cannot make a call, with these settings.
    Config,
    /// The request cannot be sent: a parameter is missing or not valid.
    InvalidRequest,
    /// The connection failed, before an answer or within one.
    Transport,
    /// An attempt, or all attempts together, took too long.
    Timeout,
    /// The service refused; [`Error::problem`](crate::Error::problem) says why.
    Problem,
    /// The answer is JSON of another shape; [`Error::json_path`](crate::Error::json_path) says where.
    Decode,
    /// The answer does not come from the API: HTML, a redirect, anything that is not JSON.
    NotTheApi,
    /// The answer is larger than the client accepts, or a delivery than the verifier accepts.
    TooLarge,
    /// The pages of a list are inconsistent. Only `twin-ext` makes this error.
    Pagination,
    /// A run did not end as requested. Only `twin-ext` makes this error.
    Run,
    /// A webhook delivery cannot be trusted. Only `twin-ext` makes this error.
    Webhook,
    /// The answer differs from the document, and the client is strict. Only `twin-ext` makes
    /// this error.
    Drift,
}

/// Whether the operation may have happened.
///
/// ```
/// use twin_api::Outcome;
/// assert!(Outcome::Unknown.may_have_happened());
/// assert!(!Outcome::Rejected.may_have_happened());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The request never left.
    NotSent,
    /// The service refused: the operation did not happen.
    Rejected,
    /// The operation may have happened.
    Unknown,
    /// The service accepted the request, but its answer could not be read.
    Accepted,
}

impl Outcome {
    /// Returns whether the operation may have happened: look before sending it again.
    ///
    /// ```
    /// # fn example(error: &twin_api::Error) {
    /// if error.outcome().may_have_happened() {
    ///     println!("look for the run before starting another");
    /// }
    /// # }
    /// ```
    pub const fn may_have_happened(self) -> bool {
        matches!(self, Self::Unknown | Self::Accepted)
    }
}
