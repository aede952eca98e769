//! Prints an error on one line, with a hint about what to do.
//!
//! Texts from the service and other libraries are escaped: control characters, invisible characters
//! and characters that change the writing direction.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use http::{Method, StatusCode};

use super::{Error, ErrorKind, Failure, Outcome, chain};

/// Maximum characters of a text from the service.
const MAX_CHARS: usize = 500;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = &*self.0;
        match failure.status {
            Some(status) if failure.kind == ErrorKind::Problem => refusal(f, failure, status)?,
            _ => OneLine(&failure.message).fmt(f)?,
        }
        call(f, failure)?;
        if let Some(wait) = failure.retry_after {
            write!(f, "; retry after {} s", wait.as_secs_f64())?;
        }
        if let Some(hint) = hint(failure) {
            write!(f, "; {hint}")?;
        }
        if let Some(warning) = repeat_warning(failure) {
            write!(f, "; {warning}")?;
        }
        if f.alternate() { causes(f, self) } else { Ok(()) }
    }
}

/// Prints like `Display` and adds the causes. `main` and `unwrap` use it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        causes(f, self)
    }
}

/// Prints an error and its causes on one line.
#[cfg(feature = "client")]
pub(super) fn with_causes(
    f: &mut fmt::Formatter<'_>,
    error: &(dyn StdError + 'static),
) -> fmt::Result {
    write!(f, "{error}")?;
    causes(f, error)
}

/// Prints the causes: `: error sending request: connection refused`. Skips causes that the error
/// itself quotes.
fn causes(f: &mut fmt::Formatter<'_>, error: &(dyn StdError + 'static)) -> fmt::Result {
    let shown = error.to_string();
    let causes = chain(error).skip(1).map(|cause| one_line(&cause.to_string()).to_string());
    causes.filter(|cause| !shown.contains(cause)).try_for_each(|cause| write!(f, ": {cause}"))
}

/// Prints status, title and detail: `403 Forbidden: you do not have access to this agent`.
fn refusal(f: &mut fmt::Formatter<'_>, failure: &Failure, status: StatusCode) -> fmt::Result {
    let problem = failure.problem.as_ref();
    let title = problem.and_then(|problem| problem.title.as_deref());
    let title = title.filter(|title| !title.trim().is_empty()).or(status.canonical_reason());
    write!(f, "{}", status.as_u16())?;
    if let Some(title) = title {
        write!(f, " {}", OneLine(title))?;
    }
    match problem.and_then(|problem| problem.detail.as_deref()).map(str::trim) {
        Some(detail) if !detail.is_empty() && Some(detail) != title && !is_markup(detail) => {
            write!(f, ": {}", OneLine(detail))
        }
        _ => Ok(()),
    }
}

/// Returns whether a detail is a whole HTML or JSON body, which one line cannot show.
fn is_markup(detail: &str) -> bool {
    ["<", "{", "[{", "[["].iter().any(|start| detail.starts_with(start))
}

/// Prints the call: ` (GET /v1/me, after 3 attempts in 2.1 s)`.
fn call(f: &mut fmt::Formatter<'_>, failure: &Failure) -> fmt::Result {
    let (Some(method), Some(path)) = (&failure.method, &failure.path) else { return Ok(()) };
    write!(f, " ({method} {}", OneLine(path))?;
    if failure.attempts > 1 {
        let (attempts, elapsed) = (failure.attempts, failure.elapsed.as_secs_f64());
        write!(f, ", after {attempts} attempts in {elapsed:.1} s")?;
    }
    f.write_char(')')
}

/// Returns advice for the user of the program.
fn hint(failure: &Failure) -> Option<String> {
    match (failure.kind, failure.status?) {
        (ErrorKind::NotTheApi, _) => {
            Some("check the base URL; the API is at https://build.twin.so".to_owned())
        }
        (ErrorKind::Problem, StatusCode::FORBIDDEN) => {
            let what = deletable(failure.path.as_deref()?)?;
            Some(format!("the service also answers 403 for a deleted {what}"))
        }
        (ErrorKind::Problem, StatusCode::UNAUTHORIZED) => {
            Some("check that the API key is right and not revoked".to_owned())
        }
        (ErrorKind::Problem, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) => {
            let known = failure.method.as_ref().is_some_and(|method| *method != Method::HEAD);
            known.then(|| "the service does not offer this operation today".to_owned())
        }
        _ => None,
    }
}

/// Returns what to do before the request is sent again, if a second one could take effect twice.
fn repeat_warning(failure: &Failure) -> Option<&'static str> {
    if failure.is_idempotent || failure.method.as_ref()?.is_idempotent() {
        return None;
    }
    match failure.outcome {
        Outcome::NotSent | Outcome::Rejected => None,
        Outcome::Unknown => {
            Some("the request may have taken effect: check before you send it again")
        }
        Outcome::Accepted => Some("the service has accepted the request: do not send it again"),
    }
}

/// Returns the kind of resource that a path addresses, if that kind can be deleted.
fn deletable(path: &str) -> Option<&'static str> {
    let kinds = [
        ("/webhooks/", "webhook"),
        ("/runs/", "run"),
        ("/workspaces/", "workspace"),
        ("/access-api-keys/", "key"),
        ("/agents/", "agent"),
    ];
    kinds.into_iter().find(|(part, _)| path.contains(part)).map(|(_, what)| what)
}

/// Formats a text from outside on one line, truncated and with invisible characters escaped.
pub fn one_line(text: &str) -> impl fmt::Display {
    OneLine(text)
}

/// A text from outside, truncated, escaped and on one line.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shown, letter) in self.0.chars().enumerate() {
            match letter {
                _ if shown == MAX_CHARS => return f.write_char('…'),
                '\n' | '\r' | '\t' => f.write_char(' ')?,
                _ if letter.is_control() || is_invisible(letter) => {
                    write!(f, "{}", letter.escape_unicode())?;
                }
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// Returns whether a character is invisible or changes how its neighbours are shown.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Outcome;

    fn problem(status: u16, json: &str, method: Method, path: &str) -> Failure {
        let mut failure = Failure::new(ErrorKind::Problem, Outcome::Rejected, "");
        failure.status = StatusCode::from_u16(status).ok();
        failure.problem = serde_json::from_str(json).ok();
        failure.method = Some(method);
        failure.path = Some(path.to_owned());
        failure
    }

    fn shown(failure: Failure) -> String {
        Error::from(failure).to_string()
    }

    #[test]
    fn error_response_is_one_line_with_a_hint() {
        let shown = |status, json, path| shown(problem(status, json, Method::GET, path));
        assert_eq!(
            shown(
                403,
                r#"{"detail": "you do not have access to this agent"}"#,
                "/v1/agents/agent_abc123"
            ),
            "403 Forbidden: you do not have access to this agent (GET /v1/agents/agent_abc123); \
             the service also answers 403 for a deleted agent"
        );
        assert_eq!(
            shown(405, "{}", "/v1/agents/a/runs/r"),
            "405 Method Not Allowed (GET /v1/agents/a/runs/r); \
             the service does not offer this operation today"
        );
        assert_eq!(
            shown(404, r#"{"title": "No such agent", "detail": "No such agent"}"#, "/v1/agents/a"),
            "404 No such agent (GET /v1/agents/a)"
        );
        assert_eq!(
            shown(502, r#"{"detail": "<html>x"}"#, "/v1/me"),
            "502 Bad Gateway (GET /v1/me)"
        );
        assert_eq!(shown(599, "{}", "/"), "599 (GET /)");
    }

    #[test]
    fn attempts_and_retry_after_are_shown() {
        let mut failure = problem(503, r#"{"detail": "busy"}"#, Method::GET, "/v1/me");
        failure.attempts = 3;
        failure.elapsed = Duration::from_millis(2_140);
        failure.retry_after = Some(Duration::from_millis(1_500));
        assert_eq!(
            shown(failure),
            "503 Service Unavailable: busy (GET /v1/me, after 3 attempts in 2.1 s); \
             retry after 1.5 s"
        );
    }

    #[test]
    fn post_that_may_have_taken_effect_says_so() {
        let shown = |method, outcome, is_idempotent| {
            let mut failure = problem(503, "{}", method, "/v1/agents/a/runs");
            (failure.outcome, failure.is_idempotent) = (outcome, is_idempotent);
            shown(failure)
        };
        assert_eq!(
            shown(Method::POST, Outcome::Unknown, false),
            "503 Service Unavailable (POST /v1/agents/a/runs); the request may have taken \
             effect: check before you send it again"
        );
        assert_eq!(
            shown(Method::POST, Outcome::Accepted, false),
            "503 Service Unavailable (POST /v1/agents/a/runs); the service has accepted the \
             request: do not send it again"
        );
        for (method, outcome) in [
            (Method::POST, Outcome::NotSent),
            (Method::POST, Outcome::Rejected),
            (Method::GET, Outcome::Unknown),
            (Method::DELETE, Outcome::Accepted),
        ] {
            let text = shown(method.clone(), outcome, false);
            assert!(text.ends_with("/runs)"), "{method} {outcome:?}: {text}");
        }
        let cancelled = shown(Method::POST, Outcome::Unknown, true);
        assert!(cancelled.ends_with("/runs)"), "{cancelled}");
    }

    #[test]
    fn texts_of_the_service_are_escaped_and_truncated() {
        let json = "{\"detail\": \"a\\u001b[31m\\nb\\u202ec\\u061c\"}";
        let text = shown(problem(400, json, Method::GET, "/"));
        assert_eq!(text, "400 Bad Request: a\\u{1b}[31m b\\u{202e}c\\u{61c} (GET /)");
        let long = format!("{{\"detail\": \"{}\"}}", "é".repeat(10_000));
        assert!(shown(problem(400, &long, Method::GET, "/")).len() < 1_100);
    }

    #[test]
    fn debug_does_not_repeat_a_cause_that_the_message_quotes() {
        let error = Error::other(std::io::Error::other("no\nrecording"));
        assert_eq!(format!("{error:?}"), "the transport failed: no recording");
    }

    #[test]
    fn debug_and_alternate_display_add_escaped_causes() {
        let cause = std::io::Error::other("torn\u{1b}[2J");
        let failure = Failure::new(ErrorKind::Transport, Outcome::Unknown, "no response");
        let error = Error::from(failure.caused_by(cause));
        assert_eq!(error.to_string(), "no response");
        for text in [format!("{error:?}"), format!("{error:#?}"), format!("{error:#}")] {
            assert_eq!(text, "no response: torn\\u{1b}[2J");
        }
    }
}
