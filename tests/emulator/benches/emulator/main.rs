//! What the emulator bears: `cargo bench -p twin-emulator --bench emulator [-- NAME…]`, where a
//! name is `start`, `rate`, `hold` or `soak`; without one, all of them, which takes two minutes.
//!
//! It measures and prints; it judges nothing, because the machine is not its own. Requests go
//! to loopback, and are bounded in number and time.

mod client;
mod hold;
mod memory;
mod program;
mod rate;
mod soak;
mod start;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    // cargo says `--bench` as well.
    let mut names: Vec<String> =
        std::env::args().skip(1).filter(|name| name != "--bench").collect();
    if names.is_empty() {
        names = ["start", "rate", "hold", "soak"].map(str::to_owned).to_vec();
    }
    for name in names {
        match name.as_str() {
            "start" => start::measure()?,
            "rate" => rate::measure()?,
            "hold" => hold::measure()?,
            "soak" => soak::measure()?,
            other => bail!("there is nothing called {other} to measure: start, rate, hold, soak"),
        }
    }
    Ok(())
}
