//! Makes random deliveries with forged signatures.
//!
//! This module does not depend on a verifier; the caller passes it in.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Makes `count` forgeries, the same ones in every run, and asserts that `refuses` rejects each.
///
/// `refuses` gets a signature, an event name, and a body. The body is random bytes or a plausible
/// delivery, complete or truncated.
///
/// # Panics
/// Panics if a forgery is accepted.
pub fn refuse(count: u64, mut refuses: impl FnMut(&str, &str, &[u8]) -> bool) {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut tag = [0; 32];
    let mut noise = [0; 256];
    for number in 0..count {
        random.fill_bytes(&mut tag);
        let signature = format!("sha256={}", base16ct::lower::encode_string(&tag));
        let length = random.next_u32() as usize % noise.len();
        let body = match number % 4 {
            0 => {
                random.fill_bytes(&mut noise);
                &noise[..length]
            }
            1 => b"{}",
            2 => LOOKALIKE.as_bytes(),
            _ => &LOOKALIKE.as_bytes()[..length % LOOKALIKE.len()],
        };
        assert!(refuses(&signature, "run.completed", body), "forgery {number} was accepted");
    }
}

const LOOKALIKE: &str = r#"{"event": "run.completed", "timestamp": "2026-03-11T14:32:15Z", "data": {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "completed", "outcome": "success"}}"#;
