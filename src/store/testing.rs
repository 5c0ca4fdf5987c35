//! Made-up batches for the tests of this room.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Store;
use crate::domain::{
    Amount, Answer, Batch, BatchEvent, BatchReceipt, Code, Cursor, EventId, Facts, FileId, Flaws, IdGroup,
    KeyBits, Leg, Range, RequestId, SessionFacts, SessionId, Term, TermKind, TimeMs,
};

/// A moment to count from: 2026-11-20T00:00:00Z.
pub(super) const NOON: i64 = 1_795_132_800_000;

/// The instant so many milliseconds after [`NOON`].
pub(super) fn at(ms: i64) -> TimeMs {
    TimeMs::from_ms(NOON + ms)
}

/// The id of a canonical UUID that ends in a number.
pub(super) fn uuid(number: u32) -> EventId {
    EventId::parse(&format!("530e0e61-18e9-485e-a8bf-0000{number:08x}")).unwrap()
}

/// A funnel record as a test writes it.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    pub(super) id: EventId,
    pub(super) name: &'static str,
    pub(super) pixel: Option<&'static str>,
    pub(super) campaign: Option<&'static str>,
    pub(super) session: Option<String>,
    pub(super) at: TimeMs,
    pub(super) value: Option<&'static str>,
    pub(super) currency: Option<&'static str>,
    pub(super) content: u64,
    pub(super) ip: Option<[u8; 4]>,
    pub(super) agent: Option<&'static str>,
    pub(super) facts: Facts,
}

/// A record with nothing but what is needed.
pub(super) fn logged(id: EventId, name: &'static str, at: TimeMs) -> Logged {
    Logged {
        id,
        name,
        pixel: None,
        campaign: None,
        session: None,
        at,
        value: None,
        currency: None,
        content: 1,
        ip: None,
        agent: None,
        facts: Facts::default(),
    }
}

/// A receipt as a test writes it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: EventId,
    pub(super) name: &'static str,
    pub(super) pixel: Option<&'static str>,
    pub(super) leg: Leg,
    pub(super) at: Option<TimeMs>,
    pub(super) code: Code,
    pub(super) test_code: Option<&'static str>,
    pub(super) request: &'static str,
}

/// A server receipt with code 0.
pub(super) fn sent(id: EventId, name: &'static str, at: TimeMs) -> Sent {
    Sent {
        id,
        name,
        pixel: None,
        leg: Leg::Server,
        at: Some(at),
        code: Code::Integer(0),
        test_code: None,
        request: "",
    }
}

/// Builds a [`Batch`].
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) batch: Batch,
    offset: u64,
}

impl Builder {
    /// A batch of one file.
    pub(super) fn new() -> Self {
        let mut builder = Self::default();
        builder.batch.cursors.push(cursor("a.jsonl", 1));
        builder
    }

    fn term(&mut self, kind: TermKind, text: &str) -> Term {
        let found = self.batch.terms.iter().position(|(k, t)| *k == kind && &**t == text);
        let at = found.unwrap_or_else(|| {
            self.batch.terms.push((kind, Arc::from(text)));
            self.batch.terms.len() - 1
        });
        Term(u32::try_from(at).unwrap())
    }

    /// Adds a funnel record.
    pub(super) fn event(mut self, logged: &Logged) -> Self {
        let mut term = |kind, text: Option<&str>| text.map(|text| self.term(kind, text));
        let name = term(TermKind::Name, Some(logged.name)).unwrap();
        let pixel = term(TermKind::Pixel, logged.pixel);
        let campaign = term(TermKind::Campaign, logged.campaign);
        let currency = term(TermKind::Currency, logged.currency);
        let agent = term(TermKind::Agent, logged.agent);
        let page = term(TermKind::Page, Some("quiz.example.com/f"));
        let session = logged.session.as_deref().map(|id| self.session(id, logged.at));
        let start = self.batch.payloads.len();
        self.batch.payloads.extend_from_slice(payload_of(logged).as_bytes());
        self.offset += 100;
        self.batch.events.push(BatchEvent {
            id: logged.id.clone(),
            name,
            pixel,
            campaign,
            funnel: None,
            source: None,
            page,
            session,
            at: logged.at,
            seen_at: None,
            keys: KeyBits::from_mask(5),
            facts: logged.facts,
            flaws: Flaws::NONE,
            value: logged.value.and_then(Amount::parse),
            currency,
            order: None,
            ip: logged.ip.map(Into::into),
            agent,
            payload: start..self.batch.payloads.len(),
            content: logged.content,
            cursor: 0,
            offset: self.offset,
        });
        self
    }

    fn session(&mut self, id: &str, at: TimeMs) -> u32 {
        let id = SessionId::parse(id).unwrap();
        let found = self.batch.sessions.iter().position(|session| session.id == id);
        let index = found.unwrap_or_else(|| {
            self.batch.sessions.push(SessionFacts::new(id));
            self.batch.sessions.len() - 1
        });
        let session = &mut self.batch.sessions[index];
        let landing = crate::domain::Seen::once(None, at);
        match &mut session.landing {
            Some(seen) => seen.join(landing),
            None => session.landing = Some(landing),
        }
        u32::try_from(index).unwrap()
    }

    /// Adds a receipt.
    pub(super) fn receipt(mut self, sent: &Sent) -> Self {
        let name = self.term(TermKind::Name, sent.name);
        let pixel = sent.pixel.map(|text| self.term(TermKind::Pixel, text));
        let test_code = sent.test_code.map(|text| self.term(TermKind::TestCode, text));
        self.offset += 100;
        self.batch.receipts.push(BatchReceipt {
            id: sent.id.clone(),
            name,
            pixel,
            leg: sent.leg,
            at: sent.at,
            answer: Answer { http_status: Some(200), code: sent.code, ..Answer::default() },
            test_code,
            request: RequestId::parse(sent.request),
            sent: None,
            cursor: 0,
            offset: self.offset,
        });
        self
    }

    /// The batch.
    pub(super) fn done(self) -> Batch {
        self.batch
    }
}

/// What a test stores as the payload of a record.
pub(super) fn payload_of(logged: &Logged) -> String {
    format!("payload of {} {} {}", logged.id, logged.name, logged.content)
}

/// The position in a made-up file.
pub(super) fn cursor(path: &str, ino: u64) -> Cursor {
    Cursor {
        path: PathBuf::from(path),
        file: FileId { dev: 1, ino, born_ns: 7, head: u64::MAX },
        head_length: 10,
        position: 1000,
        anchor: u64::MAX - 1,
        anchor_length: 20,
        prefix: 0,
        size_at_end: 0,
        problem: None,
    }
}

/// A database in a directory of its own.
pub(super) struct Place {
    pub(super) directory: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("m.db")
    }

    pub(super) fn open(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }
}

/// All groups of a database.
pub(super) fn groups(store: &Store, range: Range) -> Vec<IdGroup> {
    let mut groups = Vec::new();
    store
        .for_each_group::<super::StoreError>(range, &mut |group| {
            groups.push(group.clone());
            Ok(())
        })
        .unwrap();
    groups
}

/// All bytes of a file.
pub(super) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
