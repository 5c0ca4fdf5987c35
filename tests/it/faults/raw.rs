//! A server on a bare socket: it answers when and with what a test says.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// TikTok's acceptance.
pub const ACCEPTED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 49\r\n\r\n{\"code\":0,\"message\":\"OK\",\"request_id\":\"r\",\"d\":{}}";

/// A request as it came: the number of its connection, head and body.
#[derive(Debug)]
pub struct Arrived {
    pub connection: usize,
    pub head: String,
    pub body: Vec<u8>,
}

/// A server whose every answer is given by hand; an empty answer closes the connection.
pub struct ByHand {
    pub url: String,
    arrived: Receiver<Arrived>,
    answers: Sender<Vec<u8>>,
}

impl ByHand {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, arrived) = channel();
        let (answers, take) = channel::<Vec<u8>>();
        let take = Arc::new(Mutex::new(take));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (tell, take, mut stream) = (tell.clone(), Arc::clone(&take), stream.unwrap());
                std::thread::spawn(move || {
                    while let Some((head, body)) = read_request(&mut stream) {
                        let _ = tell.send(Arrived { connection, head, body });
                        match take.lock().unwrap().recv() {
                            Ok(answer) if !answer.is_empty() => drop(stream.write_all(&answer)),
                            Ok(_) | Err(_) => return,
                        }
                    }
                });
            }
        });
        Self { url, arrived, answers }
    }

    /// Waits until a request has come whole.
    pub fn next(&self) -> Arrived {
        self.arrived.recv_timeout(PATIENCE).expect("a request")
    }

    /// Requests that came and were not asked for.
    pub fn others(&self) -> usize {
        self.arrived.try_iter().count()
    }

    pub fn answer(&self, bytes: &[u8]) {
        self.answers.send(bytes.to_vec()).unwrap();
    }
}

/// Reads a request with a length.
pub fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let mut some = [0; 8192];
        match stream.read(&mut some) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&some[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = bytes.split_off(end);
    let have = body.len();
    body.resize(length.unwrap_or(0).max(have), 0);
    stream.read_exact(&mut body[have..]).ok()?;
    Some((head, body))
}

/// A listener that counts who connects, and hangs up.
pub fn counting() -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            *counter.lock().unwrap() += 1;
            drop(stream);
        }
    });
    (url, connections)
}
