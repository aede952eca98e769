//! Measures the speed and the memory of the emulator: `cargo bench -p twin-emulator --bench emulator
//! [-- NAME…]`. The names are `start`, `test`, `rate`, `hold` and `soak`. Without a name, all of them
//! run, which takes four minutes.
//!
//! The benchmark only prints figures. It has no limits that could fail, because other programs use the
//! machine too. It sends requests to loopback only, for a limited time.

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
