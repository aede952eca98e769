//! Reads the kind of an event without parsing the whole payload.
//!
//! The service does not document payloads: they have 0.3 to 125 KB, are deeply nested, and new
//! kinds appear. This module reads the members that every event has from the raw JSON and skips
//! the rest. Unknown kinds are kinds, too; no payload is an error.

mod payload;
mod text;

use twin_api::types::RunEvent;

use self::payload::Common;

/// The kind of an event, and its agent and run.
///
/// ```
/// use twin_ext::prelude::*;
/// use twin_api::types::RunEvent;
/// let json = r#"{"event_index": 157912706, "event": {
///     "agent_id": {"id": "agent_abc123"}, "run_id": {"id": "run_xyz789"},
///     "event": {"event": {"ToolCallStarted": {"tool": "mail"}}}}}"#;
/// let event: RunEvent = serde_json::from_str(json)?;
/// let kind = event.kind();
/// assert_eq!(kind.name(), Some("ToolCallStarted"));
/// assert_eq!(kind.run_id(), Some("run_xyz789"));
/// assert_eq!(kind.detail(), Some(r#"{"tool": "mail"}"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHeader<'a> {
    name: Option<String>,
    agent_id: Option<String>,
    run_id: Option<String>,
    detail: Option<&'a str>,
}

impl<'a> EventHeader<'a> {
    /// Reads the header of a payload from its JSON text. Any text is accepted.
    pub fn of(payload: &'a str) -> Self {
        let Common { agent_id, run_id, kind } = payload::read(payload);
        let (name, detail) = kind.map_or((None, None), |kind| (Some(kind.name), kind.detail));
        Self { name, agent_id, run_id, detail }
    }

    /// Returns the name of the kind as it came: `ToolCallStarted` from the service,
    /// `tool_call_started` in the reference. `None` if the payload has no kind, or several.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns whether the kind has this name, in either spelling.
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

    /// Returns the agent that the payload names.
    pub fn agent_id(&self) -> Option<&str> {
        self.agent_id.as_deref()
    }

    /// Returns the run that the payload names.
    pub fn run_id(&self) -> Option<&str> {
        self.run_id.as_deref()
    }

    /// Returns the content of the kind as JSON text; `None` if it has none.
    pub fn detail(&self) -> Option<&'a str> {
        self.detail
    }
}

/// Extends [`RunEvent`] with its kind, its index and its final text.
pub trait RunEventExt {
    /// Reads the kind of the event, and its agent and run.
    fn kind(&self) -> EventHeader<'_>;

    /// Returns the index of the event, which the service calls
    /// [`event_index`](RunEvent::event_index) and the reference [`index`](RunEvent::index).
    fn position(&self) -> Option<u64>;

    /// Returns the final text of the run, if this event ends the run.
    ///
    /// The service does not document where the text is, so that this method searches under likely
    /// names. `None` means that no text was found.
    /// [`RunHandle::summary`](crate::RunHandle::summary) reads the summary of the service.
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// # use twin_api::types::RunEvent;
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
