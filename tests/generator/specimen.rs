//! What Twin's document does not have, but the generator must get right: bounds, header
//! parameters, a version that is no ASCII, unions, a client that stands alone.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

use axum::http::StatusCode;
use serde_json::json;
use twin_tests::scripted::{Answer, Scripted};

#[allow(
    dead_code,
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

use generated::types::{
    BookCover, BookPatch, ClosedKind, Event, FromPostBody, Kind, NewBook, OpenedKind, Part, Pet,
    Soft, UserInput,
};
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
            NewBook { titles: one(), tags: None, pages: Some(Some(0)), kind: None },
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

#[tokio::test]
async fn an_answer_to_head_has_no_body_to_read() {
    let (server, client) = service().await;
    server.answer(Answer::empty(StatusCode::OK));
    client.head_book().book(7).send().await.expect("no body is read");
    assert_eq!(server.take_requests()[0].method, "HEAD");
}

#[tokio::test]
async fn a_member_of_a_body_is_absent_null_or_a_value_and_keeps_its_media_type() {
    let (server, client) = service().await;
    let cases = [
        (BookPatch::builder(), json!({})),
        (BookPatch::builder().pages_null().title_null(), json!({"pages": null, "title": null})),
        (BookPatch::builder().pages(3).title("a"), json!({"pages": 3, "title": "a"})),
    ];
    for (body, expected) in cases {
        server.answer(Answer::empty(StatusCode::NO_CONTENT));
        client.patch_book().book(7).body(body).send().await.expect("sent");
        let request = server.take_requests().remove(0);
        assert_eq!(request.header("content-type"), "application/merge-patch+json");
        let sent: serde_json::Value = serde_json::from_slice(&request.body).expect("it is JSON");
        assert_eq!(sent, expected);
        let read: BookPatch = serde_json::from_value(sent.clone()).expect("it is read");
        assert_eq!(serde_json::to_value(read).expect("it is written"), sent);
    }
    let body = BookPatch::builder().pages(0);
    let text = refusal(client.patch_book().book(7).body(body).send().await);
    assert!(text.contains("pages must be at least 1, not 0"), "{text}");
}

#[tokio::test]
async fn an_integer_is_read_with_a_point_and_beyond_an_i64() {
    let (server, client) = service().await;
    server.answer(Answer::json(
        StatusCode::OK,
        &json!({
            "plain": 1.0, "id": u64::MAX, "big": u64::MAX, "small": 2.0,
            "list": [1.0, 2, -3.0], "map": {"a": 4.0}, "degrees": 5,
        }),
    ));
    let numbers = client.numbers().send().await.expect("it decodes").into_inner();
    assert_eq!((numbers.plain, numbers.id, numbers.big), (1, Some(u64::MAX), Some(u64::MAX)));
    assert_eq!(
        (numbers.small, numbers.list, numbers.degrees),
        (Some(2), Some(vec![1, 2, -3]), Some(5))
    );
    assert_eq!(numbers.map.get("a"), Some(&4));
    for wrong in [json!({"plain": 1.5}), json!({"plain": 1e19}), json!({"plain": "1"}), json!({})] {
        server.answer(Answer::json(StatusCode::OK, &wrong));
        assert!(client.numbers().send().await.is_err(), "{wrong}");
    }
    server.answer(Answer::json(StatusCode::OK, &json!({"plain": 1, "small": null})));
    assert_eq!(client.numbers().send().await.expect("it decodes").small, None);
}

#[tokio::test]
async fn a_form_writes_lists_and_objects_as_its_encoding_says() {
    let (server, client) = service().await;
    server.answer(Answer::json(StatusCode::OK, &json!([1.0, 2])));
    let inner = std::collections::BTreeMap::from([("a".to_owned(), "x y".to_owned())]);
    let body = FromPostBody::builder()
        .list(vec!["a".to_owned(), "b&c".to_owned()])
        .flag(true)
        .joined(vec![1, 2])
        .inner(inner);
    let answer = client.from_post().body(body).send().await.expect("sent").into_inner();
    assert_eq!(answer, [1, 2]);
    let request = server.take_requests().remove(0);
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    let text = String::from_utf8(request.body.to_vec()).expect("it is ASCII");
    let mut pairs: Vec<&str> = text.split('&').collect();
    pairs.sort_unstable();
    assert_eq!(pairs, ["flag=true", "inner%5Ba%5D=x+y", "joined=1%2C2", "list=a", "list=b%26c"]);
}

#[tokio::test]
async fn parameters_are_sent_under_their_own_names_and_streams_are_bytes() {
    let (server, client) = service().await;
    server.answer(Answer::new(StatusCode::OK, "text/event-stream", "data: 1\n\n"));
    let fields = std::collections::BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    let call = client
        .get_search()
        .last_event_id("q")
        .header_last_event_id("h")
        .parameter(7)
        .fields(fields)
        .session("s")
        .theme("dark");
    let mut stream = call.send().await.expect("sent").into_inner_stream();
    let mut read = Vec::new();
    while let Some(chunk) = futures_util::StreamExt::next(&mut stream).await {
        read.extend_from_slice(&chunk.expect("it arrives"));
    }
    assert_eq!(read, b"data: 1\n\n");
    let request = server.take_requests().remove(0);
    let (path, query) = request.target.split_once('?').expect("there is a query");
    let mut query: Vec<&str> = query.split('&').collect();
    query.sort_unstable();
    assert_eq!(path, "/search");
    assert_eq!(query, ["_=7", "fields%5Ba%5D=1", "last_event_id=q"]);
    assert_eq!(request.header("last-event-id"), "h");
    assert_eq!(request.header("cookie"), "session=s; theme=dark");
    let fields = std::collections::BTreeMap::<String, String>::new();
    let broken = client.get_search().fields(fields).session("a; b").send().await;
    assert!(matches!(broken, Err(Error::InvalidRequest(text)) if text.contains("cookie")));
}

#[tokio::test]
async fn bytes_and_vendor_json_go_under_their_own_media_types() {
    let (server, client) = service().await;
    server.answer(Answer::json(StatusCode::OK, &json!({"ok": true})));
    let answer = client.put_table().body("a,b").send().await.expect("sent");
    assert_eq!(answer.ok, Some(true));
    let request = server.take_requests().remove(0);
    assert_eq!(request.header("content-type"), "text/csv");
    assert_eq!(request.header("accept"), "application/vnd.api+json");
    assert_eq!(&*request.body, b"a,b");
}

#[tokio::test]
async fn alternatives_are_told_apart_by_number_and_unknown_ones_are_kept() {
    let (server, client) = service().await;
    let parts = json!([{"type": 2, "label": "l"}, {"type": 1.0}, {"type": 9, "x": [1]}]);
    server.answer(Answer::json(StatusCode::OK, &parts));
    let read = client.list_parts().send().await.expect("it decodes").into_inner();
    assert!(matches!(&read[0], Part::Button(button) if button.label.as_deref() == Some("l")));
    assert!(matches!(&read[1], Part::Row(_)));
    assert!(matches!(&read[2], Part::Unknown(value) if *value == parts[2]));
    assert_eq!(serde_json::to_value(&read[2]).expect("it has JSON"), parts[2]);
}

#[tokio::test]
async fn a_subtype_keeps_its_members_and_an_unknown_one_is_kept_whole() {
    let (server, client) = service().await;
    let cat = json!({"kind": "cat", "claws": 18});
    let other = json!({"kind": "dog", "tail": true});
    for sent in [&cat, &other] {
        server.answer(Answer::json(StatusCode::OK, sent));
        let body: Pet = serde_json::from_value(sent.clone()).expect("it is read");
        let answer = client.add_pet().body(body).send().await.expect("sent").into_inner();
        assert_eq!(matches!(answer, Pet::Cat { claws: 18, .. }), *sent == cat, "{answer:?}");
        assert_eq!(serde_json::to_value(&answer).expect("it has JSON"), *sent);
        let body = &server.take_requests()[0].body;
        assert_eq!(serde_json::from_slice::<serde_json::Value>(body).expect("it is JSON"), *sent);
    }
}

#[tokio::test]
async fn members_of_one_direction_are_demanded_in_that_one_only() {
    let (server, client) = service().await;
    server.answer(Answer::json(StatusCode::OK, &json!({"id": "u1", "name": "n"})));
    let body = UserInput::builder().name("n").password("p");
    let user = client.add_user().body(body).send().await.expect("it decodes").into_inner();
    assert_eq!((user.id.as_str(), user.name.as_str()), ("u1", "n"));
    let sent = &server.take_requests()[0].body;
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(sent).expect("it is JSON"),
        json!({"name": "n", "password": "p"})
    );
}
