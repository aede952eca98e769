//! Connects to Redis, and estimates its clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, RedisError, RedisResult, ScriptInvocation};
use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind, Failure, Outcome};

pub(super) struct RedisServer {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    /// The timeout of a call, including connecting and retrying.
    pub(super) timeout: Duration,
    time: Mutex<Option<ServerTime>>,
}

/// How long an estimate of the server's clock is used. Clocks drift by less than a millisecond in
/// this time.
const FRESH: Duration = Duration::from_secs(10);

/// The deadline of a call whose timeout does not fit an [`Instant`]: about 30 years.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The server's time of day in milliseconds, and when the response with it arrived.
#[derive(Debug, Clone, Copy)]
struct ServerTime {
    millis: u64,
    arrived: Instant,
}

impl RedisServer {
    pub(super) fn new(client: Client, timeout: Duration) -> Self {
        Self { client, connection: OnceCell::new(), timeout, time: Mutex::default() }
    }

    /// Returns the deadline of a call that starts now.
    pub(super) fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or_else(|| now + FAR)
    }

    /// Converts a deadline to the server's clock. The result is never later than the deadline. Returns
    /// `None` if the time of the server is unknown.
    pub(super) fn server_deadline(&self, deadline: Instant) -> Option<u64> {
        let time = (*self.time.lock().unwrap_or_else(PoisonError::into_inner))?;
        if time.arrived.elapsed() > FRESH {
            return None;
        }
        let left = deadline.saturating_duration_since(time.arrived).as_millis();
        Some(time.millis.saturating_add(u64::try_from(left).unwrap_or(u64::MAX)))
    }

    /// Runs a script, and retries it once if the connection was lost. All scripts are idempotent.
    pub(super) async fn run(
        &self,
        script: &ScriptInvocation<'_>,
        deadline: Instant,
    ) -> Result<Vec<String>, Error> {
        let tries = async {
            match self.try_run(script).await {
                Err(error) if error.is_io_error() || error.is_connection_dropped() => {
                    self.try_run(script).await
                }
                result => result,
            }
        };
        let reply = tokio::time::timeout_at(deadline.into(), tries).await;
        let mut reply = reply.map_err(|_| too_slow())?.map_err(|error| unavailable(&error))?;
        if reply.is_empty() {
            return Err(unexpected_reply());
        }
        let millis = reply.remove(0).parse().map_err(|_| unexpected_reply())?;
        let time = ServerTime { millis, arrived: Instant::now() };
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
        Ok(reply)
    }

    async fn try_run(&self, script: &ScriptInvocation<'_>) -> RedisResult<Vec<String>> {
        let connect = async || {
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(1)
                .set_connection_timeout(Some(self.timeout))
                .set_response_timeout(Some(self.timeout));
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        script.invoke_async(&mut connection).await
    }
}

/// Builds the error for a failed call. It contains only the error code of Redis, because the
/// message may quote the arguments.
fn unavailable(error: &RedisError) -> Error {
    let message = match error.code() {
        _ if error.is_timeout() => return too_slow(),
        Some(code) => format!("the Redis store of webhook events rejected a command: {code}"),
        None => "the Redis store of webhook events cannot be reached".to_owned(),
    };
    Failure::new(ErrorKind::Transport, Outcome::Unknown, message).into()
}

pub(super) fn too_slow() -> Error {
    let message = "the Redis store of webhook events timed out";
    Failure::new(ErrorKind::Timeout, Outcome::Unknown, message).into()
}

pub(super) fn unexpected_reply() -> Error {
    let message = "the Redis store of webhook events returned an unexpected value; choose a \
                   prefix that no other program uses";
    Failure::new(ErrorKind::Decode, Outcome::Unknown, message).into()
}
