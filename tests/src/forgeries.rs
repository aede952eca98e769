//! Random deliveries that nobody signed.
//!
//! It knows no verifier: what is to refuse them is given.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Makes `count` forgeries, the same ones each time, and claims that each is refused.
///
/// `refuses` gets a signature, the name of an event, and a body: one of a few authentic
/// looking ones, whole or cut, or any bytes.
///
/// # Panics
/// One is taken.
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
        assert!(refuses(&signature, "run.completed", body), "forgery {number} is taken");
    }
}

const LOOKALIKE: &str = r#"{"event": "run.completed", "timestamp": "2026-03-11T14:32:15Z", "data": {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "completed", "outcome": "success"}}"#;
