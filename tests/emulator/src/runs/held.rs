//! How runs are held: those of one agent so that any page of them is found at once, and where
//! the latest of all agents are.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};

use super::Run;

/// The runs of one agent, by the order in which they were started.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// In the order of their numbers, and so of the times at which they were started.
    list: Vec<Run>,
    numbers: HashMap<String, u64>,
    started: u64,
}

impl Runs {
    pub(crate) fn latest(&self) -> Option<&Run> {
        self.list.last()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Run> {
        self.list.get(self.place(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Run> {
        let place = self.place(id)?;
        self.list.get_mut(place)
    }

    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Adds a run, and gives it the next number.
    pub(crate) fn insert(&mut self, mut run: Run) {
        run.number = self.started;
        self.numbers.insert(run.id.clone(), run.number);
        self.list.push(run);
        self.started += 1;
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Run> {
        let place = self.place(id)?;
        self.numbers.remove(id);
        Some(self.list.remove(place))
    }

    fn place(&self, id: &str) -> Option<usize> {
        place_of(&self.list, *self.numbers.get(id)?)
    }

    /// Those started from `after` to `before`.
    pub(super) fn between(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
    ) -> &[Run] {
        let first = after.map_or(0, |bound| self.list.partition_point(|run| run.started < bound));
        let runs = &self.list[first..];
        let end =
            before.map_or(runs.len(), |bound| runs.partition_point(|run| run.started <= bound));
        &runs[..end]
    }

    /// The run of this identifier, if it is among `some` of them.
    pub(super) fn among<'a>(&self, some: &'a [Run], id: &str) -> &'a [Run] {
        let place = self.numbers.get(id).and_then(|number| place_of(some, *number));
        place.map_or(&[], |place| &some[place..=place])
    }
}

/// Where in `runs` the one of this number is.
fn place_of(runs: &[Run], number: u64) -> Option<usize> {
    runs.binary_search_by_key(&number, |run| run.number).ok()
}

/// Where the latest runs of all agents are, deleted ones among them.
#[derive(Debug, Default)]
pub(crate) struct LatestRuns {
    /// Of the agent, and of the run.
    ids: VecDeque<(String, String)>,
    started: u64,
}

impl LatestRuns {
    /// How many are remembered.
    const MEMORY: usize = 200;

    pub(crate) fn note(&mut self, agent_id: &str, run_id: &str) {
        self.started += 1;
        self.ids.push_front((agent_id.to_owned(), run_id.to_owned()));
        self.ids.truncate(Self::MEMORY);
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ids.iter().map(|(agent_id, run_id)| (agent_id.as_str(), run_id.as_str()))
    }

    /// How many runs were started so far.
    pub(crate) const fn started(&self) -> u64 {
        self.started
    }
}
