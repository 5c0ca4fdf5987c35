//! The client against servers that misbehave, and a bare client against the sandbox.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration as Wait, Instant};

use makegood::domain::{Duration, TimeMs};
use makegood::http::{Cause, Client, Endpoint, Gate, Reply, Token};
use makegood::sandbox::{Fault, Options, Sandbox, Script, Taken};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const NOW: TimeMs = TimeMs::from_ms(1_795_176_000_000);

/// An event object that the schema takes.
pub(crate) fn purchase(id: &str) -> Json {
    json!({
        "event": "CompletePayment", "event_time": NOW.as_secs(), "event_id": id,
        "user": {"ip": "95.104.11.250", "user_agent": "Mozilla/5.0"},
        "page": {"url": "https://quiz.example.com/f/46"},
        "properties": {"value": 9.99, "currency": "USD"},
    })
}

/// A request's body.
pub(crate) fn request(pixel: &str, events: &[Json]) -> Json {
    json!({"event_source": "web", "event_source_id": pixel, "data": events})
}

/// Posts JSON to the sandbox without our client; status 0 is no answer.
pub(crate) async fn post(sandbox: &Sandbox, path: &str, body: &str) -> (u16, Json) {
    let headers = "Access-Token: right\r\nContent-Type: application/json\r\n";
    let (status, text) = ask(sandbox, "POST", path, headers, body.as_bytes()).await;
    (status, serde_json::from_str(&text).unwrap_or(Json::Null))
}

/// Asks the sandbox over a socket of its own; the length is added unless the body is chunked.
pub(crate) async fn ask(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(sandbox.address()).await.unwrap();
    let length = if headers.contains("chunked") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{length}{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned());
    (status, body)
}

fn client(url: &str, total_ms: i64) -> Client {
    let endpoint = Endpoint::parse(url).unwrap();
    Client::new(endpoint, Duration::from_secs(2), Duration::from_ms(total_ms)).unwrap()
}

async fn track(url: &str, total_ms: i64) -> Reply {
    let body = request("P", &[purchase("e1")]).to_string().into_bytes();
    client(url, total_ms).track(&Token::parse("s3cret").unwrap(), body).await
}

/// The reply to a request that meets this fault, and whether the events were counted.
async fn faulty(fault: Fault) -> (Reply, usize) {
    let script = Script::faults([fault]);
    let sandbox = Sandbox::start(Options { now: Some(NOW), script, ..Options::default() }).await.unwrap();
    let reply = track(&sandbox.url(), 700).await;
    assert!(!format!("{reply:?}").contains("95.104"), "no reply shows what was sent");
    (reply, sandbox.counted().len())
}

/// A server that reads a little and answers with these bytes, over and over.
fn server(answer: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(answer);
        }
    });
    (url, connections)
}

fn cause_of(reply: &Reply) -> Option<Cause> {
    if let Reply::Ambiguous { cause, .. } = reply { Some(*cause) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_with_its_date_and_retry_after() {
    let sandbox = Sandbox::start(Options { now: Some(NOW), ..Options::default() }).await.unwrap();
    sandbox.set_script(Script::faults([Fault::code(401, 40100).with_header("Retry-After", "3")]));
    let Reply::Answered { status, date, retry_after, .. } = track(&sandbox.url(), 2000).await else {
        panic!("an answer")
    };
    assert_eq!((status, date, retry_after), (401, Some(NOW), Some(Duration::from_secs(3))));
    let Reply::Answered { status: 200, body, .. } = track(&sandbox.url(), 2000).await else {
        panic!("an answer")
    };
    assert!(body.starts_with(b"{\"code\":0"));
    assert_eq!(sandbox.counted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_01_a_refused_connection_sent_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reply = track(&format!("http://127.0.0.1:{port}"), 2000).await;
    let Reply::NotSent { why } = &reply else { panic!("{reply:?}") };
    assert_eq!(why, "could not connect: connection refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_05_tls_to_a_plain_port_sent_nothing() {
    let (url, _) = server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let reply = track(&url.replace("http:", "https:"), 2000).await;
    assert!(matches!(reply, Reply::NotSent { .. }), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_04_a_certificate_that_nobody_signed_is_refused_before_the_request() {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut seen = Vec::new();
        while tls.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {}
        let _ = tls.reader().read_to_end(&mut seen);
        seen
    });
    let reply = track(&format!("https://localhost:{port}"), 2000).await;
    let Reply::Certificate { why } = &reply else { panic!("{reply:?}") };
    assert!(why.contains("certificate is issued by nobody"), "{why}");
    assert!(server.join().unwrap().is_empty(), "no byte of the request");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_06_to_n_11_a_lost_answer_is_ambiguous() {
    for (taken, counted) in [(Taken::Yes, 1), (Taken::No, 0)] {
        let (reply, keys) = faulty(Fault::Reset(taken)).await;
        assert_eq!((cause_of(&reply), keys), (Some(Cause::Broken), counted), "{reply:?}");
        let (reply, keys) = faulty(Fault::Close(taken)).await;
        assert_eq!((cause_of(&reply), keys), (Some(Cause::Broken), counted), "{reply:?}");
        let (reply, keys) = faulty(Fault::Hang(taken)).await;
        assert_eq!((cause_of(&reply), keys), (Some(Cause::TimedOut), counted), "{reply:?}");
    }
    let (reply, keys) = faulty(Fault::Truncate).await;
    assert!(matches!(reply, Reply::Ambiguous { status: Some(200), cause: Cause::Broken, .. }), "{reply:?}");
    assert_eq!(keys, 1);
    let start = Instant::now();
    let (reply, _) = faulty(Fault::Drip(Wait::from_millis(20))).await;
    assert_eq!(cause_of(&reply), Some(Cause::TimedOut), "{reply:?}");
    assert!(start.elapsed() < Wait::from_secs(3), "the whole time-out holds against a drip");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_30_redirects_are_refused_and_nobody_else_is_asked() {
    let (elsewhere, connections) = server(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}");
    for status in [301, 302, 303, 307, 308] {
        for location in [elsewhere.as_str(), "/", "file:///etc/passwd"] {
            let (reply, _) = faulty(Fault::redirect(status, location)).await;
            assert!(matches!(reply, Reply::Redirected { status: got } if got == status), "{reply:?}");
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_32_n_33_an_endless_or_broken_answer_is_ambiguous() {
    let endless: &'static [u8] = {
        let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n".to_vec();
        bytes.extend(vec![b' '; 3 << 20]);
        bytes.leak()
    };
    let reply = track(&server(endless).0, 2000).await;
    assert!(matches!(&reply, Reply::Ambiguous { why, .. } if why.contains("1 MiB")), "{reply:?}");
    let flood: &'static [u8] = {
        let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
        bytes.extend("X-Y: z\r\n".repeat(200_000).into_bytes());
        bytes.leak()
    };
    for answer in [flood, b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad Header\x01\r\n\r\n", b"\x00\xff"] {
        let reply = track(&server(answer).0, 2000).await;
        assert!(matches!(reply, Reply::Ambiguous { .. }), "{reply:?}");
    }
}

/// A server that tells what it has read of a request by the time that it answers, which is at once.
fn hasty(answer: &'static [u8]) -> (String, std::sync::mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).unwrap();
        let _ = stream.write_all(answer);
        let mut seen = buffer[..read].to_vec();
        let _ = stream.read_to_end(&mut seen);
        tell.send(seen).unwrap();
    });
    (url, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_body_leaves_before_its_gate_opens() {
    let body = || request("P", &[purchase("e1")]).to_string().into_bytes();
    let token = Token::parse("s3cret").unwrap();
    // A gate that is shut, and one that opens only after an acceptance came that nobody asked for.
    for opens in [false, true] {
        let (url, told) = hasty(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}");
        let client = client(&url, 300);
        let (open, word) = tokio::sync::oneshot::channel();
        let open = if opens {
            Some(open)
        } else {
            open.send(false).unwrap();
            None
        };
        let reply = client.post(&token, body(), Gate::new(async { word.await.unwrap() })).await.unwrap_err();
        let _ = open.map(|open| open.send(true));
        let Reply::NotSent { why } = reply else { panic!("{opens} {reply:?}") };
        let said = if opens { "the server answered before" } else { "its time was over" };
        assert!(why.contains(said), "{why}");
        drop(client);
        let seen = told.recv_timeout(Wait::from_secs(5)).unwrap();
        assert!(!String::from_utf8_lossy(&seen).contains("event_source"), "{opens:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_is_not_asked_before_the_connection_stands() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = client(&format!("http://127.0.0.1:{port}"), 300);
    let gate = Gate::new(async { panic!("there is no connection") });
    let reply = client.post(&Token::parse("s3cret").unwrap(), b"{}".to_vec(), gate).await.unwrap_err();
    assert!(matches!(reply, Reply::NotSent { .. }), "{reply:?}");
}
