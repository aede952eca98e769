//! Changes the real response. All other members of a page keep their bytes.

use std::collections::BTreeMap;

use axum::http::header;
use serde_json::value::RawValue;

use super::kind::{Cursor, Fault};
use crate::exchange::Answer;

/// Applies a fault that was applied `nth` times before to the real response.
pub(super) fn amend(fault: &Fault, nth: u64, mut answer: Answer) -> Answer {
    match fault {
        Fault::ContentType { value } => {
            answer.headers.insert(header::CONTENT_TYPE, value.clone());
        }
        Fault::Cursors(cursors) if answer.status.is_success() => {
            let turn = usize::try_from(nth).ok().and_then(|nth| nth.checked_rem(cursors.len()));
            let cursor = turn.and_then(|turn| cursors.get(turn));
            let page = cursor.and_then(|cursor| with_cursor(&answer.body, cursor));
            answer.body = page.map_or(answer.body, Into::into);
        }
        _ => {}
    }
    answer
}

/// Replaces the cursor of a page; `None` for a body that is not an object.
fn with_cursor(page: &[u8], cursor: &Cursor) -> Option<Vec<u8>> {
    let mut page: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(page).ok()?;
    let value = match cursor {
        Cursor::Text(text) => Some(serde_json::value::to_raw_value(text).ok()?),
        Cursor::Null => Some(serde_json::value::to_raw_value(&()).ok()?),
        Cursor::Absent => None,
    };
    match value {
        Some(value) => page.insert("next_cursor".to_owned(), value),
        None => page.remove("next_cursor"),
    };
    serde_json::to_vec(&page).ok()
}
