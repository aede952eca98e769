//! Tests the spans and events of a call.

#![expect(clippy::unwrap_used, reason = "helpers fail the test")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::testing::{KEY, Service, json};

/// The fields of spans by span number, and those of events with the number of their span.
#[derive(Debug, Default)]
struct Recording {
    spans: BTreeMap<u64, RecordedFields>,
    events: Vec<(Option<u64>, RecordedFields)>,
}

#[derive(Debug, Default)]
struct RecordedFields(BTreeMap<&'static str, String>);

impl Visit for RecordedFields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl RecordedFields {
    fn of(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Records spans and events of this crate.
///
/// It is the global subscriber: with a subscriber per thread, a callsite that another test has
/// used first stays disabled.
#[derive(Clone, Default)]
struct TraceRecorder(Arc<Mutex<Recording>>);

impl TraceRecorder {
    fn install() -> Self {
        let recorder = Self::default();
        let subscriber = tracing_subscriber::registry().with(recorder.clone());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        tracing::callsite::rebuild_interest_cache();
        recorder
    }
}

impl<S: Subscriber> Layer<S> for TraceRecorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut fields = RecordedFields::default();
        attributes.record(&mut fields);
        if attributes.metadata().target().starts_with("twin_ext") {
            self.0.lock().unwrap().spans.insert(id.into_u64(), fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        if let Some(span) = self.0.lock().unwrap().spans.get_mut(&id.into_u64()) {
            record.record(span);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = RecordedFields::default();
        event.record(&mut fields);
        if event.metadata().target().starts_with("twin_ext") {
            self.0.lock().unwrap().events.push((event.parent().map(Id::into_u64), fields));
        }
    }
}

#[tokio::test]
async fn call_has_one_span_and_one_event_per_attempt() {
    let recorder = TraceRecorder::install();
    let service = Service::start([String::new(), json(403, r#"{"detail": "canary"}"#)]).await;
    let (twin, _) = service.client();
    twin.list_runs().agent_id(KEY).filter_status("canary").send().await.unwrap_err();

    let seen = recorder.0.lock().unwrap();
    let port = service.url.rsplit(':').next().unwrap();
    let spans: Vec<_> =
        seen.spans.iter().filter(|(_, span)| span.of("server.port") == port).collect();
    assert_eq!(spans.len(), 1, "{seen:?}");
    let (number, span) = spans[0];
    let expected = [
        ("otel.name", "GET /v1/agents/{agent_id}/runs"),
        ("otel.kind", "client"),
        ("otel.status_code", "ERROR"),
        ("twin.operation", "list_runs"),
        ("http.request.method", "GET"),
        ("server.address", "127.0.0.1"),
        ("url.template", "/v1/agents/{agent_id}/runs"),
        ("http.request.resend_count", "1"),
        ("http.response.status_code", "403"),
        ("error.type", "403"),
    ];
    for (name, value) in expected {
        assert_eq!(span.of(name), value, "{name}");
    }
    assert_eq!(span.of("url.full"), format!("{}/v1/agents/[redacted]/runs", service.url));
    let events: Vec<&RecordedFields> =
        seen.events.iter().filter(|(of, _)| of == &Some(*number)).map(|(_, event)| event).collect();
    assert_eq!(events.len(), 2, "{seen:?}");
    assert_eq!(events[0].of("error.type"), "transport");
    assert_eq!(events[1].of("http.response.status_code"), "403");
    assert!(!format!("{seen:?}").contains("canary"), "{seen:?}");
}
