//! JSON that names a member twice, or is none.

use crate::webhook::strict::check;

#[test]
fn json_is_let_through() {
    for text in [
        "{}",
        "[]",
        "null",
        "true",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "0.5e-7",
        r#""\u00e9""#,
        r#"{"a": {"a": [{"a": 1}, {"a": 2}]}, "b": null}"#,
        " \n{ } ",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn a_member_that_is_named_twice_is_found_wherever_it_is() {
    for text in [
        r#"{"a": 1, "a": 1}"#,
        r#"{"a": 1, "b": 2, "\u0061": 3}"#,
        r#"{"a": {"b": [[{"c": 1, "c": null}]]}}"#,
        r#"{"": 1, "": 2}"#,
    ] {
        let error = check(text).unwrap_err();
        assert!(error.starts_with("a member is named twice (line 1, column "), "{text}: {error}");
    }
}

#[test]
fn what_is_no_json_is_refused_without_being_quoted() {
    let deep = "[".repeat(100_000);
    for text in
        ["", " ", "canary", "{\"canary\": }", "{} canary", "\u{feff}{}", "1e400", "NaN", &deep]
    {
        let error = check(text).unwrap_err();
        assert!(error.starts_with("it is not JSON, or nested too deeply (line 1, "), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn many_names_are_no_burden() {
    let members: Vec<String> = (0..40_000).map(|number| format!("\"{number}\":1")).collect();
    let text = members.join(",");
    assert_eq!(check(&format!("{{{text}}}")), Ok(()));
    for again in ["0", "15", "16", "39999"] {
        let twice = format!("{{{text},\"{again}\":1}}");
        assert!(check(&twice).is_err(), "{again} is named twice");
    }
}
