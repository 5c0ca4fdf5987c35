//! The real program, killed and stopped: at every crash point by name, and at random.

mod random;
mod site;
mod stop;

use std::io::Read as _;
use std::net::TcpListener;
use std::time::Duration as Wait;

use makegood::backfill::POINTS;
use makegood::domain::Duration;
use makegood::sandbox::{Script, Step};

use site::{KILLED, Site};

/// S-13: every point, alone and beside a second worker that found no lock. Killed at its second
/// passing where there is one: the first has left rows behind by then.
#[tokio::test(flavor = "multi_thread")]
async fn s_13_a_kill_at_any_point_loses_and_doubles_nothing() {
    for workers in [1, 2] {
        for point in POINTS {
            for nth in if workers == 1 && *point != "P9" { 1..=2 } else { 1..=1 } {
                let mut site = Site::new(40, 3_000).await;
                let slow = Step { delay: Wait::from_millis(5), fault: None };
                site.sandbox.set_script(Script { steps: vec![slow; 20].into(), poison: Vec::new() });
                let mut killed = site.start(Some(("MAKEGOOD_CRASH", &format!("{point}:{nth}"))));
                let beside = (workers == 2).then(|| {
                    // Else the second might leave nothing for the first to die over.
                    site::until("a claim", || killed.try_wait().unwrap().is_some() || site.has_attempts());
                    site.unlock();
                    site.start(None)
                });
                let ended = killed.wait().unwrap();
                assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(KILLED), "{point}");
                if let Some(mut beside) = beside {
                    let code = beside.wait().unwrap().code();
                    assert_eq!(code, Some(0), "{point}: a dead neighbour is nobody's trouble");
                }
                site.check();
                site.run_to_the_end();
            }
        }
    }
}

/// The same, but nobody comes back before the 47 hours are over: then it stays unknown, and unsent.
#[tokio::test(flavor = "multi_thread")]
async fn s_13_after_the_deadline_a_killed_request_is_never_repeated() {
    for point in POINTS {
        let mut site = Site::new(30, 3_000).await;
        site.start(Some(("MAKEGOOD_CRASH", point))).wait().unwrap();
        let before = site.settled();
        site.set_now(site::AT.plus(Duration::from_hours(47)).plus(Duration::from_ms(1)));
        let code = site.start(None).wait().unwrap().code();
        assert_eq!(site.settled(), before, "{point}: nothing leaves after the deadline");
        assert_eq!(code, Some(if *point == "P9" { 0 } else { 3 }), "{point}: and that is said");
        site.check();
    }
}

/// `P4` is what it says: the connection holds a part of the body and its end.
#[tokio::test(flavor = "multi_thread")]
async fn p4_lies_between_the_pieces_of_a_body() {
    let mut site = Site::new(40, 20_000).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    site.url = format!("http://{}", listener.local_addr().unwrap());
    site.batch = 40;
    let mut killed = site.start(Some(("MAKEGOOD_CRASH", "P4:40")));
    let mut bytes = Vec::new();
    let _ = listener.accept().unwrap().0.read_to_end(&mut bytes);
    killed.wait().unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let length: usize = length.parse().unwrap();
    assert!(length > 40 * 16_384, "{length}");
    assert!(!body.is_empty() && body.len() < length, "{} of {length}", body.len());
}
