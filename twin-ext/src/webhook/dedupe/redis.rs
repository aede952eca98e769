//! A store in Redis, for receivers on any number of machines.
//!
//! Each step is one script, which Redis runs atomically. All times are of Redis's clock, so that
//! the clocks of the receivers do not matter. The store needs Redis 6.2 or newer, or Valkey, with
//! the policy `noeviction`: it cannot see which entries a server evicts. Redis gets only a digest
//! of the delivery and its time.

mod server;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::redis::{Client, Script};

use self::server::{Server, too_slow, unexpected_answer};
use super::stamp::{SKEW, Stamp};
use super::{DedupeStore, Lease, Reservation, Uncertainty};
use crate::error::Error;
use crate::webhook::Delivery;

/// A healthy Redis takes less, and the service waits longer for an answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A store in Redis, for receivers on any number of machines.
///
/// A reservation is a lease of one minute, which [`Receiver`](super::super::Receiver) renews
/// while the handler runs. If a receiver is killed, the next one gets the event with
/// [`Uncertainty::Interrupted`] when the lease ends. An entry is remembered for a week, unless
/// [`remember`](Self::remember) says otherwise. A Redis that was restarted, or replaced by a
/// failover, may have lost entries: an unknown event from before that is
/// [`Uncertainty::Forgotten`] ([details](super::DedupeStore#what-a-store-is-certain-of)).
///
/// Its user needs `EVAL`, `EVALSHA`, `SCRIPT LOAD`, `TIME`, `INFO`, `HSET`, `HGET`, `HMGET`,
/// `HGETALL`, `HDEL`, `PEXPIRE` and `PTTL`. Errors are of kind
/// [`Transport`](crate::ErrorKind::Transport) or [`Timeout`](crate::ErrorKind::Timeout), after
/// two seconds at most ([`timeout`](Self::timeout)).
///
/// ```
/// use std::time::Duration;
/// use twin_ext::webhook::RedisStore;
/// # fn main() -> Result<(), twin_ext::Error> {
/// let store = RedisStore::new("redis://127.0.0.1:6379", Duration::from_secs(300))?
///     .lease(Duration::from_secs(30));
/// # drop(store);
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    server: Server,
    scripts: Scripts,
    prefix: String,
    lease: Duration,
    remember: Duration,
    retries: Duration,
    skew: Duration,
    tokens: Tokens,
}

struct Scripts {
    start: Script,
    reserve: Script,
    renew: Script,
    commit: Script,
    abandon: Script,
}

macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(include_str!("prelude.lua"), include_str!($name)))
    };
}

impl RedisStore {
    /// Creates a store in the Redis at `url`: `redis://[user:password@]host[:port][/database]`.
    /// The first call connects, and the call after a lost connection reconnects.
    ///
    /// `retries` is how long the service retries a delivery, as in
    /// [`MemoryStore::new`](super::MemoryStore::new). For `rediss://`, enable TLS in the crate
    /// `redis`, for example with its feature `tokio-rustls-comp`.
    ///
    /// # Errors
    /// The URL is not a Redis URL. The error quotes nothing of it.
    pub fn new(url: &str, retries: Duration) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|_| {
            Error::config(
                "the URL of the store of webhook deliveries is not a Redis URL; write it as \
                 redis://host:port",
            )
        })?;
        Ok(Self {
            server: Server::new(client, TIMEOUT),
            scripts: Scripts {
                start: script!("start.lua"),
                reserve: script!("reserve.lua"),
                renew: script!("renew.lua"),
                commit: script!("commit.lua"),
                abandon: script!("abandon.lua"),
            },
            prefix: "twin:webhooks".to_owned(),
            lease: Duration::from_secs(60),
            remember: Duration::from_secs(7 * 24 * 60 * 60),
            retries,
            skew: SKEW,
            tokens: Tokens::default(),
        })
    }

    /// Sets how long a reservation lasts without a renewal; the default is a minute.
    ///
    /// A receiver that renews nothing must handle an event within this time: when the lease
    /// ends, another receiver may handle it with [`Uncertainty::Interrupted`].
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how long an event is remembered; the default is a week. An older event is uncertain.
    ///
    /// It can be changed at any time. If a deployment makes it longer, events that were
    /// remembered for the shorter time stay uncertain.
    #[must_use]
    pub fn remember(mut self, remember: Duration) -> Self {
        self.remember = remember;
        self
    }

    /// Sets the prefix of the keys in Redis; the default is `twin:webhooks`. Receivers with the
    /// same prefix share one store.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how far the clocks of the service and of Redis may differ; the default is a second.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Sets how long a call waits for Redis, connecting included; the default is 2 seconds. A
    /// reservation that Redis makes later than that has no effect.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.server.timeout = timeout;
        self
    }

    /// Connects, and records in Redis when the store began, if that is not recorded yet.
    ///
    /// Events that happen after that are certain from the first delivery on. Without this call,
    /// the first delivery records the start, and is uncertain itself. Redis keeps the start over
    /// restarts of the receivers.
    ///
    /// # Errors
    /// Redis did not answer.
    pub async fn start(&self) -> Result<(), Error> {
        self.begin(self.server.give_up()).await
    }

    async fn begin(&self, give_up: Instant) -> Result<(), Error> {
        // Every script takes the same keys.
        let mut script = self.scripts.start.key(self.key("start"));
        script.key(self.key("store"));
        self.server.run(&script, give_up).await.map(drop)
    }

    /// The braces keep all keys in one slot of a cluster.
    fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.prefix)
    }

    /// Reserves until `give_up`. Redis gets the deadline in its own time, so that a script that
    /// runs after the receiver has given up reserves nothing.
    async fn reserve_by(
        &self,
        give_up: Instant,
        token: &RedisToken,
        floating: bool,
    ) -> Result<Reservation<()>, Error> {
        if self.server.deadline(give_up).is_none() {
            self.begin(give_up).await?;
        }
        // If Redis's clock was set forward, the answer `late` carries the new time.
        for _ in 0..2 {
            let deadline = self.server.deadline(give_up).unwrap_or_default();
            let mut script = self.scripts.reserve.key(&token.key);
            script
                .key(self.key("store"))
                .arg(deadline)
                .arg(&token.id)
                .arg(millis(self.lease))
                .arg(millis(self.remember))
                .arg(millis(self.skew))
                .arg(millis(self.retries))
                .arg(&token.stamp)
                .arg(u8::from(floating));
            let answer = self.server.run(&script, give_up).await?;
            let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
            let (fence, uncertainty) = match answer[..] {
                ["late"] => continue,
                ["done"] => return Ok(Reservation::AlreadyProcessed),
                ["busy"] => return Ok(Reservation::InProgress),
                ["acquired", fence, ""] => (fence, None),
                ["acquired", fence, "forgotten"] => (fence, Some(Uncertainty::Forgotten)),
                ["acquired", fence, "interrupted"] => (fence, Some(Uncertainty::Interrupted)),
                _ => return Err(unexpected_answer()),
            };
            let fence = fence.parse().map_err(|_| unexpected_answer())?;
            return Ok(Reservation::Acquired((), Lease::new(fence, uncertainty)));
        }
        Err(too_slow())
    }
}

impl DedupeStore for RedisStore {
    type Token = RedisToken;

    async fn reserve(&self, delivery: &Delivery) -> Result<Reservation<RedisToken>, Error> {
        // Rounding down never makes an uncertain event certain.
        let (stamp, floating) = match Stamp::of(delivery) {
            Stamp::Fixed(time) => (time.div_euclid(1_000_000).to_string(), false),
            Stamp::Floating(time) => (time.div_euclid(1_000_000).to_string(), true),
            Stamp::Undated => (String::new(), true),
        };
        let key = self.key(&base16ct::lower::encode_string(&delivery.key().digest()));
        let token = RedisToken { id: self.tokens.take(&key), key, stamp };
        match self.reserve_by(self.server.give_up(), &token, floating).await {
            Ok(Reservation::Acquired((), lease)) => Ok(Reservation::Acquired(token, lease)),
            Ok(Reservation::AlreadyProcessed) => Ok(Reservation::AlreadyProcessed),
            Ok(Reservation::InProgress) => Ok(Reservation::InProgress),
            Err(error) => {
                self.tokens.keep(token, self.lease);
                Err(error)
            }
        }
    }

    async fn commit(&self, token: RedisToken) -> Result<(), Error> {
        let mut script = self.scripts.commit.key(&token.key);
        script.key(self.key("store")).arg(millis(self.remember)).arg(millis(self.retries));
        script.arg(&token.stamp);
        self.server.run(&script, self.server.give_up()).await.map(drop)
    }

    async fn abandon(&self, token: RedisToken) -> Result<(), Error> {
        let mut script = self.scripts.abandon.key(&token.key);
        script.key(self.key("store")).arg(&token.id);
        self.server.run(&script, self.server.give_up()).await.map(drop)
    }

    fn lease_duration(&self) -> Option<Duration> {
        Some(self.lease)
    }

    async fn renew(&self, token: &mut RedisToken) -> Result<bool, Error> {
        let mut script = self.scripts.renew.key(&token.key);
        script.key(self.key("store")).arg(&token.id).arg(millis(self.lease));
        script.arg(millis(self.remember)).arg(millis(self.retries)).arg(&token.stamp);
        let answer = self.server.run(&script, self.server.give_up()).await?;
        Ok(answer.first().is_some_and(|answer| answer == "renewed"))
    }
}

/// Omits the URL, which may contain a password.
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

/// The reservation of an event in a [`RedisStore`].
#[derive(Debug)]
#[must_use = "dropped, it keeps other receivers away until the lease ends, and leaves the event \
              uncertain"]
pub struct RedisToken {
    key: String,
    id: String,
    stamp: String,
}

/// Creates tokens that differ from those of all other stores.
struct Tokens {
    store: [u64; 2],
    count: AtomicU64,
    /// The tokens of reservations whose answer was lost, by key. Redis may have made these
    /// reservations. The next attempt uses the same token, and so takes its own reservation over.
    unanswered: Mutex<HashMap<String, (String, Instant)>>,
}

/// The maximum number of such tokens. An event without one is free when its lease ends.
const UNANSWERED: usize = 1_000;

impl Tokens {
    fn take(&self, key: &str) -> String {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.remove(key).map_or_else(
            || {
                let number = self.count.fetch_add(1, Ordering::Relaxed);
                format!("{:016x}{:016x}:{number}", self.store[0], self.store[1])
            },
            |(id, _)| id,
        )
    }

    fn keep(&self, token: RedisToken, lease: Duration) {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        if unanswered.len() >= UNANSWERED {
            unanswered.retain(|_, (_, failed)| failed.elapsed() < lease);
        }
        if unanswered.len() < UNANSWERED {
            unanswered.insert(token.key, (token.id, Instant::now()));
        }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            store: [(); 2].map(|()| RandomState::new().build_hasher().finish()),
            count: AtomicU64::new(0),
            unanswered: Mutex::default(),
        }
    }
}

/// Converts to milliseconds, at most 2^50 (35,000 years): Lua's numbers hold sums of them exactly.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 50)
}
