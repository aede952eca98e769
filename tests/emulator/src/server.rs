//! Handles a request in this order: route, fault, key, operation, contract check, journal, wire.

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
use super::call::{OperationError, RoutedRequest, path_parameters};
use super::contract::Contract;
use super::delivery::Outgoing;
use super::fault::{AppliedFault, Faults, RuleError, Shift, Timer};
use super::journal::{Exchange, Journal};
use super::mismatch::Mismatch;
use super::operations::{OPERATIONS, Operation};
use super::setup::Setup;
use super::wire::{self, Connection};
use super::world::World;
use super::{control, cors, page};
use crate::exchange::{BufferedResponse, RecordedRequest};

/// How often a running clock applies what has become due.
const TICK_INTERVAL: Duration = Duration::from_millis(20);

/// The source of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockSource {
    /// The clock of the machine, plus the time by which the control API advanced it.
    System,
    /// A clock that changes only when a test advances it.
    Manual,
}

/// The state that all requests share.
#[derive(Debug)]
pub(super) struct ServerState {
    pub(super) profile: Profile,
    pub(super) setup: Setup,
    /// The initial API key, which the page and the control API redact.
    initial_key: String,
    /// The time by which [`ClockSource::System`] was advanced.
    advanced_by: Mutex<TimeDelta>,
    timer: Arc<dyn Timer>,
    world: Mutex<World>,
    faults: Mutex<Faults>,
    journal: Mutex<Journal>,
    courier: UnboundedSender<Outgoing>,
    in_flight: AtomicUsize,
    attempt_finished: Notify,
}

impl ServerState {
    /// Creates the state. Returns an error if a fault rule of the setup is not valid.
    pub(super) fn new(
        mut setup: Setup,
        timer: Arc<dyn Timer>,
        courier: UnboundedSender<Outgoing>,
    ) -> Result<Self, RuleError> {
        let (world, faults) = (setup.world(), setup.faults()?);
        let initial_key = world.keys.initial_secret().unwrap_or_default().to_owned();
        setup.api_key = Some(initial_key.clone());
        Ok(Self {
            profile: world.profile,
            setup,
            initial_key,
            advanced_by: Mutex::default(),
            timer,
            world: Mutex::new(world),
            faults: Mutex::new(faults),
            journal: Mutex::default(),
            courier,
            in_flight: AtomicUsize::new(0),
            attempt_finished: Notify::new(),
        })
    }

    /// Calls `act` with the world at the current time, and sends the resulting deliveries.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = lock(&self.world);
        if self.setup.clock == ClockSource::System {
            world.advance_to(self.system_time());
        }
        let result = act(&mut world);
        for outgoing in world.take_outbox() {
            self.in_flight.fetch_add(1, Ordering::SeqCst);
            if self.courier.send(outgoing).is_err() {
                self.finish_attempt();
            }
        }
        result
    }

    fn system_time(&self) -> DateTime<Utc> {
        let now = Utc::now();
        now.checked_add_signed(*lock(&self.advanced_by)).unwrap_or(now)
    }

    /// Advances the clock to `then`, and stops at each time at which something is due. There it waits
    /// until the resulting deliveries were attempted.
    pub(super) async fn advance_to(&self, then: DateTime<Utc>) {
        self.settled().await;
        while let Some(due) = self.with(|world| world.next_due()).filter(|due| *due <= then) {
            self.set_time(due);
            self.settled().await;
        }
        self.set_time(then);
    }

    fn set_time(&self, then: DateTime<Utc>) {
        if self.setup.clock == ClockSource::System {
            let mut advanced_by = lock(&self.advanced_by);
            *advanced_by = then.signed_duration_since(Utc::now()).max(*advanced_by);
        }
        self.with(|world| world.advance_to(then));
    }

    /// Restores the state as it was after the start.
    pub(super) fn reset(&self) {
        *lock(&self.advanced_by) = TimeDelta::zero();
        // The rules are valid: the emulator started with them.
        *self.faults() = self.setup.faults().unwrap_or_default();
        let mut new = self.setup.world();
        self.with(|world| {
            new.now = if self.setup.clock == ClockSource::System { Utc::now() } else { new.now };
            world.replace(new);
        });
        *self.journal() = Journal::default();
    }

    pub(super) fn initial_key(&self) -> &str {
        &self.initial_key
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    /// Runs the operation with the fault of this attempt. Returns the response, and the mismatches of
    /// the response before the fault changed it: an injected fault is not a mismatch.
    fn run_with_fault(
        &self,
        operation: &Operation,
        call: &RoutedRequest<'_>,
        applied: Option<&AppliedFault>,
    ) -> (BufferedResponse, Vec<Mismatch>) {
        let Some(applied) = applied else {
            let response = self.run_operation(operation, call, None);
            let mismatches = self.check(operation, call.request, &response);
            return (response, mismatches);
        };
        let mut mismatches = Vec::new();
        let real =
            applied.takes_effect().then(|| self.run_operation(operation, call, applied.shift()));
        if let Some(response) = &real {
            mismatches = self.check(operation, call.request, response);
        }
        let now = self.with(|world| world.now());
        let response =
            applied.replacement(now).or_else(|| real.map(|response| applied.amend(response)));
        (response.unwrap_or_default(), mismatches)
    }

    /// Checks the key and runs the operation.
    fn run_operation(
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
            let authenticated = world.keys.authenticate(&call.request.headers, now);
            let reply = authenticated.and_then(|()| (operation.handler)(world, call));
            reply.unwrap_or_else(|refusal| refusal.response(self.profile))
        })
    }

    fn check(
        &self,
        operation: &Operation,
        request: &RecordedRequest,
        response: &BufferedResponse,
    ) -> Vec<Mismatch> {
        let contract = Contract::of(self.profile);
        contract.check(&operation.method, operation.path, request, response)
    }

    /// Records and checks a request that matches no operation, and sends `response`. `template` is the
    /// path template, if the path matches one.
    async fn unrouted(
        &self,
        connection: &Connection,
        template: Option<&str>,
        request: Request,
        response: BufferedResponse,
    ) -> Response {
        if let Ok(request) = RecordedRequest::read(request).await {
            self.note_unrouted(template, request, &response);
        }
        self.respond(connection, response).await
    }

    fn note_unrouted(
        &self,
        template: Option<&str>,
        request: RecordedRequest,
        response: &BufferedResponse,
    ) {
        let template = template.unwrap_or(request.path());
        let contract = Contract::of(self.profile);
        let found = contract.check_unrouted(&request.method, template, &request, response);
        let status = response.status;
        let exchange = Exchange { operation: None, request, status, fault: None };
        self.journal().note(exchange, found);
    }

    /// Sends a response without a fault.
    pub(super) async fn respond(
        &self,
        connection: &Connection,
        response: BufferedResponse,
    ) -> Response {
        wire::respond(response, None, connection, &self.timer).await
    }

    /// Records that a delivery was attempted.
    pub(super) fn finish_attempt(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.attempt_finished.notify_waiters();
    }

    /// Waits until every queued delivery was attempted.
    pub(super) async fn settled(&self) {
        loop {
            let attempt_finished = self.attempt_finished.notified();
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            attempt_finished.await;
        }
    }

    /// Applies what becomes due while the clock of the machine runs. Never returns.
    pub(super) async fn tick(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TICK_INTERVAL);
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
    router = router.method_not_allowed_fallback(method_not_allowed).fallback(unknown_path);
    router = cors::allow(router, &shared.setup.network.cors);
    // Added after the CORS layer, so that the layer does not apply to these routes.
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
        // The body is incomplete or too long, so the operation does not run.
        Err(status) => {
            return shared.respond(&connection, BufferedResponse::empty(status)).await;
        }
    };
    let call = RoutedRequest { request: &request, parameters: &parameters };
    let applied = shared.faults().next(operation.id);
    let (response, mismatches) = shared.run_with_fault(operation, &call, applied.as_ref());
    let wire_fault = applied.as_ref().and_then(AppliedFault::wire_fault);
    shared.journal().note(
        Exchange {
            operation: Some(operation.id),
            request,
            status: response.status,
            fault: applied.as_ref().map(|applied| applied.fault().name()),
        },
        mismatches,
    );
    wire::respond(response, wire_fault.as_ref(), &connection, &shared.timer).await
}

/// Handles a method that the path does not have. The response has problem details in the reference,
/// and was observed to be empty in the live service.
async fn method_not_allowed(
    State(shared): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    path: MatchedPath,
    request: Request,
) -> Response {
    let allowed = allowed(path.as_str());
    if allowed.is_empty() {
        // The path belongs to the emulator, not to the API. axum adds `Allow`.
        return shared
            .respond(&connection, BufferedResponse::empty(StatusCode::METHOD_NOT_ALLOWED))
            .await;
    }
    let response = match shared.profile {
        Profile::Documented => {
            let detail = "the path does not support this method";
            OperationError::problem(StatusCode::METHOD_NOT_ALLOWED, detail).response(shared.profile)
        }
        Profile::Observed => BufferedResponse::empty(StatusCode::METHOD_NOT_ALLOWED),
    };
    let allowed = HeaderValue::try_from(allowed).unwrap_or(HeaderValue::from_static(""));
    let response = response.header(header::ALLOW, allowed);
    shared.unrouted(&connection, Some(path.as_str()), request, response).await
}

/// Returns the methods of a path for `Allow`; empty for a path outside the API.
fn allowed(template: &str) -> String {
    let methods = OPERATIONS.iter().filter(|operation| operation.path == template);
    let names = methods.map(|operation| match operation.method.as_str() {
        // A route for GET also accepts HEAD.
        "GET" => "GET,HEAD",
        method => method,
    });
    names.collect::<Vec<_>>().join(",")
}

/// Handles an unknown path. The live service passes such requests to a gRPC service.
async fn unknown_path(
    State(shared): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let response = match shared.profile {
        Profile::Documented => {
            let detail = "the API has no such path";
            OperationError::problem(StatusCode::NOT_FOUND, detail).response(shared.profile)
        }
        Profile::Observed => BufferedResponse::new(StatusCode::OK, "application/grpc", "")
            .header(HeaderName::from_static("grpc-status"), HeaderValue::from_static("12")),
    };
    shared.unrouted(&connection, None, request, response).await
}

#[cfg(test)]
pub(super) mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};

    use super::super::delivery;
    use super::super::fault::SystemTimer;
    use super::*;

    /// Creates the shared state without a server; deliveries are not sent.
    pub(crate) fn shared(profile: Profile) -> ServerState {
        let (courier, _) = tokio::sync::mpsc::unbounded_channel::<delivery::Outgoing>();
        ServerState::new(Setup::of(profile), Arc::new(SystemTimer), courier).unwrap()
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
