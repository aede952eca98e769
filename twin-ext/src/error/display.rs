//! An error in one line, for a person who has to do something about it.
//!
//! What comes from the service is text to it: control characters and marks that turn the
//! direction of writing are shown as escapes, so that a message cannot pose as another.

use std::fmt::{self, Write as _};

use http::{Method, StatusCode};

use super::{Call, Detail, Error, ErrorKind};
use crate::page::Progress;

/// Longer texts of a service are cut.
const SHOWN: usize = 500;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = &*self.0;
        match (&detail.problem, detail.status) {
            (Some(_), Some(status)) => refusal(f, detail, status)?,
            _ => Text(&detail.message).fmt(f)?,
        }
        call(f, &detail.call)?;
        if let Some(wait) = detail.retry_after {
            write!(f, "; it asks to wait {} s", wait.as_secs())?;
        }
        if let Some(hint) = hint(detail) {
            write!(f, "; {hint}")?;
        }
        match &detail.progress {
            Some(Progress { came, total: Some(total), .. }) => {
                write!(f, "; {came} of {total} items came before")?;
            }
            Some(Progress { came, .. }) if *came > 0 || detail.kind == ErrorKind::Pagination => {
                write!(f, "; {came} items came before")?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// No body and no headers: a log should bear it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &detail.kind).field("outcome", &detail.outcome);
        if let Some(status) = detail.status {
            debug.field("status", &status.as_u16());
        }
        debug.field("message", &format_args!("\"{self}\""));
        if let Some(source) = &detail.source {
            debug.field("source", source);
        }
        debug.finish_non_exhaustive()
    }
}

/// `403 Forbidden: you do not have access to this agent`.
fn refusal(f: &mut fmt::Formatter<'_>, detail: &Detail, status: StatusCode) -> fmt::Result {
    let problem = detail.problem.as_ref();
    let title = problem.and_then(|problem| problem.title.as_deref());
    let title = title.filter(|title| !title.trim().is_empty()).or(status.canonical_reason());
    write!(f, "{}", status.as_u16())?;
    if let Some(title) = title {
        write!(f, " {}", Text(title))?;
    }
    match problem.and_then(|problem| problem.detail.as_deref()) {
        Some(text) if !text.trim().is_empty() && Some(text) != title => {
            write!(f, ": {}", Text(text.trim()))
        }
        _ => Ok(()),
    }
}

/// ` (GET /v1/me, after 3 attempts in 2.1 s)`.
fn call(f: &mut fmt::Formatter<'_>, call: &Call) -> fmt::Result {
    let (Some(method), Some(path)) = (&call.method, &call.path) else { return Ok(()) };
    write!(f, " ({method} {}", Text(path))?;
    if call.attempts > 1 {
        write!(f, ", after {} attempts in {:.1} s", call.attempts, call.elapsed.as_secs_f64())?;
    }
    f.write_char(')')
}

/// What to do about it, or to know.
fn hint(detail: &Detail) -> Option<String> {
    let path = detail.call.path.as_deref().unwrap_or_default();
    match (detail.kind, detail.status) {
        (ErrorKind::NotTheApi, _) => {
            Some("is the base URL right? the API is at https://build.twin.so".to_owned())
        }
        (ErrorKind::Problem, Some(StatusCode::FORBIDDEN)) => {
            deleted(path).map(|what| format!("a deleted {what} answers so too"))
        }
        (ErrorKind::Problem, Some(StatusCode::UNAUTHORIZED)) => {
            Some("is the API key right, and not revoked?".to_owned())
        }
        (
            ErrorKind::Problem,
            Some(StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED),
        ) => {
            let known = detail.call.method.as_ref().is_some_and(|method| *method != Method::HEAD);
            known.then(|| "the service does not offer this today".to_owned())
        }
        _ => None,
    }
}

/// What a path is about, if one can delete that.
fn deleted(path: &str) -> Option<&'static str> {
    let kinds = [
        ("/webhooks/", "webhook"),
        ("/runs/", "run"),
        ("/workspaces/", "workspace"),
        ("/access-api-keys/", "key"),
        ("/agents/", "agent"),
    ];
    kinds.into_iter().find(|(part, _)| path.contains(part)).map(|(_, what)| what)
}

/// A stranger's text, cut and on one line.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shown, letter) in self.0.chars().enumerate() {
            match letter {
                _ if shown == SHOWN => return f.write_char('…'),
                '\n' | '\r' | '\t' => f.write_char(' ')?,
                _ if letter.is_control() || turns(letter) => {
                    write!(f, "{}", letter.escape_unicode())?;
                }
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// Whether a character changes how those around it are shown.
fn turns(letter: char) -> bool {
    matches!(
        letter,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::Duration;

    use super::*;
    use crate::error::Outcome;

    fn problem(status: u16, json: &str, method: Method, path: &str) -> Error {
        let mut detail = Detail::new(ErrorKind::Problem, Outcome::Rejected, "");
        detail.status = StatusCode::from_u16(status).ok();
        detail.problem = serde_json::from_str(json).ok();
        detail.call.method = Some(method);
        detail.call.path = Some(path.to_owned());
        detail.call.operation = Some(Cow::Borrowed("x"));
        detail.into()
    }

    #[test]
    fn a_refusal_is_one_line_that_says_what_to_do() {
        let shown = |status, json, path| problem(status, json, Method::GET, path).to_string();
        assert_eq!(
            shown(
                403,
                r#"{"detail": "you do not have access to this agent"}"#,
                "/v1/agents/agent_abc123"
            ),
            "403 Forbidden: you do not have access to this agent (GET /v1/agents/agent_abc123); \
             a deleted agent answers so too"
        );
        assert_eq!(
            shown(405, "{}", "/v1/agents/a/runs/r"),
            "405 Method Not Allowed (GET /v1/agents/a/runs/r); the service does not offer this today"
        );
        assert_eq!(
            shown(404, r#"{"title": "No such agent", "detail": "No such agent"}"#, "/v1/agents/a"),
            "404 No such agent (GET /v1/agents/a)"
        );
        assert_eq!(shown(599, "{}", "/"), "599 (GET /)");
    }

    #[test]
    fn attempts_and_waits_are_told() {
        let mut error = problem(503, r#"{"detail": "busy"}"#, Method::GET, "/v1/me");
        error.0.call.attempts = 3;
        error.0.call.elapsed = Duration::from_millis(2_140);
        error.0.retry_after = Some(Duration::from_secs(7));
        assert_eq!(
            error.to_string(),
            "503 Service Unavailable: busy (GET /v1/me, after 3 attempts in 2.1 s); \
             it asks to wait 7 s"
        );
    }

    #[test]
    fn a_hostile_text_stays_a_text() {
        let json = "{\"detail\": \"a\\u001b[31m\\nb\\u202ec\"}";
        let shown = problem(400, json, Method::GET, "/").to_string();
        assert_eq!(shown, "400 Bad Request: a\\u{1b}[31m b\\u{202e}c (GET /)");
        let long = format!("{{\"detail\": \"{}\"}}", "é".repeat(10_000));
        assert!(problem(400, &long, Method::GET, "/").to_string().len() < 1_100);
    }
}
