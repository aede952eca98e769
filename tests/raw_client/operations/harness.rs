//! One operation as a row of the table: how it is called, what must then be on the wire,
//! and which answers it must read.
//!
//! Rows of different answer types stand in one table as [`Operation`]s.

use std::fmt::Debug;
use std::pin::Pin;

use serde_json::{Map, Value, json};
use twin_api::{Client, Error, ResponseValue};
use twin_tests::scripted::Scripted;

/// The key of [`service`]'s client.
pub(super) const KEY: &str = "tw_live_canary";

/// One identifier for each kind of path parameter, each with something to encode.
pub(super) const AGENT: &str = "a/b c";
pub(super) const RUN: &str = "r?x=1";
pub(super) const WEBHOOK: &str = "w#é";
pub(super) const WORKSPACE: &str = "ws%2Fö";
pub(super) const API_KEY: &str = "k\\..\\1";

/// The kinds of path parameter, and their identifiers as they must be on the wire.
pub(super) const ON_THE_WIRE: [(&str, &str); 5] = [
    ("{agent_id}", "a%2Fb%20c"),
    ("{run_id}", "r%3Fx=1"),
    ("{webhook_id}", "w%23%C3%A9"),
    ("{workspace_id}", "ws%252F%C3%B6"),
    ("{key_id}", "k%5C..%5C1"),
];

/// What the reference shows where there is nothing to tell.
pub(super) const DONE: &str = r#"{
  "success": true
}"#;

/// A member that no document speaks of.
const UNKNOWN: &str = "x_not_in_any_document";

/// Members that are never written back.
const SECRETS: [&str; 2] = ["api_key", "signing_secret"];

pub(crate) type Reply<T> = Result<ResponseValue<T>, Error>;
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = Reply<T>> + 'a>>;
pub(super) type Call<T> = Box<dyn Fn(&Client) -> Later<'_, T>>;

/// A service on loopback and a client for it.
pub(super) async fn service() -> (Scripted, Client) {
    let server = Scripted::start().await.expect("a free port");
    let client = twin_api::connect(&server.url(), KEY).expect("loopback is allowed");
    (server, client)
}

/// A call whose answer does not matter.
pub(super) fn call<T: Debug>(call: impl AsyncFn(&Client) -> Reply<T> + Copy + 'static) -> Call<()> {
    Box::new(move |twin| Box::pin(async move { call(twin).await?.map(|_| ()) }))
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The reference shows it.
    Documented,
    /// The live service was seen to give it, or may tomorrow.
    Observed,
}

/// An answer that an operation must read.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) origin: Origin,
    pub(crate) status: u16,
    /// The body as it is sent.
    pub(crate) text: String,
    /// What the decoded answer must write when it is serialised: everything that came,
    /// but for unknown members, secrets and nulls.
    pub(crate) back: Value,
}

/// A row whose answer is a `T`.
pub(super) struct Row<T> {
    id: &'static str,
    line: &'static str,
    body: Option<Value>,
    call: Call<T>,
    samples: Vec<Sample>,
    checks: Vec<fn(&T)>,
}

impl<T: Debug> Row<T> {
    /// The operation `id`, which puts `line` (method, path and query) on the wire when it
    /// is called as `call` does.
    pub(super) fn new(
        id: &'static str,
        line: &'static str,
        call: impl AsyncFn(&Client) -> Reply<T> + Copy + 'static,
    ) -> Self {
        let call: Call<T> = Box::new(move |twin| Box::pin(async move { call(twin).await }));
        Self { id, line, body: None, call, samples: Vec::new(), checks: Vec::new() }
    }

    /// It sends this body, too.
    pub(super) fn sends(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// It reads this answer of the reference, given word for word.
    pub(super) fn documented(self, status: u16, text: &str, check: fn(&T)) -> Self {
        let back = match text {
            "" => Value::Null,
            text => known(serde_json::from_str(text).expect("the reference shows JSON")),
        };
        let text = text.to_owned();
        self.reads(Sample { origin: Origin::Documented, status, text, back }, check)
    }

    /// It reads this answer, with unknown members strewn in.
    pub(super) fn observed(self, status: u16, answer: Value, check: fn(&T)) -> Self {
        let text = strewn(answer.clone()).to_string();
        let sample = Sample { origin: Origin::Observed, status, text, back: known(answer) };
        self.reads(sample, check)
    }

    fn reads(mut self, sample: Sample, check: fn(&T)) -> Self {
        self.samples.push(sample);
        self.checks.push(check);
        self
    }
}

impl Row<()> {
    /// It is answered without content; an answer with content is taken, and not read.
    pub(super) fn without_content(self) -> Self {
        let text = strewn(json!({"deleted": true})).to_string();
        let sample = Sample { origin: Origin::Observed, status: 200, text, back: Value::Null };
        self.documented(204, "", |()| {}).reads(sample, |()| {})
    }
}

/// A row, whatever its answer is.
pub(crate) trait Operation {
    fn id(&self) -> &'static str;
    fn line(&self) -> &'static str;
    fn body(&self) -> Option<&Value>;
    fn samples(&self) -> &[Sample];

    /// Makes the call. The answer is held against the claims on the sample with the number
    /// `sample`, and then serialised.
    fn call<'a>(&'a self, twin: &'a Client, sample: Option<usize>) -> Later<'a, Value>;
}

impl<T: Debug + serde::Serialize + 'static> Operation for Row<T> {
    fn id(&self) -> &'static str {
        self.id
    }

    fn line(&self) -> &'static str {
        self.line
    }

    fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn call<'a>(&'a self, twin: &'a Client, sample: Option<usize>) -> Later<'a, Value> {
        Box::pin(async move {
            (self.call)(twin).await?.map(|answer| {
                if let Some(check) = sample.and_then(|number| self.checks.get(number)) {
                    check(&answer);
                }
                serde_json::to_value(&answer).expect("every answer has a JSON form")
            })
        })
    }
}

/// `value` with an unknown member in every object.
fn strewn(mut value: Value) -> Value {
    let unknown = json!({"nested": [1, null, {"status": "finished"}]});
    each_object(&mut value, &|members| {
        members.insert(UNKNOWN.to_owned(), unknown.clone());
    });
    value
}

/// `value` as a decoded answer writes it: a null says the same as an absent member.
fn known(mut value: Value) -> Value {
    each_object(&mut value, &|members| {
        members.retain(|name, member| !member.is_null() && !SECRETS.contains(&name.as_str()));
    });
    value
}

/// Applies `change` to every object in `value` but those within an event's payload.
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
