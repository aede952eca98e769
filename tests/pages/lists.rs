//! Every list of the API, against the emulator.

use serde_json::json;
use twin_api::types::{
    CreateApiKeyBody, CreateWebhookBody, SetScheduleBody, UpdateInstructionsBody, WebhookEventType,
};
use twin_ext::ErrorKind;
use twin_ext::prelude::*;
use twin_tests::emulator::{Profile, World};

use super::harness::{in_both, start_runs};

#[tokio::test]
async fn agents_arrive_once_and_newest_first() {
    in_both(async |emulator, twin| {
        let mut known: Vec<String> = (0..120).map(|_| emulator.with(World::add_agent)).collect();
        known.reverse();
        let mut agents = Vec::new();
        let mut list = twin.list_agents().items();
        while let Some(agent) = list.try_next().await.unwrap() {
            agents.push(agent.agent_id);
        }
        // The documented profile starts with one agent.
        assert_eq!(agents[..120], known);
        // The reference has no cursor: all agents come at once.
        let pages = if emulator.profile() == Profile::Observed { 3 } else { 1 };
        assert_eq!(emulator.count("list_agents"), pages);
    })
    .await;
}

#[tokio::test]
async fn pages_of_runs_keep_filters_and_order() {
    in_both(async |emulator, twin| {
        let agent = emulator.with(World::add_agent);
        let mut started = start_runs(&emulator, &agent, 7);
        started.reverse();
        emulator.take_exchanges();
        let mut list =
            twin.list_runs().agent_id(&agent).page_size(3).filter_status("in_progress").items();
        let mut runs = Vec::new();
        while let Some(run) = list.try_next().await.unwrap() {
            runs.push(run.run_id);
        }
        assert_eq!(runs, started);
        let asked = emulator.take_exchanges();
        let targets: Vec<&str> =
            asked.iter().map(|exchange| exchange.request.target.as_str()).collect();
        for (page, target) in (1..).zip(&targets) {
            let query = format!("?filter_status=in_progress&page={page}&page_size=3");
            assert!(target.ends_with(&query), "{target}");
        }
        assert_eq!(targets.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn lists_every_event_once_in_order() {
    in_both(async |emulator, twin| {
        let agent = emulator.with(World::add_agent);
        let run = start_runs(&emulator, &agent, 1).remove(0);
        let first = twin.list_run_events().agent_id(&agent).run_id(&run).send().await.unwrap();
        let first = first.events.len();
        for _ in 0..30 {
            emulator.with(|world| world.record(&agent, &run, "Tick", &json!({})));
        }
        let mut list = twin.list_run_events().agent_id(&agent).run_id(&run).items();
        let mut indexes = Vec::new();
        while let Some(event) = list.try_next().await.unwrap() {
            indexes.push(event.index.or(event.event_index).unwrap());
        }
        assert_eq!(indexes.len(), first + 30);
        assert!(indexes.is_sorted_by(|one, two| one < two), "{indexes:?}");
    })
    .await;
}

#[tokio::test]
async fn reports_counts_when_the_service_ignores_after_index() {
    in_both(async |emulator, twin| {
        let agent = emulator.with(World::add_agent);
        let run = start_runs(&emulator, &agent, 1).remove(0);
        let first = twin.list_run_events().agent_id(&agent).run_id(&run).send().await.unwrap();
        let all = 600 + first.events.len() as u64;
        for _ in 0..600 {
            emulator.with(|world| world.record(&agent, &run, "Tick", &json!({})));
        }
        let mut list = twin.list_run_events().agent_id(&agent).run_id(&run).items();
        let mut came = 0;
        let error = loop {
            match list.next().await {
                Some(Ok(_)) => came += 1,
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        match error {
            None => assert_eq!((emulator.profile(), came), (Profile::Documented, all)),
            Some(error) => {
                assert_eq!((emulator.profile(), came), (Profile::Observed, 500));
                assert_eq!(error.kind(), ErrorKind::Pagination);
                assert_eq!((error.items_seen(), error.items_total()), (Some(500), Some(all)));
                assert!(error.to_string().contains(&format!("500 of {all}")), "{error}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn streams_lists_without_paging() {
    in_both(async |emulator, twin| {
        let agent = emulator.with(World::add_agent);
        emulator.with(|world| world.deploy(&agent));
        let url = "https://receiver.example/hook";
        let body = CreateWebhookBody::builder().url(url).events([WebhookEventType::RunStarted]);
        twin.create_webhook().agent_id(&agent).body(body).send().await.unwrap();
        let body = SetScheduleBody::builder().cron("0 0 9 * * Mon *");
        twin.set_schedule().agent_id(&agent).body(body).send().await.unwrap();
        for content in ["one", "two"] {
            let body = UpdateInstructionsBody::builder().content(content);
            twin.update_instructions().agent_id(&agent).body(body).send().await.unwrap();
        }
        let body: CreateApiKeyBody =
            serde_json::from_value(json!({"name": "second"})).expect("the body is valid");
        twin.create_api_key().body(body).send().await.unwrap();

        let webhook = twin.list_webhooks().agent_id(&agent).items().try_next().await.unwrap();
        assert_eq!(webhook.unwrap().url, url);
        let schedule = twin.list_schedules().items().try_next().await.unwrap();
        assert_eq!(schedule.unwrap().cron, "0 0 9 * * Mon *");
        let mut keys = twin.list_api_keys().pages();
        let page = keys.try_next().await.unwrap().unwrap();
        assert_eq!((page.items.len(), page.next, page.total), (2, None, Some(2)));
        assert!(keys.try_next().await.unwrap().is_none());
        assert!(twin.list_workspaces().items().try_next().await.unwrap().is_some());
        let mut versions = twin.list_instruction_versions().agent_id(&agent).items();
        let mut contents = Vec::new();
        while let Some(version) = versions.try_next().await.unwrap() {
            contents.push(version.content);
        }
        for content in ["one", "two"] {
            assert!(contents.iter().any(|it| it == content), "{contents:?}");
        }
    })
    .await;
}
