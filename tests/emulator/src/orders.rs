//! Orders for what is to go otherwise than usual, as one JSON document.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer};

use super::Switches;
use super::delivery::DeliveryRule;
use super::fault::{Faults, Rule};
use super::lifecycle::Script;
use super::operations::names;
use super::world::World;

/// What `--faults FILE` holds.
///
/// ```
/// # use twin_emulator::Orders;
/// let orders = Orders::parse(r#"{
///   "faults": [
///     {"operation": "get_me", "attempts": [1, 2], "fault": {"status": {"status": 503, "retry_after": 1}}}
///   ],
///   "deliveries": [
///     {"event": "run.completed", "deliveries": [1], "fault": {"duplicate": 1}}
///   ],
///   "runs": [
///     [{"after_ms": 200, "do": {"event": "ToolCallStarted"}}, {"after_ms": 200, "do": "fail"}]
///   ],
///   "switches": {"ignore_after_index": false}
/// }"#);
/// assert!(orders.is_ok());
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Orders {
    /// What goes wrong with requests; see [`fault`](super::fault).
    pub faults: Vec<Rule>,
    /// What goes wrong with deliveries of webhooks.
    pub deliveries: Vec<DeliveryRule>,
    /// How the next runs go, one script each; those after them go as usual.
    pub runs: VecDeque<Script>,
    /// What is otherwise than in the profile.
    pub switches: Changes,
}

/// Changes to the [`Switches`] of a profile; what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Changes {
    /// For [`Switches::ignore_after_index`].
    pub ignore_after_index: Option<bool>,
    /// For [`Switches::event_cap`]; as JSON, `null` for no cap.
    #[serde(deserialize_with = "cap")]
    pub event_cap: Option<Option<usize>>,
    /// For [`Switches::deploy_check`].
    pub deploy_check: Option<bool>,
}

/// A member that is `null` is one that is there.
#[expect(clippy::option_option, reason = "left out, null and a number are three things")]
fn cap<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Changes {
    pub(super) fn apply(self, switches: Switches) -> Switches {
        Switches {
            ignore_after_index: self.ignore_after_index.unwrap_or(switches.ignore_after_index),
            event_cap: self.event_cap.unwrap_or(switches.event_cap),
            deploy_check: self.deploy_check.unwrap_or(switches.deploy_check),
        }
    }
}

impl Orders {
    /// Reads the orders.
    ///
    /// # Errors
    /// What is not of this form, with the line and column, or names no operation.
    pub fn parse(json: &str) -> Result<Self, String> {
        // A list would be read as the members in their order.
        if json.trim_start().starts_with('[') {
            return Err("the orders must be an object".to_owned());
        }
        let orders: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        // To be told of a wrong name now, not when the emulator starts.
        orders.faults().map(|_| orders)
    }

    pub(super) fn faults(&self) -> Result<Faults, String> {
        Faults::new(self.faults.clone(), &names()).map_err(|error| error.to_string())
    }

    /// Gives the world its part.
    pub(super) fn apply(self, world: &mut World) {
        self.deliveries.into_iter().for_each(|rule| world.order_delivery_fault(rule));
        self.runs.into_iter().for_each(|script| world.script_next_run(script));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    #[test]
    fn switches_change_what_they_name() {
        let observed = Switches::of(Profile::Observed);
        let changed = |json: &str| {
            let orders = Orders::parse(&format!(r#"{{"switches": {json}}}"#)).unwrap();
            orders.switches.apply(observed)
        };
        assert_eq!(changed("{}"), observed);
        let heeding = Switches { ignore_after_index: false, ..observed };
        assert_eq!(changed(r#"{"ignore_after_index": false}"#), heeding);
        let endless = Switches { event_cap: None, ..observed };
        assert_eq!(changed(r#"{"event_cap": null}"#), endless);
        let other = Switches { event_cap: Some(10), deploy_check: true, ..observed };
        assert_eq!(changed(r#"{"event_cap": 10, "deploy_check": true}"#), other);
    }

    #[test]
    fn a_switch_that_is_none_is_refused() {
        let error = Orders::parse(r#"{"switches": {"ignore": true}}"#).unwrap_err();
        assert!(error.contains("`ignore`") && error.contains("`event_cap`"), "{error}");
    }
}
