//! O-04: workers that are suspended, and go on when it is too late.

use makegood::domain::{Duration, EventName, Outcome, PixelCode};
use makegood::store::{ClaimKey, ClaimRequest, Pace, RunKind, Store};
use makegood::tiktok::payload::EventObject;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::site::Site;

fn pid(child: &std::process::Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}

/// Waits until a worker has stopped itself.
fn stopped(child: &std::process::Child) {
    let status = waitpid(pid(child), Some(WaitPidFlag::WUNTRACED)).unwrap();
    assert!(matches!(status, WaitStatus::Stopped(_, Signal::SIGSTOP)), "{status:?}");
}

/// Suspended between its claim and its re-check, while another takes the keys over: it sends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn o_04_a_worker_suspended_past_its_lease_sends_nothing_late() {
    let mut site = Site::new(5, 300).await;
    let mut worker = site.start(Some(("MAKEGOOD_STOP", "P2")));
    stopped(&worker);
    let mut store = Store::open(&site.db()).unwrap();
    let later = site.now().plus(Duration::from_mins(1));
    let run = store.begin_run(RunKind::Backfill, later, "{}").unwrap();
    let key = |id: usize| ClaimKey {
        name: EventName::parse("CompletePayment").unwrap(),
        id: makegood::domain::EventId::parse(&format!("e{id}")).unwrap(),
        object: EventObject::from_store("{}"),
        provenance: "".into(),
        deadline: later.plus(Duration::from_hours(1)),
    };
    let claimed = store
        .claim(&ClaimRequest {
            run,
            pixel: &PixelCode::parse("P").unwrap(),
            test_code: None,
            keys: &(0..5).map(key).collect::<Vec<_>>(),
            lease: Duration::from_secs(35),
            now: later,
            parent: None,
            pace: Pace::default(),
        })
        .unwrap();
    assert_eq!(claimed.keys.len(), 5, "the lease of a suspended worker runs out");
    assert!(claimed.keys.iter().all(|(_, object)| object.as_json() != "{}"), "its objects stay");
    kill(pid(&worker), Signal::SIGCONT).unwrap();
    worker.wait().unwrap();
    assert_eq!(site.settled(), 0);
    site.run_to_the_end();
}

/// Suspended with the connection standing, just before its first byte, until its time is over.
#[tokio::test(flavor = "multi_thread")]
async fn o_04_a_worker_suspended_before_its_first_byte_sends_nothing_late() {
    let mut site = Site::new(5, 300).await;
    let left = Duration::from_ms(700);
    site.set_now(super::site::AT.plus(Duration::from_hours(47)).minus(left));
    let mut worker = site.start(Some(("MAKEGOOD_STOP", "P3")));
    stopped(&worker);
    std::thread::sleep(std::time::Duration::from_millis(750));
    kill(pid(&worker), Signal::SIGCONT).unwrap();
    worker.wait().unwrap();
    let store = Store::open_read_only(&site.db()).unwrap();
    let group = store.group(&makegood::domain::EventId::parse("e0").unwrap()).unwrap().unwrap();
    assert_eq!(group.attempts[0].outcome, Some(Outcome::NotSent), "and the ledger knows");
    site.check();
}
