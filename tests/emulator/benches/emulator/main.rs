//! Measures the speed and the memory of the emulator: `cargo bench -p twin-emulator --bench emulator
//! [-- NAME…]` with the names `start`, `test`, `rate`, `hold` or `soak`. Without a name it runs
//! all of them, which takes four minutes.
//!
//! The benchmark only prints. It has no bounds, because other programs use the machine too. Requests
//! go to loopback and are limited in number and time.

mod client;
mod hold;
mod program;
mod rate;
mod soak;
mod start;
mod test;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    // cargo also passes `--bench`.
    let mut names: Vec<String> =
        std::env::args().skip(1).filter(|name| name != "--bench").collect();
    if names.is_empty() {
        names = ["start", "test", "rate", "hold", "soak"].map(str::to_owned).to_vec();
    }
    for name in names {
        match name.as_str() {
            "start" => start::measure()?,
            "test" => test::measure()?,
            "rate" => rate::measure()?,
            "hold" => hold::measure()?,
            "soak" => soak::measure()?,
            other => {
                bail!("unknown benchmark {other}; use start, test, rate, hold or soak")
            }
        }
    }
    Ok(())
}
