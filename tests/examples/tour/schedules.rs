//! Schedules: set and pause a schedule, and read its next run.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use twin_api::Client;
use twin_api::types::Schedule;
use twin_ext::{Cron, SetScheduleExt as _};

use crate::say::{self, shown};

pub(crate) async fn every_weekday(twin: &Client, agent: &str) -> anyhow::Result<()> {
    say::heading("Set a schedule for every weekday at nine");
    say::note("The fields are: second minute hour day month weekday year.");
    if let Err(error) = shown!(Cron::new("0 9 * * 1-5")) {
        say::result(error);
    }
    let cron = shown!(Cron::new("0 0 9 * * MON-FRI *")?);
    shown!(twin.set_schedule().agent_id(agent).cron(cron).send().await?);
    let response = shown!(twin.get_schedule().agent_id(agent).send().await?).into_inner();
    let schedule = response.schedule.context("the service returned no schedule")?;
    say::result(describe(&schedule));
    shown!(twin.pause_schedule().agent_id(agent).send().await?);
    let response = twin.get_schedule().agent_id(agent).send().await?.into_inner();
    say::result(response.schedule.as_ref().map(describe).unwrap_or_default());
    Ok(())
}

/// Formats a schedule: its expression and its next run.
pub(crate) fn describe(schedule: &Schedule) -> String {
    let next = schedule.next_run.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    let next = match next {
        Some(next) => format!("next on {}", next.format("%A, %-d %B %Y at %H:%M UTC")),
        None if schedule.paused => "paused".to_owned(),
        None => "no next run".to_owned(),
    };
    format!("\"{}\", {next}", schedule.cron)
}
