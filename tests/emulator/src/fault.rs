//! Faults of requests, by operation and attempt.
//!
//! A fault file has a list of rules. The first rule that names the operation and the attempt
//! decides. Every rule that names the operation counts the attempt, from 1, since the rule was
//! added. A request without an operation (an unknown path or method) counts nowhere.
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
//! let hit = faults.next("start_run").expect("the first attempt fails");
//! assert!(hit.takes_effect(), "the run starts, although the caller gets 502");
//! assert!(faults.next("start_run").is_none(), "the second attempt succeeds");
//! # Ok::<(), twin_emulator::fault::ScriptError>(())
//! ```
//!
//! The kinds are the variants of [`Fault`]; [`EXAMPLES`] has a line for each of them. In Rust,
//! [`Rule::new`] and [`Faults::install`] do the same.
//!
//! This module only selects faults and has no socket, clock or emulator state. A [`Hit`] is the
//! selected fault. One request has at most one fault.

mod attempts;
mod bomb;
mod examples;
mod kind;
mod pace;
mod read;
mod response;
mod script;
#[cfg(test)]
mod tests;

pub use self::attempts::Attempts;
pub use self::examples::{EXAMPLES, Example};
pub use self::kind::{Cursor, Endless, Fault, RetryAfter, Shift, StatusBody, WireFault};
pub use self::pace::{ManualPace, Pace, RealTime, Waiting};
pub(crate) use self::script::read_rules;
pub use self::script::{Faults, Hit, Installed, Rule, ScriptError};
