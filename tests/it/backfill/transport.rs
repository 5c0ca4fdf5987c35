//! Lost connections, lost answers, and servers that send us elsewhere.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use makegood::backfill::Stopped;
use makegood::domain::{Duration, Outcome};
use makegood::sandbox::{Fault, Script, Taken};

use crate::world::{NOW, world};

/// A listener that counts who connects and says nothing.
fn listener() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (url, connections)
}

#[tokio::test(flavor = "multi_thread")]
async fn n_01_no_connection_means_not_sent() {
    let mut world = world(30).await;
    world.policy.backfill.batch = 10;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = std::mem::replace(&mut world.url, format!("http://127.0.0.1:{port}"));
    let summary = world.run().await;
    let why = "could not connect: connection refused".to_owned();
    assert_eq!(summary.stopped, [Stopped::Network { why }]);
    assert_eq!((summary.left, summary.unknown, summary.requests), (30, 0, 3), "three tries");
    let attempts = world.attempts("e0");
    assert!(attempts.iter().all(|attempt| attempt.outcome == Some(Outcome::NotSent)));
    assert!(world.attempts("e29").is_empty());
    world.url = sandbox;
    world.now = NOW.plus(Duration::from_mins(5));
    assert_eq!(world.run().await.accepted, 30);
    assert_eq!(world.counted(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_06_a_reset_is_tried_again_at_once_with_the_same_body() {
    for taken in [Taken::Yes, Taken::No] {
        let mut world = world(10).await.with(Script::faults([Fault::Reset(taken), Fault::Close(taken)]));
        let summary = world.run().await;
        assert_eq!((summary.accepted, summary.unknown, summary.requests), (10, 0, 3));
        assert_eq!(world.counted(), 10);
        let bodies: Vec<_> = world.sandbox.requests().iter().map(|seen| seen.body_sha256.clone()).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]));
        let outcomes: Vec<_> = world.attempts("e0").iter().map(|attempt| attempt.outcome).collect();
        let unknown = Some(Outcome::Unknown);
        assert_eq!(outcomes, [unknown, unknown, Some(Outcome::Accepted)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_06_three_resets_leave_it_unknown() {
    let mut world = world(10).await.with(Script::faults(vec![Fault::Reset(Taken::No); 3]));
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.unknown, summary.requests), (0, 10, 3));
    assert!(summary.trouble.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn n_10_a_processed_request_without_an_answer_is_sent_again_and_counted_once() {
    let mut world = world(10).await.with(Script::faults([Fault::Hang(Taken::Yes)]));
    world.policy.backfill.total_timeout = Duration::from_ms(400);
    let summary = world.run().await;
    assert_eq!((summary.unknown, summary.requests), (10, 1));
    assert_eq!(world.attempts("e0")[0].outcome, Some(Outcome::Unknown));
    let early = world.run().await;
    assert_eq!((early.passed, early.requests), (10, 0), "not before five minutes");
    world.now = NOW.plus(Duration::from_mins(5));
    assert_eq!(world.run().await.accepted, 10);
    assert_eq!((world.counted(), world.requests()), (10, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn n_25_five_server_errors_open_the_breaker() {
    let mut world = world(200).await.with(Script::faults(vec![Fault::text(503, "<html>"); 20]));
    world.policy.backfill.batch = 10;
    let summary = world.run().await;
    assert_eq!(summary.stopped, [Stopped::Network { why: "HTTP 503 without a code".into() }]);
    assert_eq!((summary.unknown, summary.left, summary.requests), (50, 150, 5));
    let until = NOW.plus(Duration::from_mins(5));
    assert_eq!(world.run().await.stopped, [Stopped::Throttled { until }], "the next cron does not hammer");
    assert_eq!(world.requests(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_30_a_redirect_stops_the_run_and_nobody_else_is_asked() {
    for status in [301, 302, 303, 307, 308] {
        let (elsewhere, connections) = listener();
        let mut world = world(50).await.with(Script::faults([Fault::redirect(status, &elsewhere)]));
        world.policy.backfill.batch = 10;
        let summary = world.run().await;
        assert_eq!(summary.stopped, [Stopped::Redirected { status }]);
        assert_eq!((summary.left, summary.requests), (50, 1));
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_34_a_connection_closed_between_batches_is_replaced() {
    let mut world = world(50).await;
    world.policy.backfill.batch = 10;
    let mut world = world.with(Script::faults([Fault::Truncate]));
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.unknown), (50, 0), "{summary:?}");
    assert_eq!(world.counted(), 50);
}

/// Runs one of the tests above in a process of its own, with proxies in its environment.
#[test]
fn n_35_proxies_of_the_environment_are_not_asked() {
    let (proxy, connections) = listener();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &proxy);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let log = tempfile::tempdir().unwrap();
    let key_log = log.path().join("keys");
    child.env("SSLKEYLOGFILE", &key_log);
    let run = child.args(["--exact", "backfill::every_event_is_accepted_and_counted_once"]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    assert!(!key_log.exists(), "N-36");
}
