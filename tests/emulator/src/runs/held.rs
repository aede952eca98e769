//! The storage of runs: the runs of one agent, indexed for paging, and the latest runs of all agents.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};

use super::Run;

/// The runs of one agent, in the order of their start.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// Sorted by number, and so by start time.
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

    /// Adds a run and assigns the next number to it.
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

    /// Returns the runs that started from `after` to `before`, inclusive.
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

    /// Returns the run with this identifier as a slice of `some`, or an empty slice.
    pub(super) fn find_in<'a>(&self, some: &'a [Run], id: &str) -> &'a [Run] {
        let place = self.numbers.get(id).and_then(|number| place_of(some, *number));
        place.map_or(&[], |place| &some[place..=place])
    }
}

/// Returns the index of the run with this number.
fn place_of(runs: &[Run], number: u64) -> Option<usize> {
    runs.binary_search_by_key(&number, |run| run.number).ok()
}

/// The identifiers of the latest runs of all agents. Deleted runs stay in the list.
#[derive(Debug, Default)]
pub(crate) struct LatestRuns {
    /// Pairs of agent and run.
    ids: VecDeque<(String, String)>,
    started: u64,
}

impl LatestRuns {
    /// The maximum number of kept runs.
    const MAX_KEPT: usize = 200;

    pub(crate) fn note(&mut self, agent_id: &str, run_id: &str) {
        self.started += 1;
        self.ids.push_front((agent_id.to_owned(), run_id.to_owned()));
        self.ids.truncate(Self::MAX_KEPT);
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ids.iter().map(|(agent_id, run_id)| (agent_id.as_str(), run_id.as_str()))
    }

    /// Returns how many runs were started so far.
    pub(crate) const fn started(&self) -> u64 {
        self.started
    }
}
