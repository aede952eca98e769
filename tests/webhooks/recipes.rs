//! Runs the recipes of `examples/webhooks` with lost, late, repeated and forged deliveries.

#[path = "../examples/webhooks/fetching.rs"]
mod fetching;
#[path = "../examples/webhooks/rotating.rs"]
mod rotating;
#[path = "../examples/webhooks/sweeping.rs"]
mod sweeping;

use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde_json::json;
use twin_api::Client;
use twin_api::types::WebhookEventType::{RunCompleted, RunFailed, RunStarted, RunStopped};
use twin_api::types::{CreateWebhookBody, CreateWebhookResponse, WebhookEventType};
use twin_ext::webhook::sign;
use twin_ext::{ClientBuilder, Error};
use twin_tests::emulator::{Emulator, FaultFile, Profile, RunMode, RunScript, World};

use self::fetching::{Fetching, Outputs, PATH};
use crate::http_receiver::{post_signed, serve};

const EVENTS: [WebhookEventType; 4] = [RunStarted, RunCompleted, RunFailed, RunStopped];

/// An emulator with an agent, and a receiver of the deliveries of a webhook of this agent.
struct Scene {
    service: Emulator,
    twin: Client,
    agent: String,
    receiver: Fetching,
    outputs: Outputs,
    url: String,
    webhook: CreateWebhookResponse,
}

impl Scene {
    async fn new(profile: Profile) -> Self {
        let service = Emulator::builder(profile).start().await.unwrap();
        let agent = service.with(World::add_agent);
        let twin = ClientBuilder::new(service.api_key()).base_url(service.url()).build().unwrap();
        // The receiver needs a secret before the webhook exists. No run starts in between.
        let outputs = Outputs::default();
        let placeholder = "whsec_placeholder".into();
        let receiver = fetching::receiver(&twin, &placeholder, &outputs).unwrap();
        let base = serve(receiver.clone().into_router(PATH)).await;
        let url = base.replace("/hook", PATH);
        let body = CreateWebhookBody::builder().url(&url).events(EVENTS.to_vec());
        let webhook = twin.create_webhook().agent_id(&agent).body(body).send().await.unwrap();
        let webhook = webhook.into_inner();
        receiver.set_verifier(twin_ext::webhook::Verifier::new(&webhook.signing_secret).unwrap());
        Self { service, twin, agent, receiver, outputs, url, webhook }
    }

    fn start(&self) -> String {
        self.service.with(|world| {
            world.script_next_run(RunScript::standard());
            world.start_run(&self.agent, RunMode::Run)
        })
    }

    /// Starts a run, and waits for its end and its deliveries.
    async fn run(&self) -> String {
        let run = self.start();
        self.pass().await;
        run
    }

    async fn pass(&self) {
        self.service.advance(Duration::from_secs(3600)).await;
    }

    /// Applies `fault` to all later deliveries of `run.completed`.
    fn add_fault(&self, fault: &serde_json::Value) {
        let rule = json!({"deliveries": [{"event": "run.completed", "fault": fault}]});
        let fault_file = FaultFile::parse(&rule.to_string()).unwrap();
        self.service.with(|world| {
            fault_file.deliveries.into_iter().for_each(|rule| world.add_delivery_fault(rule));
        });
    }

    /// Searches for runs that ended in the last two hours.
    async fn sweep(&self) -> Result<Vec<String>, Error> {
        let hour = Duration::from_secs(3600);
        let before = SystemTime::from(self.service.with(|world| world.now())) - 2 * hour;
        sweeping::sweep(&self.twin, &self.agent, before, &self.outputs).await
    }

    fn fetches(&self) -> u64 {
        self.service.count("list_run_events")
    }
}

const PROFILES: [Profile; 2] = [Profile::Documented, Profile::Observed];

#[tokio::test]
async fn fetches_finished_run_once_despite_delivery_faults() {
    for profile in PROFILES {
        let scene = Scene::new(profile).await;
        let run = scene.run().await;
        assert!(scene.outputs.has(&run));
        let fetches = scene.fetches();
        for fault in [json!({"duplicate": 3}), json!({"late": 120_000}), json!("reorder")] {
            let scene = Scene::new(profile).await;
            scene.add_fault(&fault);
            let runs = [scene.run().await, scene.run().await];
            assert!(runs.iter().all(|run| scene.outputs.has(run)), "{fault}");
            assert_eq!(scene.fetches(), 2 * fetches, "{fault}: no run is fetched twice");
        }
    }
}

#[tokio::test]
async fn sweep_finds_runs_whose_delivery_was_lost_or_forged() {
    for profile in PROFILES {
        for fault in ["lost", "wrong_signature"] {
            let scene = Scene::new(profile).await;
            scene.add_fault(&json!(fault));
            let run = scene.run().await;
            assert!(!scene.outputs.has(&run), "{fault}");
            let found = scene.sweep().await.unwrap();
            assert_eq!(found, [run.as_str()], "{fault}");
            assert!(scene.outputs.has(&run));
            let found = scene.sweep().await.unwrap();
            assert_eq!(found, [""; 0], "the second sweep fetched a run again");
        }
    }
}

#[tokio::test]
async fn rotates_secret_without_losing_deliveries() {
    for profile in PROFILES {
        let scene = Scene::new(profile).await;
        let before = scene.start();
        let (old, all) = (scene.webhook.clone(), EVENTS.to_vec());
        let new =
            rotating::rotate(&scene.twin, &scene.receiver, &scene.agent, old, &scene.url, all);
        let new = new.await.unwrap();
        scene.pass().await;
        assert!(scene.outputs.has(&before), "the run started before the rotation was not fetched");
        // A delivery with the old secret arrives late.
        let late = crate::signed::event("ping", json!(null)).to_string();
        let old = sign(&scene.webhook.signing_secret, &late);
        assert_eq!(post_signed(&scene.url, &old, late.clone()).await, StatusCode::NO_CONTENT);
        rotating::retire_old_secret(&scene.receiver, &new).unwrap();
        assert_eq!(post_signed(&scene.url, &old, late).await, StatusCode::UNAUTHORIZED);
        let after = scene.run().await;
        assert!(scene.outputs.has(&after));
    }
}

/// While there are two webhooks, both deliver each event.
#[tokio::test]
async fn handles_events_of_two_webhooks_once() {
    for profile in PROFILES {
        let scene = Scene::new(profile).await;
        scene.run().await;
        let fetches = scene.fetches();
        let body = CreateWebhookBody::builder().url(&scene.url).events(EVENTS.to_vec());
        let second = scene.twin.create_webhook().agent_id(&scene.agent).body(body).send().await;
        let second = second.unwrap().into_inner().signing_secret;
        let verifier = twin_ext::webhook::Verifier::new(&second).unwrap();
        scene.receiver.set_verifier(verifier.with_secret(&scene.webhook.signing_secret).unwrap());
        let run = scene.run().await;
        assert!(scene.outputs.has(&run));
        assert_eq!(scene.fetches(), 2 * fetches);
    }
}
