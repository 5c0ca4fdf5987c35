//! S-14: kills at random moments, with a server that misbehaves.

use std::process::Child;
use std::time::{Duration as Wait, Instant};

use makegood::sandbox::{Fault, Script, Step};

use super::site::Site;

/// Kills in the everyday suite; `MAKEGOOD_KILLS` asks for more.
const KILLS: u64 = 30;

/// `SplitMix64`: a seed is all it takes to repeat a run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn s_14_kills_at_random_lose_and_double_nothing() {
    let kills = number("MAKEGOOD_KILLS").unwrap_or(KILLS);
    let first = number("MAKEGOOD_SEED").unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    });
    let whole = undisturbed().await;
    let mut killed = 0;
    for seed in first.. {
        // Shown when the test fails; MAKEGOOD_SEED repeats it.
        eprintln!("seed {seed}");
        killed += trial(Random(seed), whole).await;
        if killed >= kills {
            break;
        }
    }
}

/// How long a run takes that nobody disturbs.
async fn undisturbed() -> Wait {
    let site = Site::new(40, 300).await;
    let start = Instant::now();
    site.start(None).wait().unwrap();
    let whole = start.elapsed();
    assert_eq!(site.check(), 40);
    whole
}

/// One site: one or two workers, each killed somewhere in its run. Returns how many died.
async fn trial(mut random: Random, whole: Wait) -> u64 {
    let mut site = Site::new(40, 300).await;
    site.sandbox.set_script(script(&mut random));
    let mut workers = vec![(site.start(None), moment(&mut random, whole))];
    if random.below(2) == 0 {
        site.unlock();
        workers.push((site.start(None), moment(&mut random, whole)));
    }
    let start = Instant::now();
    workers.sort_by_key(|(_, at)| *at);
    let mut killed = 0;
    for (worker, at) in &mut workers {
        std::thread::sleep(at.saturating_sub(start.elapsed()));
        killed += kill(worker);
    }
    site.sandbox.set_script(Script::default());
    site.check();
    site.run_to_the_end();
    killed
}

fn moment(random: &mut Random, whole: Wait) -> Wait {
    // Whole microseconds, a little past the end too.
    let micros = u64::try_from(whole.as_micros()).unwrap() * 11 / 10;
    Wait::from_micros(random.below(micros))
}

fn kill(worker: &mut Child) -> u64 {
    worker.kill().unwrap();
    u64::from(std::os::unix::process::ExitStatusExt::signal(&worker.wait().unwrap()).is_some())
}

/// Slow answers, lies, errors and lost connections.
fn script(random: &mut Random) -> Script {
    let mut steps = Vec::new();
    for _ in 0..12 {
        let fault = match random.below(8) {
            0 => Some(Fault::code(200, 50000).but_taken()),
            1 => Some(Fault::code(200, 50000)),
            2 => Some(Fault::Truncate),
            3 => Some(Fault::text(503, "<html>")),
            _ => None,
        };
        steps.push(Step { delay: Wait::from_millis(random.below(15)), fault });
    }
    Script { steps: steps.into(), poison: Vec::new() }
}
