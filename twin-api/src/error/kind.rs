//! Defines the kinds of errors and the outcomes of a call.

/// The kind of an [`Error`](crate::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built, or cannot make a call, with these settings.
    Config,
    /// The request was not sent: a parameter is missing or not valid.
    InvalidRequest,
    /// The connection failed before or during the response.
    Transport,
    /// An attempt or the whole call took too long.
    Timeout,
    /// The service answered with an error; [`Error::problem`](crate::Error::problem) has the
    /// details.
    Problem,
    /// The response is JSON but does not match its schema;
    /// [`Error::json_path`](crate::Error::json_path) has the place.
    Decode,
    /// The response does not come from the API: HTML, a redirect, or a body that is not JSON. The
    /// base URL may be wrong, or a proxy answered.
    NotTheApi,
    /// The response is larger than the client accepts, or a delivery than the verifier accepts.
    TooLarge,
    /// The pages of a list are inconsistent. Only `twin-ext` makes this error.
    Pagination,
    /// A run did not end as requested. Only `twin-ext` makes this error.
    Run,
    /// A webhook delivery cannot be trusted. Only `twin-ext` makes this error.
    Webhook,
    /// The response differs from the OpenAPI document and the client is strict. Only `twin-ext`
    /// makes this error.
    Drift,
}

/// Whether the operation may have happened.
///
/// The variants are ordered from "did not happen" to "happened", so `max` combines the outcomes of
/// several attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The request was not sent.
    NotSent,
    /// The service rejected the request: the operation did not happen.
    Rejected,
    /// The operation may have happened: the response is missing or ambiguous.
    Unknown,
    /// The service accepted the request, but its response could not be used.
    Accepted,
}

impl Outcome {
    /// Returns whether the operation may have happened.
    ///
    /// If it may, check the state of the service before you send the request again.
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
