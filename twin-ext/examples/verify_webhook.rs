//! Verifies one delivery. The verifier needs the headers, and the bytes of the body before anything
//! parses them. Every web framework provides both.
//!
//! `TWIN_WEBHOOK_SECRET=whsec_… cargo run -p twin-ext --example verify_webhook SIGNATURE < body`
//!
//! A copy of this program also needs the crate `http`.

use std::io::Read as _;

use http::{HeaderMap, HeaderValue};
use twin_ext::webhook::Verifier;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let signature = std::env::args().nth(1).ok_or("usage: verify_webhook SIGNATURE < body")?;
    let secret = std::env::var("TWIN_WEBHOOK_SECRET")
        .map_err(|error| format!("TWIN_WEBHOOK_SECRET: {error}"))?;
    let verifier = Verifier::new(secret)?.on_refusal(|reason| eprintln!("refused: {reason:?}"));

    // Read no more than the verifier accepts.
    let mut body = Vec::new();
    let limit = u64::try_from(verifier.body_limit())?.saturating_add(1);
    std::io::stdin().take(limit).read_to_end(&mut body)?;

    let mut headers = HeaderMap::new();
    headers.insert("x-cobb-signature", HeaderValue::try_from(signature)?);
    let delivery = verifier.verify(&headers, &body)?;
    println!("{} of {:?}", delivery.event.name(), delivery.event.run().map(|run| &run.run_id));
    Ok(())
}
