//! Lists the rules of the comparison. Each has an identifier, a level and a description.
//!
//! The level depends on who reads the data:
//!
//! - The service reads requests. A change is breaking if it allows fewer values, and compatible if
//!   it allows more.
//! - The client reads responses. A change is breaking if it allows more values, and compatible if
//!   it allows fewer.
//! - A change that allows new values and forbids others is breaking.
//!
//! The exceptions follow from how this client works. It ignores unknown members and accepts
//! unknown enum values, so new ones in a response are compatible. A removed member is breaking
//! in both directions, because the generated type loses the field.

use super::Level::{self, Breaking, Compatible, Docs};

/// One kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeRule {
    /// The name of the rule, unique and stable.
    pub id: &'static str,
    /// The effect of the change on programs that use the API.
    pub level: Level,
    /// The change that the rule finds: a lower-case sentence without a full stop.
    pub about: &'static str,
}

/// A rule for each direction of data.
#[derive(Debug, Clone, Copy)]
pub(super) struct RulePair {
    pub(super) request: ChangeRule,
    pub(super) response: ChangeRule,
}

macro_rules! rules {
    ($($name:ident $id:literal $level:ident $about:literal;)*) => {
        $(pub(super) const $name: ChangeRule = ChangeRule { id: $id, level: $level, about: $about };)*
        const SINGLE: &[ChangeRule] = &[$($name),*];
    };
}

macro_rules! pairs {
    ($($name:ident $id:literal $request:ident $response:ident $about:literal;)*) => {
        $(pub(super) const $name: RulePair = RulePair {
            request: ChangeRule { id: concat!("request-", $id), level: $request, about: $about },
            response: ChangeRule { id: concat!("response-", $id), level: $response, about: $about },
        };)*
        const PAIRS: &[RulePair] = &[$($name),*];
    };
}

/// Lists all rules.
pub fn all() -> impl Iterator<Item = ChangeRule> {
    let pairs = PAIRS.iter().flat_map(|pair| [pair.request, pair.response]);
    SINGLE.iter().copied().chain(pairs)
}

#[rustfmt::skip]
rules! {
    VERSION "api-version-changed" Docs "`info.version` changed";
    INFO "api-info-changed" Docs "the title or another text of `info` changed";
    SERVER_ADDED "server-added" Compatible "a server is new";
    SERVER_REMOVED "server-removed" Breaking "a server was removed";
    OPERATION_ADDED "operation-added" Compatible "an operation is new";
    OPERATION_REMOVED "operation-removed" Breaking "an operation was removed";
    OPERATION_DEPRECATED "operation-deprecated" Compatible "an operation became deprecated";
    OPERATION_REACTIVATED "operation-reactivated" Compatible "an operation is no longer deprecated";
    OPERATION_DESCRIPTION "operation-description-changed" Docs "the documentation of an operation changed";
    WEBHOOK_ADDED "webhook-added" Compatible "a webhook or callback is new";
    WEBHOOK_REMOVED "webhook-removed" Breaking "a webhook or callback was removed";
    SECURITY_ADDED "security-added" Breaking "an operation now needs credentials";
    SECURITY_REMOVED "security-removed" Compatible "an operation no longer needs credentials";
    SECURITY_ALTERNATIVE_ADDED "security-alternative-added" Compatible "an additional kind of credentials is accepted";
    SECURITY_ALTERNATIVE_REMOVED "security-alternative-removed" Breaking "a kind of credentials is no longer accepted";
    SECURITY_SCOPE_ADDED "security-scope-added" Breaking "credentials need an additional scope";
    SECURITY_SCOPE_REMOVED "security-scope-removed" Compatible "credentials no longer need a scope";
    PARAMETER_REQUIRED_ADDED "required-parameter-added" Breaking "a parameter is new and required";
    PARAMETER_OPTIONAL_ADDED "optional-parameter-added" Compatible "a parameter is new and optional";
    PARAMETER_REMOVED "parameter-removed" Breaking "a parameter was removed";
    PARAMETER_BECAME_REQUIRED "parameter-became-required" Breaking "a parameter became required";
    PARAMETER_BECAME_OPTIONAL "parameter-became-optional" Compatible "a parameter became optional";
    PARAMETER_MOVED "parameter-moved" Breaking "a parameter moved to another part of the request";
    PARAMETER_ENCODING "parameter-encoding-changed" Breaking "`style`, `explode` or `content` of a parameter changed";
    PARAMETER_DEPRECATED "parameter-deprecated" Compatible "a parameter became deprecated";
    PARAMETER_REACTIVATED "parameter-reactivated" Compatible "a parameter is no longer deprecated";
    PARAMETER_DESCRIPTION "parameter-description-changed" Docs "the documentation of a parameter changed";
    BODY_REQUIRED_ADDED "required-request-body-added" Breaking "a request body is new and required";
    BODY_OPTIONAL_ADDED "optional-request-body-added" Compatible "a request body is new and optional";
    BODY_REMOVED "request-body-removed" Breaking "the request body was removed";
    BODY_BECAME_REQUIRED "request-body-became-required" Breaking "the request body became required";
    BODY_BECAME_OPTIONAL "request-body-became-optional" Compatible "the request body became optional";
    BODY_MEDIA_TYPE_ADDED "request-media-type-added" Compatible "an additional media type is accepted";
    BODY_MEDIA_TYPE_REMOVED "request-media-type-removed" Breaking "a media type is no longer accepted";
    BODY_ENCODING "request-encoding-changed" Breaking "the encoding of a form changed";
    BODY_DESCRIPTION "request-body-description-changed" Docs "the documentation of a request body changed";
    SUCCESS_ADDED "response-success-status-added" Compatible "a success status is new";
    SUCCESS_REMOVED "response-success-status-removed" Breaking "a success status was removed";
    ERROR_ADDED "response-error-status-added" Compatible "an error status is new";
    ERROR_REMOVED "response-error-status-removed" Compatible "an error status was removed";
    RESPONSE_MEDIA_TYPE_ADDED "response-media-type-added" Compatible "an additional media type is sent";
    RESPONSE_MEDIA_TYPE_REMOVED "response-media-type-removed" Breaking "a media type is no longer sent";
    RESPONSE_BODY_ADDED "response-body-added" Compatible "a response now has a body";
    RESPONSE_BODY_REMOVED "response-body-removed" Breaking "a response no longer has a body";
    RESPONSE_DESCRIPTION "response-description-changed" Docs "the documentation of a response changed";
    HEADER_ADDED "response-header-added" Compatible "a response header is new";
    HEADER_REMOVED "response-header-removed" Breaking "a response header was removed";
    HEADER_BECAME_REQUIRED "response-header-became-required" Compatible "a response header is now always sent";
    HEADER_BECAME_OPTIONAL "response-header-became-optional" Breaking "a response header may now be missing";
    REQUIRED_MEMBER_ADDED "request-required-member-added" Breaking "a member is new and must be sent";
    OPTIONAL_MEMBER_ADDED "request-optional-member-added" Compatible "a member is new and may be sent";
    RESPONSE_MEMBER_ADDED "response-member-added" Compatible "a member is new; older clients ignore it";
    BECAME_READ_ONLY "request-member-became-read-only" Breaking "a member is no longer sent";
    BECAME_WRITABLE "request-member-became-writable" Compatible "a read-only member may now be sent";
    BECAME_WRITE_ONLY "response-member-became-write-only" Breaking "a member is no longer received";
    BECAME_READABLE "response-member-became-readable" Compatible "a write-only member is now received";
}

// Identifier, level in a request, level in a response.
#[rustfmt::skip]
pairs! {
    TYPE_CHANGED "type-changed" Breaking Breaking "the type changed";
    TYPE_WIDENED "type-widened" Compatible Breaking "an additional or a wider type is allowed";
    TYPE_NARROWED "type-narrowed" Breaking Compatible "a type is no longer allowed, or only a narrower one";
    BECAME_NULLABLE "became-nullable" Compatible Breaking "null is now allowed";
    BECAME_NOT_NULLABLE "became-not-nullable" Breaking Compatible "null is no longer allowed";
    FORMAT_CHANGED "format-changed" Breaking Breaking "the format changed";
    FORMAT_WIDENED "format-widened" Compatible Breaking "the format allows more values, or was removed";
    FORMAT_NARROWED "format-narrowed" Breaking Compatible "the format allows fewer values, or is new";
    ENUM_VALUE_ADDED "enum-value-added" Compatible Compatible "an additional value is allowed";
    ENUM_VALUE_REMOVED "enum-value-removed" Breaking Compatible "a value is no longer allowed";
    BECAME_ENUM "became-enum" Breaking Compatible "only listed values are now allowed";
    BECAME_OPEN "became-open" Compatible Breaking "values are no longer restricted to a list";
    MEMBER_REMOVED "member-removed" Breaking Breaking "a member was removed";
    MEMBER_BECAME_REQUIRED "member-became-required" Breaking Compatible "a member is now always present";
    MEMBER_BECAME_OPTIONAL "member-became-optional" Compatible Breaking "a member may now be missing";
    MEMBER_DEPRECATED "member-deprecated" Compatible Compatible "a member became deprecated";
    MEMBER_REACTIVATED "member-reactivated" Compatible Compatible "a member is no longer deprecated";
    UNKNOWN_FORBIDDEN "unknown-members-forbidden" Breaking Compatible "undescribed members are now forbidden";
    UNKNOWN_ALLOWED "unknown-members-allowed" Compatible Compatible "undescribed members are now allowed";
    PATTERN_CHANGED "pattern-changed" Breaking Breaking "values must match a different pattern";
    TUPLE_CHANGED "tuple-changed" Breaking Breaking "the items of a tuple changed";
    VARIANT_ADDED "variant-added" Compatible Breaking "an additional alternative is allowed";
    VARIANT_REMOVED "variant-removed" Breaking Compatible "an alternative is no longer allowed";
    DISCRIMINATOR_CHANGED "discriminator-changed" Breaking Breaking "another member is the discriminator";
    TAG_CHANGED "discriminator-value-changed" Breaking Breaking "the discriminator value of an alternative changed";
    DEFAULT_CHANGED "default-changed" Compatible Compatible "the default value changed";
    KEYWORD_CHANGED "keyword-changed" Breaking Breaking "a keyword that no other rule compares changed";
    DESCRIPTION "schema-text-changed" Docs Docs "a title, description or example changed";
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
