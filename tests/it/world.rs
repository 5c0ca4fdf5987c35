//! A store with events in it, a sandbox, and a plan that says to send them all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use makegood::backfill::{self, Job, Summary};
use makegood::domain::{
    Amount, Attempt, Batch, BatchEvent, Cursor, Digest, Duration, EventId, EventName, Facts, FileId, Flaws,
    KeyBits, OrderKey, PixelCode, Plan, Planned, Policy, Seen, SessionFacts, SessionId, Term, TermKind,
    TimeMs,
};
use makegood::http::{Client, Endpoint, Token};
use makegood::sandbox::{Options, Sandbox, Script};
use makegood::store::{RunKind, Store};
use makegood::tiktok::payload::{Parts, write_stored};
use tempfile::TempDir;

use crate::checker;

/// The moment of every run unless a test says otherwise: 2026-11-20T12:00:00Z.
pub(crate) const NOW: TimeMs = TimeMs::from_ms(1_795_176_000_000);

/// When every event happened: ten hours earlier.
pub(crate) const AT: TimeMs = TimeMs::from_ms(1_795_140_000_000);

/// The sandbox's durable record.
const RECORD: &str = "record.jsonl";

/// What a test needs to know of the world it runs in.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) store: Store,
    pub(crate) sandbox: Sandbox,
    pub(crate) plan: Plan,
    pub(crate) policy: Policy,
    pub(crate) tokens: BTreeMap<PixelCode, Token>,
    pub(crate) test_code: Option<&'static str>,
    pub(crate) now: TimeMs,
    pub(crate) fixed_clock: bool,
    /// How far the clock moves on each time it is read.
    pub(crate) tick: Duration,
    pub(crate) url: String,
}

/// An event of the world.
#[derive(Clone, Default)]
pub(crate) struct Logged {
    pub(crate) id: String,
    pub(crate) pixel: &'static str,
    pub(crate) session: Option<&'static str>,
    pub(crate) email: Option<u8>,
    pub(crate) description: String,
    pub(crate) consent_denied: bool,
    pub(crate) placeholder: bool,
}

/// An event on pixel `P`.
pub(crate) fn logged(id: &str) -> Logged {
    Logged { id: id.to_owned(), pixel: "P", ..Logged::default() }
}

/// A world of so many purchases: `e0`, `e1`, …
pub(crate) async fn world(events: usize) -> World {
    let events: Vec<_> = (0..events).map(|id| logged(&format!("e{id}"))).collect();
    world_of(&events).await
}

/// A world of these purchases.
pub(crate) async fn world_of(events: &[Logged]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("makegood.db")).unwrap();
    store.commit(batch(events), AT).unwrap();
    let record = Some(folder.path().join(RECORD));
    let options = Options { now: Some(NOW), token: Some("right".into()), record, ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let mut policy = Policy::default();
    policy.backfill.requests_per_second = 10_000;
    policy.backfill.total_timeout = Duration::from_secs(2);
    policy.backfill.connect_timeout = Duration::from_secs(1);
    let pixels: Vec<_> = events.iter().map(|event| PixelCode::parse(event.pixel).unwrap()).collect();
    World {
        folder,
        store,
        url: sandbox.url(),
        sandbox,
        plan: Plan { send: events.iter().map(planned).collect(), ..Plan::default() },
        policy,
        tokens: pixels.into_iter().map(|pixel| (pixel, Token::parse("right").unwrap())).collect(),
        test_code: None,
        now: NOW,
        fixed_clock: true,
        tick: Duration::ZERO,
    }
}

impl World {
    /// The same world with these faults ahead.
    pub(crate) fn with(self, script: Script) -> Self {
        self.sandbox.set_script(script);
        self
    }

    /// Runs the plan.
    pub(crate) async fn run(&mut self) -> Summary {
        let (_keep, stop) = tokio::sync::watch::channel(false);
        self.run_until(stop).await
    }

    /// Runs the plan until told to stop.
    pub(crate) async fn run_until(&mut self, stop: tokio::sync::watch::Receiver<bool>) -> Summary {
        let policy = &self.policy.backfill;
        let endpoint = Endpoint::parse(&self.url).unwrap();
        let client = Client::new(endpoint, policy.connect_timeout, policy.total_timeout).unwrap();
        let run = self.store.begin_run(RunKind::Backfill, self.now, "{}").unwrap();
        let (reads, start, tick) = (AtomicI64::new(0), self.now, self.tick.as_ms());
        let now = || {
            let moved = reads.fetch_add(1, Ordering::SeqCst) * tick;
            start.plus(Duration::from_ms(moved))
        };
        let job = Job {
            plan: &self.plan,
            policy: &self.policy,
            client: &client,
            tokens: &self.tokens,
            run,
            test_code: self.test_code,
            now: &now,
            fixed_clock: self.fixed_clock,
            stop,
        };
        let mut last = None;
        let summary =
            backfill::run(job, &mut self.store, &mut |progress| last = Some(progress)).await.unwrap();
        self.store.end_run(run, self.now, 0, "{}").unwrap();
        check_sums(&summary);
        self.check();
        if let Some(last) = last {
            assert_eq!((last.accepted, last.requests), (summary.accepted, summary.requests));
        }
        summary
    }

    /// Fails if the ledger and what the sandbox saw disagree.
    pub(crate) fn check(&self) {
        checker::check(self.store.path(), &self.folder.path().join(RECORD));
    }

    /// Our attempts at a key.
    pub(crate) fn attempts(&self, id: &str) -> Vec<Attempt> {
        self.store.group(&EventId::parse(id).unwrap()).unwrap().unwrap().attempts
    }

    /// Fails if any key was counted more than once; says how many were counted.
    pub(crate) fn counted(&self) -> usize {
        let counted = self.sandbox.counted();
        assert!(counted.iter().all(|key| key.counted == 1), "{counted:?}");
        counted.len()
    }

    /// How many requests reached the sandbox.
    pub(crate) fn requests(&self) -> usize {
        self.sandbox.requests().len()
    }
}

/// Every key of the plan is told of exactly once.
fn check_sums(summary: &Summary) {
    let Summary { planned, accepted, refused, unknown, expired, passed, left, unsendable, .. } = summary;
    let told = accepted + refused + unknown + expired + passed + left;
    assert_eq!(*planned, told + u64::try_from(unsendable.len()).unwrap(), "{summary:?}");
}

fn planned(event: &Logged) -> Planned {
    Planned {
        pixel: PixelCode::parse(event.pixel).unwrap(),
        name: EventName::parse("CompletePayment").unwrap(),
        id: EventId::parse(&event.id).unwrap(),
        at: AT,
        deadline: AT.plus(Duration::from_hours(47)),
        value: Amount::parse("9.99"),
        currency: Some("USD".into()),
        browser_fired: false,
        released: None,
        logged_name: EventName::parse("payment_succeeded").unwrap(),
        logged_pixel: Some(PixelCode::parse(event.pixel).unwrap()),
    }
}

/// These events, as an import hands them on.
pub(crate) fn batch(events: &[Logged]) -> Batch {
    let mut batch = Batch { cursors: vec![cursor()], ..Batch::default() };
    let name = term(&mut batch, TermKind::Name, "payment_succeeded");
    let currency = term(&mut batch, TermKind::Currency, "USD");
    for (offset, event) in (0_u64..).zip(events) {
        let pixel = term(&mut batch, TermKind::Pixel, event.pixel);
        let start = batch.payloads.len();
        let email: Vec<_> = event.email.map(|byte| Digest::from_bytes([byte; 32])).into_iter().collect();
        let parts = Parts {
            url: Some("https://quiz.example.com/f/46"),
            value: Amount::parse("9.99"),
            currency: Some("USD"),
            email: &email,
            description: (!event.description.is_empty()).then_some(event.description.as_str()),
            ..Parts::default()
        };
        write_stored(&parts, &mut batch.payloads);
        let mut facts = Facts::default();
        facts.set_url();
        if event.placeholder {
            facts.set_session_placeholder();
        }
        let session = event.session.map(|id| session(&mut batch, id, event));
        batch.events.push(BatchEvent {
            id: EventId::parse(&event.id).unwrap(),
            name,
            pixel: Some(pixel),
            campaign: None,
            funnel: None,
            source: None,
            page: None,
            session,
            at: AT,
            seen_at: None,
            keys: KeyBits::default(),
            facts,
            flaws: Flaws::NONE,
            value: Amount::parse("9.99"),
            currency: Some(currency),
            order: Some(OrderKey::new(i64::try_from(offset).unwrap())),
            ip: Some("95.104.11.250".parse().unwrap()),
            agent: None,
            payload: start..batch.payloads.len(),
            content: offset,
            cursor: 0,
            offset,
        });
    }
    batch
}

/// A session that landed with a click id and gave its email an hour before the event.
fn session(batch: &mut Batch, id: &str, event: &Logged) -> u32 {
    let earlier = AT.minus(Duration::from_hours(1));
    let id = SessionId::parse(id).unwrap();
    let mut facts = SessionFacts::new(id);
    facts.ttclid = Some(Seen::once("E.C.P.landing".into(), earlier));
    facts.email = Some(Seen::once(Digest::from_bytes([7; 32]), earlier));
    facts.phone = Some(Seen::once(Digest::from_bytes([8; 32]), AT.plus(Duration::from_hours(1))));
    facts.denied_at = event.consent_denied.then_some(AT);
    batch.sessions.push(facts);
    u32::try_from(batch.sessions.len() - 1).unwrap()
}

/// The number of a text in a batch.
pub(crate) fn term(batch: &mut Batch, kind: TermKind, text: &str) -> Term {
    let found = batch.terms.iter().position(|(own, known)| *own == kind && &**known == text);
    let at = found.unwrap_or_else(|| {
        batch.terms.push((kind, Arc::from(text)));
        batch.terms.len() - 1
    });
    Term(u32::try_from(at).unwrap())
}

/// The position that a batch covers.
pub(crate) fn cursor() -> Cursor {
    Cursor {
        path: PathBuf::from("funnel.jsonl"),
        file: FileId { dev: 1, ino: 1, born_ns: 0, head: 1 },
        head_length: 1,
        position: 1,
        anchor: 1,
        anchor_length: 1,
        prefix: 0,
        size_at_end: 0,
        problem: None,
    }
}
