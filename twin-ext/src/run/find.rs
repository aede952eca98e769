//! Finds one run in the list of its agent's runs, because the API has no operation that reads one
//! run.
//!
//! The request filters by `run_id`. If the service ignores the filter, the function searches up to
//! 100 pages. It reports a run as missing only if the service has returned as many runs as it
//! counts in its total.

use std::collections::HashSet;

use twin_api::types::{ListRunsResponse, Run, RunOutcome, RunSummary};
use twin_api::{Client, LenientInteger};

use super::failure::{self, during_list_runs};
use crate::error::{Error, ErrorKind, Failure, Outcome};

/// Maximum number of pages to search: up to 10,000 runs.
const PAGES: i64 = 100;

/// A run and its summary.
pub(super) struct FoundRun {
    pub(super) run: Run,
    /// `None` if it is not certain which summary belongs to this run.
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
        let mut page = list.send().await?.into_inner();
        if let Some(index) = page.runs.iter().position(|run| run.run_id == run_id) {
            let summary = summary_of(&mut page, run_id);
            return Ok(Some(FoundRun { run: page.runs.swap_remove(index), summary }));
        }
        let before = others.len();
        others.extend(page.runs.into_iter().map(|run| run.run_id));
        if others.len() > before {
            continue;
        }
        // If the service returned no other run, the filter works. Otherwise, the total shows whether
        // the list is complete.
        let total = page.total_runs.as_ref().and_then(LenientInteger::get);
        if others.is_empty() || total.is_none_or(|total| total <= others.len() as u64) {
            return Ok(None);
        }
        break;
    }
    Err(undecided(&failure::run_name(client, agent_id, run_id), others.len()))
}

/// Builds the error for a service that ignores the filter and does not return all runs.
fn undecided(run: &str, shown: usize) -> Error {
    let message = format!(
        "{run} is not among the {shown} runs that the service returned; the service ignores \
         filter_run_id, and its total is higher"
    );
    during_list_runs(Failure::new(ErrorKind::Pagination, Outcome::Unknown, message)).into()
}

/// Returns the summary of this run.
///
/// Summaries are a separate list and may lack a `run_id`. A summary without `run_id` is used only if
/// the response has a single run and a single summary.
fn summary_of(page: &mut ListRunsResponse, run_id: &str) -> Option<RunSummary> {
    let single_run = page.runs.len() == 1;
    let summaries = page.all_run_summaries.as_mut()?;
    let single = single_run && summaries.len() == 1;
    let index = summaries.iter().position(|summary| match &summary.run_id {
        Some(id) => id == run_id,
        None => single,
    });
    index.map(|index| summaries.swap_remove(index))
}

/// Rejects a blank identifier, with which the request would list all runs.
fn check(run_id: &str) -> Result<(), Error> {
    if run_id.trim().is_empty() {
        let message = "the run_id is blank; nothing was sent";
        return Err(Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into());
    }
    Ok(())
}
