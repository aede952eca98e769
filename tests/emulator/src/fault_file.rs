//! The fault file: faults, run scripts and switches in one JSON document.

use std::collections::VecDeque;

use super::Switches;
use super::delivery::DeliveryRule;
use super::entry::{Entry, InvalidEntry};
use super::fault::{Rule, read_rules};
use super::lifecycle::RunScript;
use super::operations::names;
use super::world::World;

/// The content of a fault file, which the program reads with `--faults FILE`.
///
/// ```
/// # use twin_emulator::FaultFile;
/// let fault_file = FaultFile::parse(r#"{
///   "faults": [
///     {
///       "operation": "get_me",
///       "attempts": [1, 2],
///       "fault": {"status": {"status": 503, "retry_after": 1}}
///     },
///     {"operation": "list_agents", "fault": {"delay": "2s"}}
///   ],
///   "deliveries": [
///     {"event": "run.completed", "deliveries": [1], "fault": {"duplicate": 1}}
///   ],
///   "runs": [
///     [{"after": "200ms", "do": {"event": "ToolCallStarted"}}, {"after": "2s", "do": "fail"}]
///   ],
///   "switches": {"ignore_after_index": false}
/// }"#);
/// assert!(fault_file.is_ok());
/// ```
///
/// An error names the line and the entry:
///
/// ```
/// # use twin_emulator::FaultFile;
/// let error = FaultFile::parse(r#"{
///   "faults": [{"operation": "get_me", "fault": {"dealy": "2s"}}]
/// }"#).unwrap_err();
/// let expected = "line 2, faults[0].fault: unknown fault \"dealy\"; did you mean \"delay\"?";
/// assert!(error.to_string().starts_with(expected));
/// ```
#[derive(Debug, Clone, Default)]
pub struct FaultFile {
    /// Faults of requests; see [`fault`](super::fault).
    pub faults: Vec<Rule>,
    /// Faults of deliveries.
    pub deliveries: Vec<DeliveryRule>,
    /// The scripts of the next runs, one script for each run. Later runs use the default script.
    pub runs: VecDeque<RunScript>,
    /// Changes to the switches of the profile.
    pub switches: SwitchChanges,
}

/// Changes to the [`Switches`] of a profile. A switch that is `None` keeps its value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SwitchChanges {
    /// For [`Switches::ignore_after_index`].
    pub ignore_after_index: Option<bool>,
    /// For [`Switches::event_cap`]; in a fault file, `null` for no cap.
    pub event_cap: Option<Option<usize>>,
    /// For [`Switches::deploy_check`].
    pub deploy_check: Option<bool>,
}

impl SwitchChanges {
    fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        let members = entry.object(&["ignore_after_index", "event_cap", "deploy_check"])?;
        let cap = |cap: &Entry<'_>| {
            if cap.is_null() {
                return Ok(None);
            }
            let cap = cap.number(0..=u64::MAX)?;
            Ok(Some(usize::try_from(cap).unwrap_or(usize::MAX)))
        };
        Ok(Self {
            ignore_after_index: members.read("ignore_after_index", Entry::flag)?,
            event_cap: members.read("event_cap", cap)?,
            deploy_check: members.read("deploy_check", Entry::flag)?,
        })
    }

    pub(super) fn apply(self, switches: Switches) -> Switches {
        Switches {
            ignore_after_index: self.ignore_after_index.unwrap_or(switches.ignore_after_index),
            event_cap: self.event_cap.unwrap_or(switches.event_cap),
            deploy_check: self.deploy_check.unwrap_or(switches.deploy_check),
        }
    }
}

impl FaultFile {
    /// Parses a fault file.
    ///
    /// # Errors
    /// Returns an error if the text is not valid JSON or an entry is not valid. The error names the
    /// line, the path of the entry, and what to write instead.
    pub fn parse(json: &str) -> Result<Self, InvalidEntry> {
        Self::read(&Entry::parse(json)?)
    }

    pub(super) fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        let members = entry.object(&["faults", "deliveries", "runs", "switches"])?;
        let faults = members.read("faults", |faults| read_rules(faults, &names()))?;
        let deliveries = members.read("deliveries", |deliveries| {
            deliveries.list()?.iter().map(DeliveryRule::read).collect::<Result<_, _>>()
        })?;
        let runs = members.read("runs", |runs| {
            runs.list()?.iter().map(RunScript::read).collect::<Result<_, _>>()
        })?;
        let switches = members.read("switches", SwitchChanges::read)?;
        Ok(Self {
            faults: faults.unwrap_or_default(),
            deliveries: deliveries.unwrap_or_default(),
            runs: runs.unwrap_or_default(),
            switches: switches.unwrap_or_default(),
        })
    }

    /// Adds the run scripts and the faults of deliveries to the world.
    pub(super) fn apply(self, world: &mut World) {
        self.deliveries.into_iter().for_each(|rule| world.add_delivery_fault(rule));
        self.runs.into_iter().for_each(|script| world.script_next_run(script));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    #[test]
    fn fault_file_changes_named_switches() {
        let observed = Switches::of(Profile::Observed);
        let changed = |json: &str| {
            let fault_file = FaultFile::parse(&format!(r#"{{"switches": {json}}}"#)).unwrap();
            fault_file.switches.apply(observed)
        };
        assert_eq!(changed("{}"), observed);
        let with_after_index = Switches { ignore_after_index: false, ..observed };
        assert_eq!(changed(r#"{"ignore_after_index": false}"#), with_after_index);
        let endless = Switches { event_cap: None, ..observed };
        assert_eq!(changed(r#"{"event_cap": null}"#), endless);
        let other = Switches { event_cap: Some(10), deploy_check: true, ..observed };
        assert_eq!(changed(r#"{"event_cap": 10, "deploy_check": true}"#), other);
    }

    #[test]
    fn rejects_unknown_switch() {
        let error = FaultFile::parse(r#"{"switches": {"ignore": true}}"#).unwrap_err().to_string();
        assert!(error.contains("\"ignore\"") && error.contains("event_cap"), "{error}");
    }
}
