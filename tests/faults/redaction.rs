//! The API key and secrets do not appear in errors, `Debug` output, logs, traces or panics.

use std::error::Error as StdError;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use twin_api::reqwest::header::{HeaderMap, HeaderName};
use twin_api::secrecy::ExposeSecret as _;
use twin_api::transport::{Direct, Inner, Report};
use twin_api::{Client, ClientInfo as _};
use twin_ext::clock::SystemClock;
use twin_ext::webhook::{RedisStore, Verifier, sign};
use twin_ext::{ClientBuilder, Error, Paginate as _, Retry, RunExt as _, RunTicket};
use twin_tests::raw::{Script, answer, json};

use crate::harness::{ClientRig, KEY};
use crate::operations::{OPERATIONS, RawError, SECRET, SampleOperation};

/// A substring of the key and of every secret.
const CANARY: &str = "canary";

/// Formats a value with both forms of `Debug`.
fn debug_text(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// Formats an error and each of its sources in all forms.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        write!(text, "{error} {error:#} {error:?} {error:#?} ")
            .expect("writing to memory succeeds");
        next = error.source();
    }
    text
}

fn error_text(error: &Error) -> String {
    let mut text = chain(error);
    let (headers, excerpt, path) = (error.headers(), error.excerpt(), error.json_path());
    write!(text, "{headers:?} {excerpt:?} {path:?} {:?} ", error.path())
        .expect("writing to memory succeeds");
    write!(text, "{:?} {:?} ", error.problem(), error.drift()).expect("writing to memory succeeds");
    text + &debug_text(&error.clone())
}

/// Formats an error of the raw client, before it is converted.
fn raw_error_text(error: &RawError) -> String {
    let mut text = chain(error);
    let (headers, excerpt, path) = (error.headers(), error.excerpt(), error.json_path());
    write!(text, "{headers:?} {excerpt:?} {path:?} {:?} ", error.path())
        .expect("writing to memory succeeds");
    write!(text, "{:?} ", error.problem()).expect("writing to memory succeeds");
    text + &debug_text(&error.clone())
}

/// Collects all output of `log` and `tracing`.
#[derive(Clone, Default)]
struct CapturedLogs(Arc<Mutex<String>>);

impl CapturedLogs {
    /// Installs the collector for the process.
    fn everywhere() -> Self {
        let logs = Self::default();
        let subscriber = tracing_subscriber::registry().with(logs.clone());
        tracing::subscriber::set_global_default(subscriber).expect("no other subscriber is set");
        log::set_boxed_logger(Box::new(logs.clone())).expect("no other logger is set");
        log::set_max_level(log::LevelFilter::Trace);
        tracing::callsite::rebuild_interest_cache();
        logs
    }

    /// Adds `text`. Tests that count the allocations of their thread must not count this one.
    fn add(&self, text: &str) {
        allocation_counter::opt_out(|| {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        });
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl log::Log for CapturedLogs {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.add(&format!("{} {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}

struct FieldRecorder<'a>(&'a CapturedLogs);

impl Visit for FieldRecorder<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.add(&format!("{field}={value:?} "));
    }
}

impl<S: Subscriber> Layer<S> for CapturedLogs {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        attributes.record(&mut FieldRecorder(self));
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        values.record(&mut FieldRecorder(self));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.add(event.metadata().target());
        event.record(&mut FieldRecorder(self));
    }
}

/// Returns responses with every kind of fault, with the key and a secret wherever they fit.
fn faults() -> Vec<Script> {
    let both = format!("{KEY} {SECRET}");
    let secret = format!(r#"{{"api_key":"{SECRET}","signing_secret":"{SECRET}","key_id":7}}"#);
    let mut faults: Vec<Script> = vec![
        Script::new().close(),
        Script::new().reset(),
        Script::new().send(format!("{KEY}\r\n\r\n")).close(),
        Script::new()
            .send(format!("HTTP/1.1 200 {KEY}\r\nx: {KEY}\r\ncontent-length: 99\r\n\r\n{both}"))
            .close(),
        Script::new()
            .send(format!(
                "HTTP/1.1 200 x\r\nx: {KEY}\r\ncontent-length: 99999999999\r\n\r\n{both}"
            ))
            .close(),
        Script::new()
            .send(format!(
                "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n{{\"api_key\":\"{both}"
            ))
            .close(),
        Script::new()
            .send(format!("HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n{KEY}"))
            .close(),
        Script::new().send(format!("HTTP/1.1 200 x\r\n{KEY}")).reset(),
        // Secrets in a valid response, and beside members of a wrong type.
        json(201, &secret),
        json(201, &secret.replace("7}", "]")),
        json(201, &format!(r#"{{"api_key":["{SECRET}"],"signing_secret":{{"a":"{SECRET}"}}}}"#)),
        json(200, &format!(r#"{{"webhooks":[{{"signing_secret":"{SECRET}"}}],"webhook_id":1}}"#)),
        answer(200, "content-type: text/plain\r\n", &secret),
        answer(200, "content-type: text/html\r\n", &format!("<html>{both}")),
        // The key, repeated in every part of a response.
        json(200, &format!(r#"{{"{KEY}":"{KEY}","agents":"{KEY}","user_id":["{KEY}"]}}"#)),
        json(200, &format!(r#"{{"agents":[{{"{KEY}":]"#)),
        answer(200, &format!("content-type: text/{KEY}\r\n"), KEY),
        answer(200, &format!("grpc-status: 13\r\ngrpc-message: {KEY}\r\n"), KEY),
        answer(302, &format!("location: http://127.0.0.1:1/{KEY}\r\nx: {KEY}\r\n"), KEY),
    ];
    for status in [400, 401, 403, 404, 405, 409, 422, 429, 500, 503] {
        let headers = format!("www-authenticate: {KEY}\r\nretry-after: 1\r\n");
        faults.push(answer(status, &headers, KEY));
        let problem =
            format!(r#"{{"type":"{KEY}","title":"{KEY}","detail":"{KEY}","{KEY}":"{KEY}"}}"#);
        faults.push(json(status, &problem));
        faults.push(json(status, &format!(r#"{{"error":{{"message":"{KEY}"}}}}"#)));
    }
    faults
}

#[tokio::test]
async fn errors_logs_and_traces_show_neither_key_nor_secret() {
    let logs = CapturedLogs::everywhere();
    let rig = ClientRig::new().await;
    let strict = ClientRig::with(ClientBuilder::strict).await;
    let raw = twin_api::connect(&rig.raw.url(), KEY).expect("the URL is valid");
    let names =
        ["get_me", "list_agents", "start_run", "create_webhook", "create_api_key", "list_webhooks"];
    for (number, fault) in faults().into_iter().enumerate() {
        for operation in names.map(SampleOperation::of) {
            rig.raw.always(fault.clone());
            strict.raw.always(fault.clone());
            for twin in [&rig.twin, &strict.twin, &raw] {
                // A decoded value is formatted too; its secrets are redacted.
                let text = match operation.call_raw(twin).await {
                    Ok(value) => value.replace(KEY, "a value may contain the key"),
                    Err(error) => raw_error_text(&error) + &error_text(&error.into()),
                };
                assert!(!text.contains(CANARY), "{number} {}: {text}", operation.name);
            }
        }
    }
    let text = logs.text();
    assert!(text.contains("http.request.resend_count=2"), "no event of twin-ext was collected");
    assert!(
        text.contains("starting new connection"),
        "no event of another crate was collected: {}",
        &text[..1_000]
    );
    let at = text.find(CANARY).map(|at| &text[at.saturating_sub(300)..at + 6]);
    assert_eq!(at, None);
}

#[tokio::test]
async fn debug_of_public_values_shows_neither_key_nor_secret() {
    let rig = ClientRig::new().await;
    let inner: Inner = Inner::new(Direct).api_key(&KEY.into()).expect("the key is valid");
    let builder = ClientBuilder::new(KEY).base_url("http://127.0.0.1:1").on_drift(|_| ()).strict();
    let mut text = debug_text(&rig.twin)
        + &debug_text(rig.twin.inner())
        + &debug_text(&inner)
        + &debug_text(&builder);
    text += &(debug_text(&Retry::default()) + &debug_text(&rig.clock) + &debug_text(&SystemClock));
    text += &debug_text(&Report::default());
    for operation in OPERATIONS {
        text += &(operation.shown)(&rig.twin);
        rig.raw.always(operation.answer());
        text += &operation.call(&rig.twin).await.expect(operation.name);
    }
    for key in ["", "canary\n", "canary\u{e9}", "canary\0"] {
        let error = ClientBuilder::new(key).build().expect_err("the key is invalid");
        text += &error_text(&error);
        let error = twin_api::connect("http://127.0.0.1:1", key).expect_err("the key is invalid");
        text += &chain(&error);
    }
    for url in
        ["https://canary:canary@x.test", "canary", "http://canary.test", "https://x.test?canary"]
    {
        text += &error_text(&ClientBuilder::new(KEY).base_url(url).build().expect_err(url));
        text += &chain(&twin_api::connect(url, KEY).expect_err(url));
    }
    assert!(!text.contains(CANARY), "{text}");
}

#[tokio::test]
async fn debug_of_builders_and_handles_shows_neither_key_nor_secret() {
    let rig = ClientRig::new().await;
    let twin = &rig.twin;
    let run = twin.resume(RunTicket::new("agent_abc123", "run_xyz789"));
    let mut text = debug_text(&run) + &debug_text(&run.ticket()) + &debug_text(&run.events());
    text += &(debug_text(&twin.list_agents().pages()) + &debug_text(&twin.list_agents().items()));
    let verifier = Verifier::new(SECRET).expect("the secret is valid");
    let verifier = verifier.with_secret(format!("{SECRET}_old")).expect("the secret is valid");
    text += &debug_text(&verifier);
    let signature = sign(SECRET, "another body").parse().expect("the value fits into a header");
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-cobb-signature"), signature)]);
    for (headers, body) in [(&headers, SECRET), (&HeaderMap::new(), KEY)] {
        let error = verifier.verify(headers, body.as_bytes()).expect_err("the signature is forged");
        text += &error_text(&error);
    }
    let seen = RedisStore::new(&format!("redis://user:{KEY}@127.0.0.1:1"), Duration::from_secs(1));
    text += &debug_text(&seen.expect("the address is valid"));
    let seen = RedisStore::new(&format!("{KEY}://:{SECRET}@"), Duration::from_secs(1));
    text += &error_text(&seen.expect_err("the address is invalid"));
    for name in ["RunHandle {", "RunEvents {", "Pages {", "Items {", "Verifier", "RedisStore {"] {
        assert!(text.contains(name), "no {name} in {text}");
    }
    assert!(!text.contains(CANARY), "{text}");
}

#[tokio::test]
async fn panic_messages_show_neither_key_nor_secret() {
    let rig = ClientRig::new().await;
    for fault in faults() {
        rig.raw.always(fault);
        let twin: Client = rig.twin.clone();
        let call = tokio::spawn(async move {
            SampleOperation::of("create_api_key").call(&twin).await.expect("this call panics");
        });
        let panic = call.await.expect_err("the task panics");
        let panic = panic.into_panic();
        let message = panic.downcast_ref::<String>().expect("the panic has a message");
        assert!(
            message.starts_with("this call panics: ") && !message.contains(CANARY),
            "{message}"
        );
    }
}

#[test]
fn every_secret_member_is_in_a_sample_response() {
    let snapshots = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots");
    let mut secrets = 0;
    for file in std::fs::read_dir(snapshots).expect("tests/snapshots exists") {
        let text = std::fs::read_to_string(file.expect("the folder is readable").path())
            .expect("the file is valid UTF-8");
        for line in text.lines().filter(|line| line.ends_with(": SecretString")) {
            let name = line.trim().trim_end_matches(": SecretString");
            let member = format!(r#""{name}":"{SECRET}""#);
            assert!(OPERATIONS.iter().any(|operation| operation.body.contains(&member)), "{name}");
            secrets += 1;
        }
    }
    assert!(secrets >= 2, "{secrets}");
}

#[tokio::test]
async fn expose_secret_returns_the_value() {
    let rig = ClientRig::new().await;
    rig.raw.then(SampleOperation::of("create_webhook").answer());
    let events = vec![twin_api::types::WebhookEventType::RunCompleted];
    let body = twin_api::types::CreateWebhookBody::builder().url("https://x.test").events(events);
    let made = rig
        .twin
        .create_webhook()
        .agent_id("a")
        .body(body)
        .send()
        .await
        .expect("the webhook is created");
    assert_eq!(made.signing_secret.expose_secret(), SECRET);
    assert!(!debug_text(&made.into_inner()).contains(CANARY));
}
