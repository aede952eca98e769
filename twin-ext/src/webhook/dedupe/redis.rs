//! A store in Redis, for receivers on any number of machines.
//!
//! Each step is one script, which Redis runs as a whole. The clock is Redis's, so that those of
//! the receivers do not matter. It needs Redis 6.2 or newer, or Valkey, with the policy
//! `noeviction`: a server that throws entries away at will has no memory to vouch with. It
//! writes nothing of a delivery to Redis but a digest.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation};

use super::stamp::{SKEW, Stamp};
use super::{DedupeStore, Lease, Reservation, Uncertainty};
use crate::error::{Detail, Error, ErrorKind, Outcome};
use crate::webhook::Delivery;

/// Longer than a Redis that is well takes, shorter than the service waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What was handled, in Redis.
///
/// A reservation is a lease: a receiver that is killed loses it when it ends, and the next one
/// is told of [`Uncertainty::Interrupted`]. An entry is remembered for a week, unless
/// [`remember`](Self::remember) says otherwise. A Redis that was restarted, or is another one
/// after a failover, may have lost what it knew last: what ended before that, and is not known,
/// is [`Uncertainty::Forgotten`] ([what that means](super::DedupeStore#what-can-be-vouched-for)).
///
/// Its user may run `EVAL`, `EVALSHA`, `SCRIPT LOAD`, `TIME`, `INFO`, `HSET`, `HMGET`, `HDEL`,
/// `PEXPIRE`, `PTTL`. Errors are of the kinds [`Transport`](ErrorKind::Transport) and
/// [`Timeout`](ErrorKind::Timeout), after a few seconds at most; their outcome is
/// [`Unknown`](Outcome::Unknown).
///
/// ```
/// use std::time::Duration;
/// use twin_ext::webhook::RedisStore;
/// # fn main() -> Result<(), twin_ext::Error> {
/// let seen = RedisStore::new("redis://127.0.0.1:6379", Duration::from_secs(300))?
///     .lease(Duration::from_secs(30));
/// # drop(seen);
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    client: Client,
    connection: tokio::sync::OnceCell<ConnectionManager>,
    reserve: Script,
    commit: Script,
    abandon: Script,
    prefix: String,
    lease: Duration,
    remember: Duration,
    retries: Duration,
    skew: Duration,
    /// Of this store, among all that share the Redis.
    id: [u64; 2],
    reservations: AtomicU64,
}

impl RedisStore {
    /// A store in the Redis at `url`: `redis://[user:password@]host[:port][/database]`. The
    /// service may go on trying for `retries` after it first sent a delivery, as in
    /// [`MemoryStore::new`](super::MemoryStore::new). It connects when it is first used, and again
    /// whenever the connection is lost.
    ///
    /// For `rediss://`, enable TLS in the crate `redis`, as by its feature
    /// `tokio-rustls-comp`.
    ///
    /// # Errors
    /// The URL is none of Redis. The error quotes nothing of it.
    pub fn new(url: &str, retries: Duration) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|_| {
            Error::config(
                "the URL of the store of deliveries is not one of Redis: redis://host:port",
            )
        })?;
        Ok(Self {
            client,
            connection: tokio::sync::OnceCell::new(),
            reserve: Script::new(include_str!("reserve.lua")),
            commit: Script::new(include_str!("commit.lua")),
            abandon: Script::new(include_str!("abandon.lua")),
            prefix: "twin:webhooks".to_owned(),
            lease: Duration::from_secs(60),
            remember: Duration::from_secs(7 * 24 * 60 * 60),
            retries,
            skew: SKEW,
            id: [(); 2].map(|()| RandomState::new().build_hasher().finish()),
            reservations: AtomicU64::new(0),
        })
    }

    /// How long a receiver has to handle an event, a minute if it is not set. Make it longer
    /// than a handler ever takes: another receiver may begin when it is over.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// For how long it remembers an event, a week if it is not set. What ended longer ago is not
    /// vouched for.
    #[must_use]
    pub fn remember(mut self, remember: Duration) -> Self {
        self.remember = remember;
        self
    }

    /// What its keys in Redis begin with, `twin:webhooks` if it is not set. Receivers that share
    /// it share what they have seen.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How far the clocks of the service and of Redis may be apart; a second if it is not set.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// The braces keep all keys in one slot of a cluster.
    fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.prefix)
    }

    fn token(&self) -> String {
        let number = self.reservations.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{:016x}:{number}", self.id[0], self.id[1])
    }

    /// Runs a script; once more if the connection was lost, which is safe with all of them.
    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Error> {
        match self.try_run(script).await {
            Err(error) if error.is_io_error() || error.is_connection_dropped() => {
                self.try_run(script).await
            }
            result => result,
        }
        .map_err(|error| away(&error))
    }

    async fn try_run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        let connect = async || {
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(1)
                .set_connection_timeout(Some(TIMEOUT))
                .set_response_timeout(Some(TIMEOUT));
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        script.invoke_async(&mut connection).await
    }
}

impl DedupeStore for RedisStore {
    type Token = RedisToken;

    async fn reserve(&self, delivery: &Delivery) -> Result<Reservation<RedisToken>, Error> {
        let key = self.key(&base16ct::lower::encode_string(&delivery.key().digest()));
        let token = self.token();
        // Rounded down: it is vouched for no sooner.
        let (stamp, floating) = match Stamp::of(delivery) {
            Stamp::Fixed(time) => (Some(time.div_euclid(1_000_000)), false),
            Stamp::Floating(time) => (Some(time.div_euclid(1_000_000)), true),
            Stamp::Undated => (None, true),
        };
        let mut script = self.reserve.key(&key);
        script
            .key(self.key("store"))
            .arg(&token)
            .arg(millis(self.lease))
            .arg(millis(self.remember))
            .arg(millis(self.skew))
            .arg(millis(self.retries))
            .arg(stamp.map(|stamp| stamp.to_string()).unwrap_or_default())
            .arg(u8::from(floating));
        let answer: Vec<String> = self.run(&script).await?;
        let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
        let claim = |fence: &str, doubt| {
            let fence = fence.parse().map_err(|_| not_ours())?;
            Ok(Reservation::Acquired(RedisToken { key, token }, Lease::new(fence, doubt)))
        };
        match answer[..] {
            ["done"] => Ok(Reservation::AlreadyProcessed),
            ["busy"] => Ok(Reservation::InProgress),
            ["taken", fence, ""] => claim(fence, None),
            ["taken", fence, "forgotten"] => claim(fence, Some(Uncertainty::Forgotten)),
            ["taken", fence, "interrupted"] => claim(fence, Some(Uncertainty::Interrupted)),
            _ => Err(not_ours()),
        }
    }

    async fn commit(&self, reservation: RedisToken) -> Result<(), Error> {
        let mut script = self.commit.key(&reservation.key);
        script.arg(millis(self.remember.saturating_add(self.retries)));
        self.run(&script).await.map(|_: String| ())
    }

    async fn abandon(&self, reservation: RedisToken) -> Result<(), Error> {
        let mut script = self.abandon.key(&reservation.key);
        script.arg(&reservation.token);
        self.run(&script).await.map(|_: String| ())
    }
}

/// Nothing of the URL, which may hold a password.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .field("remember", &self.remember)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// An event that is being handled, until its lease ends.
#[derive(Debug)]
#[must_use = "dropped, it keeps others away until the lease ends, and leaves the event in doubt"]
pub struct RedisToken {
    key: String,
    token: String,
}

/// What Lua's numbers hold exactly, with room for a sum: some 35,000 years.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 50)
}

/// What Redis says may quote what it was sent: only its own code is told.
fn away(error: &RedisError) -> Error {
    let (kind, message) = match error.code() {
        _ if error.is_timeout() => {
            (ErrorKind::Timeout, "the store of deliveries takes too long to answer".to_owned())
        }
        Some(code) => (ErrorKind::Transport, format!("the store of deliveries refuses: {code}")),
        None => (ErrorKind::Transport, "the store of deliveries cannot be reached".to_owned()),
    };
    Detail::new(kind, Outcome::Unknown, message).into()
}

fn not_ours() -> Error {
    let message = "the store of deliveries answers what it was not asked for";
    Detail::new(ErrorKind::Decode, Outcome::Unknown, message).into()
}
