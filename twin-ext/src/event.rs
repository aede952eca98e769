//! What an event of a run is, without parsing all of it.
//!
//! The payload of an event is the service's own affair: 0.3 to 125 KB, deep, with kinds that
//! come and go. Read here is what every event has, off the raw JSON and past the rest: its
//! kind, whose it is, and the text that a run ends with. A kind that nobody knows is a kind;
//! nothing of an event is refused.

mod payload;
mod text;

use twin_api::types::RunEvent;

use self::payload::Common;

/// What an event is, and whose.
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
    /// Reads the kind off the JSON text of a payload. It takes any text.
    ///
    /// ```
    /// use twin_ext::EventHeader;
    /// assert_eq!(EventHeader::of(r#"{"started": {}}"#).name(), Some("started"));
    /// assert_eq!(EventHeader::of("[]").name(), None);
    /// ```
    pub fn of(payload: &'a str) -> Self {
        let Common { agent_id, run_id, kind } = payload::read(payload);
        let (name, detail) = kind.map_or((None, None), |kind| (Some(kind.name), kind.detail));
        Self { name, agent_id, run_id, detail }
    }

    /// The name, as it came: `ToolCallStarted` from the service, `tool_call_started` by the
    /// reference. `None` where a payload has none, or several.
    ///
    /// ```
    /// use twin_ext::EventHeader;
    /// assert_eq!(EventHeader::of(r#"{"event": {"event": "Tick"}}"#).name(), Some("Tick"));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether this is its name, however it is written.
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

    /// The agent that it names.
    ///
    /// ```
    /// use twin_ext::EventHeader;
    /// let kind = EventHeader::of(r#"{"agent_id": {"id": "agent_abc123"}}"#);
    /// assert_eq!(kind.agent_id(), Some("agent_abc123"));
    /// ```
    pub fn agent_id(&self) -> Option<&str> {
        self.agent_id.as_deref()
    }

    /// The run that it names.
    ///
    /// ```
    /// use twin_ext::EventHeader;
    /// assert_eq!(EventHeader::of(r#"{"run_id": "run_xyz789"}"#).run_id(), Some("run_xyz789"));
    /// ```
    pub fn run_id(&self) -> Option<&str> {
        self.run_id.as_deref()
    }

    /// What belongs to this kind, as JSON text; `None` where there is nothing.
    ///
    /// ```
    /// use twin_ext::EventHeader;
    /// assert_eq!(EventHeader::of(r#"{"started": {"by": 1}}"#).detail(), Some(r#"{"by": 1}"#));
    /// ```
    pub fn detail(&self) -> Option<&'a str> {
        self.detail
    }
}

/// What a [`RunEvent`] tells without being parsed.
///
/// ```
/// use twin_ext::prelude::*;
/// use twin_api::types::RunEvent;
/// fn line(event: &RunEvent) -> String {
///     format!("{:?} {:?}", event.position(), event.kind().name())
/// }
/// # let _ = line;
/// ```
pub trait RunEventExt {
    /// Reads the kind of the event, and what is common to all events.
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// # use twin_api::types::RunEvent;
    /// let event: RunEvent = serde_json::from_str(r#"{"index": 1, "event": {"started": {}}}"#)?;
    /// assert!(event.kind().is("Started"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn kind(&self) -> EventHeader<'_>;

    /// Returns the index of the event, which the service calls
    /// [`event_index`](RunEvent::event_index) and the reference [`index`](RunEvent::index).
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// # use twin_api::types::RunEvent;
    /// let event: RunEvent = serde_json::from_str(r#"{"index": 1, "event": {"started": {}}}"#)?;
    /// assert_eq!(event.position(), Some(1));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn position(&self) -> Option<u64>;

    /// The text that the run ended with, where this is the event of an end and has one.
    ///
    /// What the service puts there is not documented, so that it is looked for under the names
    /// that a text of this sort has. `None` says that it was not found, not that there is
    /// none. [`RunHandle::summary`](crate::RunHandle::summary) is what the service itself sums
    /// the run up with.
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
