//! What lists cost: `cargo bench -p twin-tests --bench pages [-- NAME…]`, where a name is
//! `memory`, `ahead` or `decode`; without one, all of them, which takes a minute or two.
//!
//! Each fails above the bound that the project set itself. Times are the least of many, or of
//! waiting and not of work, because the machine is not its own.

mod ahead;
mod decode;
mod memory;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    // cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [name, url, key] = &*words
        && name == memory::CLIENT
    {
        return memory::client(url, key);
    }
    let all = ["memory", "ahead", "decode"].map(str::to_owned);
    for name in if words.is_empty() { &all[..] } else { &words } {
        match name.as_str() {
            "memory" => memory::measure()?,
            "ahead" => ahead::measure()?,
            "decode" => decode::measure()?,
            other => bail!("there is nothing called {other} to measure: memory, ahead, decode"),
        }
    }
    Ok(())
}
