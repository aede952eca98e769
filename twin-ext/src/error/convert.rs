//! Converts other errors to [`Error`].

use super::{Detail, Error, Repr};

impl From<twin_api::Error> for Error {
    fn from(base: twin_api::Error) -> Self {
        Self(Box::new(Repr { base, progress: None, state: None }))
    }
}

impl From<Detail> for Error {
    fn from(detail: Detail) -> Self {
        twin_api::Error::from(detail).into()
    }
}

#[cfg(feature = "client")]
impl From<twin_api::ConnectError> for Error {
    fn from(error: twin_api::ConnectError) -> Self {
        twin_api::Error::from(error).into()
    }
}

/// Converts the error of an incomplete request body:
/// `let body: StartRunBody = builder.try_into()?`.
impl From<twin_api::types::error::ConversionError> for Error {
    fn from(error: twin_api::types::error::ConversionError) -> Self {
        twin_api::Error::from(error).into()
    }
}
