//! Faults on order: what is to go wrong with which attempt of which operation.
//!
//! A script is a list of rules. The first rule that names the operation and the attempt
//! decides; every rule that names the operation counts the attempt, from 1, since the rule
//! was installed. Requests that reach no operation (no such path, no such method) count
//! nowhere.
//!
//! ```
//! use twin_emulator::fault::Faults;
//!
//! let script = r#"[
//!   {"operation": "list_agents", "attempts": [1, 2],
//!    "fault": {"status": {"status": 503, "retry_after": 2}}},
//!   {"operation": "list_agents", "attempts": {"from": 3, "to": 4},
//!    "fault": {"cut_body": {"at": 100}}},
//!   {"operation": "start_run", "attempts": 1, "takes_effect": true,
//!    "fault": {"status": {"status": 502, "body": "html"}}},
//!   {"operation": "list_runs", "fault": {"shift": {"insert": 1}}},
//!   {"operation": "*", "attempts": {"from": 100}, "fault": "html"}
//! ]"#;
//! let mut faults = Faults::parse(script, &["list_agents", "list_runs", "start_run"])?;
//!
//! let hit = faults.next("start_run").expect("the first attempt is to fail");
//! assert!(hit.takes_effect(), "a run starts, and the caller is told 502");
//! assert!(faults.next("start_run").is_none(), "the second attempt goes well");
//! # Ok::<(), twin_emulator::fault::ScriptError>(())
//! ```
//!
//! All kinds are the variants of [`Fault`], under their names in `snake_case`. In Rust the
//! same is [`Rule::new`] and [`Faults::install`].
//!
//! It carries nothing out: no socket, no clock, no state of the emulator is in here. A
//! [`Hit`] says what is to happen, and whoever has the socket, the time or the state does it.
//! It does not combine faults; one request has at most one.

mod amend;
mod answer;
mod attempts;
mod bomb;
mod fields;
mod kind;
mod pace;
mod script;
#[cfg(test)]
mod tests;

pub use self::attempts::Attempts;
pub use self::kind::{Cursor, Endless, Fault, RetryAfter, Shift, StatusBody, WireFault};
pub use self::pace::{ByHand, Pace, RealTime, Waiting};
pub use self::script::{Faults, Hit, Installed, Rule, ScriptError};
