//! Faults of requests, by operation and attempt.
//!
//! The rules are a list, for example in a fault file. Each rule counts the attempts of its operation
//! since the rule was added, from 1. The first rule whose operation and attempts match a request
//! applies its fault. A request with an unknown path or method has no operation, and no rule counts
//! it.
//!
//! ```
//! use twin_emulator::fault::Faults;
//!
//! let rules = r#"[
//!   {"operation": "list_agents", "attempts": [1, 2],
//!    "fault": {"status": {"status": 503, "retry_after": 2}}},
//!   {"operation": "list_agents", "attempts": {"from": 3, "to": 4}, "fault": {"cut_body": 100}},
//!   {"operation": "start_run", "attempts": 1, "takes_effect": true,
//!    "fault": {"status": {"status": 502, "body": "html"}}},
//!   {"operation": "list_runs", "fault": {"shift": {"insert": 1}}},
//!   {"operation": "*", "attempts": {"from": 100}, "fault": "html"}
//! ]"#;
//! let mut faults = Faults::parse(rules, &["list_agents", "list_runs", "start_run"])?;
//!
//! let fault = faults.next("start_run").expect("the first attempt has a fault");
//! assert!(fault.takes_effect(), "the run starts, although the caller gets 502");
//! assert!(faults.next("start_run").is_none(), "the second attempt has no fault");
//! # Ok::<(), twin_emulator::fault::RuleError>(())
//! ```
//!
//! The kinds of faults are the variants of [`Fault`]; [`EXAMPLES`] has an example of each. Rust code
//! creates rules with [`Rule::new`] and adds them with [`Faults::install`].
//!
//! This module only selects the fault of a request, an [`AppliedFault`]; a request has at most one.
//! The module has no socket, no clock and no emulator state.

mod attempts;
mod bomb;
mod examples;
mod kind;
mod read;
mod response;
mod script;
#[cfg(test)]
mod tests;
mod timer;

pub use self::attempts::Attempts;
pub use self::examples::{EXAMPLES, Example};
pub use self::kind::{Cursor, Endless, Fault, RetryAfter, Shift, StatusBody, WireFault};
pub(crate) use self::script::read_rules;
pub use self::script::{AppliedFault, Faults, InstalledRule, Rule, RuleError};
pub use self::timer::{ManualTimer, PendingWait, SystemTimer, Timer};
