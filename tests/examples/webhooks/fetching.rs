//! A receiver that fetches the events of a finished run.
//!
//! A delivery says only that the run has ended. The handler fetches the events of the run, and stores
//! them under the identifier of the run. This is idempotent, so the handler does not need the lease.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use twin_ext::RunTicket;
use twin_ext::prelude::*;
use twin_ext::twin_api::Client;
use twin_ext::twin_api::secrecy::SecretString;
use twin_ext::webhook::{Delivery, Event, Verifier};
use twin_ext::webhook::{Lease, MemoryStore, Receiver};

pub(crate) const PATH: &str = "/webhooks/twin";

/// The number of webhook events that the store remembers.
const CAPACITY: usize = 100_000;
/// The maximum time for which the service retries a delivery.
const RETRY_PERIOD: Duration = Duration::from_secs(3600);

/// The events of each finished run. A real program stores them in a database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outputs(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Outputs {
    pub(crate) fn has(&self, run: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(run)
    }

    fn keep(&self, run: String, events: Vec<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run, events);
    }
}

impl fmt::Display for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outputs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_map().entries(outputs.iter().map(|(run, events)| (run, events.len()))).finish()
    }
}

/// The future that the handler returns.
type Handled = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The type of this program's receiver.
pub(crate) type Fetching =
    Receiver<MemoryStore, Box<dyn Fn(Delivery, Lease) -> Handled + Send + Sync>>;

pub(crate) fn receiver(
    twin: &Client,
    secret: &SecretString,
    outputs: &Outputs,
) -> Result<Fetching, Error> {
    let (twin, outputs) = (twin.clone(), outputs.clone());
    let handler = move |delivery: Delivery, _: Lease| -> Handled {
        let (twin, outputs) = (twin.clone(), outputs.clone());
        Box::pin(async move {
            match delivery.event {
                Event::RunCompleted(run) | Event::RunFailed(run) | Event::RunStopped(run) => {
                    fetch(&twin, &run.agent_id, &run.run_id, &outputs).await
                }
                _ => Ok(()),
            }
        })
    };
    let store = MemoryStore::new(CAPACITY, RETRY_PERIOD);
    Ok(Receiver::new(Verifier::new(secret)?, store, Box::new(handler) as Box<_>))
}

/// Fetches and stores the events of a finished run. If the handler returns an error, the service sends
/// the delivery again.
pub(crate) async fn fetch(
    twin: &Client,
    agent: &str,
    run: &str,
    outputs: &Outputs,
) -> Result<(), Error> {
    let mut events = twin.resume(RunTicket::new(agent, run)).events();
    let mut kept = Vec::new();
    while let Some(event) = events.try_next().await? {
        kept.push(event.event.get().to_owned());
    }
    outputs.keep(run.to_owned(), kept);
    Ok(())
}
