//! Measures lists: `cargo bench -p twin-tests --bench pages [-- NAME…]`, where a name is
//! `memory`, `prefetch` or `decode`. Without a name all of them run, which takes a minute or two.
//!
//! A benchmark fails if it misses its bound. Other programs may load the machine; therefore a time is
//! the minimum of many rounds, or consists mostly of pauses.

mod decode;
mod memory;
mod prefetch;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    // cargo passes `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [name, url, key] = &*words
        && name == memory::CLIENT
    {
        return memory::client(url, key);
    }
    let all = ["memory", "prefetch", "decode"].map(str::to_owned);
    for name in if words.is_empty() { &all[..] } else { &words } {
        match name.as_str() {
            "memory" => memory::measure()?,
            "prefetch" => prefetch::measure()?,
            "decode" => decode::measure()?,
            other => bail!("the benchmark {other} does not exist; use memory, prefetch or decode"),
        }
    }
    Ok(())
}
