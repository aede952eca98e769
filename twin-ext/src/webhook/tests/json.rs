//! Tests the JSON reader: repeated names, invalid JSON, and values that `Value` cannot represent.

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::webhook::json::{JsonNode, object};

/// Reads a value, as a member of an object.
fn read(text: &str) -> JsonNode<'static> {
    let body = format!("{{\"x\":{text}}}").leak();
    let members = object(body).unwrap_or_else(|error| panic!("{text}: {error}"));
    let ([node], _) = members.split(["x"]);
    node.unwrap()
}

fn value(text: &str) -> Value {
    read(text).into_value()
}

fn canonical(text: &str) -> String {
    let mut out = Vec::new();
    read(text).write_canonical(&mut out, None);
    String::from_utf8(out).unwrap()
}

#[test]
fn reads_every_type_of_value() {
    for text in [
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "5e-8",
        "\"\\u00e9\"",
        r#""\b\f\n\r\t\/\\\"""#,
        "\"\\ud83d\\ude00\"",
        "{\"a\": {\"a\": [{\"a\": 1}, {\"a\": 2}]}, \"b\": null}",
        " \n{ } ",
    ] {
        assert_eq!(value(text), serde_json::from_str::<Value>(text).unwrap(), "{text}");
    }
    assert!(object(" \n{ } ").is_ok());
}

/// The reader scans eight bytes at once.
#[test]
fn finds_the_end_of_a_string_at_every_offset() {
    for before in 0..20 {
        for after in 0..20 {
            // Bytes next to the special ones, and a byte whose low bits equal those of a quote.
            for filler in ["a", " ", "!", "#", "[", "]", "\u{7f}", "\u{a2}", "\u{1f600}"] {
                let (start, end) = (filler.repeat(before), filler.repeat(after));
                let whole = format!("{start}{end}");
                assert_eq!(value(&format!("\"{whole}\"")), json!(whole));
                let escaped = format!("\"{start}\\\"{end}\\\\{start}\"");
                assert_eq!(value(&escaped), json!(format!("{start}\"{end}\\{start}")));
                for control in [0, 1, 0x1f] {
                    let control = char::from(control);
                    let text = format!("{{\"x\":\"{start}{control}{end}\"}}");
                    let error = object(&text).unwrap_err();
                    let column = 6 + start.len() + 1;
                    assert_eq!(error, format!("it is not JSON (line 1, column {column})"));
                }
            }
        }
    }
}

#[test]
fn keeps_numbers_outside_u64_and_f64_as_text() {
    for text in ["18446744073709551616", "-9223372036854775809", "1e400", "-1e400", "1e-400"] {
        assert_eq!(value(text), json!(text));
    }
    assert_eq!(value("0e-400"), json!(0.0));
    assert_eq!(value("-0").to_string(), "-0.0");
    assert_eq!(value("0.1"), json!(0.1));
    assert_eq!(value("1e300"), json!(1e300));
}

#[test]
fn replaces_lone_surrogates() {
    assert_eq!(value(r#""a\ud800b""#), json!("a\u{fffd}b"));
    assert_eq!(value(r#""\udc00\ud800""#), json!("\u{fffd}\u{fffd}"));
    assert_eq!(value(r#"{"\ud800": 1}"#), json!({"\u{fffd}": 1}));
}

#[test]
fn canonical_form_sorts_members_and_keeps_every_digit() {
    assert_eq!(
        canonical(r#"{ "b" : 1.0, "a": [1E2, null, true, "\u0061\n"] }"#),
        r#"{"a":[1E2,null,true,"a\n"],"b":1.0}"#
    );
    assert_eq!(canonical("0.1000000000000000000001"), "0.1000000000000000000001");
    assert_ne!(canonical(r#""\ud800""#), canonical(r#""\ud801""#));
    assert_ne!(canonical(r#""\ud800""#), canonical(r#""\\xed\\xa0\\x80""#));
    assert_eq!(canonical(r#"{"a": {"b": 2, "a": 1}}"#), r#"{"a":{"a":1,"b":2}}"#);
}

#[test]
fn canonical_form_replaces_finished_at_at_the_top_level_only() {
    let mut out = Vec::new();
    read(r#"{"finished_at": 1, "x": {"finished_at": 1}}"#)
        .write_canonical(&mut out, Some(("finished_at", "now")));
    assert_eq!(out, br#"{"finished_at":"now","x":{"finished_at":1}}"#);
}

#[test]
fn rejects_repeated_member_at_any_depth() {
    for (text, place) in [
        (r#"{"a": 1, "a": 1}"#, "line 1, column 10"),
        ("{\"a\": 1,\n \"b\": 2, \"\\u0061\": 3}", "line 2, column 10"),
        (r#"{"a": {"b": [[{"c": 1, "c": null}]]}}"#, "line 1, column 24"),
        (r#"{"": 1, "": 2}"#, "line 1, column 9"),
        (r#"{"\ud800": 1, "\ud800": 2}"#, "line 1, column 15"),
    ] {
        let error = object(text).unwrap_err();
        assert_eq!(error, format!("a member is named twice ({place})"), "{text}");
    }
}

#[test]
fn error_for_non_object_quotes_nothing() {
    for text in
        ["", " ", "canary", "{\"canary\": }", "{} canary", "\u{feff}{}", "{\"x\":NaN}", "{x}"]
    {
        let error = object(text).unwrap_err();
        assert!(error.starts_with("it is not JSON (line 1, column "), "{text}: {error}");
        assert!(!error.contains("canary"), "{error}");
    }
    for text in ["[]", "\"canary\"", "7", "null"] {
        let error = object(text).unwrap_err();
        assert!(error.starts_with("it is not a JSON object (line 1, column "), "{text}: {error}");
    }
}

/// The limit does not depend on the feature `unbounded_depth` of `serde_json`.
#[test]
fn rejects_nesting_over_limit() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"x\":{}0{}}}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert!(object(&nested(open, close, 127)).is_ok());
        for depth in [128, 40_000] {
            let error = object(&nested(open, close, depth)).unwrap_err();
            assert!(error.starts_with("it is nested too deeply (line 1, "), "{error}");
        }
    }
}

#[test]
fn reads_40_000_members_without_quadratic_time() {
    let members: Vec<String> = (0..40_000).map(|number| format!("\"{number}\":1")).collect();
    let text = members.join(",");
    assert!(object(&format!("{{{text}}}")).is_ok());
    for again in ["0", "15", "16", "39999"] {
        let twice = format!("{{{text},\"{again}\":1}}");
        assert!(object(&twice).is_err(), "the repeated member {again} was accepted");
    }
}

/// Generates a piece of JSON. Most random sequences of pieces are invalid, at different offsets.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"b\"",
        "\"",
        "\\",
        "\\u",
        "d800",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"\\n\"",
        "\"\\x\"",
        "-",
        "0",
        "01",
        "1",
        "1.",
        ".5",
        "1.5",
        "1e5",
        "1E+5",
        "1e",
        "-0",
        "-01",
        "+1",
        "true",
        "tru",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\t",
        "\u{b}",
        "é",
        "{\"a\":1}",
        "[1,2]",
        "\"a\":",
        "\"b\":[",
        "\"\u{1}\"",
        "\"\\/\"",
    ];
    prop_oneof![
        8 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Repeated names are an exception: `serde_json` accepts them.
    #[test]
    fn accepts_the_same_text_as_serde_json(pieces in prop::collection::vec(piece(), 0..12)) {
        for text in [pieces.concat(), format!("{{\"x\":{}}}", pieces.concat())] {
            let expected = serde_json::from_str::<Box<RawValue>>(&text);
            match object(&text) {
                Ok(_) => prop_assert!(expected.is_ok(), "{text}"),
                Err(error) if error.starts_with("it is not JSON (") => {
                    prop_assert!(expected.is_err(), "{text}: {error}");
                }
                Err(error) => prop_assert!(
                    error.starts_with("a member is named twice")
                        || error.starts_with("it is not a JSON object"),
                    "{text}: {error}"
                ),
            }
        }
    }

    #[test]
    fn reads_the_same_strings_as_serde_json(string in any::<String>()) {
        let text = serde_json::to_string(&string).unwrap();
        prop_assert_eq!(value(&text), Value::String(string.clone()));
        let units = string.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        let escaped = units.collect::<Vec<_>>().concat();
        prop_assert_eq!(value(&format!("\"{escaped}\"")), Value::String(string));
    }
}
