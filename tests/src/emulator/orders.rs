//! Orders for what is to go otherwise than usual, as one JSON document.

use std::collections::VecDeque;

use serde::Deserialize;

use super::delivery::DeliveryRule;
use super::fault::{Faults, Rule};
use super::lifecycle::Script;
use super::operations::names;
use super::world::World;

/// What `--faults FILE` holds.
///
/// ```
/// # use twin_tests::emulator::Orders;
/// let orders = Orders::parse(r#"{
///   "faults": [
///     {"operation": "get_me", "attempts": [1, 2], "fault": {"status": {"status": 503, "retry_after": 1}}}
///   ],
///   "deliveries": [
///     {"event": "run.completed", "deliveries": [1], "fault": {"duplicate": 1}}
///   ],
///   "runs": [
///     [{"after_ms": 200, "do": {"event": "ToolCallStarted"}}, {"after_ms": 200, "do": "fail"}]
///   ]
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
