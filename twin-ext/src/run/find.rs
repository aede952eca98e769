//! Finds one run in the list of its agent's runs, because no operation reads a single run.
//!
//! The request filters by the run's identifier. If the service ignores the filter and returns
//! other runs, the pages are searched up to a bound. A run is reported as missing only if the
//! total is not higher than the number of runs that were shown.

use std::collections::HashSet;

use twin_api::types::{ListRunsResponse, Run, RunOutcome, RunSummary};
use twin_api::{Client, LenientInteger};

use super::failure::{self, reading};
use crate::error::{Detail, Error, ErrorKind, Outcome};

/// Maximum pages to search when the filter is ignored: 10,000 runs.
const PAGES: i64 = 100;

/// A run, and its summary.
pub(super) struct FoundRun {
    pub(super) run: Run,
    /// `None` if it is not certain that a summary belongs to this run.
    pub(super) summary: Option<RunSummary>,
}

impl FoundRun {
    pub(super) fn outcome(&self) -> Option<RunOutcome> {
        self.summary.as_ref()?.outcome.clone()
    }
}

/// Returns the run, or `None` if the service does not list it.
pub(super) async fn find(
    client: &Client,
    agent_id: &str,
    run_id: &str,
) -> Result<Option<FoundRun>, Error> {
    check(run_id)?;
    let mut others = HashSet::new();
    for page in 1..=PAGES {
        let list = client.list_runs().agent_id(agent_id).filter_run_id(run_id);
        let list = if page > 1 { list.page(page) } else { list };
        let mut answer = list.send().await?.into_inner();
        if let Some(place) = answer.runs.iter().position(|run| run.run_id == run_id) {
            let summary = summary_of(&mut answer, run_id);
            return Ok(Some(FoundRun { run: answer.runs.swap_remove(place), summary }));
        }
        let before = others.len();
        others.extend(answer.runs.into_iter().map(|run| run.run_id));
        if others.len() > before {
            continue;
        }
        // If no other run came, the filter works. Otherwise the total shows whether this was the end.
        let total = answer.total_runs.as_ref().and_then(LenientInteger::get);
        if others.is_empty() || total.is_none_or(|total| total <= others.len() as u64) {
            return Ok(None);
        }
        break;
    }
    Err(undecided(&failure::name(client, agent_id, run_id), others.len()))
}

/// Builds the error for a service that ignores the filter and does not show all runs.
fn undecided(run: &str, shown: usize) -> Error {
    let message = format!(
        "{run} is not among the {shown} runs that the service shows; it ignores filter_run_id and \
         has more runs"
    );
    reading(Detail::new(ErrorKind::Pagination, Outcome::Unknown, message)).into()
}

/// Returns the summary of this run. Summaries come in a separate list and do not always name
/// their run: a summary without a name is certain only beside a single run.
fn summary_of(answer: &mut ListRunsResponse, run_id: &str) -> Option<RunSummary> {
    let alone = answer.runs.len() == 1;
    let summaries = answer.all_run_summaries.as_mut()?;
    let alone = alone && summaries.len() == 1;
    let place = summaries.iter().position(|summary| match &summary.run_id {
        Some(id) => id == run_id,
        None => alone,
    });
    place.map(|place| summaries.swap_remove(place))
}

/// Rejects a blank identifier, which would not filter the list.
fn check(run_id: &str) -> Result<(), Error> {
    if run_id.trim().is_empty() {
        let message = "the identifier of the run is blank: nothing was sent";
        return Err(Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into());
    }
    Ok(())
}
