//! The events of a run on a scripted server: totals, positions and `Retry-After`.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use twin_ext::clock::Clock as _;
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Outcome};

use super::{ScriptedService, page, retry_later};

#[tokio::test]
async fn events_wait_for_retry_after() {
    let service = ScriptedService::start().await;
    service.server.answer(retry_later(StatusCode::SERVICE_UNAVAILABLE, "120"));
    service.answers(&page("completed"), 1).answers(&json!({"events": []}), 1);
    assert!(service.run().events().try_next().await.unwrap().is_none());
    assert_eq!(service.clock.pauses(), [Duration::from_secs(120)]);
}

#[tokio::test]
async fn retry_after_does_not_exceed_the_idle_limit() {
    let service = ScriptedService::start().await;
    for _ in 0..3 {
        service.server.answer(retry_later(StatusCode::SERVICE_UNAVAILABLE, "100"));
    }
    let mut events = service.run().events().idle_limit(Duration::from_secs(30));
    let error = events.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(service.clock.now(), Duration::from_secs(30));
    assert_eq!(service.take_targets().len(), 2, "the last poll at the limit is missing");
}

#[tokio::test]
async fn events_below_the_total_fail_at_the_end() {
    let service = ScriptedService::start().await;
    let event = json!({"events": [{"event_index": 7, "event": {}}], "total_count": 2});
    service.answers(&page("completed"), 1).answers(&event, 1);
    service.answers(&json!({"events": [], "total_count": 2}), 9);
    let mut events = service.run().events();
    assert!(events.next().await.unwrap().is_ok());
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Pagination);
    assert_eq!((error.items_seen(), error.items_total()), (Some(1), Some(2)));
    assert_eq!(service.take_targets().len(), 7);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn events_that_are_listed_late_arrive() {
    let service = ScriptedService::start().await;
    let none = json!({"events": [], "total_count": 1});
    let event = json!({"events": [{"event_index": 7, "event": {}}], "total_count": 1});
    service.answers(&page("completed"), 1).answers(&none, 3).answers(&event, 1).answers(&none, 1);
    let mut events = service.run().events();
    assert_eq!(events.try_next().await.unwrap().unwrap().event_index, Some(7));
    assert!(events.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn resumed_run_events_below_the_total_fail() {
    for (came, fails) in [(u64::MAX, false), (2, true), (3, false)] {
        let service = ScriptedService::start().await;
        service.answers(&page("completed"), 1);
        service.answers(&json!({"events": [], "total_count": 3}), 9);
        let place = json!({"version": 1, "place": {"event": {"after": 2, "came": came}}});
        let mut events = service.run().events_from(serde_json::from_value(place).unwrap());
        let end = events.try_next().await.map_err(|error| error.kind());
        assert_eq!(end.err(), fails.then_some(ErrorKind::Pagination), "{came}");
    }
}

#[tokio::test]
async fn largest_count_in_a_resumed_stream_does_not_overflow() {
    let service = ScriptedService::start().await;
    service.answers(&page("completed"), 1);
    service.answers(&json!({"events": [{"event_index": 3, "event": {}}]}), 1);
    service.answers(&json!({"events": []}), 1);
    let place = json!({"version": 1, "place": {"event": {"after": 2, "came": u64::MAX}}});
    let mut events = service.run().events_from(serde_json::from_value(place).unwrap());
    assert_eq!(events.try_next().await.unwrap().unwrap().position(), Some(3));
    assert!(events.try_next().await.unwrap().is_none());
    let position = serde_json::to_value(events.position()).unwrap();
    assert_eq!(position["place"]["event"]["came"], json!(u64::MAX));
}

#[tokio::test]
async fn rejects_position_of_another_list_for_run_events() {
    let service = ScriptedService::start().await;
    let elsewhere = r#"{"version": 1, "place": {"cursor": "after-7f"}}"#;
    let mut events = service.run().events_from(serde_json::from_str(elsewhere).unwrap());
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    assert!(events.next().await.is_none());
    assert!(service.take_targets().is_empty());
}

#[tokio::test]
async fn last_index_moves_past_unordered_events_after_the_last() {
    let service = ScriptedService::start().await;
    let events =
        json!([{"event_index": 9, "event": 1}, {"event": 2}, {"event_index": 5, "event": 3}]);
    service.answers(&page("completed"), 1).answers(&json!({"events": events}), 1);
    service.answers(&json!({"events": []}), 1);
    let mut events = service.run().events();
    for last in [None, None, Some(9)] {
        events.try_next().await.unwrap().unwrap();
        assert_eq!(events.last_index(), last);
    }
    assert!(events.try_next().await.unwrap().is_none());
}
