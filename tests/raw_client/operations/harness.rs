//! One operation as a row of the table: its call, the expected request, and the responses that
//! the client must decode.
//!
//! Rows with different response types share one table as [`TableRow`]s.

use std::fmt::Debug;
use std::pin::Pin;

use serde_json::{Map, Value, json};
use twin_api::{Client, Error, ResponseValue};

/// One identifier for each kind of path parameter, each with characters that must be encoded.
pub(super) const AGENT: &str = "a/b c";
pub(super) const RUN: &str = "r?x=1";
pub(super) const WEBHOOK: &str = "w#é";
pub(super) const WORKSPACE: &str = "ws%2Fö";
pub(super) const API_KEY: &str = "k\\..\\1";

/// The kinds of path parameters, and their encoded identifiers.
pub(super) const ON_THE_WIRE: [(&str, &str); 5] = [
    ("{agent_id}", "a%2Fb%20c"),
    ("{run_id}", "r%3Fx=1"),
    ("{webhook_id}", "w%23%C3%A9"),
    ("{workspace_id}", "ws%252F%C3%B6"),
    ("{key_id}", "k%5C..%5C1"),
];

/// The reference's response of operations that return no data.
pub(super) const DONE: &str = r#"{
  "success": true
}"#;

/// The name of a member that no document has.
const UNKNOWN: &str = "x_not_in_any_document";

/// Members that are never serialized.
const SECRETS: [&str; 2] = ["api_key", "signing_secret"];

pub(crate) type CallResult<T> = Result<ResponseValue<T>, Error>;
pub(crate) type PendingCall<'a, T> = Pin<Box<dyn Future<Output = CallResult<T>> + 'a>>;
pub(super) type BoxedCall<T> = Box<dyn Fn(&Client) -> PendingCall<'_, T>>;

/// Boxes a call and discards its value.
pub(super) fn boxed_call<T: Debug>(
    call: impl AsyncFn(&Client) -> CallResult<T> + Copy + 'static,
) -> BoxedCall<()> {
    Box::new(move |twin| Box::pin(async move { call(twin).await?.map(|_| ()) }))
}

/// Where a response comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The reference.
    Documented,
    /// An observation of the live service, or a possible later version of it.
    Observed,
}

/// A response that the client must decode.
#[derive(Debug, Clone)]
pub(crate) struct SampleResponse {
    pub(crate) origin: Origin,
    pub(crate) status: u16,
    /// The body that the server sends.
    pub(crate) text: String,
    /// The expected serialization of the decoded response: all members except unknown ones,
    /// secrets and nulls.
    pub(crate) serialized: Value,
}

/// A row of an operation whose response is a `T`.
pub(super) struct TypedRow<T> {
    id: &'static str,
    line: &'static str,
    body: Option<Value>,
    call: BoxedCall<T>,
    samples: Vec<SampleResponse>,
    checks: Vec<fn(&T)>,
}

impl<T: Debug> TypedRow<T> {
    /// Creates a row for the operation `id`. `call` must send `line`: method, path and query.
    pub(super) fn new(
        id: &'static str,
        line: &'static str,
        call: impl AsyncFn(&Client) -> CallResult<T> + Copy + 'static,
    ) -> Self {
        let call: BoxedCall<T> = Box::new(move |twin| Box::pin(async move { call(twin).await }));
        Self { id, line, body: None, call, samples: Vec::new(), checks: Vec::new() }
    }

    /// Sets the expected request body.
    pub(super) fn sends(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Adds a response of the reference, given verbatim.
    pub(super) fn documented(self, status: u16, text: &str, check: fn(&T)) -> Self {
        let serialized = match text {
            "" => Value::Null,
            text => without_secrets_and_nulls(
                serde_json::from_str(text).expect("the reference shows JSON"),
            ),
        };
        let text = text.to_owned();
        self.reads(SampleResponse { origin: Origin::Documented, status, text, serialized }, check)
    }

    /// Adds an observed response. Every object gets an unknown member.
    pub(super) fn observed(self, status: u16, answer: Value, check: fn(&T)) -> Self {
        let text = with_unknown_members(answer.clone()).to_string();
        let sample = SampleResponse {
            origin: Origin::Observed,
            status,
            text,
            serialized: without_secrets_and_nulls(answer),
        };
        self.reads(sample, check)
    }

    fn reads(mut self, sample: SampleResponse, check: fn(&T)) -> Self {
        self.samples.push(sample);
        self.checks.push(check);
        self
    }
}

impl TypedRow<()> {
    /// Adds a response without content, and a response whose content the client must ignore.
    pub(super) fn without_content(self) -> Self {
        let text = with_unknown_members(json!({"deleted": true})).to_string();
        let sample =
            SampleResponse { origin: Origin::Observed, status: 200, text, serialized: Value::Null };
        self.documented(204, "", |()| {}).reads(sample, |()| {})
    }
}

/// A [`TypedRow`] of any response type.
pub(crate) trait TableRow {
    fn id(&self) -> &'static str;
    fn line(&self) -> &'static str;
    fn body(&self) -> Option<&Value>;
    fn samples(&self) -> &[SampleResponse];

    /// Makes the call, runs the check of sample number `sample` on the decoded response, and
    /// serializes the response.
    fn call<'a>(&'a self, twin: &'a Client, sample: Option<usize>) -> PendingCall<'a, Value>;
}

impl<T: Debug + serde::Serialize + 'static> TableRow for TypedRow<T> {
    fn id(&self) -> &'static str {
        self.id
    }

    fn line(&self) -> &'static str {
        self.line
    }

    fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    fn samples(&self) -> &[SampleResponse] {
        &self.samples
    }

    fn call<'a>(&'a self, twin: &'a Client, sample: Option<usize>) -> PendingCall<'a, Value> {
        Box::pin(async move {
            (self.call)(twin).await?.map(|answer| {
                if let Some(check) = sample.and_then(|number| self.checks.get(number)) {
                    check(&answer);
                }
                serde_json::to_value(&answer).expect("the response serializes")
            })
        })
    }
}

/// Adds an unknown member to every object in `value`.
fn with_unknown_members(mut value: Value) -> Value {
    let unknown = json!({"nested": [1, null, {"status": "finished"}]});
    each_object(&mut value, &|members| {
        members.insert(UNKNOWN.to_owned(), unknown.clone());
    });
    value
}

/// Removes secrets and nulls, because decoding treats null like an absent member.
fn without_secrets_and_nulls(mut value: Value) -> Value {
    each_object(&mut value, &|members| {
        members.retain(|name, member| !member.is_null() && !SECRETS.contains(&name.as_str()));
    });
    value
}

/// Applies `change` to every object in `value`, except inside event payloads.
fn each_object(value: &mut Value, change: &impl Fn(&mut Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            let named = members.iter_mut().filter(|(name, _)| *name != "event");
            named.for_each(|(_, member)| each_object(member, change));
            change(members);
        }
        Value::Array(elements) => elements.iter_mut().for_each(|e| each_object(e, change)),
        _ => {}
    }
}
