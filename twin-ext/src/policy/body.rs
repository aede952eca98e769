//! Reads a response body up to a limit. Memory use stays within the limit.

use bytes::Bytes;
use twin_api::reqwest::{self, Response};

/// Minimum growth of the buffer, in bytes.
const MIN_GROWTH: usize = 64 << 10;

/// Up to this size the buffer doubles. Above it, the buffer is reserved once, at the limit.
const DOUBLING_LIMIT: usize = 2 << 20;

pub(super) enum ReadBody {
    Whole(Bytes),
    /// Larger than the limit, by its `content-length` or by the bytes received.
    TooLarge,
    /// The connection ended before the body was complete.
    Torn(reqwest::Error),
}

/// Reads the whole body, at most `limit` bytes.
pub(super) async fn read_body(response: &mut Response, limit: usize) -> ReadBody {
    let announced = response.content_length().map(usize::try_from);
    if announced.is_some_and(|length| length.map_or(true, |length| length > limit)) {
        return ReadBody::TooLarge;
    }
    // The check above bounds the length, so it fits a `usize`.
    let announced = announced.and_then(Result::ok);
    match collect(response, announced, limit).await {
        Ok(Some(body)) => ReadBody::Whole(body),
        Ok(None) => ReadBody::TooLarge,
        Err(error) => ReadBody::Torn(error),
    }
}

/// Collects the chunks of a body. A body of one chunk is not copied.
async fn collect(
    response: &mut Response,
    announced: Option<usize>,
    limit: usize,
) -> reqwest::Result<Option<Bytes>> {
    let Some(first) = response.chunk().await? else { return Ok(Some(Bytes::new())) };
    let Some(second) = response.chunk().await? else {
        return Ok((first.len() <= limit).then_some(first));
    };
    // A header must not size an allocation, because it may hold any number.
    let mut body = Vec::with_capacity(announced.unwrap_or_default().min(DOUBLING_LIMIT));
    let mut chunk = Some(first);
    let mut next = Some(second);
    while let Some(part) = chunk {
        if part.len() > limit - body.len() {
            return Ok(None);
        }
        grow(&mut body, part.len(), limit);
        body.extend_from_slice(&part);
        chunk = match next.take() {
            Some(part) => Some(part),
            None => response.chunk().await?,
        };
    }
    Ok(Some(Bytes::from(body)))
}

/// Makes room for `more` bytes.
///
/// The buffer doubles up to [`DOUBLING_LIMIT`] and is then reserved once at the limit, so that a
/// reallocation never copies a large buffer. Reserved capacity that is never written is not
/// resident.
fn grow(body: &mut Vec<u8>, more: usize, limit: usize) {
    if body.capacity() - body.len() >= more {
        return;
    }
    let left = limit - body.len();
    if body.len() < DOUBLING_LIMIT || body.try_reserve_exact(left).is_err() {
        let room = more.max(body.capacity()).max(MIN_GROWTH);
        body.reserve_exact(room.min(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grows a body to `length`. Returns it with the peak capacity, old and new buffer together.
    fn grown(length: usize, limit: usize) -> (Vec<u8>, usize) {
        let (mut body, mut held) = (Vec::new(), 0);
        while body.len() < length {
            let (before, more) = (body.capacity(), 60_000.min(length - body.len()));
            grow(&mut body, more, limit);
            let given_up = if body.capacity() == before { 0 } else { before };
            held = held.max(body.capacity() + given_up);
            body.resize(body.len() + more, 0);
        }
        (body, held)
    }

    #[test]
    fn buffer_stays_within_the_limit_while_it_grows() {
        for limit in [300_000, 3 << 20, 64 << 20] {
            let (body, held) = grown(limit, limit);
            assert_eq!(body.len(), limit);
            assert!(held <= limit + 2 * DOUBLING_LIMIT, "{held} for {limit}");
        }
    }

    #[test]
    fn an_unlimited_body_does_not_reserve_the_limit() {
        let (body, _) = grown(5 << 20, usize::MAX);
        assert!(body.capacity() <= 16 << 20, "{}", body.capacity());
    }

    #[test]
    fn small_body_does_not_reserve_the_limit() {
        let (body, _) = grown(100_000, 64 << 20);
        assert!(body.capacity() < DOUBLING_LIMIT, "{}", body.capacity());
    }

    #[test]
    fn body_at_the_doubling_limit_reserves_the_limit_at_once() {
        let limit = 64 << 20;
        let mut body = vec![0; DOUBLING_LIMIT];
        grow(&mut body, 1, limit);
        assert!(body.capacity() >= limit, "{}", body.capacity());
    }
}
