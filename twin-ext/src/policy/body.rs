//! Reads a body up to a bound, and takes no more memory than the bound for it.

use bytes::Bytes;
use twin_api::reqwest::{self, Response};

/// How much is asked for at once where nobody says how long the body is.
const STEP: usize = 64 << 10;

/// A body that is longer may be as long as it can be.
const MUCH: usize = 2 << 20;

pub(super) enum Read {
    Whole(Bytes),
    /// Longer than the bound, by what it says or by what came.
    TooLarge,
    /// The connection ended before the body did.
    Torn(reqwest::Error),
}

/// The whole body, at most `most` bytes.
pub(super) async fn read(response: &mut Response, most: usize) -> Read {
    let announced = response.content_length().map(usize::try_from);
    if announced.is_some_and(|length| length.map_or(true, |length| length > most)) {
        return Read::TooLarge;
    }
    // No more than the bound, so that it fits.
    let announced = announced.and_then(Result::ok);
    match collect(response, announced, most).await {
        Ok(Some(body)) => Read::Whole(body),
        Ok(None) => Read::TooLarge,
        Err(error) => Read::Torn(error),
    }
}

/// A body in one piece is not copied.
async fn collect(
    response: &mut Response,
    announced: Option<usize>,
    most: usize,
) -> reqwest::Result<Option<Bytes>> {
    let Some(first) = response.chunk().await? else { return Ok(Some(Bytes::new())) };
    let Some(second) = response.chunk().await? else {
        return Ok((first.len() <= most).then_some(first));
    };
    // A header does not size an allocation: it may say anything.
    let mut body = Vec::with_capacity(announced.unwrap_or_default().min(MUCH));
    let mut chunk = Some(first);
    let mut next = Some(second);
    while let Some(part) = chunk {
        if part.len() > most - body.len() {
            return Ok(None);
        }
        grow(&mut body, part.len(), most);
        body.extend_from_slice(&part);
        chunk = match next.take() {
            Some(part) => Some(part),
            None => response.chunk().await?,
        };
    }
    Ok(Some(Bytes::from(body)))
}

/// Makes room for `more` bytes: by doubling, and then once and for all, so that what is given
/// up for what is larger is never much. What was reserved and is not written to is no memory.
fn grow(body: &mut Vec<u8>, more: usize, most: usize) {
    if body.capacity() - body.len() >= more {
        return;
    }
    let left = most - body.len();
    if body.len() < MUCH || body.try_reserve_exact(left).is_err() {
        let room = more.max(body.capacity()).max(STEP);
        body.reserve_exact(room.min(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that grew to `length`, and the most that was held for it at any time.
    fn grown(length: usize, most: usize) -> (Vec<u8>, usize) {
        let (mut body, mut held) = (Vec::new(), 0);
        while body.len() < length {
            let (before, more) = (body.capacity(), 60_000.min(length - body.len()));
            grow(&mut body, more, most);
            let given_up = if body.capacity() == before { 0 } else { before };
            held = held.max(body.capacity() + given_up);
            body.resize(body.len() + more, 0);
        }
        (body, held)
    }

    #[test]
    fn room_is_bounded_while_it_grows_too() {
        for most in [300_000, 3 << 20, 64 << 20] {
            let (body, held) = grown(most, most);
            assert_eq!(body.len(), most);
            assert!(held <= most + 2 * MUCH, "{held} for {most}");
        }
    }

    #[test]
    fn a_bound_that_is_none_costs_nothing() {
        let (body, _) = grown(5 << 20, usize::MAX);
        assert!(body.capacity() <= 16 << 20, "{}", body.capacity());
    }
}
