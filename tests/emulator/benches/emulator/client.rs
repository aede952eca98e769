//! A minimal blocking HTTP client with one keep-alive connection, so that the measurement shows the
//! server and not the client. It reads responses with a Content-Length or without a body. It does not
//! support redirects and chunked bodies.

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The timeout of a read, which is longer than any response takes.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    /// The body of the last response.
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream), line: String::new(), body: Vec::new() })
    }

    /// Sends a GET request, reads the response, and returns its status.
    pub(crate) fn get(&mut self, target: &str, key: &str) -> std::io::Result<u16> {
        self.send(&request("GET", target, key, ""))?;
        self.receive()
    }

    /// Sends the bytes of a request.
    pub(crate) fn send(&mut self, request: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(request)
    }

    /// Reads a response and returns its status.
    pub(crate) fn receive(&mut self) -> std::io::Result<u16> {
        let status = self.line()?.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status
            .ok_or_else(|| Error::new(ErrorKind::InvalidData, "the response has no status"))?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().map_err(Error::other)?;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(status)
    }

    fn line(&mut self) -> std::io::Result<&str> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(self.line.trim_end())
    }
}

/// Returns the bytes of a request. A body has the content type of JSON.
pub(crate) fn request(method: &str, target: &str, key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let framing = match length {
        0 => String::new(),
        _ => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    format!(
        "{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {key}\r\n{framing}\r\n{body}"
    )
    .into_bytes()
}
