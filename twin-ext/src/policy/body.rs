//! Reads a body up to a bound, and takes no more memory than the bound for it.

use bytes::Bytes;
use twin_api::reqwest::{self, Response};

/// How much is asked for at once where nobody says how long the body is.
const STEP: usize = 64 << 10;

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
    match collect(response, most).await {
        Ok(Some(body)) => Read::Whole(body),
        Ok(None) => Read::TooLarge,
        Err(error) => Read::Torn(error),
    }
}

/// A body in one piece is not copied.
async fn collect(response: &mut Response, most: usize) -> reqwest::Result<Option<Bytes>> {
    let Some(first) = response.chunk().await? else { return Ok(Some(Bytes::new())) };
    let Some(second) = response.chunk().await? else {
        return Ok((first.len() <= most).then_some(first));
    };
    let mut body = Vec::new();
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

/// Makes room for `more` bytes: by doubling, but never for more than `most`.
fn grow(body: &mut Vec<u8>, more: usize, most: usize) {
    if body.capacity() - body.len() < more {
        let room = more.max(body.capacity()).max(STEP);
        body.reserve_exact(room.min(most - body.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded() {
        let mut body = Vec::new();
        for _ in 0..1_000 {
            let more = 1_000.min(300_000 - body.len());
            grow(&mut body, more, 300_000);
            body.resize(body.len() + more, 0);
            assert!(body.capacity() <= 300_000, "{}", body.capacity());
        }
        assert_eq!(body.len(), 300_000);
    }
}
