//! The rules of the comparison: an identifier, a level, a sentence.
//!
//! The levels follow one law. What a request may hold is read by the service: allowing less is
//! breaking, allowing more is compatible. What a response may hold is read by the client:
//! allowing more is breaking, allowing less is compatible. A change that does both is breaking.
//! The exceptions are stances of this client: readers ignore members that they do not know, and
//! take values of an enum that they do not know, so both are compatible when they are new; a
//! member that is gone is breaking in either direction, because its name is gone from our types.

use super::Level::{self, Breaking, Compatible, Docs};

/// One kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The name of the rule, unique and stable.
    pub id: &'static str,
    /// What a change of this kind means.
    pub level: Level,
    /// What the rule finds.
    pub about: &'static str,
}

/// A rule for each direction of data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) request: Rule,
    pub(super) response: Rule,
}

macro_rules! rules {
    ($($name:ident $id:literal $level:ident $about:literal;)*) => {
        $(pub(super) const $name: Rule = Rule { id: $id, level: $level, about: $about };)*
        const SINGLE: &[Rule] = &[$($name),*];
    };
}

macro_rules! pairs {
    ($($name:ident $id:literal $request:ident $response:ident $about:literal;)*) => {
        $(pub(super) const $name: Pair = Pair {
            request: Rule { id: concat!("request-", $id), level: $request, about: $about },
            response: Rule { id: concat!("response-", $id), level: $response, about: $about },
        };)*
        const PAIRS: &[Pair] = &[$($name),*];
    };
}

/// Lists all rules.
pub fn all() -> impl Iterator<Item = Rule> {
    let pairs = PAIRS.iter().flat_map(|pair| [pair.request, pair.response]);
    SINGLE.iter().copied().chain(pairs)
}

#[rustfmt::skip]
rules! {
    VERSION "api-version-changed" Docs "`info.version` changed";
    INFO "api-info-changed" Docs "the title or another text of `info` changed";
    SERVER_ADDED "server-added" Compatible "the document names one more origin";
    SERVER_REMOVED "server-removed" Breaking "an origin is gone";
    OPERATION_ADDED "operation-added" Compatible "an operation is new";
    OPERATION_REMOVED "operation-removed" Breaking "an operation is gone";
    OPERATION_DEPRECATED "operation-deprecated" Compatible "an operation is deprecated now";
    OPERATION_REACTIVATED "operation-reactivated" Compatible "an operation is not deprecated any more";
    OPERATION_DESCRIPTION "operation-description-changed" Docs "the text of an operation changed";
    WEBHOOK_ADDED "webhook-added" Compatible "a webhook or callback is new";
    WEBHOOK_REMOVED "webhook-removed" Breaking "a webhook or callback is gone";
    SECURITY_ADDED "security-added" Breaking "an operation that needed no credentials needs some";
    SECURITY_REMOVED "security-removed" Compatible "an operation needs no credentials any more";
    SECURITY_ALTERNATIVE_ADDED "security-alternative-added" Compatible "other credentials are accepted as well";
    SECURITY_ALTERNATIVE_REMOVED "security-alternative-removed" Breaking "credentials that were accepted are not";
    SECURITY_SCOPE_ADDED "security-scope-added" Breaking "credentials need one more scope";
    SECURITY_SCOPE_REMOVED "security-scope-removed" Compatible "credentials need one scope less";
    PARAMETER_REQUIRED_ADDED "required-parameter-added" Breaking "a parameter is new and required";
    PARAMETER_OPTIONAL_ADDED "optional-parameter-added" Compatible "a parameter is new and optional";
    PARAMETER_REMOVED "parameter-removed" Breaking "a parameter is gone";
    PARAMETER_BECAME_REQUIRED "parameter-became-required" Breaking "a parameter is required now";
    PARAMETER_BECAME_OPTIONAL "parameter-became-optional" Compatible "a parameter is optional now";
    PARAMETER_MOVED "parameter-moved" Breaking "a parameter is sent in another part of the request";
    PARAMETER_ENCODING "parameter-encoding-changed" Breaking "`style`, `explode` or `content` of a parameter changed";
    PARAMETER_DEPRECATED "parameter-deprecated" Compatible "a parameter is deprecated now";
    PARAMETER_REACTIVATED "parameter-reactivated" Compatible "a parameter is not deprecated any more";
    PARAMETER_DESCRIPTION "parameter-description-changed" Docs "the text of a parameter changed";
    BODY_REQUIRED_ADDED "required-request-body-added" Breaking "a request body is new and required";
    BODY_OPTIONAL_ADDED "optional-request-body-added" Compatible "a request body is new and optional";
    BODY_REMOVED "request-body-removed" Breaking "the request body is gone";
    BODY_BECAME_REQUIRED "request-body-became-required" Breaking "the request body is required now";
    BODY_BECAME_OPTIONAL "request-body-became-optional" Compatible "the request body is optional now";
    BODY_MEDIA_TYPE_ADDED "request-media-type-added" Compatible "one more media type is accepted";
    BODY_MEDIA_TYPE_REMOVED "request-media-type-removed" Breaking "a media type is not accepted any more";
    BODY_ENCODING "request-encoding-changed" Breaking "the encoding of a form changed";
    BODY_DESCRIPTION "request-body-description-changed" Docs "the text of a request body changed";
    SUCCESS_ADDED "response-success-status-added" Compatible "one more status of success is documented";
    SUCCESS_REMOVED "response-success-status-removed" Breaking "a status of success is gone";
    ERROR_ADDED "response-error-status-added" Compatible "one more status of failure is documented";
    ERROR_REMOVED "response-error-status-removed" Compatible "a status of failure is gone";
    RESPONSE_MEDIA_TYPE_ADDED "response-media-type-added" Compatible "one more media type is sent";
    RESPONSE_MEDIA_TYPE_REMOVED "response-media-type-removed" Breaking "a media type is not sent any more";
    RESPONSE_BODY_ADDED "response-body-added" Compatible "a response without a body has one";
    RESPONSE_BODY_REMOVED "response-body-removed" Breaking "a response with a body has none";
    RESPONSE_DESCRIPTION "response-description-changed" Docs "the text of a response changed";
    HEADER_ADDED "response-header-added" Compatible "a response header is new";
    HEADER_REMOVED "response-header-removed" Breaking "a response header is gone";
    HEADER_BECAME_REQUIRED "response-header-became-required" Compatible "a response header is always sent now";
    HEADER_BECAME_OPTIONAL "response-header-became-optional" Breaking "a response header may be missing now";
    REQUIRED_MEMBER_ADDED "request-required-member-added" Breaking "a member is new and must be sent";
    OPTIONAL_MEMBER_ADDED "request-optional-member-added" Compatible "a member is new and may be sent";
    RESPONSE_MEMBER_ADDED "response-member-added" Compatible "a member is new; older clients ignore it";
    BECAME_READ_ONLY "request-member-became-read-only" Breaking "a member is not sent any more";
    BECAME_WRITABLE "request-member-became-writable" Compatible "a member that was read-only may be sent";
    BECAME_WRITE_ONLY "response-member-became-write-only" Breaking "a member is not received any more";
    BECAME_READABLE "response-member-became-readable" Compatible "a member that was write-only is received";
}

// Identifier, level in a request, level in a response.
#[rustfmt::skip]
pairs! {
    TYPE_CHANGED "type-changed" Breaking Breaking "the type is another one";
    TYPE_WIDENED "type-widened" Compatible Breaking "one more type, or a wider one, is allowed";
    TYPE_NARROWED "type-narrowed" Breaking Compatible "a type is not allowed any more, or a narrower one is";
    BECAME_NULLABLE "became-nullable" Compatible Breaking "null is allowed now";
    BECAME_NOT_NULLABLE "became-not-nullable" Breaking Compatible "null is not allowed any more";
    FORMAT_CHANGED "format-changed" Breaking Breaking "the format is another one";
    FORMAT_WIDENED "format-widened" Compatible Breaking "the format allows more values, or is gone";
    FORMAT_NARROWED "format-narrowed" Breaking Compatible "the format allows fewer values, or is new";
    ENUM_VALUE_ADDED "enum-value-added" Compatible Compatible "one more value is allowed";
    ENUM_VALUE_REMOVED "enum-value-removed" Breaking Compatible "a value is not allowed any more";
    BECAME_ENUM "became-enum" Breaking Compatible "only listed values are allowed now";
    BECAME_OPEN "became-open" Compatible Breaking "values are not restricted to a list any more";
    MEMBER_REMOVED "member-removed" Breaking Breaking "a member is gone";
    MEMBER_BECAME_REQUIRED "member-became-required" Breaking Compatible "a member is always there now";
    MEMBER_BECAME_OPTIONAL "member-became-optional" Compatible Breaking "a member may be missing now";
    MEMBER_DEPRECATED "member-deprecated" Compatible Compatible "a member is deprecated now";
    MEMBER_REACTIVATED "member-reactivated" Compatible Compatible "a member is not deprecated any more";
    UNKNOWN_FORBIDDEN "unknown-members-forbidden" Breaking Compatible "members that are not described are forbidden now";
    UNKNOWN_ALLOWED "unknown-members-allowed" Compatible Compatible "members that are not described are allowed now";
    PATTERN_CHANGED "pattern-changed" Breaking Breaking "values must match another expression";
    TUPLE_CHANGED "tuple-changed" Breaking Breaking "an array has other items by position";
    VARIANT_ADDED "variant-added" Compatible Breaking "one more alternative is allowed";
    VARIANT_REMOVED "variant-removed" Breaking Compatible "an alternative is not allowed any more";
    DISCRIMINATOR_CHANGED "discriminator-changed" Breaking Breaking "another member tells the alternatives apart";
    TAG_CHANGED "discriminator-value-changed" Breaking Breaking "an alternative has another value of the discriminator";
    DEFAULT_CHANGED "default-changed" Compatible Compatible "the value that stands for an absent one changed";
    KEYWORD_CHANGED "keyword-changed" Breaking Breaking "a keyword that no other rule compares changed";
    DESCRIPTION "schema-text-changed" Docs Docs "a text for people changed";
    MAXIMUM_TIGHTENED "maximum-tightened" Breaking Compatible "the limit allows fewer values";
    MAXIMUM_LOOSENED "maximum-loosened" Compatible Breaking "the limit allows more values";
    MINIMUM_TIGHTENED "minimum-tightened" Breaking Compatible "the limit allows fewer values";
    MINIMUM_LOOSENED "minimum-loosened" Compatible Breaking "the limit allows more values";
    MAX_LENGTH_TIGHTENED "max-length-tightened" Breaking Compatible "the limit allows fewer values";
    MAX_LENGTH_LOOSENED "max-length-loosened" Compatible Breaking "the limit allows more values";
    MIN_LENGTH_TIGHTENED "min-length-tightened" Breaking Compatible "the limit allows fewer values";
    MIN_LENGTH_LOOSENED "min-length-loosened" Compatible Breaking "the limit allows more values";
    MAX_ITEMS_TIGHTENED "max-items-tightened" Breaking Compatible "the limit allows fewer values";
    MAX_ITEMS_LOOSENED "max-items-loosened" Compatible Breaking "the limit allows more values";
    MIN_ITEMS_TIGHTENED "min-items-tightened" Breaking Compatible "the limit allows fewer values";
    MIN_ITEMS_LOOSENED "min-items-loosened" Compatible Breaking "the limit allows more values";
    MAX_PROPERTIES_TIGHTENED "max-properties-tightened" Breaking Compatible "the limit allows fewer values";
    MAX_PROPERTIES_LOOSENED "max-properties-loosened" Compatible Breaking "the limit allows more values";
    MIN_PROPERTIES_TIGHTENED "min-properties-tightened" Breaking Compatible "the limit allows fewer values";
    MIN_PROPERTIES_LOOSENED "min-properties-loosened" Compatible Breaking "the limit allows more values";
    MULTIPLE_OF_TIGHTENED "multiple-of-tightened" Breaking Compatible "the limit allows fewer values";
    MULTIPLE_OF_LOOSENED "multiple-of-loosened" Compatible Breaking "the limit allows more values";
    UNIQUE_ITEMS_TIGHTENED "unique-items-tightened" Breaking Compatible "the limit allows fewer values";
    UNIQUE_ITEMS_LOOSENED "unique-items-loosened" Compatible Breaking "the limit allows more values";
    PATTERN_TIGHTENED "pattern-tightened" Breaking Compatible "the limit allows fewer values";
    PATTERN_LOOSENED "pattern-loosened" Compatible Breaking "the limit allows more values";
}
