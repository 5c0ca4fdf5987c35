//! T-08: kills at random moments while logs are written and rotated.

use std::fs;
use std::time::{Duration, Instant};

use super::scene::{Scene, pack};

/// Kills in the everyday suite; `MAKEGOOD_FOLLOW_KILLS` asks for more.
const KILLS: u64 = 20;

/// `SplitMix64`: a seed is all it takes to repeat a run, as far as the machine's timing allows.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn t_08_kills_at_random_lose_and_double_nothing() {
    let kills = number("MAKEGOOD_FOLLOW_KILLS").unwrap_or(KILLS);
    let seed = number("MAKEGOOD_SEED").unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    });
    // Shown when the test fails; MAKEGOOD_SEED repeats it.
    eprintln!("seed {seed}");
    let mut random = Random(seed);
    let mut scene = Scene::new("*.log*");
    let mut rotations = 0;
    for _ in 0..kills {
        scene.start();
        let until = Instant::now() + Duration::from_micros(random.below(250_000));
        while Instant::now() < until {
            scene.write("a.log", 1 + u32::try_from(random.below(300)).unwrap());
            if random.below(12) == 0 {
                rotations += 1;
                let old = scene.at(&format!("a.log.{rotations}"));
                fs::rename(scene.at("a.log"), &old).unwrap();
                if random.below(2) == 0 {
                    pack(&old);
                }
            }
            std::thread::sleep(Duration::from_micros(random.below(8_000)));
        }
        scene.kill();
    }
    scene.start();
    scene.wait_for_all();
    scene.stop();
    scene.check();
}
