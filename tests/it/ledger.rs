//! The ledger against a model in memory: two workers, a clock, crashes, in any order.

mod model;

use makegood::domain::{
    Answer, Batch, BatchReceipt, Code, Duration, EventId, EventName, Leg, Outcome, PixelCode, Refusal,
    RequestId, RunId, TermKind,
};
use makegood::store::{BatchResult, ClaimKey, ClaimRequest, Pace, RunKind, Store};
use makegood::tiktok::payload::EventObject;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::world::{AT, NOW, batch, cursor, logged, term};
use model::{Model, TIMEOUT};

const KEYS: usize = 4;
const LEASE: Duration = Duration::from_secs(120);
/// What the re-check wants left of a lease beside the time-out.
const SLACK: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Step {
    /// A worker claims these keys, with objects of its own making.
    Claim { worker: usize, keys: u8 },
    /// It looks once more, and sends if it may.
    Recheck { worker: usize },
    /// It records what it heard, sent or not, in time or late.
    Record { worker: usize, outcome: Option<Outcome>, wait: Duration },
    /// It dies, and another takes its place.
    Crash { worker: usize },
    /// Time passes.
    Pass(Duration),
    /// A log says that TikTok took a key.
    Receipt { key: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let worker = || 0..2_usize;
    let outcome = prop_oneof![
        3 => Just(Some(Outcome::Accepted)),
        2 => Just(Some(Outcome::Unknown)),
        1 => Just(Some(Outcome::NotSent)),
        1 => Just(Some(Outcome::Refused(Refusal::Event))),
        1 => Just(Some(Outcome::Refused(Refusal::Throttled))),
        1 => Just(None),
    ];
    let wait = prop_oneof![Just(Duration::ZERO), Just(Duration::from_mins(5))];
    let time = prop_oneof![
        Just(Duration::from_secs(1)),
        Just(Duration::from_secs(31)),
        Just(Duration::from_secs(85)),
        Just(LEASE),
        Just(Duration::from_mins(6)),
        Just(Duration::from_hours(12)),
    ];
    prop_oneof![
        6 => (worker(), 1..(1_u8 << KEYS)).prop_map(|(worker, keys)| Step::Claim { worker, keys }),
        6 => worker().prop_map(|worker| Step::Recheck { worker }),
        5 => (worker(), outcome, wait)
            .prop_map(|(worker, outcome, wait)| Step::Record { worker, outcome, wait }),
        1 => worker().prop_map(|worker| Step::Crash { worker }),
        4 => time.prop_map(Step::Pass),
        1 => (0..KEYS).prop_map(|key| Step::Receipt { key }),
    ]
}

/// A worker: its own connection, and the batch it holds.
struct Worker {
    store: Store,
    batch: Option<i64>,
}

/// The real thing.
struct Real {
    folder: TempDir,
    workers: Vec<Worker>,
    run: RunId,
    claims: usize,
}

impl Real {
    fn new() -> Self {
        // Each commit waits for the disk; memory has no wait.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let events: Vec<_> = (0..KEYS).map(|key| logged(&format!("e{key}"))).collect();
        let path = folder.path().join("makegood.db");
        let mut store = Store::open(&path).unwrap();
        store.commit(batch(&events), AT).unwrap();
        let run = store.begin_run(RunKind::Backfill, NOW, "{}").unwrap();
        let workers = (0..2).map(|_| Worker { store: Store::open(&path).unwrap(), batch: None }).collect();
        Self { folder, workers, run, claims: 0 }
    }

    /// Claims as the model says it must go.
    fn claim(&mut self, model: &mut Model, worker: usize, keys: u8) {
        let wanted: Vec<usize> = (0..KEYS).filter(|key| keys >> key & 1 == 1).collect();
        self.claims += 1;
        let object = format!("{{\"made\":{}}}", self.claims);
        let key = |key: &usize| ClaimKey {
            name: EventName::parse("CompletePayment").unwrap(),
            id: id(*key),
            object: EventObject::from_store(&object),
            provenance: "".into(),
            deadline: AT.plus(Duration::from_hours(47)),
        };
        let pixel = PixelCode::parse("P").unwrap();
        let request = ClaimRequest {
            run: self.run,
            pixel: &pixel,
            test_code: None,
            keys: &wanted.iter().map(key).collect::<Vec<_>>(),
            lease: LEASE,
            now: model.now,
            parent: None,
            pace: Pace::default(),
        };
        let claimed = self.workers[worker].store.claim(&request).unwrap();
        let taken: Vec<_> =
            claimed.keys.iter().map(|(at, object)| (wanted[*at], object.as_json().to_owned())).collect();
        let passed: Vec<_> = claimed.passed.iter().map(|at| wanted[*at]).collect();
        assert_eq!((taken.clone(), passed), model.free(&wanted, &object));
        assert!(claimed.damaged.is_empty());
        assert_eq!(claimed.batch.is_some(), !taken.is_empty());
        self.workers[worker].batch = claimed.batch;
        model.claimed(worker, claimed.batch, &taken, model.now.plus(LEASE));
    }

    fn recheck(&mut self, model: &mut Model, worker: usize) {
        let Some(batch) = self.workers[worker].batch else { return };
        let until = model.now.plus(TIMEOUT).plus(SLACK);
        let may_send = self.workers[worker].store.recheck(batch, until).unwrap();
        assert_eq!(may_send, model.may_send(batch, until));
        if may_send {
            model.sends(worker, batch);
        }
    }

    fn record(&mut self, model: &mut Model, worker: usize, (outcome, wait): (Option<Outcome>, Duration)) {
        let Some(batch) = self.workers[worker].batch.take() else { return };
        let not_before = model.now.plus(wait);
        let result = BatchResult {
            outcome,
            http_status: None,
            code: Code::Absent,
            request: RequestId::NONE,
            at: model.now,
            not_before,
        };
        self.workers[worker].store.record(batch, &result).unwrap();
        model.recorded(worker, batch, outcome, not_before);
    }

    fn receipt(&mut self, model: &mut Model, key: usize) {
        let mut log = Batch { cursors: vec![cursor()], ..Batch::default() };
        let (name, pixel) =
            (term(&mut log, TermKind::Name, "CompletePayment"), term(&mut log, TermKind::Pixel, "P"));
        log.receipts.push(BatchReceipt {
            id: id(key),
            name,
            pixel: Some(pixel),
            leg: Leg::Server,
            at: Some(AT),
            answer: Answer { http_status: Some(200), code: Code::Integer(0), ..Answer::default() },
            test_code: None,
            request: RequestId::NONE,
            sent: None,
            cursor: 0,
            offset: 0,
        });
        self.workers[0].store.commit(log, model.now).unwrap();
        model.keys[key].is_in_log = true;
    }

    fn take(&mut self, model: &mut Model, step: &Step) {
        match *step {
            Step::Claim { worker, keys } => self.claim(model, worker, keys),
            Step::Recheck { worker } => self.recheck(model, worker),
            Step::Record { worker, outcome, wait } => self.record(model, worker, (outcome, wait)),
            Step::Crash { worker } => {
                let store = Store::open(&self.folder.path().join("makegood.db")).unwrap();
                self.workers[worker] = Worker { store, batch: None };
                model.crashed(worker);
            }
            Step::Pass(time) => model.now = model.now.plus(time),
            Step::Receipt { key } => self.receipt(model, key),
        }
    }

    /// Both connections see what the model says.
    fn compare(&self, model: &Model, step: &Step) {
        for (key, told) in model.keys.iter().enumerate() {
            for worker in &self.workers {
                let group = worker.store.group(&id(key)).unwrap().unwrap();
                let attempts: Vec<_> = group.attempts.iter().map(|one| (one.batch, one.outcome)).collect();
                assert_eq!(attempts, told.attempts, "e{key} after {step:?}");
                let claims = group.claims.iter().map(|one| (one.batch, one.lease_until, one.not_before));
                assert_eq!(claims.collect::<Vec<_>>(), told.claim.into_iter().collect::<Vec<_>>(), "e{key}");
            }
        }
    }
}

fn id(key: usize) -> EventId {
    EventId::parse(&format!("e{key}")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_model_says(steps in proptest::collection::vec(step(), 1..40)) {
        let mut real = Real::new();
        let mut model = Model::new(NOW, AT.plus(Duration::from_hours(47)), KEYS);
        for step in &steps {
            real.take(&mut model, step);
            model.check_laws();
            real.compare(&model, step);
        }
    }
}

#[test]
fn the_model_and_the_ledger_agree_on_a_whole_life() {
    let mut real = Real::new();
    let mut model = Model::new(NOW, AT.plus(Duration::from_hours(47)), KEYS);
    let unknown = Step::Record { worker: 0, outcome: Some(Outcome::Unknown), wait: Duration::from_mins(5) };
    let accepted = Step::Record { worker: 1, outcome: Some(Outcome::Accepted), wait: Duration::ZERO };
    for step in [
        Step::Claim { worker: 0, keys: 3 },
        Step::Recheck { worker: 0 },
        unknown,
        Step::Claim { worker: 1, keys: 7 },
        Step::Pass(Duration::from_mins(6)),
        Step::Crash { worker: 1 },
        Step::Claim { worker: 1, keys: 3 },
        Step::Recheck { worker: 1 },
        accepted,
        Step::Receipt { key: 2 },
        Step::Claim { worker: 0, keys: 15 },
    ] {
        real.take(&mut model, &step);
        model.check_laws();
        real.compare(&model, &step);
    }
    let outcomes =
        |key: usize| model.keys[key].attempts.iter().map(|(_, outcome)| *outcome).collect::<Vec<_>>();
    assert_eq!(outcomes(0), [Some(Outcome::Unknown), Some(Outcome::Accepted)]);
    assert_eq!((outcomes(2), outcomes(3)), (vec![None], vec![None]));
}
