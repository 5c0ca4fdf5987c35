//! O-03: several workers on one database, as if there were no lock.

use std::sync::Barrier;
use std::time::{Duration as Wait, Instant};

use makegood::backfill::{self, Job, Summary};
use makegood::domain::Duration;
use makegood::http::{Client, Endpoint};
use makegood::sandbox::{Fault, Script, Step};
use makegood::store::{RunKind, Store};

use crate::world::{NOW, World, world};

const WORKERS: usize = 4;

/// Runs the world's plan by several workers at once, each with its own connection.
fn together(world: &World) -> Vec<Summary> {
    let start = Barrier::new(WORKERS);
    let (start, path, url, now) = (&start, world.store.path(), &world.url, world.now);
    let (plan, policy, tokens) = (&world.plan, &world.policy, &world.tokens);
    std::thread::scope(|scope| {
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut store = Store::open(path).unwrap();
            let run = store.begin_run(RunKind::Backfill, now, "{}").unwrap();
            let limits = &policy.backfill;
            let endpoint = Endpoint::parse(url).unwrap();
            let client = Client::new(endpoint, limits.connect_timeout, limits.total_timeout).unwrap();
            let (_keep, stop) = tokio::sync::watch::channel(false);
            let clock = || now;
            let job = Job {
                plan,
                policy,
                client: &client,
                tokens,
                run,
                test_code: None,
                now: &clock,
                fixed_clock: true,
                stop,
            };
            start.wait();
            runtime.block_on(backfill::run(job, &mut store, &mut |_| ())).unwrap()
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn o_03_workers_without_a_lock_never_send_a_key_twice() {
    let mut world = world(400).await;
    world.policy.backfill.batch = 10;
    let slow = Step { delay: Wait::from_millis(10), fault: None };
    let world = world.with(Script { steps: vec![slow; 100].into(), poison: Vec::new() });
    let told = together(&world);
    world.check();
    assert_eq!(told.iter().map(|summary| summary.accepted).sum::<u64>(), 400);
    assert_eq!(told.iter().map(|summary| summary.passed).sum::<u64>(), 1200);
    assert!(told.iter().filter(|summary| summary.accepted > 0).count() > 1, "they did work at once");
    assert!(told.iter().all(|summary| summary.stopped.is_empty()), "and nobody was in the way");
    let counted = world.sandbox.counted();
    assert_eq!((counted.len(), counted.iter().map(|key| key.copies).max()), (400, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn o_03_workers_without_a_lock_share_what_the_server_does_to_them() {
    let mut world = world(200).await;
    world.policy.backfill.batch = 5;
    let faults = [
        Some(Fault::code(200, 50000).but_taken()),
        None,
        Some(Fault::code(200, 40002)),
        None,
        Some(Fault::Truncate),
        Some(Fault::text(503, "<html>")),
        None,
    ];
    let delay = Wait::from_millis(3);
    let steps = faults.into_iter().cycle().take(60).map(|fault| Step { delay, fault });
    let mut world = world.with(Script { steps: steps.collect(), poison: Vec::new() });
    together(&world);
    world.check();
    world.sandbox.set_script(Script::default());
    world.now = NOW.plus(Duration::from_hours(3));
    world.run().await;
    let refused = |id: &usize| {
        let attempts = world.attempts(&format!("e{id}"));
        attempts.iter().any(|attempt| attempt.alone && attempt.code == makegood::domain::Code::Integer(40002))
    };
    let refused = (0..200).filter(refused).count();
    assert!(world.counted() + refused >= 200, "{} and {refused}", world.counted());
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_one_rate() {
    let mut world = world(400).await;
    world.policy.backfill.batch = 10;
    world.policy.backfill.requests_per_second = 50;
    let start = Instant::now();
    let told = together(&world);
    assert_eq!(told.iter().map(|summary| summary.accepted).sum::<u64>(), 400);
    assert_eq!(world.requests(), 40);
    let took = start.elapsed();
    assert!(took >= Wait::from_millis(39 * 20), "40 requests at 50 a second took {took:?}");
}
