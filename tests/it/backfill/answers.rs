//! Every kind of answer, and what the run and the ledger make of it.

use makegood::backfill::Stopped;
use makegood::domain::{Code, Duration, Outcome, PixelCode, Refusal};
use makegood::http::Token;
use makegood::sandbox::{Blames, Fault, Poison, Script};

use crate::world::{Logged, NOW, World, logged, world, world_of};

fn pixel(code: &str) -> PixelCode {
    PixelCode::parse(code).unwrap()
}

/// A hundred events, of which those whose id contains `bad` are refused.
async fn poisoned(bad: &[usize], blames: Blames) -> World {
    let id = |at| if bad.contains(&at) { format!("bad{at}") } else { format!("e{at}") };
    let events: Vec<_> = (0..100).map(|at| logged(&id(at))).collect();
    let poison = vec![Poison { id_contains: "bad".into(), code: 40002, blames }];
    world_of(&events).await.with(Script { poison, ..Script::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn n_16_one_bad_event_of_a_hundred_is_found() {
    for (blames, most) in [(Blames::Nobody, 15), (Blames::Index, 3)] {
        let mut world = poisoned(&[37], blames).await;
        let summary = world.run().await;
        assert_eq!((summary.accepted, summary.refused), (99, 1));
        assert!(summary.requests <= most, "{}", summary.requests);
        assert_eq!(world.counted(), 99);
        let attempts = world.attempts("bad37");
        let last = attempts.last().unwrap();
        assert!(last.alone && last.outcome == Some(Outcome::Refused(Refusal::Event)));
        assert_eq!(last.code, Code::Integer(40002));
        assert!(attempts.iter().rev().skip(1).all(|attempt| !attempt.alone));
        assert!(world.attempts("e36").iter().any(|attempt| attempt.outcome == Some(Outcome::Accepted)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_bad_events_are_found() {
    for blames in [Blames::Nobody, Blames::Index] {
        let mut world = poisoned(&[0, 1, 50, 98, 99], blames).await;
        let summary = world.run().await;
        assert_eq!((summary.accepted, summary.refused, &summary.stopped[..]), (95, 5, &[][..]));
        assert_eq!(world.counted(), 95);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_17_all_bad_looks_like_our_mistake() {
    let all: Vec<_> = (0..100).collect();
    for blames in [Blames::Nobody, Blames::Index] {
        let mut world = poisoned(&all, blames).await;
        let summary = world.run().await;
        assert_eq!(summary.stopped, [Stopped::LooksLikeOurs { code: 40002 }]);
        assert!(summary.refused <= 4 && summary.accepted == 0, "{summary:?}");
        assert!(summary.requests <= 40, "{}", summary.requests);
    }
    let mut world = poisoned(&all, Blames::Nobody).await;
    world.policy.backfill.batch = 20;
    let summary = world.run().await;
    assert!(summary.requests <= 40 && summary.left >= 90, "the second such batch ends the run: {summary:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_19_partly_successful_asks_for_each() {
    let world = world(5).await.with(Script::faults([Fault::code(200, 20001).but_taken()]));
    let mut world = world;
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.requests), (5, 6));
    assert_eq!(world.counted(), 5, "the copies were dropped");
    let mut world = crate::world::world(2).await.with(Script::faults(vec![Fault::code(200, 20001); 3]));
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.unknown, summary.requests), (0, 2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn n_20_n_29_what_must_not_be_repeated_is_asked_once() {
    for (code, unknown) in [(40050, 5), (40202, 5), (59999, 5), (49999, 0)] {
        let mut world = world(5).await.with(Script::faults([Fault::code(200, code)]));
        let summary = world.run().await;
        assert_eq!((summary.unknown, summary.left, summary.requests), (unknown, 5 - unknown, 1), "{code}");
        assert_eq!(summary.refused, 0, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_21_too_large_a_request_is_halved() {
    let mut world =
        world(8).await.with(Script::faults([Fault::text(413, "<html>"), Fault::code(200, 40061)]));
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.requests), (8, 5));
    assert_eq!(world.counted(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn n_24_a_short_throttle_is_sat_out_and_shared() {
    let throttled = Fault::code(401, 40100).with_header("Retry-After", "1");
    let mut world = world(5).await.with(Script::faults([throttled]));
    let start = std::time::Instant::now();
    let summary = world.run().await;
    assert!(start.elapsed() >= std::time::Duration::from_secs(1));
    assert_eq!((summary.accepted, summary.requests, &summary.stopped[..]), (5, 2, &[][..]));
    let shared = world.store.shared().unwrap();
    assert_eq!(shared.throttled_until, Some(NOW.plus(Duration::from_secs(1))), "for every process");
    assert!(shared.blocked_tokens.is_empty(), "a 401 with 40100 is no bad token");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_22_a_long_throttle_ends_this_run_and_the_next() {
    let throttled = Fault::text(429, "slow down").with_header("Retry-After", "99999");
    let mut world = world(5).await.with(Script::faults([throttled]));
    let until = NOW.plus(Duration::from_hours(1));
    for requests in [1, 0] {
        let summary = world.run().await;
        assert_eq!(summary.stopped, [Stopped::Throttled { until }]);
        assert_eq!((summary.left, summary.requests), (5, requests));
    }
    world.now = until;
    assert_eq!(world.run().await.accepted, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_have_leaked_pauses_everybody() {
    let mut world = world(5).await.with(Script::faults([Fault::code(200, 40132)]));
    let summary = world.run().await;
    let until = NOW.plus(Duration::from_mins(5));
    assert!(summary.stopped.contains(&Stopped::MayHaveLeaked { pixel: pixel("P"), until }), "{summary:?}");
    assert_eq!((summary.left, world.run().await.requests), (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn n_27_a_token_that_dies_stops_this_run_and_the_next_until_it_changes() {
    for (k, how) in [(1, 40105), (3, 40102), (5, 401)] {
        let mut world = world(50).await;
        world.policy.backfill.batch = 10;
        world.policy.backfill.concurrency = 1;
        let fault = if how == 401 { Fault::text(401, "") } else { Fault::code(200, how) };
        let mut script = Script::faults([fault]);
        for _ in 1..k {
            script.steps.push_front(makegood::sandbox::Step::default());
        }
        let mut world = world.with(script);
        let summary = world.run().await;
        assert_eq!(summary.stopped, [Stopped::Token { pixel: pixel("P"), code: how }]);
        assert_eq!((summary.accepted, summary.requests), (10 * (k - 1), k), "exactly k requests");
        let again = world.run().await;
        assert_eq!(again.stopped, [Stopped::StillBlocked { pixel: pixel("P"), code: how }]);
        assert_eq!(again.requests, 0);
        world.sandbox.set_token("new");
        world.tokens.insert(pixel("P"), Token::parse("new").unwrap());
        world.now = NOW.plus(Duration::from_hours(1));
        let healed = world.run().await;
        assert_eq!(healed.accepted + healed.passed, 50, "{healed:?}");
        assert_eq!(world.counted(), 50);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_pixels_good_token_goes_on() {
    let event = |pixel, id: usize| Logged { pixel, ..logged(&format!("{pixel}{id}")) };
    let events: Vec<_> = (0..10).flat_map(|id| [event("P", id), event("Q", id), event("R", id)]).collect();
    let mut world = world_of(&events).await;
    for pixel_code in ["P", "R"] {
        world.tokens.insert(pixel(pixel_code), Token::parse("dead").unwrap());
    }
    let summary = world.run().await;
    assert_eq!(summary.stopped, [Stopped::Token { pixel: pixel("P"), code: 40105 }]);
    assert_eq!((summary.accepted, summary.left, summary.requests), (10, 20, 2), "R has the same dead token");
    let again = world.run().await;
    assert_eq!((again.passed, again.requests), (10, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn n_28_no_permission_closes_the_pixel_only() {
    let event = |pixel, id: usize| Logged { pixel, ..logged(&format!("{pixel}{id}")) };
    let events: Vec<_> = (0..10).flat_map(|id| [event("P", id), event("Q", id)]).collect();
    let mut world = world_of(&events).await.with(Script::faults([Fault::code(200, 40001)]));
    world.policy.backfill.batch = 5;
    let summary = world.run().await;
    assert_eq!(summary.stopped, [Stopped::Permission { pixel: pixel("P"), code: 40001 }]);
    assert_eq!((summary.accepted, summary.left, summary.requests), (10, 10, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn n_26_a_wrong_address_stops_after_one_request() {
    for (fault, what) in [
        (Fault::text(404, "<html>"), "HTTP 404 without a code"),
        (Fault::text(405, ""), "HTTP 405 without a code"),
        (Fault::code(200, 41000), "code 41000"),
    ] {
        let mut world = world(50).await.with(Script::faults([fault]));
        world.policy.backfill.batch = 10;
        let summary = world.run().await;
        assert_eq!(summary.stopped, [Stopped::Config { what: what.into() }]);
        assert_eq!((summary.left, summary.requests), (50, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n_12_n_13_n_15_what_is_no_acceptance_is_unknown() {
    for fault in [
        Fault::text(200, "<html>sign in</html>"),
        Fault::text(200, ""),
        Fault::text(200, r#"{"code":"0"}"#),
        Fault::text(200, r#"{"code":0}x"#),
        Fault::text(204, ""),
        Fault::code(404, 0),
        Fault::text(302, "").but_taken(),
    ] {
        let is_redirect = matches!(&fault, Fault::Answer { status: 302, .. });
        let mut world = world(3).await.with(Script::faults([fault]));
        let summary = world.run().await;
        assert_eq!(summary.accepted, 0, "{summary:?}");
        assert_eq!(summary.unknown, if is_redirect { 0 } else { 3 }, "{summary:?}");
        assert_ne!(world.attempts("e0")[0].outcome, Some(Outcome::Accepted));
        let text = format!("{summary:?}");
        assert!(!text.contains("sign in"), "no body is echoed");
    }
}
