//! Fault rules, and the selection of the rule for a request.
//!
//! The only state is the counts of attempts, so the same rules and requests in the same order give
//! the same faults.

use std::fmt;

use chrono::{DateTime, Utc};

use super::kind::{Fault, Shift, WireFault};
use super::{Attempts, read, response};
use crate::entry::{Entry, Mistake, instead};
use crate::exchange::BufferedResponse;

/// Matches every operation.
const ANY: &str = "*";

/// A fault for some attempts of an operation.
///
/// In a fault file: `{"operation": "get_me", "attempts": [1], "fault": {"delay": "50ms"}}`.
/// Without `attempts`, the rule applies to every attempt. Without `takes_effect`,
/// [`Fault::takes_effect`] decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The name of an operation, or `*` for all.
    pub operation: String,
    /// The attempts that get the fault.
    pub attempts: Attempts,
    /// The fault.
    pub fault: Fault,
    /// Whether the operation still runs; `None` for [`Fault::takes_effect`].
    pub takes_effect: Option<bool>,
}

impl Rule {
    /// Creates a rule for every attempt of an operation.
    pub fn new(operation: impl Into<String>, fault: Fault) -> Self {
        let operation = operation.into();
        Self { operation, attempts: Attempts::Every, fault, takes_effect: None }
    }

    /// Limits the rule to some attempts: `1`, `[1, 3]`, `2..=4`, `2..`.
    #[must_use]
    pub fn on(mut self, attempts: impl Into<Attempts>) -> Self {
        self.attempts = attempts.into();
        self
    }

    /// Sets whether the operation still runs.
    #[must_use]
    pub const fn taking_effect(mut self, takes_effect: bool) -> Self {
        self.takes_effect = Some(takes_effect);
        self
    }

    /// Reads a rule of a fault file; its operation must be one of `operations`.
    pub(crate) fn read(entry: &Entry<'_>, operations: &[&str]) -> Result<Self, Mistake> {
        let members = entry.object(&["operation", "attempts", "fault", "takes_effect"])?;
        let operation = members.need("operation")?;
        let attempts = members.read("attempts", Attempts::read)?.unwrap_or_default();
        let fault = members.need("fault")?;
        let rule = Self {
            operation: operation.text()?,
            attempts,
            fault: read::fault(fault)?,
            takes_effect: members.read("takes_effect", Entry::flag)?,
        };
        rule.check_operation(operations).map_err(|error| operation.mistake(error))?;
        rule.fault.check().map_err(|error| fault.mistake(error))?;
        Ok(rule)
    }

    fn concerns(&self, operation: &str) -> bool {
        self.operation == ANY || self.operation == operation
    }

    fn check(&self, operations: &[&str]) -> Result<(), String> {
        self.check_operation(operations)?;
        self.attempts.check()?;
        Ok(self.fault.check()?)
    }

    fn check_operation(&self, operations: &[&str]) -> Result<(), String> {
        if self.operation != ANY && !operations.contains(&self.operation.as_str()) {
            let operation = &self.operation;
            let known = instead(operation, operations);
            return Err(format!("there is no operation {operation:?}{known}, or {ANY} for all"));
        }
        Ok(())
    }
}

/// An installed rule with its counts.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The rule.
    pub rule: Rule,
    /// The attempts of its operation so far.
    pub attempts: u64,
    /// The attempts that got the fault.
    pub hits: u64,
}

/// The installed rules.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<Installed>,
}

impl Faults {
    /// Installs rules. The first matching rule applies.
    ///
    /// # Errors
    /// Returns an error if a rule names an operation that is not in `operations`, or can have no
    /// effect.
    pub fn new(rules: Vec<Rule>, operations: &[&str]) -> Result<Self, ScriptError> {
        let mut faults = Self::default();
        for (index, rule) in rules.into_iter().enumerate() {
            let number = index + 1;
            faults
                .install(rule, operations)
                .map_err(|error| ScriptError(format!("rule {number}: {error}")))?;
        }
        Ok(faults)
    }

    /// Reads rules from a JSON list, as the member `faults` of a fault file holds them.
    ///
    /// # Errors
    /// Returns an error if an entry is wrong. It names the line and the correction.
    pub fn parse(json: &str, operations: &[&str]) -> Result<Self, ScriptError> {
        let rules = Entry::parse(json).and_then(|entry| read_rules(&entry, operations));
        Self::new(rules.map_err(|mistake| ScriptError(mistake.to_string()))?, operations)
    }

    /// Installs a rule after the others.
    ///
    /// # Errors
    /// As [`Faults::new`].
    pub fn install(&mut self, rule: Rule, operations: &[&str]) -> Result<(), ScriptError> {
        rule.check(operations).map_err(ScriptError)?;
        self.rules.push(Installed { rule, attempts: 0, hits: 0 });
        Ok(())
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// Returns the installed rules in their order.
    pub fn rules(&self) -> &[Installed] {
        &self.rules
    }

    /// Counts an attempt of an operation, and returns its fault.
    pub fn next(&mut self, operation: &str) -> Option<Hit> {
        let mut hit = None;
        for installed in self.rules.iter_mut().filter(|one| one.rule.concerns(operation)) {
            installed.attempts += 1;
            if hit.is_none() && installed.rule.attempts.hit(installed.attempts) {
                let Rule { fault, takes_effect, .. } = &installed.rule;
                let takes_effect = takes_effect.unwrap_or_else(|| fault.takes_effect());
                hit = Some(Hit { fault: fault.clone(), nth: installed.hits, takes_effect });
                installed.hits += 1;
            }
        }
        hit
    }
}

/// Reads a list of rules.
pub(crate) fn read_rules(entry: &Entry<'_>, operations: &[&str]) -> Result<Vec<Rule>, Mistake> {
    entry.list()?.iter().map(|rule| Rule::read(rule, operations)).collect()
}

/// The fault of one request.
///
/// The response is [`Hit::replacement`], or the response of the operation changed by
/// [`Hit::amend`]. [`Hit::on_the_wire`] then applies to its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    fault: Fault,
    nth: u64,
    takes_effect: bool,
}

impl Hit {
    /// Returns the fault.
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Returns whether the operation runs.
    pub const fn takes_effect(&self) -> bool {
        self.takes_effect
    }

    /// Returns the change of the list before the operation runs.
    pub const fn shift(&self) -> Option<Shift> {
        match self.fault {
            Fault::Shift(shift) => Some(shift),
            _ => None,
        }
    }

    /// Returns the response that replaces the one of the operation. It is always present if the
    /// operation does not run.
    pub fn replacement(&self, now: DateTime<Utc>) -> Option<BufferedResponse> {
        let not_run = || (!self.takes_effect).then(response::operation_not_run);
        response::replacement(&self.fault, now).or_else(not_run)
    }

    /// Applies the fault to the response of the operation.
    #[must_use]
    pub fn amend(&self, answer: BufferedResponse) -> BufferedResponse {
        response::amended(&self.fault, self.nth, answer)
    }

    /// Returns the fault of the connection.
    pub const fn on_the_wire(&self) -> Option<WireFault> {
        self.fault.on_the_wire()
    }
}

/// The error of a rule that is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError(String);

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScriptError {}
