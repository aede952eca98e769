//! The server runs its script exactly.

use tokio::io::AsyncWriteExt as _;

use super::*;

async fn send(raw: &Raw, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(raw.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn plays_one_script_per_pipelined_request() {
    let raw = Raw::start().await.unwrap();
    raw.then(Script::new().send("one"));
    raw.then(Script::new().send("two").close());
    let two = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyzGET /b HTTP/1.1\r\n\r\n";
    let mut answers = String::new();
    send(&raw, two).await.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers, "onetwo");
    let requests = raw.take_requests();
    let seen: Vec<_> =
        requests.iter().map(|request| (request.connection, request.line())).collect();
    assert_eq!(seen, [(0, "POST /a"), (0, "GET /b")]);
    assert!(requests[0].text().ends_with("\r\n\r\nxyz"));
}

#[tokio::test]
async fn reset_follows_the_sent_bytes() {
    let raw = Raw::start().await.unwrap();
    raw.then(Script::new().send("half").reset());
    let mut stream = send(&raw, b"GET / HTTP/1.1\r\n\r\n").await;
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).await.unwrap_err();
    assert_eq!((error.kind(), bytes.as_slice()), (io::ErrorKind::ConnectionReset, &b"half"[..]));
}

#[tokio::test]
async fn script_sends_and_awaits_signals() {
    let (reached, go) = (Signal::default(), Signal::default());
    let raw = Raw::start().await.unwrap();
    raw.then(Script::new().notify(&reached).wait(&go).send("late").close());
    let mut stream = send(&raw, b"GET / HTTP/1.1\r\n\r\n").await;
    reached.wait().await;
    raw.received(1).await;
    assert!(stream.try_read(&mut [0]).is_err());
    go.notify();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "late");
}

#[tokio::test]
async fn connection_script_runs_before_the_first_request() {
    let raw = Raw::start().await.unwrap();
    raw.on_connect(Script::new().reset());
    raw.on_connect(Script::new().take(5).reset());
    raw.then(Script::new().send("whole").close());
    for sent in [&b"GET / HTTP/1.1\r\n\r\n"[..], &b"GET /"[..]] {
        let mut stream = TcpStream::connect(raw.address()).await.unwrap();
        // The server may reset the connection before all bytes are written.
        let _ = stream.write_all(sent).await;
        assert!(stream.read_to_end(&mut Vec::new()).await.is_err());
    }
    let mut answer = String::new();
    send(&raw, b"GET / HTTP/1.1\r\n\r\n").await.read_to_string(&mut answer).await.unwrap();
    raw.connected(3).await;
    assert_eq!((answer.as_str(), raw.take_requests().len()), ("whole", 1));
}

#[tokio::test]
async fn script_continues_after_the_client_disconnects() {
    let (raw, gone) = (Raw::start().await.unwrap(), Signal::default());
    raw.then(Script::new().hang().notify(&gone));
    drop(send(&raw, b"GET / HTTP/1.1\r\n\r\nmore").await);
    gone.wait().await;
}
