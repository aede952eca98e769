//! The client of `specimen/openapi.json`, which `build.rs` generates. The document has features that
//! Twin's document lacks: bounds, header parameters, unions, forms, merge patches and others.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

use axum::http::StatusCode;
use serde_json::json;
use twin_tests::scripted::{BufferedResponse, Scripted};

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
async fn rejects_parameter_out_of_bounds_before_sending() {
    let (server, client) = service().await;
    let books = || client.list_books().shelf(1).from(1);
    let cases = [
        (books().limit(0), "limit must be from 1 to 100, not 0"),
        (books().limit(101), "limit must be from 1 to 100, not 101"),
        (books().shelf(0), "shelf must be at least 1, not 0"),
        (books().from(0), "from must be at least 1, not 0"),
        (client.list_books().shelf(1), "from is not set; call .from(...)"),
    ];
    for (call, expected) in cases {
        assert_eq!(refusal(call.send().await), expected);
    }
    assert!(server.take_requests().is_empty());
}

#[tokio::test]
async fn sends_parameter_within_bounds() {
    let (server, client) = service().await;
    for limit in [1, 100] {
        server.answer(BufferedResponse::json(StatusCode::OK, &json!([])));
        client
            .list_books()
            .shelf(7)
            .from(1)
            .limit(limit)
            .x_trace("t1")
            .send()
            .await
            .expect("the request is sent");
        let requests = server.take_requests();
        assert_eq!(requests[0].target, format!("/shelves/7/books?from=1&limit={limit}"));
        assert_eq!(requests[0].header("x-trace"), "t1");
        assert_eq!(requests[0].header("api-version"), "");
    }
}

#[tokio::test]
async fn rejects_body_out_of_bounds_before_sending() {
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
async fn absent_optional_list_passes_min_items() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"id": 0})));
    let body = NewBook::builder().titles(vec!["a".to_owned()]).kind("saga");
    let book = client
        .add_book()
        .shelf(1)
        .body(body)
        .send()
        .await
        .expect("the request is sent")
        .into_inner();
    // A response is not validated: 0 is below the documented minimum.
    assert_eq!(book.id, 0);
    let sent: serde_json::Value =
        serde_json::from_slice(&server.take_requests()[0].body).expect("the text is JSON");
    assert_eq!(sent, json!({"titles": ["a"], "kind": "saga"}));
}

#[tokio::test]
async fn empty_success_beside_json_is_none() {
    let (server, client) = service().await;
    for status in [StatusCode::NO_CONTENT, StatusCode::ACCEPTED] {
        server.answer(BufferedResponse::empty(status));
        let ticket = client.find_ticket().send().await.expect("an empty success");
        assert_eq!((ticket.status(), ticket.into_inner().map(|it| it.id)), (status, None));
    }
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"id": "t1"})));
    let ticket = client.find_ticket().send().await.expect("a success with a body");
    assert_eq!(ticket.into_inner().map(|it| it.id).as_deref(), Some("t1"));

    server.answer(BufferedResponse::empty(StatusCode::NO_CONTENT));
    server.answer(BufferedResponse::json(StatusCode::OK, &json!(2.0)));
    for expected in [None, Some(2)] {
        let count = client.count_tickets().send().await.expect("a success");
        assert_eq!(count.into_inner(), expected);
    }
    server.answer(BufferedResponse::json(StatusCode::OK, &json!([])));
    let error = client.count_tickets().send().await.expect_err("an array is not an integer");
    assert!(matches!(error, Error::InvalidResponsePayload(..)), "{error}");
}

#[tokio::test]
async fn enum_values_named_unknown_or_keyword_round_trip() {
    for (value, kind) in [
        ("novel", Kind::Novel),
        ("type", Kind::Type),
        ("unknown", Kind::Unknown("unknown".to_owned())),
        ("Unknown", Kind::Unknown("Unknown".to_owned())),
    ] {
        assert_eq!(Kind::from(value), kind);
        assert_eq!(serde_json::to_value(&kind).expect("the value serializes"), json!(value));
    }
}

#[tokio::test]
async fn union_decodes_the_right_alternative() {
    let (server, client) = service().await;
    let events = json!([{"kind": "opened"}, {"kind": "locked", "by": "x"}]);
    server.answer(BufferedResponse::json(StatusCode::OK, &events));
    let events = client.list_events().send().await.expect("the response decodes").into_inner();
    assert!(matches!(&events[0], Event::Opened(event) if event.kind == OpenedKind::Opened));
    assert!(matches!(&events[1], Event::Closed(event) if event.kind == ClosedKind::Locked));
}

#[tokio::test]
async fn union_of_enums_decodes_the_enum_with_the_value() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"id": 1, "cover": "paper"})));
    let body = NewBook::builder().titles(vec!["a".to_owned()]);
    let book = client.add_book().shelf(1).body(body).send().await.expect("the response decodes");
    assert!(matches!(&book.cover, Some(BookCover::Soft(Soft::Paper))), "{:?}", book.cover);
}

#[tokio::test]
async fn head_response_has_no_body() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::empty(StatusCode::OK));
    client.head_book().book(7).send().await.expect("the response decodes");
    assert_eq!(server.take_requests()[0].method, "HEAD");
}

#[tokio::test]
async fn options_and_trace_are_sent() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::empty(StatusCode::NO_CONTENT));
    client.options_book().book(7).send().await.expect("the response decodes");
    server.answer(BufferedResponse::empty(StatusCode::NO_CONTENT));
    client.trace_book().book(7).send().await.expect("the response decodes");
    let methods: Vec<String> =
        server.take_requests().into_iter().map(|request| request.method.to_string()).collect();
    assert_eq!(methods, ["OPTIONS", "TRACE"]);
}

#[tokio::test]
async fn merge_patch_distinguishes_absent_null_and_value() {
    let (server, client) = service().await;
    let cases = [
        (BookPatch::builder(), json!({})),
        (BookPatch::builder().pages_null().title_null(), json!({"pages": null, "title": null})),
        (BookPatch::builder().pages(3).title("a"), json!({"pages": 3, "title": "a"})),
    ];
    for (body, expected) in cases {
        server.answer(BufferedResponse::empty(StatusCode::NO_CONTENT));
        client.patch_book().book(7).body(body).send().await.expect("the request is sent");
        let request = server.take_requests().remove(0);
        assert_eq!(request.header("content-type"), "application/merge-patch+json");
        let sent: serde_json::Value =
            serde_json::from_slice(&request.body).expect("the text is JSON");
        assert_eq!(sent, expected);
        let read: BookPatch = serde_json::from_value(sent.clone()).expect("the value deserializes");
        assert_eq!(serde_json::to_value(read).expect("the value serializes"), sent);
    }
    let body = BookPatch::builder().pages(0);
    let text = refusal(client.patch_book().book(7).body(body).send().await);
    assert!(text.contains("pages must be at least 1, not 0"), "{text}");
}

#[tokio::test]
async fn decodes_integers_with_fraction_zero_and_beyond_i64() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::json(
        StatusCode::OK,
        &json!({
            "plain": 1.0, "id": u64::MAX, "big": u64::MAX, "small": 2.0,
            "list": [1.0, 2, -3.0], "map": {"a": 4.0}, "degrees": 5,
        }),
    ));
    let numbers = client.numbers().send().await.expect("the response decodes").into_inner();
    assert_eq!((numbers.plain, numbers.id, numbers.big), (1, Some(u64::MAX), Some(u64::MAX)));
    assert_eq!(
        (numbers.small, numbers.list, numbers.degrees),
        (Some(2), Some(vec![1, 2, -3]), Some(5))
    );
    assert_eq!(numbers.map.get("a"), Some(&4));
    for wrong in [json!({"plain": 1.5}), json!({"plain": 1e19}), json!({"plain": "1"}), json!({})] {
        server.answer(BufferedResponse::json(StatusCode::OK, &wrong));
        assert!(client.numbers().send().await.is_err(), "{wrong}");
    }
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"plain": 1, "small": null})));
    assert_eq!(client.numbers().send().await.expect("the response decodes").small, None);
}

#[tokio::test]
async fn form_body_follows_its_encoding() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::json(StatusCode::OK, &json!([1.0, 2])));
    let inner = std::collections::BTreeMap::from([("a".to_owned(), "x y".to_owned())]);
    let body = FromPostBody::builder()
        .list(vec!["a".to_owned(), "b&c".to_owned()])
        .flag(true)
        .joined(vec![1, 2])
        .inner(inner);
    let response =
        client.from_post().body(body).send().await.expect("the request is sent").into_inner();
    assert_eq!(response, [1, 2]);
    let request = server.take_requests().remove(0);
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    let text = String::from_utf8(request.body.to_vec()).expect("the value is ASCII");
    let mut pairs: Vec<&str> = text.split('&').collect();
    pairs.sort_unstable();
    assert_eq!(pairs, ["flag=true", "inner%5Ba%5D=x+y", "joined=1%2C2", "list=a", "list=b%26c"]);
}

#[tokio::test]
async fn sends_parameters_by_name_and_streams_bytes() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::new(StatusCode::OK, "text/event-stream", "data: 1\n\n"));
    let fields = std::collections::BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    let call = client
        .get_search()
        .last_event_id("q")
        .header_last_event_id("h")
        .parameter(7)
        .fields(fields)
        .session("s")
        .theme("dark");
    let mut stream = call.send().await.expect("the request is sent").into_inner_stream();
    let mut read = Vec::new();
    while let Some(chunk) = futures_util::StreamExt::next(&mut stream).await {
        read.extend_from_slice(&chunk.expect("the chunk arrives"));
    }
    assert_eq!(read, b"data: 1\n\n");
    let request = server.take_requests().remove(0);
    let (path, query) = request.target.split_once('?').expect("the target has a query");
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
async fn sends_bytes_and_accepts_vendor_json() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"ok": true})));
    let response = client.put_table().body("a,b").send().await.expect("the request is sent");
    assert_eq!(response.ok, Some(true));
    let request = server.take_requests().remove(0);
    assert_eq!(request.header("content-type"), "text/csv");
    assert_eq!(request.header("accept"), "application/vnd.api+json");
    assert_eq!(&*request.body, b"a,b");
}

#[tokio::test]
async fn numeric_discriminator_selects_the_alternative_and_keeps_unknown() {
    let (server, client) = service().await;
    let parts = json!([{"type": 2, "label": "l"}, {"type": 1.0}, {"type": 9, "x": [1]}]);
    server.answer(BufferedResponse::json(StatusCode::OK, &parts));
    let read = client.list_parts().send().await.expect("the response decodes").into_inner();
    assert!(matches!(&read[0], Part::Button(button) if button.label.as_deref() == Some("l")));
    assert!(matches!(&read[1], Part::Row(_)));
    assert!(matches!(&read[2], Part::Unknown(value) if *value == parts[2]));
    assert_eq!(serde_json::to_value(&read[2]).expect("the value serializes"), parts[2]);
}

#[tokio::test]
async fn subtypes_round_trip_including_unknown_ones() {
    let (server, client) = service().await;
    let cat = json!({"kind": "cat", "claws": 18});
    let other = json!({"kind": "dog", "tail": true});
    for sent in [&cat, &other] {
        server.answer(BufferedResponse::json(StatusCode::OK, sent));
        let body: Pet = serde_json::from_value(sent.clone()).expect("the value deserializes");
        let response =
            client.add_pet().body(body).send().await.expect("the request is sent").into_inner();
        assert_eq!(matches!(response, Pet::Cat { claws: 18, .. }), *sent == cat, "{response:?}");
        assert_eq!(serde_json::to_value(&response).expect("the value serializes"), *sent);
        let body = &server.take_requests()[0].body;
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(body).expect("the text is JSON"),
            *sent
        );
    }
}

#[tokio::test]
async fn read_only_and_write_only_members_are_required_in_one_direction() {
    let (server, client) = service().await;
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"id": "u1", "name": "n"})));
    let body = UserInput::builder().name("n").password("p");
    let user =
        client.add_user().body(body).send().await.expect("the response decodes").into_inner();
    assert_eq!((user.id.as_str(), user.name.as_str()), ("u1", "n"));
    let sent = &server.take_requests()[0].body;
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(sent).expect("the text is JSON"),
        json!({"name": "n", "password": "p"})
    );
}
