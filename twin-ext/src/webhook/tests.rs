//! Tests private items. The suite `webhooks` of `twin-tests` tests the public ones.

mod authenticate;
mod json;
mod mac;
mod tolerance;
