//! Fault rules, and the selection of the fault for a request.
//!
//! The only state is the counts of attempts. So the same rules and the same requests, in the same
//! order, give the same faults.

use std::fmt;

use chrono::{DateTime, Utc};

use super::kind::{Fault, Shift, WireFault};
use super::{Attempts, read, response};
use crate::entry::{Entry, InvalidEntry, suggestion};
use crate::exchange::BufferedResponse;

/// The name that matches every operation.
const ANY: &str = "*";

/// A rule that applies a fault to some attempts of an operation.
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

    /// Limits the rule to some attempts, such as `1`, `[1, 3]`, `2..=4` or `2..`.
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
    pub(crate) fn read(entry: &Entry<'_>, operations: &[&str]) -> Result<Self, InvalidEntry> {
        let members = entry.object(&["operation", "attempts", "fault", "takes_effect"])?;
        let operation = members.required("operation")?;
        let attempts = members.read("attempts", Attempts::read)?.unwrap_or_default();
        let fault = members.required("fault")?;
        let rule = Self {
            operation: operation.text()?,
            attempts,
            fault: read::fault(fault)?,
            takes_effect: members.read("takes_effect", Entry::flag)?,
        };
        rule.check_operation(operations).map_err(|error| operation.invalid(error))?;
        rule.fault.check().map_err(|error| fault.invalid(error))?;
        Ok(rule)
    }

    fn matches_operation(&self, operation: &str) -> bool {
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
            let known = suggestion(operation, operations);
            return Err(format!("unknown operation {operation:?}{known}, or {ANY} for all"));
        }
        Ok(())
    }
}

/// A rule and its counts.
#[derive(Debug, Clone)]
pub struct InstalledRule {
    /// The rule.
    pub rule: Rule,
    /// The number of attempts of its operation since the rule was added.
    pub attempts: u64,
    /// The number of attempts that got the fault of this rule.
    pub hits: u64,
}

/// The installed rules.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<InstalledRule>,
}

impl Faults {
    /// Creates a list with these rules.
    ///
    /// # Errors
    /// Returns an error if a rule names an operation that is not in `operations`, or can have no
    /// effect.
    pub fn new(rules: Vec<Rule>, operations: &[&str]) -> Result<Self, RuleError> {
        let mut faults = Self::default();
        for (index, rule) in rules.into_iter().enumerate() {
            let number = index + 1;
            faults
                .install(rule, operations)
                .map_err(|error| RuleError(format!("rule {number}: {error}")))?;
        }
        Ok(faults)
    }

    /// Parses rules from a JSON list, in the format of the member `faults` of a fault file.
    ///
    /// # Errors
    /// Returns an error if an entry is not valid. The error names the line and what to write instead.
    pub fn parse(json: &str, operations: &[&str]) -> Result<Self, RuleError> {
        let rules = Entry::parse(json).and_then(|entry| read_rules(&entry, operations));
        Self::new(rules.map_err(|error| RuleError(error.to_string()))?, operations)
    }

    /// Adds a rule after the others.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Faults::new`].
    pub fn install(&mut self, rule: Rule, operations: &[&str]) -> Result<(), RuleError> {
        rule.check(operations).map_err(RuleError)?;
        self.rules.push(InstalledRule { rule, attempts: 0, hits: 0 });
        Ok(())
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// Returns the rules in their order.
    pub fn rules(&self) -> &[InstalledRule] {
        &self.rules
    }

    /// Counts an attempt of an operation in every matching rule, and returns the fault of the first
    /// rule that applies to the attempt.
    pub fn next(&mut self, operation: &str) -> Option<AppliedFault> {
        let mut applied = None;
        for installed in self.rules.iter_mut().filter(|one| one.rule.matches_operation(operation)) {
            installed.attempts += 1;
            if applied.is_none() && installed.rule.attempts.contains(installed.attempts) {
                let Rule { fault, takes_effect, .. } = &installed.rule;
                let takes_effect = takes_effect.unwrap_or_else(|| fault.takes_effect());
                applied =
                    Some(AppliedFault { fault: fault.clone(), nth: installed.hits, takes_effect });
                installed.hits += 1;
            }
        }
        applied
    }
}

/// Reads a list of rules.
pub(crate) fn read_rules(
    entry: &Entry<'_>,
    operations: &[&str],
) -> Result<Vec<Rule>, InvalidEntry> {
    entry.list()?.iter().map(|rule| Rule::read(rule, operations)).collect()
}

/// The fault that a rule applies to one request.
///
/// The response is [`AppliedFault::replacement`], or else the response of the operation, changed by
/// [`AppliedFault::amend`]. [`AppliedFault::wire_fault`] then changes how its bytes are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedFault {
    fault: Fault,
    nth: u64,
    takes_effect: bool,
}

impl AppliedFault {
    /// Returns the fault.
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Returns whether the operation runs.
    pub const fn takes_effect(&self) -> bool {
        self.takes_effect
    }

    /// Returns the change of the list that is made before the operation runs.
    pub const fn shift(&self) -> Option<Shift> {
        match self.fault {
            Fault::Shift(shift) => Some(shift),
            _ => None,
        }
    }

    /// Returns the response that replaces the response of the operation. If the operation does not
    /// run, the result is never `None`. `now` is the time for `Retry-After`.
    pub fn replacement(&self, now: DateTime<Utc>) -> Option<BufferedResponse> {
        let not_run = || (!self.takes_effect).then(response::operation_not_run);
        response::replacement(&self.fault, now).or_else(not_run)
    }

    /// Changes the response of the operation. Most faults leave it unchanged.
    #[must_use]
    pub fn amend(&self, response: BufferedResponse) -> BufferedResponse {
        response::amended(&self.fault, self.nth, response)
    }

    /// Returns the part of the fault that changes how the bytes of the response are sent.
    pub const fn wire_fault(&self) -> Option<WireFault> {
        self.fault.wire_fault()
    }
}

/// The error of a rule that is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError(String);

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RuleError {}
