//! Reads the faults of a fault file, in their long and short forms. A value that cannot be sent over
//! HTTP is an error.

use std::num::NonZeroUsize;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};

use super::kind::{Cursor, Endless, Fault, RetryAfter, Shift, StatusBody};
use crate::entry::{Entry, InvalidEntry, suggestion};

type FaultResult<T> = Result<T, InvalidEntry>;

/// The names of all kinds, in the order of `--help-faults`.
pub(crate) const KINDS: [&str; 15] = [
    "status",
    "delay",
    "refuse",
    "reset",
    "close",
    "cut_body",
    "trickle",
    "endless_body",
    "html",
    "grpc",
    "content_type",
    "redirect",
    "gzip_bomb",
    "cursors",
    "shift",
];

const BODIES: [(&str, StatusBody); 5] = [
    ("problem", StatusBody::Problem),
    ("older", StatusBody::Older),
    ("text", StatusBody::Text),
    ("html", StatusBody::Html),
    ("empty", StatusBody::Empty),
];

const ENDLESS: [(&str, Endless); 2] =
    [("whitespace", Endless::Whitespace), ("array", Endless::Array)];

/// Reads a fault: an object with the name of the kind, or only the name for a kind that needs no
/// settings.
pub(super) fn fault(entry: &Entry<'_>) -> FaultResult<Fault> {
    if entry.is_text() {
        return by_name(entry);
    }
    let members = entry.members()?;
    let (kind, value) = members.only_member("fault")?;
    Ok(match kind {
        "status" => status(value)?,
        "delay" => Fault::Delay { ms: milliseconds(value, "ms")? },
        "refuse" => Fault::Refuse { for_ms: milliseconds(value, "for_ms")? },
        "reset" => Fault::Reset { at: byte_count(value)? },
        "close" => Fault::Close { at: byte_count(value)? },
        "cut_body" => cut_body(value)?,
        "trickle" => trickle(value)?,
        "endless_body" => endless(value)?,
        "html" => {
            value.object(&[])?;
            Fault::Html
        }
        "grpc" => grpc(value)?,
        "content_type" => Fault::ContentType { value: member(value, "value", header)? },
        "redirect" => redirect(value)?,
        "gzip_bomb" => Fault::GzipBomb { bytes: member(value, "bytes", whole_number)? },
        "cursors" => Fault::Cursors(value.list()?.iter().map(cursor).collect::<FaultResult<_>>()?),
        "shift" => shift(value)?,
        unknown => return Err(unknown_kind(entry, unknown)),
    })
}

fn by_name(entry: &Entry<'_>) -> FaultResult<Fault> {
    match entry.text()?.as_str() {
        "html" => Ok(Fault::Html),
        "grpc" => Ok(Fault::Grpc { code: UNIMPLEMENTED }),
        "endless_body" => Ok(Fault::EndlessBody { of: Endless::default() }),
        known if KINDS.contains(&known) => {
            let message = format!("{known:?} needs a value; --help-faults shows an example");
            Err(entry.invalid(message))
        }
        unknown => Err(unknown_kind(entry, unknown)),
    }
}

/// The `grpc-status` that the live service sends.
const UNIMPLEMENTED: u32 = 12;

fn unknown_kind(entry: &Entry<'_>, name: &str) -> InvalidEntry {
    entry.invalid(format!("unknown fault {name:?}{}", suggestion(name, &KINDS)))
}

/// Reads a value that is given directly, or as the member `name` of an object.
fn member<'a, T>(
    entry: &Entry<'a>,
    name: &str,
    read: impl FnOnce(&Entry<'a>) -> FaultResult<T>,
) -> FaultResult<T> {
    if entry.is_object() { read(entry.object(&[name])?.required(name)?) } else { read(entry) }
}

fn whole_number(entry: &Entry<'_>) -> FaultResult<u64> {
    entry.number(0..=u64::MAX)
}

fn size(entry: &Entry<'_>) -> FaultResult<usize> {
    whole_number(entry).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn byte_count(entry: &Entry<'_>) -> FaultResult<usize> {
    member(entry, "at", size)
}

fn milliseconds(entry: &Entry<'_>, name: &str) -> FaultResult<u64> {
    member(entry, name, Entry::duration).map(in_milliseconds)
}

fn in_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn status(entry: &Entry<'_>) -> FaultResult<Fault> {
    if !entry.is_object() {
        let status = status_in(entry, 200, 599)?;
        return Ok(Fault::status(status, None));
    }
    let members = entry.object(&["status", "retry_after", "body"])?;
    let body = members.read("body", |body| body.choice(&BODIES))?;
    Ok(Fault::Status {
        status: status_in(members.required("status")?, 200, 599)?,
        retry_after: members.read("retry_after", retry_after)?,
        body: body.unwrap_or_default(),
    })
}

fn status_in(entry: &Entry<'_>, least: u16, most: u16) -> FaultResult<StatusCode> {
    let number = entry.number(least.into()..=most.into())?;
    let status = u16::try_from(number).ok().and_then(|code| StatusCode::from_u16(code).ok());
    status.ok_or_else(|| entry.invalid(format!("expected a status from {least} to {most}")))
}

fn retry_after(entry: &Entry<'_>) -> FaultResult<RetryAfter> {
    if entry.is_object() {
        let members = entry.object(&["date_in"])?;
        return Ok(RetryAfter::DateIn(members.required("date_in")?.integer()?));
    }
    if entry.is_list() {
        let each = entry.list()?.iter().map(retry_after).collect::<FaultResult<_>>()?;
        return Ok(RetryAfter::Each(each));
    }
    if entry.is_text() {
        return header(entry).map(RetryAfter::Literal);
    }
    entry.number(0..=u64::MAX).map(RetryAfter::Seconds).map_err(|_| {
        let forms = "a number of seconds, a string, {\"date_in\": seconds} or a list of these";
        entry.invalid(format!("expected {forms}"))
    })
}

fn header(entry: &Entry<'_>) -> FaultResult<HeaderValue> {
    let text = entry.text()?;
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| entry.invalid(format!("{text:?} cannot be the value of a header")))
}

fn cut_body(entry: &Entry<'_>) -> FaultResult<Fault> {
    if !entry.is_object() {
        return Ok(Fault::CutBody { at: size(entry)?, chunked: false });
    }
    let members = entry.object(&["at", "chunked"])?;
    let chunked = members.read("chunked", Entry::flag)?.unwrap_or_default();
    Ok(Fault::CutBody { at: size(members.required("at")?)?, chunked })
}

fn trickle(entry: &Entry<'_>) -> FaultResult<Fault> {
    if !entry.is_object() {
        let every_ms = in_milliseconds(entry.duration()?);
        return Ok(Fault::Trickle { bytes: NonZeroUsize::MIN, every_ms, head: false });
    }
    let members = entry.object(&["bytes", "every", "every_ms", "head"])?;
    let bytes = members.read("bytes", |bytes| bytes.number(1..=u64::MAX))?.unwrap_or(1);
    let bytes = usize::try_from(bytes).ok().and_then(NonZeroUsize::new);
    let every = match members.get("every_ms") {
        Some(every) => every,
        None => members.required("every")?,
    };
    Ok(Fault::Trickle {
        bytes: bytes.unwrap_or(NonZeroUsize::MAX),
        every_ms: in_milliseconds(every.duration()?),
        head: members.read("head", Entry::flag)?.unwrap_or_default(),
    })
}

fn endless(entry: &Entry<'_>) -> FaultResult<Fault> {
    let of = if entry.is_object() {
        entry.object(&["of"])?.read("of", |of| of.choice(&ENDLESS))?.unwrap_or_default()
    } else {
        entry.choice(&ENDLESS)?
    };
    Ok(Fault::EndlessBody { of })
}

fn grpc(entry: &Entry<'_>) -> FaultResult<Fault> {
    let code = member(entry, "code", |code| code.number(0..=u32::MAX.into()))?;
    Ok(Fault::Grpc { code: u32::try_from(code).unwrap_or(u32::MAX) })
}

fn redirect(entry: &Entry<'_>) -> FaultResult<Fault> {
    if !entry.is_object() {
        return Ok(Fault::Redirect { status: StatusCode::TEMPORARY_REDIRECT, to: header(entry)? });
    }
    let members = entry.object(&["status", "to"])?;
    let status = members.read("status", |status| status_in(status, 300, 399))?;
    let status = status.unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    Ok(Fault::Redirect { status, to: header(members.required("to")?)? })
}

fn cursor(entry: &Entry<'_>) -> FaultResult<Cursor> {
    if entry.is_null() {
        return Ok(Cursor::Null);
    }
    if entry.is_text() {
        return entry.text().map(Cursor::Text);
    }
    match entry.flag() {
        Ok(false) => Ok(Cursor::Absent),
        _ => Err(entry.invalid("expected a string, null, or false for no cursor")),
    }
}

fn shift(entry: &Entry<'_>) -> FaultResult<Fault> {
    let members = entry.object(&["insert", "remove"])?;
    Ok(Fault::Shift(Shift {
        insert: members.read("insert", whole_number)?.unwrap_or_default(),
        remove: members.read("remove", whole_number)?.unwrap_or_default(),
    }))
}
