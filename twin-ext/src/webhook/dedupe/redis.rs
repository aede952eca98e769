//! Implements a deduplication store in Redis, for receivers on several machines.
//!
//! Each operation is one Lua script, which Redis runs atomically. The scripts use the clock of
//! Redis, so the clocks of the receivers do not matter. Redis stores only a digest of the delivery
//! key and the time of the event.

mod server;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::redis::{Client, Script};

use self::server::{RedisServer, too_slow, unexpected_reply};
use super::event_time::{EventTime, SKEW};
use super::{DedupeStore, Lease, Reservation, Uncertainty};
use crate::error::Error;
use crate::webhook::Delivery;

/// The default timeout: long for Redis, but short for the sender of the delivery.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A store in Redis, for receivers on several machines.
///
/// A reservation is a lease of one minute, which [`Receiver`](super::super::Receiver) renews
/// while the handler runs. If a receiver is killed, or its handler panics or times out, the next one
/// gets the event with [`Uncertainty::Interrupted`] after the lease has expired. The store keeps an
/// entry for a week ([`remember`](Self::remember)). If Redis was restarted or replaced by a failover,
/// earlier events that it does not know are [`Uncertainty::Forgotten`]
/// ([details](super::DedupeStore#uncertain-events)).
///
/// # Requirements
/// Redis 6.2 or later, or Valkey, with the policy `noeviction`. The store cannot detect entries
/// that the server evicts, and would report their events as new. The user needs the commands
/// `EVAL`, `EVALSHA`, `SCRIPT LOAD`, `TIME`, `INFO`, `HSET`, `HGET`, `HMGET`, `HGETALL`, `HDEL`,
/// `PEXPIRE` and `PTTL`.
///
/// # Errors
/// A call fails with [`Transport`](crate::ErrorKind::Transport) if Redis cannot be reached or
/// rejects a command, with [`Timeout`](crate::ErrorKind::Timeout) after 2 seconds
/// ([`timeout`](Self::timeout)), and with [`Decode`](crate::ErrorKind::Decode) if another program
/// uses the same keys. If [`reserve`](DedupeStore::reserve) fails, a
/// [`Receiver`](super::super::Receiver) responds with 503 and does not call the handler, so a later
/// delivery of the event is handled.
///
/// ```no_run
/// use std::time::Duration;
/// use twin_ext::prelude::*;
/// use twin_ext::webhook::{Delivery, Lease, Receiver, RedisStore, Verifier};
/// # async fn handle(_: Delivery, _: Lease) -> Result<(), Error> { Ok(()) }
/// # async fn example(
/// #     verifier: Verifier,
/// #     headers: http::HeaderMap,
/// #     body: Vec<u8>,
/// # ) -> Result<(), Error> {
/// let store = RedisStore::new("redis://127.0.0.1:6379", Duration::from_secs(300))?
///     .lease(Duration::from_secs(30));
/// // Events after this call are certain.
/// store.start().await?;
/// let receiver = Receiver::new(verifier, store, handle);
/// let status = receiver.receive(&headers, &body).await;
/// println!("responds with {status}");
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    server: RedisServer,
    scripts: Scripts,
    prefix: String,
    lease: Duration,
    remember: Duration,
    retries: Duration,
    skew: Duration,
    tokens: TokenGenerator,
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
    ///
    /// It does not connect. The first call connects, and the call after a lost connection
    /// reconnects. `retries` is the time for which the service retries a delivery, as in
    /// [`MemoryStore::new`](super::MemoryStore::new). For `rediss://`, enable a TLS feature of the
    /// crate `redis`, for example `tokio-rustls-comp`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): the URL is not a valid Redis URL, or the
    /// crate `redis` was built without TLS for a `rediss` URL. The error does not quote the URL,
    /// which may contain a password.
    pub fn new(url: &str, retries: Duration) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|_| {
            Error::config(if url.starts_with("rediss://") || url.starts_with("valkeys://") {
                "the URL of the webhook store cannot be used; write it as rediss://host:port, and \
                 enable a TLS feature of the crate redis, such as tokio-rustls-comp"
            } else {
                "the URL of the webhook store is not a Redis URL; write it as redis://host:port"
            })
        })?;
        Ok(Self {
            server: RedisServer::new(client, TIMEOUT),
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
            tokens: TokenGenerator::default(),
        })
    }

    /// Sets how long a reservation lasts without a renewal. The default is 1 minute.
    ///
    /// After the lease has expired, another receiver may handle the event with
    /// [`Uncertainty::Interrupted`]. If you use the store without a
    /// [`Receiver`](super::super::Receiver), handle an event within this time or renew the lease.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how long Redis keeps an entry. The default is 7 days. Older events are uncertain.
    ///
    /// A deployment can change it at any time. After an increase, events whose entries expired
    /// under the shorter time stay uncertain.
    #[must_use]
    pub fn remember(mut self, remember: Duration) -> Self {
        self.remember = remember;
        self
    }

    /// Sets the prefix of the keys in Redis. The default is `twin:webhooks`. Receivers with the
    /// same prefix share one store.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the maximum difference between the clocks of the service and of Redis. The default is
    /// 1 s.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Sets the timeout of a call, including connecting and one retry after a lost connection. The
    /// default is 2 seconds. Choose less than the sender of a delivery waits.
    ///
    /// If Redis runs the reservation after the timeout, the script reserves nothing.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.server.timeout = timeout;
        self
    }

    /// Connects, and records the start of the store in Redis unless it is recorded already.
    ///
    /// Call it before the first delivery: events after the start are certain. Without this call,
    /// the first delivery records the start and is itself uncertain. The record survives restarts
    /// of the receivers.
    ///
    /// # Errors
    /// - [`ErrorKind::Transport`](crate::ErrorKind::Transport): Redis cannot be reached, or refused
    ///   the script.
    /// - [`ErrorKind::Timeout`](crate::ErrorKind::Timeout): Redis did not respond within the
    ///   [timeout](Self::timeout).
    pub async fn start(&self) -> Result<(), Error> {
        self.begin(self.server.deadline()).await
    }

    async fn begin(&self, deadline: Instant) -> Result<(), Error> {
        // Every script takes the same keys.
        let mut script = self.scripts.start.key(self.key("start"));
        script.key(self.key("store"));
        self.server.run(&script, deadline).await.map(drop)
    }

    /// Returns a key of the store. The braces keep all keys in one slot of a cluster.
    fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.prefix)
    }

    /// Reserves an event before `deadline`. The script gets the deadline in the time of Redis, so that
    /// it reserves nothing if it runs after the receiver has timed out.
    async fn reserve_by(
        &self,
        deadline: Instant,
        token: &RedisToken,
        floating: bool,
    ) -> Result<Reservation<()>, Error> {
        if self.server.server_deadline(deadline).is_none() {
            self.begin(deadline).await?;
        }
        // If the clock of Redis was set forward, the response `late` contains the new time.
        for _ in 0..2 {
            let server_deadline = self.server.server_deadline(deadline).unwrap_or_default();
            let mut script = self.scripts.reserve.key(&token.key);
            script
                .key(self.key("store"))
                .arg(server_deadline)
                .arg(&token.id)
                .arg(millis(self.lease))
                .arg(millis(self.remember))
                .arg(millis(self.skew))
                .arg(millis(self.retries))
                .arg(&token.event_time)
                .arg(u8::from(floating));
            let reply = self.server.run(&script, deadline).await?;
            let reply: Vec<&str> = reply.iter().map(String::as_str).collect();
            let (fence, uncertainty) = match reply[..] {
                ["late"] => continue,
                ["done"] => return Ok(Reservation::AlreadyProcessed),
                ["busy"] => return Ok(Reservation::InProgress),
                ["acquired", fence, ""] => (fence, None),
                ["acquired", fence, "forgotten"] => (fence, Some(Uncertainty::Forgotten)),
                ["acquired", fence, "interrupted"] => (fence, Some(Uncertainty::Interrupted)),
                _ => return Err(unexpected_reply()),
            };
            let fence = fence.parse().map_err(|_| unexpected_reply())?;
            return Ok(Reservation::Acquired((), Lease::new(fence, uncertainty)));
        }
        Err(too_slow())
    }
}

impl DedupeStore for RedisStore {
    type Token = RedisToken;

    async fn reserve(&self, delivery: &Delivery) -> Result<Reservation<RedisToken>, Error> {
        // Rounding down cannot make an uncertain event certain.
        let (event_time, floating) = match EventTime::of(delivery) {
            EventTime::Fixed(time) => (time.div_euclid(1_000_000).to_string(), false),
            EventTime::Floating(time) => (time.div_euclid(1_000_000).to_string(), true),
            EventTime::Undated => (String::new(), true),
        };
        let key = self.key(&base16ct::lower::encode_string(&delivery.key().digest()));
        let token = RedisToken { id: self.tokens.take(&key), key, event_time };
        match self.reserve_by(self.server.deadline(), &token, floating).await {
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
        script.arg(&token.event_time);
        self.server.run(&script, self.server.deadline()).await.map(drop)
    }

    async fn abandon(&self, token: RedisToken) -> Result<(), Error> {
        let mut script = self.scripts.abandon.key(&token.key);
        script.key(self.key("store")).arg(&token.id);
        self.server.run(&script, self.server.deadline()).await.map(drop)
    }

    fn lease_duration(&self) -> Option<Duration> {
        Some(self.lease)
    }

    async fn renew(&self, token: &mut RedisToken) -> Result<bool, Error> {
        let mut script = self.scripts.renew.key(&token.key);
        script.key(self.key("store")).arg(&token.id).arg(millis(self.lease));
        script.arg(millis(self.remember)).arg(millis(self.retries)).arg(&token.event_time);
        let reply = self.server.run(&script, self.server.deadline()).await?;
        Ok(reply.first().is_some_and(|reply| reply == "renewed"))
    }
}

/// Does not show the URL, which may contain a password.
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
#[must_use = "dropping the token keeps the event reserved until the lease expires, and then leaves \
              it uncertain"]
pub struct RedisToken {
    key: String,
    id: String,
    event_time: String,
}

/// Creates globally unique tokens.
struct TokenGenerator {
    store: [u64; 2],
    count: AtomicU64,
    /// The tokens of reservations whose response was lost, by key. Redis may have made the
    /// reservation, so the next attempt uses the same token and can take it over.
    unanswered: Mutex<HashMap<String, (String, Instant)>>,
}

/// Maximum number of tokens to keep. Without its token, an event stays reserved until its lease
/// expires.
const MAX_UNANSWERED: usize = 1_000;

impl TokenGenerator {
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
        if unanswered.len() >= MAX_UNANSWERED {
            unanswered.retain(|_, (_, failed)| failed.elapsed() < lease);
        }
        if unanswered.len() < MAX_UNANSWERED {
            unanswered.insert(token.key, (token.id, Instant::now()));
        }
    }
}

impl Default for TokenGenerator {
    fn default() -> Self {
        Self {
            store: [(); 2].map(|()| RandomState::new().build_hasher().finish()),
            count: AtomicU64::new(0),
            unanswered: Mutex::default(),
        }
    }
}

/// Converts to milliseconds, at most 2^50 (35,000 years), so that Lua can add them exactly.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(key: &str, id: &str) -> RedisToken {
        RedisToken { key: key.to_owned(), id: id.to_owned(), event_time: String::new() }
    }

    #[test]
    fn url_that_cannot_be_used_is_not_quoted() {
        for (url, said) in [
            ("rediss://user:canary@redis.test", "enable a TLS feature"),
            ("http://user:canary@redis.test", "is not a Redis URL"),
        ] {
            let error = RedisStore::new(url, Duration::ZERO).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(said) && !text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn longest_timeout_does_not_end_a_call_at_once() {
        let store = RedisStore::new("redis://127.0.0.1", Duration::ZERO).unwrap();
        let store = store.timeout(Duration::MAX);
        assert!(store.server.deadline() > Instant::now() + TIMEOUT);
    }

    #[test]
    fn token_without_a_reply_is_used_again_once() {
        let tokens = TokenGenerator::default();
        tokens.keep(token("one", "1"), Duration::ZERO);
        tokens.keep(token("two", "2"), Duration::ZERO);
        assert_eq!((&*tokens.take("one"), &*tokens.take("two")), ("1", "2"));
        assert_ne!(tokens.take("one"), tokens.take("one"));
    }

    #[test]
    fn tokens_above_the_maximum_replace_only_those_of_expired_leases() {
        for (lease, kept) in [(Duration::ZERO, true), (Duration::from_secs(3600), false)] {
            let tokens = TokenGenerator::default();
            for number in 0..MAX_UNANSWERED {
                tokens.keep(token(&number.to_string(), "old"), lease);
            }
            tokens.keep(token("new", "new"), lease);
            assert_eq!(tokens.take("new") == "new", kept, "{lease:?}");
            assert_eq!(tokens.take("0") == "old", !kept, "{lease:?}");
        }
    }
}
