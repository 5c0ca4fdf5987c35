//! Section 3.3, on the wire: connections and answers that break, in a run with its store.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration as Wait, Instant};

use makegood::backfill::Stopped;
use makegood::domain::{Duration, Outcome};
use makegood::sandbox::{Fault, Script, Step, Taken};

use super::raw::{self, ACCEPTED, ByHand};
use super::scene::{Scene, wait};
use crate::world::{NOW, World, world};

const ALL_UNKNOWN: Option<Outcome> = Some(Outcome::Unknown);

/// Ten events whose requests meet these steps, in a run with short time-outs.
async fn ten(steps: Vec<Step>) -> World {
    let mut world = world(10).await;
    world.policy.backfill.total_timeout = Duration::from_ms(400);
    world.with(Script { steps: steps.into(), poison: Vec::new() })
}

/// A later run, when everything is due again, accepts all; nobody is counted twice.
async fn heals(world: &mut World) {
    world.now = NOW.plus(Duration::from_hours(1));
    assert_eq!(world.run().await.accepted, 10);
    assert_eq!(world.counted(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_03_a_connection_that_hangs_is_given_up_and_nothing_was_sent() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    // Nobody accepts: one connection fills the queue, the next is not answered.
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Wait::from_millis(200), tokio::net::TcpStream::connect(address)).await
    {
        waiting.push(stream);
        assert!(waiting.len() < 50, "the queue never fills");
    }
    let mut world = world(10).await;
    world.policy.backfill.connect_timeout = Duration::from_ms(200);
    let sandbox = std::mem::replace(&mut world.url, format!("http://{address}"));
    let summary = world.run().await;
    assert_eq!(summary.stopped, [Stopped::Network { why: "could not connect in time".into() }]);
    assert_eq!((summary.left, summary.unknown), (10, 0));
    assert!(world.attempts("e0").iter().all(|attempt| attempt.outcome == Some(Outcome::NotSent)));
    world.url = sandbox;
    heals(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n_07_a_close_before_the_answer_is_unknown() {
    for taken in [Taken::Yes, Taken::No] {
        let mut world = ten(vec![Step::from(Fault::Close(taken)); 3]).await;
        let summary = world.run().await;
        assert_eq!((summary.unknown, summary.requests), (10, 3), "{summary:?}");
        assert!(world.attempts("e0").iter().all(|attempt| attempt.outcome == ALL_UNKNOWN));
        heals(&mut world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_08_a_body_that_breaks_off_is_unknown_although_the_status_was_200() {
    let mut world = ten(vec![Step::from(Fault::Truncate); 3]).await;
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.unknown, summary.requests), (0, 10, 3), "{summary:?}");
    heals(&mut world).await;
    assert_eq!(world.attempts("e0").first().unwrap().outcome, ALL_UNKNOWN);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_09_an_answer_byte_by_byte_meets_the_whole_time_out() {
    let mut world = ten(vec![Step::from(Fault::Drip(Wait::from_millis(20)))]).await;
    let start = Instant::now();
    let summary = world.run().await;
    assert_eq!((summary.unknown, summary.requests), (10, 1), "{summary:?}");
    assert!(start.elapsed() < Wait::from_secs(2));
    heals(&mut world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n_11_a_request_that_is_processed_after_our_time_out_is_counted_once() {
    let mut world = ten(vec![Step { delay: Wait::from_millis(700), fault: None }]).await;
    let summary = world.run().await;
    assert_eq!((summary.unknown, summary.requests), (10, 1), "{summary:?}");
    while world.requests() == 0 {
        tokio::time::sleep(Wait::from_millis(20)).await;
    }
    assert_eq!(world.counted(), 10, "it was processed all the same");
    heals(&mut world).await;
    assert_eq!(world.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_13_n_14_n_15_only_the_integer_zero_under_a_success_accepts() {
    for body in ["{}", "[]", r#"{"code":0.0}"#, r#"{"code":1180591620717411303424}"#, r#"{"code":0}x"#] {
        let mut world = ten(vec![Fault::text(200, body).into()]).await;
        let summary = world.run().await;
        assert_eq!((summary.accepted, summary.unknown, summary.requests), (0, 10, 1), "{body}");
        heals(&mut world).await;
    }
    for (status, accepted) in [(201, 10), (404, 0)] {
        let mut world = ten(vec![Fault::code(status, 0).but_taken().into()]).await;
        let summary = world.run().await;
        assert_eq!((summary.accepted, summary.unknown), (accepted, 10 - accepted), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_18_a_verdict_that_changes_its_mind_ends_and_refuses_only_alone() {
    for seed in 1_u64..40 {
        let mut dice = seed;
        let steps = (0..400).map(|_| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (dice >> 33).is_multiple_of(4) { Step::default() } else { Fault::code(200, 40002).into() }
        });
        let mut world = ten(steps.collect()).await;
        let summary = world.run().await;
        assert!(summary.requests <= 40, "seed {seed}: {summary:?}");
        let refused = (0..10).filter(|id| {
            let attempts = world.attempts(&format!("e{id}"));
            attempts
                .iter()
                .any(|attempt| attempt.alone && matches!(attempt.outcome, Some(Outcome::Refused(_))))
        });
        assert_eq!(u64::try_from(refused.count()).unwrap(), summary.refused, "seed {seed}");
        assert_eq!(u64::try_from(world.counted()).unwrap(), summary.accepted, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_22_a_pause_that_makes_no_sense_is_none_and_there_is_no_busy_loop() {
    for asked in ["0", "-5", "soon", "Fri, 20 Nov 2026 11:00:00 GMT"] {
        let throttled = Fault::text(429, "").with_header("Retry-After", asked);
        let mut world = ten(vec![throttled.into()]).await;
        let start = Instant::now();
        let summary = world.run().await;
        assert_eq!((summary.accepted, summary.requests), (10, 2), "{asked}: {summary:?}");
        assert!(start.elapsed() >= Wait::from_millis(500), "{asked}");
    }
    let date = Fault::text(429, "").with_header("Retry-After", "Fri, 20 Nov 2026 12:20:00 GMT");
    let mut world = ten(vec![date.into()]).await;
    let until = NOW.plus(Duration::from_mins(20));
    assert_eq!(world.run().await.stopped, [Stopped::Throttled { until }], "counted from the server's Date");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_23_throttling_without_a_pause_backs_off_longer_each_time() {
    let mut world = ten(vec![Fault::text(429, "").into(), Fault::text(429, "").into()]).await;
    let start = Instant::now();
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.requests), (10, 3), "{summary:?}");
    let waited = start.elapsed();
    assert!(waited >= Wait::from_millis(1500) && waited < Wait::from_secs(6), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_31_a_redirect_is_refused_wherever_it_leads() {
    for location in ["/", "/open_api/v1.3/event/track/", "http://127.0.0.1:9/", "file:///etc/passwd", ""] {
        let mut world = ten(vec![Fault::redirect(307, location).into()]).await;
        let summary = world.run().await;
        assert_eq!(summary.stopped, [Stopped::Redirected { status: 307 }], "{location}");
        assert_eq!((summary.left, summary.requests, world.requests()), (10, 1, 1), "{location}");
    }
}

/// Ten events sent to a server that gives these bytes to whoever asks.
async fn answered_with(bytes: Vec<u8>) -> (World, makegood::backfill::Summary) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if raw::read_request(&mut stream).is_some() {
                let _ = stream.write_all(&bytes);
            }
        }
    });
    let mut world = ten(Vec::new()).await;
    let sandbox = std::mem::replace(&mut world.url, format!("http://{address}"));
    let summary = world.run().await;
    world.url = sandbox;
    (world, summary)
}

#[tokio::test(flavor = "multi_thread")]
async fn n_32_an_endless_answer_is_cut_and_unknown() {
    let mut whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n".to_vec();
    whole.resize(64 << 20, b' ');
    let mut chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..2_000 {
        chunks.extend(b"8000\r\n");
        chunks.resize(chunks.len() + 0x8000, b'{');
        chunks.extend(b"\r\n");
    }
    // Compressed answers are not asked for, so they are not unpacked.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; 64 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    for bytes in [whole, chunks, [head.into_bytes(), packed].concat()] {
        let (mut world, summary) = answered_with(bytes).await;
        assert_eq!((summary.accepted, summary.unknown, summary.requests), (0, 10, 1), "{summary:?}");
        heals(&mut world).await;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    assert!(peak.unwrap_or(0) < 1_500_000, "{peak:?} kB: the answers alone would be more");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_33_headers_without_end_or_sense_are_unknown() {
    let line = "X-Y: z\r\n";
    for head in
        [line.repeat(200_000), format!("X-Y: {}\r\n", "z".repeat(1 << 20)), "X\u{1}Y z\r\n".to_owned()]
    {
        let (mut world, summary) = answered_with(format!("HTTP/1.1 200 OK\r\n{head}\r\n").into_bytes()).await;
        assert_eq!((summary.accepted, summary.unknown, summary.left), (0, 10, 0), "{summary:?}");
        heals(&mut world).await;
    }
}

#[test]
fn n_40_an_answer_that_nobody_asked_for_is_no_answer_to_the_next_request() {
    let (scene, server) = (Scene::of(20), ByHand::start());
    // Two acceptances for the first request: the second must not be taken for the second request's.
    server.answer(&[ACCEPTED, ACCEPTED].concat());
    server.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"code\":50000}");
    wait(scene.start(&server.url, &[])).with(6, "code 50000");
    assert_eq!(scene.accepted(), 10);
    let (first, second) = (server.next(), server.next());
    assert_ne!(first.connection, second.connection, "a connection with an answer too many is not used again");
    assert_eq!(server.others(), 0);
    scene.backfill_at("2026-11-20T13:00:00Z").with(0, "");
    assert_eq!(scene.accepted(), 20);
}
