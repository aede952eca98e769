//! Schedules set with `Cron`, against the emulator.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use twin_ext::Cron;
use twin_ext::prelude::*;

use crate::harness::{EmulatedTwin, in_both};

#[tokio::test]
async fn set_schedule_starts_a_run_at_the_computed_time() {
    in_both(async |twin: EmulatedTwin| {
        let cron = Cron::new("0 30 9 * * MON-FRI *").unwrap();
        twin.with(|world| world.add_deployed_agent("agent_1"));
        twin.client.set_schedule().agent_id("agent_1").cron(cron.clone()).send().await.unwrap();
        let set = twin.client.get_schedule().agent_id("agent_1").send().await.unwrap();
        let schedule = set.into_inner().schedule.unwrap();
        assert_eq!(schedule.cron, cron.as_str());
        let now = SystemTime::from(twin.with(|world| world.now()));
        let next = cron.upcoming_after(now, 1)[0];
        if let Some(next_run) = schedule.next_run {
            assert_eq!(UNIX_EPOCH + Duration::from_secs(next_run.try_into().unwrap()), next);
        }
        twin.advance(next.duration_since(now).unwrap()).await;
        let runs = twin.client.list_runs().agent_id("agent_1").send().await.unwrap();
        assert_eq!(runs.runs.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn cron_converts_to_a_set_schedule_body() {
    let twin = EmulatedTwin::documented().await;
    twin.with(|world| world.add_deployed_agent("agent_1"));
    let cron: Cron = "0 0 9 * * * *".parse().unwrap();
    let set = twin.client.set_schedule().agent_id("agent_1").body(cron).send().await.unwrap();
    assert!(set.success);
}
