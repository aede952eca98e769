//! Compares the cost of `get_me` with the same call written by hand on reqwest and serde:
//! `cargo bench -p twin-tests --bench call`. It needs valgrind.
//!
//! For each variant, valgrind runs a client process and counts its instructions (callgrind) and
//! allocations (dhat). The cost of one call is the difference between a process with many calls and
//! one with a single call, so that the start of the process does not count. The benchmark fails above
//! the bounds in [`VARIANTS`]. It measures no time, because other programs may load the machine.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use twin_api::reqwest::header::HeaderValue;
use twin_api::reqwest::{self, redirect};
use twin_ext::{ClientBuilder, Retry};

const CALLS: u64 = 200;
const KEY: &str = "tw_live_0123456789abcdef";
const BODY: &str = r#"{"user_id":"user_2b6f0c1e9d4a4f7c8e1d"}"#;

/// The clients that make the call. The first is the baseline of the bounds.
const VARIANTS: [ClientVariant; 3] = [
    ClientVariant { name: "by hand", instructions: 1.0, allocations: 0.0 },
    ClientVariant { name: "policy unused", instructions: 1.10, allocations: 12.0 },
    ClientVariant { name: "policy on", instructions: 1.10, allocations: 12.0 },
];

struct ClientVariant {
    name: &'static str,
    /// The maximum instructions, as a ratio to those by hand.
    instructions: f64,
    /// The maximum allocations of a call beyond those by hand.
    allocations: f64,
}

/// The cost of one call.
struct CallCost {
    instructions: f64,
    allocations: f64,
}

fn main() -> anyhow::Result<()> {
    // cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match &*words {
        [] => compare(),
        [variant, url, calls] => make_calls(variant, url, calls.parse()?),
        _ => bail!("the benchmark takes no arguments"),
    }
}

fn compare() -> anyhow::Result<()> {
    let url = serve()?;
    let mut costs = Vec::new();
    for variant in &VARIANTS {
        costs.push(CallCost {
            instructions: per_call("callgrind", variant.name, &url, "Collected : ")?,
            allocations: per_call("dhat", variant.name, &url, " in ")?,
        });
    }
    let mut missed = Vec::new();
    for (variant, cost) in VARIANTS.iter().zip(&costs) {
        let ratio = cost.instructions / costs[0].instructions;
        let more = cost.allocations - costs[0].allocations;
        println!(
            "{:14} {:8.0} instructions, {ratio:.3} of by hand (at most {:.2}); {:5.1} allocations, {more:+.1} (at most {:+.0})",
            variant.name,
            cost.instructions,
            variant.instructions,
            cost.allocations,
            variant.allocations
        );
        if ratio > variant.instructions || more > variant.allocations {
            missed.push(variant.name);
        }
    }
    ensure!(missed.is_empty(), "above the bounds: {}", missed.join(", "));
    Ok(())
}

/// Returns the count of valgrind's `tool` for one call. In the output of the tool, the count follows
/// `label`.
fn per_call(tool: &str, variant: &str, url: &str, label: &str) -> anyhow::Result<f64> {
    let many = count(tool, variant, url, label, CALLS + 1)?;
    let one = count(tool, variant, url, label, 1)?;
    #[expect(clippy::cast_precision_loss, reason = "the counts are some millions")]
    Ok((many - one) as f64 / CALLS as f64)
}

fn count(tool: &str, variant: &str, url: &str, label: &str, calls: u64) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args([&format!("--tool={tool}"), &format!("--{tool}-out-file=/dev/null")])
        .arg(std::env::current_exe()?)
        .args([variant, url, &calls.to_string()])
        .output()
        .context("valgrind cannot be run; install it (on Debian: apt-get install valgrind)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "a client failed under valgrind:\n{said}");
    let line = said.lines().find(|line| line.contains(label) && !line.contains("at t-"));
    let line =
        line.with_context(|| format!("the output of {tool} does not contain {label:?}:\n{said}"))?;
    let number: String = line[line.find(label).unwrap_or_default() + label.len()..]
        .chars()
        .take_while(|letter| letter.is_ascii_digit() || *letter == ',')
        .filter(char::is_ascii_digit)
        .collect();
    number.parse().with_context(|| format!("no number in {line:?}"))
}

/// Starts a server that sends the same response to every request until the process ends.
fn serve() -> anyhow::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // An error means that the client has disconnected.
            std::thread::spawn(move || answer(stream));
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let length = BODY.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         x-request-id: 01JABCDEF\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"
    );
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let length = stream.read(&mut part)?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&part[..length]);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            stream.write_all((head.clone() + BODY).as_bytes())?;
        }
    }
}

/// Makes the calls in the process that valgrind observes.
fn make_calls(variant: &str, url: &str, calls: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match variant {
        "by hand" => runtime.block_on(by_hand(url, calls)),
        "policy on" => runtime.block_on(by_twin(ClientBuilder::new(KEY), url, calls)),
        "policy unused" => {
            let builder = ClientBuilder::new(KEY)
                .retry(Retry::none())
                .attempt_timeout(Duration::MAX)
                .deadline(Duration::MAX)
                .max_response_bytes(usize::MAX);
            runtime.block_on(by_twin(builder, url, calls))
        }
        _ => bail!("there is no variant {variant}"),
    }
}

#[derive(serde::Deserialize)]
struct Me {
    user_id: String,
}

/// Calls without this library, but with the same safety: time limits, no redirects, and a key that
/// `Debug` does not show.
async fn by_hand(url: &str, calls: u64) -> anyhow::Result<()> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .connect_timeout(Duration::from_secs(10))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()?;
    let mut key = HeaderValue::from_static(KEY);
    key.set_sensitive(true);
    for _ in 0..calls {
        let request = http.get(format!("{url}/v1/me")).header("x-api-key", key.clone());
        let me: Me = request.send().await?.error_for_status()?.json().await?;
        ensure!(BODY.contains(&me.user_id));
    }
    Ok(())
}

async fn by_twin(builder: ClientBuilder, url: &str, calls: u64) -> anyhow::Result<()> {
    let twin = builder.base_url(url).build()?;
    for _ in 0..calls {
        let me = twin.get_me().send().await?;
        ensure!(BODY.contains(&me.user_id));
    }
    Ok(())
}
