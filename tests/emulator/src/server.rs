//! Handles an exchange: route, fault, key, operation, contract check, journal, wire.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use super::Profile;
use super::call::{Refusal, RoutedRequest, path_parameters};
use super::contract::Contract;
use super::delivery::Outgoing;
use super::fault::{Faults, Hit, Pace, ScriptError, Shift};
use super::journal::{Exchange, Journal};
use super::mismatch::Mismatch;
use super::operations::{OPERATIONS, Operation};
use super::setup::Setup;
use super::wire::{self, Connection};
use super::world::World;
use super::{control, cors, page};
use crate::exchange::{BufferedResponse, RecordedRequest};

/// How often due events of the machine's clock are processed.
const TICK: Duration = Duration::from_millis(20);

/// The source of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// The machine's clock plus the time by which it was advanced.
    System,
    /// A clock that moves only when a test advances it.
    Manual,
}

/// The state that all exchanges share.
#[derive(Debug)]
pub(super) struct ServerState {
    pub(super) profile: Profile,
    pub(super) setup: Setup,
    /// The initial API key, which must not be shown.
    first_key: String,
    /// The time by which [`Clock::System`] was advanced.
    ahead: Mutex<TimeDelta>,
    pace: Arc<dyn Pace>,
    world: Mutex<World>,
    faults: Mutex<Faults>,
    journal: Mutex<Journal>,
    courier: UnboundedSender<Outgoing>,
    on_the_way: AtomicUsize,
    arrival: Notify,
}

impl ServerState {
    /// Creates the state. Fails if a rule of the setup is not valid.
    pub(super) fn new(
        mut setup: Setup,
        pace: Arc<dyn Pace>,
        courier: UnboundedSender<Outgoing>,
    ) -> Result<Self, ScriptError> {
        let (world, faults) = (setup.world(), setup.faults()?);
        let first_key = world.keys.first_secret().unwrap_or_default().to_owned();
        setup.api_key = Some(first_key.clone());
        Ok(Self {
            profile: world.profile,
            setup,
            first_key,
            ahead: Mutex::default(),
            pace,
            world: Mutex::new(world),
            faults: Mutex::new(faults),
            journal: Mutex::default(),
            courier,
            on_the_way: AtomicUsize::new(0),
            arrival: Notify::new(),
        })
    }

    /// Calls `act` with the world at the current time, and sends the resulting deliveries.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = lock(&self.world);
        if self.setup.clock == Clock::System {
            world.advance_to(self.system_time());
        }
        let result = act(&mut world);
        for outgoing in world.take_outbox() {
            self.on_the_way.fetch_add(1, Ordering::SeqCst);
            if self.courier.send(outgoing).is_err() {
                self.arrived();
            }
        }
        result
    }

    fn system_time(&self) -> DateTime<Utc> {
        let now = Utc::now();
        now.checked_add_signed(*lock(&self.ahead)).unwrap_or(now)
    }

    /// Advances the clock to `then`, event by event. After each event it waits until the
    /// resulting deliveries were attempted.
    pub(super) async fn advance_to(&self, then: DateTime<Utc>) {
        self.settled().await;
        while let Some(due) = self.with(|world| world.next_due()).filter(|due| *due <= then) {
            self.set_time(due);
            self.settled().await;
        }
        self.set_time(then);
    }

    fn set_time(&self, then: DateTime<Utc>) {
        if self.setup.clock == Clock::System {
            let mut ahead = lock(&self.ahead);
            *ahead = then.signed_duration_since(Utc::now()).max(*ahead);
        }
        self.with(|world| world.advance_to(then));
    }

    /// Restores the state after the start.
    pub(super) fn reset(&self) {
        *lock(&self.ahead) = TimeDelta::zero();
        // The same rules were accepted at the start.
        *self.faults() = self.setup.faults().unwrap_or_default();
        let mut new = self.setup.world();
        self.with(|world| {
            new.now = if self.setup.clock == Clock::System { Utc::now() } else { new.now };
            world.replace(new);
        });
        *self.journal() = Journal::default();
    }

    pub(super) fn first_key(&self) -> &str {
        &self.first_key
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    /// Returns the response with the fault of this attempt, and the mismatches of the response
    /// without the fault. A fault is not a mismatch.
    fn answer(
        &self,
        operation: &Operation,
        call: &RoutedRequest<'_>,
        hit: Option<&Hit>,
    ) -> (BufferedResponse, Vec<Mismatch>) {
        let Some(hit) = hit else {
            let answer = self.carry_out(operation, call, None);
            let mismatches = self.check(operation, call.request, &answer);
            return (answer, mismatches);
        };
        let mut mismatches = Vec::new();
        let real = hit.takes_effect().then(|| self.carry_out(operation, call, hit.shift()));
        if let Some(answer) = &real {
            mismatches = self.check(operation, call.request, answer);
        }
        let now = self.with(|world| world.now());
        let answer = hit.replacement(now).or_else(|| real.map(|answer| hit.amend(answer)));
        (answer.unwrap_or_default(), mismatches)
    }

    /// Checks the key and runs the operation.
    fn carry_out(
        &self,
        operation: &Operation,
        call: &RoutedRequest<'_>,
        shift: Option<Shift>,
    ) -> BufferedResponse {
        self.with(|world| {
            if let Some(shift) = shift {
                world.shift(operation.id, call, shift);
            }
            let now = world.now();
            let admitted = world.keys.admit(&call.request.headers, now);
            let reply = admitted.and_then(|()| (operation.effect)(world, call));
            reply.unwrap_or_else(|refusal| refusal.answer(self.profile))
        })
    }

    fn check(
        &self,
        operation: &Operation,
        request: &RecordedRequest,
        answer: &BufferedResponse,
    ) -> Vec<Mismatch> {
        let contract = Contract::of(self.profile);
        contract.check(&operation.method, operation.path, request, answer)
    }

    /// Answers a request that matches no operation. `template` is the path template, if the path
    /// matches one.
    async fn unrouted(
        &self,
        connection: &Connection,
        template: Option<&str>,
        request: Request,
        answer: BufferedResponse,
    ) -> Response {
        if let Ok(request) = RecordedRequest::read(request).await {
            self.note_unrouted(template, request, &answer);
        }
        self.respond(connection, answer).await
    }

    fn note_unrouted(
        &self,
        template: Option<&str>,
        request: RecordedRequest,
        answer: &BufferedResponse,
    ) {
        let template = template.unwrap_or(request.path());
        let contract = Contract::of(self.profile);
        let found = contract.check_refusal(&request.method, template, &request, answer);
        let status = answer.status;
        let exchange = Exchange { operation: None, request, status, fault: None };
        self.journal().note(exchange, found);
    }

    /// Sends a response without a fault.
    pub(super) async fn respond(
        &self,
        connection: &Connection,
        answer: BufferedResponse,
    ) -> Response {
        wire::respond(answer, None, connection, &self.pace).await
    }

    /// Notes that a delivery was attempted.
    pub(super) fn arrived(&self) {
        self.on_the_way.fetch_sub(1, Ordering::SeqCst);
        self.arrival.notify_waiters();
    }

    /// Waits until every delivery was attempted.
    pub(super) async fn settled(&self) {
        loop {
            let arrival = self.arrival.notified();
            if self.on_the_way.load(Ordering::SeqCst) == 0 {
                return;
            }
            arrival.await;
        }
    }

    /// Processes due events while the machine's clock runs.
    pub(super) async fn tick(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TICK);
        loop {
            ticks.tick().await;
            self.with(|_| {});
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in another test thread must not cause a second panic here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Builds the router: every operation, the page and the control API if enabled, and the fallbacks.
pub(super) fn router(shared: Arc<ServerState>) -> Router {
    let mut router = Router::new().merge(page::document_route());
    for operation in &OPERATIONS {
        let Ok(method) = MethodFilter::try_from(operation.method.clone()) else { continue };
        let exchange = move |state, connection, parameters, request| {
            exchange(operation, state, connection, parameters, request)
        };
        router = router.route(operation.path, on(method, exchange));
    }
    router = router.method_not_allowed_fallback(lacks_method).fallback(lacks_path);
    router = cors::allow(router, &shared.setup.network.cors);
    // Added after CORS, which does not apply to these routes.
    if shared.setup.network.control {
        router = router.merge(page::routes()).merge(control::routes());
    }
    router.with_state(shared)
}

async fn exchange(
    operation: &'static Operation,
    State(shared): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    parameters: RawPathParams,
    request: Request,
) -> Response {
    let parameters = path_parameters(&parameters);
    let request = match RecordedRequest::read(request).await {
        Ok(request) => request,
        // A request that was not read to its end is not carried out.
        Err(status) => {
            return shared.respond(&connection, BufferedResponse::empty(status)).await;
        }
    };
    let call = RoutedRequest { request: &request, parameters: &parameters };
    let hit = shared.faults().next(operation.id);
    let (answer, mismatches) = shared.answer(operation, &call, hit.as_ref());
    let fault = hit.as_ref().and_then(Hit::on_the_wire);
    shared.journal().note(
        Exchange {
            operation: Some(operation.id),
            request,
            status: answer.status,
            fault: hit.as_ref().map(|hit| hit.fault().name()),
        },
        mismatches,
    );
    wire::respond(answer, fault.as_ref(), &connection, &shared.pace).await
}

/// Answers a method that the path does not have. The reference has problem details; the live
/// service was observed to send an empty body.
async fn lacks_method(
    State(shared): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    path: MatchedPath,
    request: Request,
) -> Response {
    let allowed = allowed(path.as_str());
    if allowed.is_empty() {
        // A path of the emulator itself is not in the API; axum adds `Allow`.
        return shared
            .respond(&connection, BufferedResponse::empty(StatusCode::METHOD_NOT_ALLOWED))
            .await;
    }
    let answer = match shared.profile {
        Profile::Documented => {
            let detail = "this path does not have this method";
            Refusal::problem(StatusCode::METHOD_NOT_ALLOWED, detail).answer(shared.profile)
        }
        Profile::Observed => BufferedResponse::empty(StatusCode::METHOD_NOT_ALLOWED),
    };
    let allowed = HeaderValue::try_from(allowed).unwrap_or(HeaderValue::from_static(""));
    let answer = answer.header(header::ALLOW, allowed);
    shared.unrouted(&connection, Some(path.as_str()), request, answer).await
}

/// Returns the methods of a path for `Allow`; empty for a path outside the API.
fn allowed(template: &str) -> String {
    let methods = OPERATIONS.iter().filter(|operation| operation.path == template);
    let names = methods.map(|operation| match operation.method.as_str() {
        // A route for GET also answers HEAD.
        "GET" => "GET,HEAD",
        method => method,
    });
    names.collect::<Vec<_>>().join(",")
}

/// Answers an unknown path. The live service passes such requests to gRPC.
async fn lacks_path(
    State(shared): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let answer = match shared.profile {
        Profile::Documented => {
            let detail = "there is no such path in this API";
            Refusal::problem(StatusCode::NOT_FOUND, detail).answer(shared.profile)
        }
        Profile::Observed => BufferedResponse::new(StatusCode::OK, "application/grpc", "")
            .header(HeaderName::from_static("grpc-status"), HeaderValue::from_static("12")),
    };
    shared.unrouted(&connection, None, request, answer).await
}

#[cfg(test)]
pub(super) mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};

    use super::super::delivery;
    use super::super::fault::RealTime;
    use super::*;

    /// Creates the shared state without a server; deliveries are not sent.
    pub(crate) fn shared(profile: Profile) -> ServerState {
        let (courier, _) = tokio::sync::mpsc::unbounded_channel::<delivery::Outgoing>();
        ServerState::new(Setup::of(profile), Arc::new(RealTime), courier).unwrap()
    }

    #[test]
    fn checks_requests_that_match_no_operation() {
        for profile in Profile::ALL {
            let shared = shared(profile);
            let request = RecordedRequest {
                method: Method::GET,
                target: "/v2/me?a=1".to_owned(),
                headers: HeaderMap::new(),
                body: Bytes::new(),
            };
            shared.note_unrouted(
                None,
                request.clone(),
                &BufferedResponse::json(StatusCode::OK, &"{}"),
            );
            let found = shared.journal().take_mismatches();
            assert_eq!(found.len(), 1);
            assert_eq!((&*found[0].operation, &*found[0].pointer), ("GET /v2/me", "#/paths"));
            let template = Some("/v1/agents/{agent_id}");
            let request = RecordedRequest { method: Method::PUT, ..request };
            shared.note_unrouted(template, request, &BufferedResponse::json(StatusCode::OK, &"{}"));
            let found = shared.journal().take_mismatches();
            let pointers: Vec<&str> = found.iter().map(|found| found.pointer.as_str()).collect();
            assert_eq!(pointers, ["#/paths/~1v1~1agents~1{agent_id}"]);
            assert_eq!(shared.journal().total(), 2);
        }
    }
}
