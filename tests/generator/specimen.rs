//! What Twin's document does not have, but the generator must get right: bounds, header
//! parameters, a version that is no ASCII, unions, a client that stands alone.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

use axum::http::StatusCode;
use serde_json::json;
use twin_tests::scripted::{Answer, Scripted};

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    unreachable_pub,
    unused_imports,
    reason = "progenitor writes it"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/specimen.rs"));
}

use generated::types::{BookCover, ClosedKind, Event, Kind, NewBook, OpenedKind, Soft};
use generated::{Client, Error};

async fn service() -> (Scripted, Client) {
    let server = Scripted::start().await.expect("a free port");
    let client = Client::new(&server.url());
    (server, client)
}

fn refusal<T>(result: Result<T, Error<()>>) -> String {
    match result {
        Err(Error::InvalidRequest(text)) => text,
        Err(other) => panic!("expected a refusal before sending, got {other}"),
        Ok(_) => panic!("expected a refusal before sending, but it was sent"),
    }
}

#[tokio::test]
async fn a_parameter_out_of_bounds_is_not_sent() {
    let (server, client) = service().await;
    let books = || client.list_books().shelf(1).from(1);
    let cases = [
        (books().limit(0), "limit must be from 1 to 100, not 0"),
        (books().limit(101), "limit must be from 1 to 100, not 101"),
        (books().shelf(0), "shelf must be at least 1, not 0"),
        (books().from(0), "from must be at least 1, not 0"),
        (client.list_books().shelf(1), "from was not initialized"),
    ];
    for (call, expected) in cases {
        assert_eq!(refusal(call.send().await), expected);
    }
    assert!(server.take_requests().is_empty());
}

#[tokio::test]
async fn a_parameter_within_its_bounds_is_sent() {
    let (server, client) = service().await;
    for limit in [1, 100] {
        server.answer(Answer::json(StatusCode::OK, &json!([])));
        client.list_books().shelf(7).from(1).limit(limit).x_trace("t1").send().await.expect("sent");
        let requests = server.take_requests();
        assert_eq!(requests[0].target, format!("/shelves/7/books?from=1&limit={limit}"));
        assert_eq!(requests[0].header("x-trace"), "t1");
        assert_eq!(requests[0].header("api-version"), "");
    }
}

#[tokio::test]
async fn a_body_out_of_bounds_is_not_sent_however_it_was_made() {
    let (server, client) = service().await;
    let one = || vec!["a".to_owned()];
    let by_hand = NewBook { titles: vec![], tags: None, pages: None, kind: None };
    let cases: Vec<(NewBook, &str)> = vec![
        (by_hand, "titles must be from 1 to 3 items long, not 0"),
        (
            NewBook { titles: one(), tags: Some(one()), pages: None, kind: None },
            "tags must be at least 2 items long, not 1",
        ),
        (
            NewBook { titles: one(), tags: None, pages: Some(0), kind: None },
            "pages must be at least 1, not 0",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(refusal(client.add_book().shelf(1).body(body).send().await), expected);
    }
    let four = vec!["a".to_owned(); 4];
    let built = NewBook::builder().titles(four);
    let text = refusal(client.add_book().shelf(1).body(built).send().await);
    assert!(text.contains("titles must be from 1 to 3 items long, not 4"), "{text}");
    assert!(server.take_requests().is_empty());
}

#[tokio::test]
async fn an_absent_optional_list_is_not_too_short() {
    let (server, client) = service().await;
    server.answer(Answer::json(StatusCode::OK, &json!({"id": 0})));
    let body = NewBook::builder().titles(vec!["a".to_owned()]).kind("saga");
    let book = client.add_book().shelf(1).body(body).send().await.expect("sent").into_inner();
    // An answer is not validated: 0 is below what the document says.
    assert_eq!(book.id, 0);
    let sent: serde_json::Value =
        serde_json::from_slice(&server.take_requests()[0].body).expect("it is JSON");
    assert_eq!(sent, json!({"titles": ["a"], "kind": "saga"}));
}

#[tokio::test]
async fn values_that_are_called_unknown_or_like_keywords_go_round() {
    for (value, kind) in [
        ("novel", Kind::Novel),
        ("type", Kind::Type),
        ("unknown", Kind::Unknown("unknown".to_owned())),
        ("Unknown", Kind::Unknown("Unknown".to_owned())),
    ] {
        assert_eq!(Kind::from(value), kind);
        assert_eq!(serde_json::to_value(&kind).expect("it has JSON"), json!(value));
    }
}

#[tokio::test]
async fn the_alternatives_of_a_union_are_not_mixed_up() {
    let (server, client) = service().await;
    let events = json!([{"kind": "opened"}, {"kind": "locked", "by": "x"}]);
    server.answer(Answer::json(StatusCode::OK, &events));
    let events = client.list_events().send().await.expect("it decodes").into_inner();
    assert!(matches!(&events[0], Event::Opened(event) if event.kind == OpenedKind::Opened));
    assert!(matches!(&events[1], Event::Closed(event) if event.kind == ClosedKind::Locked));
}

#[tokio::test]
async fn a_union_of_enums_finds_the_one_that_has_the_value() {
    let (server, client) = service().await;
    server.answer(Answer::json(StatusCode::OK, &json!({"id": 1, "cover": "paper"})));
    let body = NewBook::builder().titles(vec!["a".to_owned()]);
    let book = client.add_book().shelf(1).body(body).send().await.expect("it decodes");
    assert!(matches!(&book.cover, Some(BookCover::Soft(Soft::Paper))), "{:?}", book.cover);
}
