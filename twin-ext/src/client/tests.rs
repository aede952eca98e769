//! Tests valid and invalid settings, and their error messages.

use super::*;
use crate::error::ErrorKind;

fn from(variables: &[(&str, &str)]) -> Result<ClientBuilder, Error> {
    ClientBuilder::from_variables(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
    })
}

/// Returns the message of a configuration error, after checking that it quotes no value.
fn message(result: Result<impl Sized, Error>) -> String {
    let error = result.err().expect("the settings are rejected");
    assert_eq!(error.kind(), ErrorKind::Config);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    error.to_string()
}

#[test]
fn from_env_reads_key_and_base_url() {
    let twin = from(&[("TWIN_API_KEY", "k"), ("TWIN_BASE_URL", "http://[::1]:1/x/")]);
    assert_eq!(twin_api::ClientInfo::baseurl(&&twin.unwrap().build().unwrap()), "http://[::1]:1/x");
    let blank = from(&[("TWIN_API_KEY", "k"), ("TWIN_BASE_URL", " ")]).unwrap();
    assert_eq!(blank.base_url, BASE_URL);
}

#[test]
fn environment_errors_name_the_variable() {
    for variables in [&[][..], &[("TWIN_API_KEY", " \n")]] {
        assert!(message(from(variables)).contains("TWIN_API_KEY"));
    }
    for url in [
        "canary",
        "canary://x",
        "http://canary.test",
        "https://canary@x.test",
        "https://x.test?canary",
    ] {
        let builder = from(&[("TWIN_API_KEY", "k"), ("TWIN_BASE_URL", url)]).unwrap();
        let text = message(builder.build());
        assert!(text.starts_with("TWIN_BASE_URL: "), "{text}");
    }
}

#[test]
fn invalid_settings_are_rejected() {
    let new = || ClientBuilder::new("canary");
    let zero = Duration::ZERO;
    let cases = [
        (ClientBuilder::new("canary\n"), "API key"),
        (ClientBuilder::new("canary\u{e9}"), "API key"),
        (new().attempt_timeout(zero), "attempt_timeout"),
        (new().deadline(zero), "deadline"),
        (new().connect_timeout(zero), "connect_timeout"),
        (new().max_response_bytes(0), "max_response_bytes"),
        (new().app_info("", "1"), "name"),
        (new().app_info("a b", "1"), "name"),
        (new().app_info("a", "1\r\nx: y"), "version"),
        (new().base_url("https://user:pass@build.twin.so"), "user name"),
    ];
    for (builder, word) in cases {
        let text = message(builder.build());
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn the_user_agent_names_the_program_and_this_crate() {
    let own = ClientBuilder::new("k").user_agent().unwrap();
    assert!(own.starts_with("twin-ext/"));
    let named = ClientBuilder::new("k").app_info("night-shift", "2.1+x").user_agent();
    assert_eq!(named.unwrap(), format!("night-shift/2.1+x {own}"));
}

#[test]
fn client_and_builder_are_send_and_never_print_the_key() {
    fn assert_send<T: Clone + Send + Sync + 'static>(_: &T) {}
    let builder = ClientBuilder::new("canary").base_url("http://127.0.0.1:1").on_drift(|_| ());
    let twin = builder.clone().build().unwrap();
    assert_send(&builder);
    assert_send(&twin);
    assert!(!format!("{builder:?} {twin:?} {:?}", twin.get_me()).contains("canary"));
}

#[test]
fn debug_of_settings_shows_values_but_neither_keys_nor_headers() {
    let builder = ClientBuilder::new("canary").max_response_bytes(7).on_drift(|_| {});
    let shown = format!("{builder:?}");
    for part in ["key: \"(set)\"", "max_response_bytes: 7", "callback: true, strict: false"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(format!("{:?}", ClientBuilder::new(" ")).contains("key: \"(blank)\""));
    let options = crate::CallOptions::new().max_attempts(7).header("x-trace", "canary");
    let shown = format!("{options:?}");
    for part in ["max_attempts: Some(7)", "headers: [\"x-trace\"]", "invalid: None"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("canary"), "{shown}");
}
