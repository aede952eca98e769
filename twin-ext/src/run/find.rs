//! Finds one run. The API has no operation for that, so it is looked for in the list.
//!
//! The list is asked for this run only. A service that does not heed that answers with
//! others, too: only the run itself will do, and the pages are gone through, up to a bound.

use std::collections::HashSet;

use twin_api::Client;
use twin_api::types::{ListRunsResponse, Run, RunOutcome, RunSummary};

use super::failure::reading;
use crate::error::{Detail, Error, ErrorKind, Outcome};

/// So many pages are gone through where the filter is not heeded: 10,000 runs.
const PAGES: i64 = 100;

/// A run, and what else the list says about it.
pub(super) struct Found {
    pub(super) run: Run,
    /// Where it can be told that it is about this run.
    pub(super) summary: Option<RunSummary>,
}

impl Found {
    pub(super) fn outcome(&self) -> Option<RunOutcome> {
        self.summary.as_ref()?.outcome.clone()
    }
}

/// The run, or `None` where the service does not list it.
pub(super) async fn find(
    client: &Client,
    agent_id: &str,
    run_id: &str,
) -> Result<Option<Found>, Error> {
    check(run_id)?;
    let mut seen = HashSet::new();
    for page in 1..=PAGES {
        let asked = client.list_runs().agent_id(agent_id).filter_run_id(run_id);
        let asked = if page > 1 { asked.page(page) } else { asked };
        let mut answer = asked.send().await?.into_inner();
        if let Some(place) = answer.runs.iter().position(|run| run.run_id == run_id) {
            let summary = summary_of(&mut answer, run_id);
            return Ok(Some(Found { run: answer.runs.swap_remove(place), summary }));
        }
        let before = seen.len();
        seen.extend(answer.runs.into_iter().map(|run| run.run_id));
        if seen.len() == before {
            return Ok(None);
        }
    }
    let message = format!(
        "run {run_id} of agent {agent_id} is not among its first {} runs, and the service does \
         not heed filter_run_id: whether it is there is not known",
        seen.len()
    );
    Err(reading(Detail::new(ErrorKind::Pagination, Outcome::Unknown, message)).into())
}

/// The summary of this run. Summaries come in a list of their own, and were not always seen
/// to say whose they are: of those that do not, one beside one run is certain, and no other.
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

/// Without an identifier the list would not be filtered.
fn check(run_id: &str) -> Result<(), Error> {
    if run_id.trim().is_empty() {
        let message = "the identifier of the run is blank: nothing was sent";
        return Err(Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into());
    }
    Ok(())
}
