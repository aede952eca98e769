//! Serves fixed responses over HTTP/1.1 with keep-alive: a user, pages of agents in the form of Twin,
//! and pages of the same agents in the form of GitHub (an array, and a `Link` header).

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

pub(crate) const PAGES: usize = 20;
pub(crate) const AGENTS: usize = 100;
const EVENTS: usize = 500;

/// Starts the server on a free port of the loopback interface, and returns its URL.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let base = url.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let base = base.clone();
            thread::spawn(move || serve(&stream?, &base));
        }
        io::Result::Ok(())
    });
    Ok(url)
}

/// Responds to the requests of one connection until the client closes it.
fn serve(stream: &TcpStream, base: &str) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let pages: Vec<Value> = (0..PAGES).map(agents).collect();
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next() {
        let request = request?;
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let target = request.split(' ').nth(1).unwrap_or_default();
        let (link, body) = respond(target, base, &pages);
        let length = body.len();
        let head = format!("content-type: application/json\r\n{link}content-length: {length}");
        (&mut &*stream).write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").as_bytes())?;
    }
    Ok(())
}

/// Returns the `Link` header, if the page has one, and the body.
fn respond(target: &str, base: &str, pages: &[Value]) -> (String, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name| query.split('&').find_map(|pair| pair.strip_prefix(name));
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
    match path {
        "/v1/me" => (String::new(), json!({ "user_id": "user_123" }).to_string()),
        "/v1/agents" => {
            let page: usize = number(parameter("cursor="));
            let next = (page + 1 < PAGES).then(|| (page + 1).to_string());
            (String::new(), json!({ "agents": pages[page], "next_cursor": next }).to_string())
        }
        _ => {
            let page = number(parameter("page="));
            let next = format!("link: <{base}/agents?page={}>; rel=\"next\"\r\n", page + 1);
            let last = page + 1 == PAGES;
            (if last { String::new() } else { next }, pages[page].to_string())
        }
    }
}

/// Returns the cursor of each page; the first page has none.
pub(crate) fn cursors() -> impl Iterator<Item = Option<String>> {
    (0..PAGES).map(|page| (page > 0).then(|| page.to_string()))
}

fn agents(page: usize) -> Value {
    (page * AGENTS..(page + 1) * AGENTS).map(agent).collect()
}

fn agent(number: usize) -> Value {
    json!({
        "agent_id": format!("agent_{number:06}"),
        "latest_run_id": format!("run_{number:06}"),
        "last_activity_at": "2026-02-20T14:30:00Z",
        "latest_run_is_finished": true,
        "has_runs": true,
        "deployment_state": "deployed",
        "deployed_at": "2026-02-18T10:00:00Z",
    })
}

/// Returns a page of events. Each holds the text of a web page.
pub(crate) fn events() -> Vec<u8> {
    let text = "<p>A paragraph of a page that the agent has read.</p>\n".repeat(30);
    let event = |index| {
        let content = json!([{ "type": "text", "text": text }]);
        let result = json!({ "call_id": format!("c{index}"), "status": "ok", "tokens": [index, 17], "content": content });
        json!({ "index": index, "event": { "tool_result": result } })
    };
    json!({ "events": (0..EVENTS).map(event).collect::<Vec<_>>() }).to_string().into_bytes()
}
