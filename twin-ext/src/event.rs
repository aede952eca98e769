//! Reads the kind of an event without parsing its whole payload.
//!
//! Payloads are undocumented: they have 0.3 to 125 KB, are deeply nested, and new kinds appear.
//! This module reads the members that all events have from the raw JSON, and skips the rest. It
//! accepts unknown kinds, and never fails.

mod payload;
mod text;

use twin_api::types::RunEvent;

use self::payload::CommonMembers;

/// The header of an event: its kind, its agent and its run.
///
/// [`RunEventExt::kind`] reads it. The rest of the payload stays unparsed, and
/// [`detail`](Self::detail) returns the JSON text to parse.
///
/// ```
/// use twin_ext::prelude::*;
/// use twin_ext::twin_api::types::RunEvent;
/// # fn main() -> Result<(), serde_json::Error> {
/// let json = r#"{"event_index": 157912706, "event": {
///     "agent_id": {"id": "agent_abc123"}, "run_id": {"id": "run_xyz789"},
///     "event": {"event": {"ToolCallStarted": {"tool": "mail"}}}}}"#;
/// let event: RunEvent = serde_json::from_str(json)?;
/// let kind = event.kind();
/// if kind.is("ToolCallStarted") {
///     let call: serde_json::Value = serde_json::from_str(kind.detail().unwrap_or("null"))?;
///     assert_eq!(call["tool"], "mail");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHeader<'a> {
    name: Option<String>,
    agent_id: Option<String>,
    run_id: Option<String>,
    detail: Option<&'a str>,
}

impl<'a> EventHeader<'a> {
    /// Reads the header from the JSON text of a payload. For invalid JSON all parts are `None`.
    pub fn of(payload: &'a str) -> Self {
        let CommonMembers { agent_id, run_id, kind } = payload::read(payload);
        let (name, detail) = kind.map_or((None, None), |kind| (Some(kind.name), kind.detail));
        Self { name, agent_id, run_id, detail }
    }

    /// Returns the name of the kind, or `None` if the payload has no kind or several.
    ///
    /// The service spells it `ToolCallStarted`, and the reference `tool_call_started`. Use
    /// [`is`](Self::is) to compare it.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns whether the kind has this name, in either of the two spellings.
    ///
    /// ```
    /// use twin_ext::EventHeader;
    /// let kind = EventHeader::of(r#"{"tool_call_started": {}}"#);
    /// assert!(kind.is("ToolCallStarted") && kind.is("tool_call_started"));
    /// assert!(!kind.is("ToolCall"));
    /// ```
    pub fn is(&self, name: &str) -> bool {
        let letters = |text: &'_ str| {
            let letters = text.chars().filter(|letter| *letter != '_');
            letters.flat_map(char::to_lowercase).collect::<String>()
        };
        self.name().is_some_and(|own| own == name || letters(own) == letters(name))
    }

    /// Returns the identifier of the agent, if the payload has it.
    pub fn agent_id(&self) -> Option<&str> {
        self.agent_id.as_deref()
    }

    /// Returns the identifier of the run, if the payload has it.
    pub fn run_id(&self) -> Option<&str> {
        self.run_id.as_deref()
    }

    /// Returns the content of the kind as JSON text, or `None` if the kind has no content.
    pub fn detail(&self) -> Option<&'a str> {
        self.detail
    }
}

/// Extends [`RunEvent`] with its kind, its index and its final text.
pub trait RunEventExt {
    /// Reads the kind of the event, its agent and its run. Parses no other part of the payload.
    fn kind(&self) -> EventHeader<'_>;

    /// Returns the index of the event from [`event_index`](RunEvent::event_index), as the service
    /// calls it, or from [`index`](RunEvent::index), as the reference calls it.
    ///
    /// It is a number. To store where a stream stopped, use
    /// [`RunEvents::position`](crate::RunEvents::position), which returns a
    /// [`Position`](crate::Position).
    fn position(&self) -> Option<u64>;

    /// Returns the final text of the run, if this event ends the run.
    ///
    /// The location of the text is undocumented, so this method searches likely names and may find
    /// none. [`RunHandle::summary`](crate::RunHandle::summary) reads the documented summary.
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// # use twin_ext::twin_api::types::RunEvent;
    /// let json = r#"{"index": 9, "event": {"finished": {"message": "Three mails were read."}}}"#;
    /// let event: RunEvent = serde_json::from_str(json)?;
    /// assert_eq!(event.final_text().as_deref(), Some("Three mails were read."));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn final_text(&self) -> Option<String>;
}

impl RunEventExt for RunEvent {
    fn kind(&self) -> EventHeader<'_> {
        EventHeader::of(self.event.get())
    }

    fn position(&self) -> Option<u64> {
        self.event_index.or(self.index)
    }

    fn final_text(&self) -> Option<String> {
        let kind = self.kind();
        let ends = text::ENDS.iter().any(|end| kind.is(end));
        ends.then(|| kind.detail().and_then(text::find)).flatten()
    }
}
