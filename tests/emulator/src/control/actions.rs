//! The actions of the control API.

use axum::http::{HeaderMap, Method};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ActionError, DOCUMENT, ok};
use crate::call::RoutedRequest;
use crate::delivery::Delivery;
use crate::entry::{Entry, EntryMembers, InvalidEntry};
use crate::exchange::BufferedResponse;
use crate::fault_file::FaultFile;
use crate::journal::Exchange;
use crate::lifecycle::RunStep;
use crate::operations::names;
use crate::page::secrets::hide;
use crate::page::view::receiver;
use crate::server::ServerState;
use crate::webhooks::EventType;
use crate::world::World;

type ActionResult = Result<BufferedResponse, ActionError>;

/// An action of the control API: a method and a path.
#[derive(Debug)]
pub(super) struct ControlAction {
    pub(super) method: Method,
    pub(super) path: &'static str,
    kind: ActionKind,
}

#[derive(Debug, Clone, Copy)]
enum ActionKind {
    Document,
    AdvanceClock,
    ListDeliveries,
    SendDelivery,
    RepeatDelivery,
    ListFaults,
    AddFaults,
    ClearFaults,
    ScriptRuns,
    StepRun,
    Seed,
    Reset,
    ListRequests,
}

const DELIVERIES: &str = "/_emulator/deliveries";
const FAULTS: &str = "/_emulator/faults";
const STEPS: &str = "/_emulator/agents/{agent_id}/runs/{run_id}/steps";

/// All actions except `GET /_emulator/state`, which is in `page`.
pub(super) static ACTIONS: [ControlAction; 13] = [
    action(Method::GET, "/_emulator/openapi.json", ActionKind::Document),
    action(Method::POST, "/_emulator/clock/advance", ActionKind::AdvanceClock),
    action(Method::GET, DELIVERIES, ActionKind::ListDeliveries),
    action(Method::POST, DELIVERIES, ActionKind::SendDelivery),
    action(Method::POST, "/_emulator/deliveries/{delivery}/repeat", ActionKind::RepeatDelivery),
    action(Method::GET, FAULTS, ActionKind::ListFaults),
    action(Method::POST, FAULTS, ActionKind::AddFaults),
    action(Method::DELETE, FAULTS, ActionKind::ClearFaults),
    action(Method::POST, "/_emulator/scripts", ActionKind::ScriptRuns),
    action(Method::POST, STEPS, ActionKind::StepRun),
    action(Method::POST, "/_emulator/seed", ActionKind::Seed),
    action(Method::POST, "/_emulator/reset", ActionKind::Reset),
    action(Method::GET, "/_emulator/requests", ActionKind::ListRequests),
];

const fn action(method: Method, path: &'static str, kind: ActionKind) -> ControlAction {
    ControlAction { method, path, kind }
}

pub(super) async fn perform(
    action: &ControlAction,
    shared: &ServerState,
    call: &RoutedRequest<'_>,
) -> ActionResult {
    match action.kind {
        ActionKind::Document => {
            Ok(BufferedResponse::new(axum::http::StatusCode::OK, "application/json", DOCUMENT))
        }
        ActionKind::AdvanceClock => advance_clock(shared, call).await,
        ActionKind::ListDeliveries => Ok(list_deliveries(shared)),
        ActionKind::SendDelivery => send_delivery(shared, call).await,
        ActionKind::RepeatDelivery => repeat_delivery(shared, call).await,
        ActionKind::ListFaults => Ok(list_faults(shared)),
        ActionKind::AddFaults => add_faults(shared, call),
        ActionKind::ClearFaults => {
            shared.faults().clear();
            shared.with(World::clear_delivery_faults);
            Ok(list_faults(shared))
        }
        ActionKind::ScriptRuns => script_runs(shared, call),
        ActionKind::StepRun => step_run(shared, call).await,
        ActionKind::Seed => seed(shared, call),
        ActionKind::Reset => {
            shared.reset();
            Ok(clock(shared))
        }
        ActionKind::ListRequests => list_requests(shared, call),
    }
}

/// Parses the body as an object with these members. An empty body is an empty object.
fn body<T>(
    call: &RoutedRequest<'_>,
    known: &[&str],
    read: impl FnOnce(&EntryMembers<'_>) -> Result<T, InvalidEntry>,
) -> Result<T, ActionError> {
    let text = str::from_utf8(&call.request.body)
        .map_err(|_| ActionError::Invalid("the body is not valid UTF-8".to_owned()))?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    let members = Entry::parse(text).and_then(|entry| entry.object(known));
    members
        .and_then(|members| read(&members))
        .map_err(|error| ActionError::Invalid(error.to_string()))
}

async fn advance_clock(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let now = shared.with(|world| world.now());
    let then = body(call, &["by", "to"], |members| {
        let to = members.get("to").map(|to| time(to, now));
        to.unwrap_or_else(|| later(members.required("by")?, now))
    })?;
    shared.advance_to(then).await;
    Ok(clock(shared))
}

/// The maximum time that one request advances the clock. Without a maximum, a schedule that is due
/// every minute could keep the emulator busy for hours.
const MAX_ADVANCE: TimeDelta = TimeDelta::days(366);

fn time(to: &Entry<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, InvalidEntry> {
    let time = DateTime::parse_from_rfc3339(&to.text()?);
    let time = time.map_err(|_| to.invalid("expected a time such as 2026-03-11T13:00:00Z"))?;
    match time.signed_duration_since(now) {
        past if past < TimeDelta::zero() => {
            Err(to.invalid(format!("the time cannot go back; it is {}", rfc3339(now))))
        }
        far if far > MAX_ADVANCE => Err(to.invalid("the clock can advance by 366 days at most")),
        _ => Ok(time.to_utc()),
    }
}

fn later(by: &Entry<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, InvalidEntry> {
    let delta = TimeDelta::from_std(by.duration()?).ok().filter(|delta| *delta <= MAX_ADVANCE);
    let then = delta.and_then(|delta| now.checked_add_signed(delta));
    then.ok_or_else(|| by.invalid("the clock can advance by 366 days at most"))
}

fn clock(shared: &ServerState) -> BufferedResponse {
    ok(&json!({"now": rfc3339(shared.with(|world| world.now()))}))
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

async fn send_delivery(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let (agent, event, run, webhook) =
        body(call, &["agent_id", "event", "run_id", "webhook_id"], |members| {
            Ok((
                members.required("agent_id")?.text()?,
                EventType::read(members.required("event")?)?,
                members.read("run_id", Entry::text)?,
                members.read("webhook_id", Entry::text)?,
            ))
        })?;
    let sent =
        shared.with(|world| world.send_delivery(&agent, event, run.as_deref(), webhook.as_deref()));
    let sent = sent.map_err(ActionError::NotFound)?;
    shared.settled().await;
    Ok(deliveries_of(shared, |delivery| sent.contains(&delivery.outgoing.delivery)))
}

async fn repeat_delivery(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let text = call.id("delivery");
    let number =
        text.parse().map_err(|_| ActionError::NotFound(format!("there is no delivery {text}")))?;
    shared.with(|world| world.repeat_delivery(number)).map_err(ActionError::NotFound)?;
    shared.settled().await;
    Ok(deliveries_of(shared, |delivery| delivery.outgoing.delivery == number))
}

fn list_deliveries(shared: &ServerState) -> BufferedResponse {
    deliveries_of(shared, |_| true)
}

/// Returns the selected deliveries, newest first.
fn deliveries_of(shared: &ServerState, wanted: impl Fn(&Delivery) -> bool) -> BufferedResponse {
    let key = shared.initial_key();
    let found = shared.with(|world| {
        let wanted = world.deliveries.newest_first().filter(|delivery| wanted(delivery));
        wanted.map(|delivery| delivery_view(delivery, key)).collect::<Vec<Value>>()
    });
    ok(&json!({"deliveries": found}))
}

fn delivery_view(delivery: &Delivery, key: &str) -> Value {
    let outgoing = &delivery.outgoing;
    let attempts = delivery.attempts.iter().map(|(at, outcome)| match outcome {
        Ok(status) => json!({"at": rfc3339(*at), "status": status}),
        Err(error) => json!({"at": rfc3339(*at), "error": error}),
    });
    json!({
        "number": outgoing.delivery,
        "agent_id": hide(&delivery.agent_id, key),
        "webhook_id": delivery.webhook_id,
        "event": outgoing.event.name(),
        "receiver": hide(&receiver(&outgoing.url), key),
        "state": delivery.state.name(),
        "fault": delivery.fault.map(crate::DeliveryFault::name),
        "headers": outgoing.headers().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "body": hide(&String::from_utf8_lossy(&outgoing.body), key),
        "attempts": attempts.collect::<Vec<Value>>(),
    })
}

fn list_faults(shared: &ServerState) -> BufferedResponse {
    let faults: Vec<Value> = shared
        .faults()
        .rules()
        .iter()
        .map(|installed| {
            json!({
                "operation": installed.rule.operation, "fault": installed.rule.fault.name(),
                "attempts": installed.attempts, "hits": installed.hits,
            })
        })
        .collect();
    let deliveries: Vec<Value> = shared.with(|world| {
        let rules = world.deliveries.rules().iter();
        rules
            .map(|(rule, seen)| {
                json!({
                    "event": rule.event.map(EventType::name), "fault": rule.fault.name(),
                    "deliveries": seen,
                })
            })
            .collect()
    });
    ok(&json!({"faults": faults, "deliveries": deliveries}))
}

/// Parses the body as a fault file that has only the parts in `known`.
fn fault_file(call: &RoutedRequest<'_>, known: &[&str]) -> Result<FaultFile, ActionError> {
    body(call, known, |_| Ok(()))?;
    let text = String::from_utf8_lossy(&call.request.body);
    FaultFile::parse(&text).map_err(|error| ActionError::Invalid(error.to_string()))
}

fn add_faults(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let fault_file = fault_file(call, &["faults", "deliveries"])?;
    for rule in fault_file.faults {
        let installed = shared.faults().install(rule, &names());
        installed.map_err(|error| ActionError::Invalid(error.to_string()))?;
    }
    shared.with(|world| {
        fault_file.deliveries.into_iter().for_each(|rule| world.add_delivery_fault(rule));
    });
    Ok(list_faults(shared))
}

fn script_runs(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let fault_file = fault_file(call, &["runs"])?;
    let waiting = shared.with(|world| {
        fault_file.runs.into_iter().for_each(|script| world.script_next_run(script));
        world.scripts.waiting()
    });
    Ok(ok(&json!({"waiting": waiting})))
}

async fn step_run(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let step = body(call, &["do"], |members| RunStep::read(members.required("do")?))?;
    let (agent_id, run_id) = (call.id("agent_id"), call.id("run_id"));
    shared.with(|world| {
        let agent = world.agents.get(agent_id);
        let agent =
            agent.ok_or_else(|| ActionError::NotFound(format!("there is no agent {agent_id}")))?;
        let run = agent.runs.get(run_id);
        let run = run.ok_or_else(|| ActionError::NotFound(format!("there is no run {run_id}")))?;
        if run.is_finished() {
            return Err(ActionError::Invalid(format!("run {run_id} has ended")));
        }
        world.apply_step(agent_id, run_id, &step);
        Ok(())
    })?;
    shared.settled().await;
    let status = shared.with(|world| {
        let run = world.agents.get(agent_id).and_then(|agent| agent.runs.get(run_id));
        run.map(|run| run.status_name(world.profile))
    });
    Ok(ok(&json!({"run_id": run_id, "status": status})))
}

/// The maximum number of items of one kind that a request adds.
const MAX_ITEMS: u64 = 1_000_000;

fn seed(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let known = ["agents", "deployed_agents", "example", "runs", "events"];
    let seeds = body(call, &known, |members| {
        Ok(Seeds {
            agents: members.read("agents", count)?.unwrap_or_default(),
            deployed: members.read("deployed_agents", texts)?.unwrap_or_default(),
            example: members.read("example", Entry::flag)?.unwrap_or_default(),
            runs: members.read("runs", runs)?,
            events: members.read("events", events)?,
        })
    })?;
    shared.with(|world| seeds.add_to(world))
}

fn count(entry: &Entry<'_>) -> Result<u64, InvalidEntry> {
    entry.number(0..=MAX_ITEMS)
}

fn texts(entry: &Entry<'_>) -> Result<Vec<String>, InvalidEntry> {
    entry.list()?.iter().map(Entry::text).collect()
}

fn runs(entry: &Entry<'_>) -> Result<(String, u64), InvalidEntry> {
    let members = entry.object(&["agent_id", "count"])?;
    Ok((members.required("agent_id")?.text()?, count(members.required("count")?)?))
}

fn events(entry: &Entry<'_>) -> Result<(String, String, u64), InvalidEntry> {
    let members = entry.object(&["agent_id", "run_id", "count"])?;
    let (agent, run) = (members.required("agent_id")?.text()?, members.required("run_id")?.text()?);
    Ok((agent, run, count(members.required("count")?)?))
}

struct Seeds {
    agents: u64,
    deployed: Vec<String>,
    example: bool,
    runs: Option<(String, u64)>,
    events: Option<(String, String, u64)>,
}

impl Seeds {
    /// Adds all items. If one of them cannot be added, adds none.
    fn add_to(self, world: &mut World) -> ActionResult {
        self.check(world)?;
        let before = world.agents.count();
        world.add_agents(self.agents);
        self.deployed.iter().for_each(|id| world.add_deployed_agent(id));
        if self.example {
            world.add_example();
        }
        if let Some((agent_id, count)) = self.runs {
            world.add_runs(&agent_id, count);
        }
        if let Some((agent_id, run_id, count)) = self.events {
            world.add_events(&agent_id, &run_id, count);
        }
        let added = world.agents.count() - before;
        Ok(ok(&json!({"agents_added": added, "agents": world.agents.count()})))
    }

    fn check(&self, world: &World) -> Result<(), ActionError> {
        let example = self.example.then_some(World::EXAMPLE_AGENT);
        let mut new: Vec<&str> = self.deployed.iter().map(String::as_str).chain(example).collect();
        new.sort_unstable();
        let twice = new.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        let taken = new.iter().copied().find(|id| world.agents.get(id).is_some());
        if let Some(id) = twice.or(taken) {
            return Err(ActionError::Invalid(format!("an agent {id} exists already")));
        }
        let has_run = |agent_id: &str, run_id: &str| {
            world.agents.get(agent_id).is_some_and(|agent| agent.runs.get(run_id).is_some())
        };
        match (&self.runs, &self.events) {
            (Some((agent_id, _)), _) if world.agents.get(agent_id).is_none() => {
                Err(ActionError::NotFound(format!("there is no agent {agent_id}")))
            }
            (_, Some((agent_id, run_id, _))) if !has_run(agent_id, run_id) => {
                Err(ActionError::NotFound(format!("agent {agent_id} has no run {run_id}")))
            }
            _ => Ok(()),
        }
    }
}

/// The maximum number of requests in one response.
const MAX_REQUESTS: usize = 200;
/// The maximum length of a body in a response, in characters.
const MAX_BODY_CHARS: usize = 16_384;

fn list_requests(shared: &ServerState, call: &RoutedRequest<'_>) -> ActionResult {
    let after = match call.text("after") {
        None => 0,
        Some(text) => text.parse::<u64>().map_err(|_| {
            ActionError::Invalid(format!("after must be a whole number, not {text:?}"))
        })?,
    };
    let key = shared.initial_key();
    let journal = shared.journal();
    let wanted = journal.numbered().filter(|(number, _)| *number > after).take(MAX_REQUESTS);
    let requests: Vec<Value> =
        wanted.map(|(number, exchange)| request_view(number, exchange, key)).collect();
    let last = requests.last().map_or(after, |last| last["number"].as_u64().unwrap_or(after));
    Ok(ok(&json!({"requests": requests, "total": journal.total(), "after": last})))
}

fn request_view(number: u64, exchange: &Exchange, key: &str) -> Value {
    let Exchange { operation, request, status, fault } = exchange;
    let text: String =
        String::from_utf8_lossy(&request.body).chars().take(MAX_BODY_CHARS).collect();
    json!({
        "number": number,
        "operation": operation,
        "method": request.method.as_str(),
        "target": hide(&request.target, key),
        "headers": headers(&request.headers, key),
        "body": hide(&text, key),
        "status": status.as_u16(),
        "fault": fault,
    })
}

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 3] = ["x-api-key", "authorization", "cookie"];

fn headers(headers: &HeaderMap, key: &str) -> Value {
    let shown = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let hidden = CREDENTIALS.contains(&name.as_str());
        json!([name.as_str(), if hidden { "[hidden]".to_owned() } else { hide(&value, key) }])
    });
    shown.collect()
}
