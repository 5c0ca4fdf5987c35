//! Whole runs of a backfill against the sandbox, on a real store.

mod answers;
mod build;
mod transport;
mod workers;

use std::time::Duration as Wait;

use makegood::backfill::Stopped;
use makegood::domain::{Duration, Outcome, Unsendable};
use makegood::sandbox::{Script, Step};

use crate::world::{AT, NOW, logged, world, world_of};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_accepted_and_counted_once() {
    let mut world = world(450).await;
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.requests, &summary.stopped[..]), (450, 3, &[][..]));
    assert_eq!((world.counted(), world.requests()), (450, 3));
    let attempts = world.attempts("e449");
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].outcome, Some(Outcome::Accepted));

    let again = world.run().await;
    assert_eq!((again.passed, again.requests), (450, 0), "an accepted key is never sent again");
    assert_eq!(world.requests(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_until_the_first_acceptance_then_four() {
    let mut world = world(120).await;
    world.policy.backfill.batch = 10;
    let slow = Step { delay: Wait::from_millis(60), fault: None };
    let mut world = world.with(Script { steps: vec![slow; 12].into(), poison: Vec::new() });
    assert_eq!(world.run().await.accepted, 120);
    let mut together: Vec<_> = world.sandbox.requests().iter().map(|seen| seen.together).collect();
    assert_eq!(together[0], 1);
    together.sort_unstable();
    assert_eq!(together.last(), Some(&4));
    assert_eq!(world.counted(), 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn pixels_and_test_sends_are_kept_apart() {
    let events: Vec<_> =
        (0..6).map(|id| makegood_event(if id % 2 == 0 { "P" } else { "Q" }, &format!("e{id}"))).collect();
    let mut world = world_of(&events).await;
    world.test_code = Some("TEST123");
    let tested = world.run().await;
    assert_eq!((tested.accepted, tested.requests), (6, 2));
    assert_eq!(world.counted(), 0, "a test send counts nothing");
    world.test_code = None;
    assert_eq!(world.run().await.accepted, 6, "and delivers nothing");
    assert_eq!(world.counted(), 6);
    assert!(world.sandbox.requests().iter().all(|seen| seen.events.len() == 3));
}

fn makegood_event(pixel: &'static str, id: &str) -> crate::world::Logged {
    crate::world::Logged { pixel, ..logged(id) }
}

#[tokio::test(flavor = "multi_thread")]
async fn o_10_nothing_leaves_at_the_deadline_or_after() {
    for (seconds_left, sent) in [(1, 1), (0, 0), (-1, 0)] {
        let mut world = world(1).await;
        world.now = AT.plus(Duration::from_hours(47)).minus(Duration::from_secs(seconds_left));
        let summary = world.run().await;
        assert_eq!((summary.accepted, summary.expired), (sent, 1 - sent), "{seconds_left} s");
        assert_eq!(world.requests(), usize::try_from(sent).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o_04_a_lease_that_cannot_outlive_the_request_is_not_used() {
    let mut world = world(3).await;
    world.tick = Duration::from_secs(115);
    let summary = world.run().await;
    assert_eq!((summary.requests, summary.left, world.requests()), (0, 3, 0));
    let attempts = world.attempts("e0");
    assert!(attempts.iter().all(|attempt| attempt.outcome == Some(Outcome::NotSent)), "{attempts:?}");
    world.tick = Duration::from_secs(100);
    world.now = NOW.plus(Duration::from_hours(2));
    assert_eq!(world.run().await.accepted, 3, "100 s of 120 s leave time for 2 s and 10 s more");
}

#[tokio::test(flavor = "multi_thread")]
async fn o_09_a_deadline_that_passes_between_claim_and_send_is_kept() {
    for seconds_left in 0..60 {
        let mut world = world(3).await;
        world.tick = Duration::from_secs(10);
        world.now = AT.plus(Duration::from_hours(47)).minus(Duration::from_secs(seconds_left));
        let deadline = AT.plus(Duration::from_hours(47));
        let summary = world.run().await;
        assert_eq!(summary.accepted + summary.expired, 3, "{summary:?}");
        let last_claim = world.attempts("e0").last().map(|attempt| attempt.at);
        assert!(summary.accepted == 0 || last_claim.is_some_and(|at| at.plus(world.tick) < deadline));
        if summary.accepted == 3 {
            return;
        }
    }
    panic!("a minute is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_exceeds_a_megabyte() {
    let long = |id| crate::world::Logged { description: "x".repeat(9_000), ..logged(&format!("e{id}")) };
    let mut world = world_of(&(0..200).map(long).collect::<Vec<_>>()).await;
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.requests), (200, 2));
    let mut world = world_of(&[
        crate::world::Logged { description: "x".repeat(1_000_000), ..logged("huge") },
        logged("e1"),
    ])
    .await;
    let summary = world.run().await;
    assert_eq!((summary.accepted, summary.requests), (1, 1));
    assert_eq!(summary.unsendable[0].2, Unsendable::TooLarge);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_what_is_in_flight() {
    let mut world = world(50).await;
    world.policy.backfill.batch = 10;
    let slow = Step { delay: Wait::from_millis(400), fault: None };
    let mut world = world.with(Script { steps: vec![slow; 9].into(), poison: Vec::new() });
    let (tell, stop) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        tokio::time::sleep(Wait::from_millis(150)).await;
        tell.send(true).unwrap();
    });
    let summary = world.run_until(stop).await;
    assert_eq!((summary.accepted, summary.left, summary.requests), (10, 40, 1));
    assert_eq!(summary.stopped, [Stopped::Signal]);
    assert_eq!(world.attempts("e0")[0].outcome, Some(Outcome::Accepted), "recorded before the end");
    assert_eq!(world.run().await.accepted, 40);
    assert_eq!(world.counted(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pixel_without_a_token_is_unsendable() {
    let mut world = world(2).await;
    world.tokens.clear();
    let summary = world.run().await;
    assert_eq!((summary.unsendable.len(), summary.requests), (2, 0));
    assert_eq!(summary.unsendable[0].2, Unsendable::NoPixelOrToken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_went_backwards_stops_the_run() {
    let mut world = world(2).await;
    world.store.raise_clock(NOW.plus(Duration::from_mins(6))).unwrap();
    let summary = world.run().await;
    assert_eq!(summary.stopped, [Stopped::Clock { off: Duration::from_mins(-6) }]);
    assert_eq!((summary.left, world.requests()), (2, 0));
    world.now = NOW.plus(Duration::from_mins(2));
    assert_eq!(world.run().await.accepted, 2, "four minutes are within what clocks do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_clock_that_disagrees_stops_the_run() {
    for (mins, stops) in [(29, false), (31, true), (-31, true)] {
        let mut world = world(20).await;
        world.policy.backfill.batch = 10;
        world.fixed_clock = false;
        world.sandbox.set_now(NOW.minus(Duration::from_mins(mins)));
        let summary = world.run().await;
        if stops {
            assert_eq!(summary.stopped, [Stopped::Clock { off: Duration::from_mins(mins) }]);
            assert_eq!((summary.accepted, summary.left), (10, 10), "the answer still counts");
        } else {
            assert_eq!(summary.accepted, 20);
        }
        world.fixed_clock = true;
        assert_eq!(world.run().await.stopped, [], "--now switches the check off");
    }
}
