//! HTTP/1.1, as much of it as a sandbox needs: on the bare socket, so that answers can be broken.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::domain::TimeMs;

/// Bytes of a request's head; a client of ours sends a few hundred.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Headers of a request.
const HEADERS_MAX: usize = 64;

/// Bytes of a request's body: ten times what makegood sends, so that a foreign sender can be tried.
const BODY_BYTES_MAX: usize = 10 << 20;

/// How long a connection may idle, or take to bring a request.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// How long a request is left hanging: longer than any client waits.
const HANG_MAX: Duration = Duration::from_mins(10);

/// A request.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Incoming {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The `Date`, if the clock is set.
    pub date: Option<TimeMs>,
}

/// In which manner an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Whole,
    Half,
    Drip(Duration),
    Hang,
    Reset,
    Close,
}

/// Why no further request comes over a connection.
#[derive(Debug)]
pub(super) enum End {
    /// The client closed it, or it idled too long.
    Gone,
    /// What came is no request: the HTTP status to say so with.
    Bad(u16),
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub const fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Reads the next request.
    pub async fn read(&mut self) -> Result<Incoming, End> {
        match tokio::time::timeout(READ_TIMEOUT, self.read_request()).await {
            Ok(request) => request,
            Err(_elapsed) => Err(End::Gone),
        }
    }

    async fn read_request(&mut self) -> Result<Incoming, End> {
        let mut incoming = loop {
            if let Some((length, incoming)) = parse_head(&self.buffer)? {
                self.buffer.drain(..length);
                break incoming;
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(End::Bad(431));
            }
            self.fill().await?;
        };
        if incoming.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(|_| End::Gone)?;
        }
        let is_chunked =
            incoming.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        incoming.body = if is_chunked {
            self.read_chunks().await?
        } else {
            let length =
                incoming.header("content-length").map_or(Ok(0), str::parse).map_err(|_| End::Bad(400))?;
            self.take(length).await?
        };
        Ok(incoming)
    }

    async fn read_chunks(&mut self) -> Result<Vec<u8>, End> {
        let mut body = Vec::new();
        loop {
            let line = self.take_line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| End::Bad(400))?;
            if size == 0 {
                while !self.take_line().await?.is_empty() {}
                return Ok(body);
            }
            if size > BODY_BYTES_MAX.saturating_sub(body.len()) {
                return Err(End::Bad(413));
            }
            body.extend(self.take(size).await?);
            if !self.take_line().await?.is_empty() {
                return Err(End::Bad(400));
            }
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>, End> {
        if length > BODY_BYTES_MAX {
            return Err(End::Bad(413));
        }
        while self.buffer.len() < length {
            self.fill().await?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    async fn take_line(&mut self) -> Result<String, End> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(|_| End::Bad(400));
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(End::Bad(400));
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), End> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => Err(End::Gone),
            Ok(_) => Ok(()),
        }
    }

    /// Gives an answer. `Err` when the connection is over.
    pub async fn write(&mut self, answer: &Outgoing, manner: Manner) -> Result<(), End> {
        let bytes = answer.bytes();
        let gone = |_| End::Gone;
        match manner {
            Manner::Whole => self.stream.write_all(&bytes).await.map_err(gone),
            Manner::Half => {
                let half = bytes.len() - answer.body.len().div_ceil(2).max(1);
                self.stream.write_all(bytes.get(..half).unwrap_or_default()).await.map_err(gone)?;
                Err(End::Gone)
            }
            Manner::Drip(pause) => {
                for byte in bytes {
                    self.stream.write_all(&[byte]).await.map_err(gone)?;
                    tokio::time::sleep(pause).await;
                }
                Ok(())
            }
            Manner::Hang => {
                // Ends early when the client gives up.
                let _ = tokio::time::timeout(HANG_MAX, self.stream.read_u8()).await;
                Err(End::Gone)
            }
            Manner::Reset => {
                // Without it the close is a clean one, which is another fault; both end the exchange.
                let _ = self.stream.set_zero_linger();
                Err(End::Gone)
            }
            Manner::Close => Err(End::Gone),
        }
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<(usize, Incoming)>, End> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(End::Bad(400)),
    };
    let mut incoming = Incoming {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        ..Incoming::default()
    };
    for header in head.headers {
        let value = std::str::from_utf8(header.value).map_err(|_| End::Bad(400))?;
        incoming.headers.push((header.name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Some((length, incoming)))
}

impl Outgoing {
    /// A page that is not TikTok's envelope.
    pub fn page(status: u16) -> Self {
        let body =
            format!("<html><head><title>{status}</title></head><body>{status}</body></html>\n").into_bytes();
        Self { status, content_type: "text/html", body, ..Self::default() }
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        let body = format!("{value}\n").into_bytes();
        Self { status, content_type: "application/json", body, ..Self::default() }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let mut add = |name: &str, value: &str| {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        };
        let has_own_length = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        for (name, value) in &self.headers {
            add(name, value);
        }
        if let Some(date) = self.date.and_then(|at| chrono::DateTime::from_timestamp_millis(at.as_ms())) {
            add("Date", &date.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        }
        if !self.content_type.is_empty() {
            add("Content-Type", self.content_type);
        }
        if !has_own_length {
            add("Content-Length", &self.body.len().to_string());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Scripted",
    }
}
