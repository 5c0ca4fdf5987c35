//! What `ingest` hands to `store`: parsed rows and the position they were read up to, together.

use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{
    Amount, Answer, EventId, Facts, Flaws, KeyBits, Leg, OrderKey, RequestId, SentBody, SessionFacts, TimeMs,
};

/// The dictionaries: texts that repeat, stored once and named by a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    /// An event's name as logged.
    Name,
    /// A Pixel Code.
    Pixel,
    /// A campaign id.
    Campaign,
    /// A funnel id.
    Funnel,
    /// A traffic source as logged.
    Source,
    /// Host and path of a page, without query.
    Page,
    /// A user agent.
    Agent,
    /// A currency as logged.
    Currency,
    /// A test event code.
    TestCode,
}

impl TermKind {
    /// All kinds, in the order of their numbers in the store.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Pixel,
        Self::Campaign,
        Self::Funnel,
        Self::Source,
        Self::Page,
        Self::Agent,
        Self::Currency,
        Self::TestCode,
    ];
}

/// A text of a batch's dictionary: an index into [`Batch::terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u32);

/// Rows read from one or more files, and how far each file was read: committed together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    /// The texts that the rows name by [`Term`].
    pub terms: Vec<(TermKind, Arc<str>)>,
    /// Funnel events in the order they were read.
    pub events: Vec<BatchEvent>,
    /// Receipts in the order they were read.
    pub receipts: Vec<BatchReceipt>,
    /// What the records say of their sessions, one entry per session of the batch.
    pub sessions: Vec<SessionFacts>,
    /// The stored forms of the events, end to end (`tiktok::payload`).
    pub payloads: Vec<u8>,
    /// Lines that could not be used.
    pub quarantined: Vec<QuarantinedLine>,
    /// Requests and answers that stand on lines of their own.
    pub halves: Vec<Half>,
    /// What logs elsewhere hold as a whole, of which not all rows are here.
    pub elsewhere: Vec<LogWord>,
    /// The files of this batch, with the position after it. Rows name them by index.
    pub cursors: Vec<Cursor>,
}

/// A funnel event, parsed.
#[derive(Debug)]
pub struct BatchEvent {
    /// Its id.
    pub id: EventId,
    /// Its name as logged.
    pub name: Term,
    /// The record's own Pixel Code.
    pub pixel: Option<Term>,
    /// The campaign it belongs to.
    pub campaign: Option<Term>,
    /// The funnel it belongs to.
    pub funnel: Option<Term>,
    /// The record's own traffic source, as logged.
    pub source: Option<Term>,
    /// Host and path of its page.
    pub page: Option<Term>,
    /// Its session: an index into [`Batch::sessions`].
    pub session: Option<u32>,
    /// When it happened.
    pub at: TimeMs,
    /// The earliest sight of it on the host that shipped it; `None`: it was read from a log.
    pub seen_at: Option<TimeMs>,
    /// Its match keys.
    pub keys: KeyBits,
    /// Yes-or-no facts.
    pub facts: Facts,
    /// What is wrong with its match keys and payload.
    pub flaws: Flaws,
    /// Its value, exactly as logged.
    pub value: Option<Amount>,
    /// Its currency as logged.
    pub currency: Option<Term>,
    /// A fingerprint of its order id.
    pub order: Option<OrderKey>,
    /// The visitor's IP address, when it is one address and public.
    pub ip: Option<IpAddr>,
    /// The visitor's user agent.
    pub agent: Option<Term>,
    /// Its stored form: a range of [`Batch::payloads`].
    pub payload: Range<usize>,
    /// The first eight bytes of the SHA-256 of its content: equal for repeats, and the tie-break
    /// between records of one key and time.
    pub content: u64,
    /// The file it was read from: an index into [`Batch::cursors`].
    pub cursor: u32,
    /// The byte offset of its line, in the decompressed text.
    pub offset: u64,
}

/// A receipt, parsed.
#[derive(Debug)]
pub struct BatchReceipt {
    /// The event it speaks of.
    pub id: EventId,
    /// The TikTok name that was sent, byte for byte.
    pub name: Term,
    /// The Pixel Code it was sent to.
    pub pixel: Option<Term>,
    /// The leg it was sent on.
    pub leg: Leg,
    /// When it was sent; logs without a time exist.
    pub at: Option<TimeMs>,
    /// What came back.
    pub answer: Answer,
    /// The test event code it was sent with.
    pub test_code: Option<Term>,
    /// TikTok's id of the request.
    pub request: RequestId,
    /// What the request held, where the log has its body.
    pub sent: Option<Box<SentBody>>,
    /// The file it was read from: an index into [`Batch::cursors`].
    pub cursor: u32,
    /// The byte offset of its line, in the decompressed text.
    pub offset: u64,
}

/// What a log elsewhere holds as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogWord {
    /// The newest receipt of a pixel on a leg, without test event codes on the server leg.
    Newest {
        /// The Pixel Code that the receipt names.
        pixel: Option<Term>,
        /// The leg.
        leg: Leg,
        /// When it was sent.
        at: TimeMs,
    },
    /// Some record with this pixel and this campaign says something of consent.
    Consent {
        /// The record's own Pixel Code.
        pixel: Option<Term>,
        /// Its campaign.
        campaign: Option<Term>,
    },
}

/// A fingerprint of what the two lines of one exchange share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceKey(pub u64);

/// One side of an exchange whose other side stands on a line of its own, or nowhere.
#[derive(Debug)]
pub enum Half {
    /// What was sent, an entry per event.
    Request(HalfRequest),
    /// What came back.
    Answer(HalfAnswer),
}

/// One event of a request whose answer stands on a line of its own, or nowhere.
#[derive(Debug)]
pub struct HalfRequest {
    /// What both lines share.
    pub trace: TraceKey,
    /// A fingerprint of the request's keys: equal for a retry.
    pub body: u64,
    /// The receipt it makes; its answer is not known yet.
    pub receipt: BatchReceipt,
}

/// An answer whose request stands on a line of its own.
#[derive(Debug)]
pub struct HalfAnswer {
    /// What both lines share.
    pub trace: TraceKey,
    /// What came back.
    pub answer: Answer,
    /// TikTok's id of the request.
    pub request: RequestId,
    /// The file it was read from: an index into [`Batch::cursors`].
    pub cursor: u32,
}

/// A line that could not be used. The line itself is not kept: it may hold personal data.
#[derive(Debug)]
pub struct QuarantinedLine {
    /// The file it was read from: an index into [`Batch::cursors`].
    pub cursor: u32,
    /// The byte offset of the line, in the decompressed text.
    pub offset: u64,
    /// Its length in bytes without the line end; of a line over the cap, what was read of it.
    pub length: u64,
    /// Why it could not be used.
    pub reason: Reason,
    /// SHA-256 of the line.
    pub sha256: [u8; 32],
    /// Fingerprint of all text before it, so that the same line of a copy is known; where that is
    /// too short to tell files apart, of the file instead.
    pub before: u64,
    /// The event's name as logged, where the line gave one.
    pub name: Option<Term>,
    /// The event's time, where the line gave one.
    pub at: Option<TimeMs>,
}

/// Why a line could not be used. The codes are part of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Not JSON.
    Syntax,
    /// Not UTF-8, or half a surrogate pair.
    Utf8,
    /// Longer than the line cap.
    LineTooLong,
    /// Nested deeper than the cap.
    Depth,
    /// More keys than the cap.
    TooManyKeys,
    /// The same key twice in one object.
    DuplicateKey,
    /// A number that no double can hold.
    NumberRange,
    /// JSON, but not an object.
    NotAnObject,
    /// A field with the wrong type.
    WrongType,
    /// No `event_id`, or a blank one.
    EventIdMissing,
    /// An `event_id` that is not a string.
    EventIdNotString,
    /// An id longer than 256 bytes.
    IdTooLong,
    /// No event name.
    EventNameMissing,
    /// No time.
    TimeMissing,
    /// A time that cannot be read.
    TimeUnreadable,
    /// A time without a zone, and no `assume_tz`.
    TimeWithoutZone,
    /// A time outside the years 2015 to 2100.
    TimeRange,
    /// A record of no known kind.
    UnknownRecord,
    /// A file that ends inside its compression.
    Truncated,
    /// A compressed file whose checksum is wrong.
    Corrupt,
    /// A compressed file that expands beyond the cap.
    ExpansionLimit,
}

impl Reason {
    /// All reasons, in the order of their numbers in the store.
    pub const ALL: [Self; 21] = [
        Self::Syntax,
        Self::Utf8,
        Self::LineTooLong,
        Self::Depth,
        Self::TooManyKeys,
        Self::DuplicateKey,
        Self::NumberRange,
        Self::NotAnObject,
        Self::WrongType,
        Self::EventIdMissing,
        Self::EventIdNotString,
        Self::IdTooLong,
        Self::EventNameMissing,
        Self::TimeMissing,
        Self::TimeUnreadable,
        Self::TimeWithoutZone,
        Self::TimeRange,
        Self::UnknownRecord,
        Self::Truncated,
        Self::Corrupt,
        Self::ExpansionLimit,
    ];

    /// The code that outputs and the store use.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Utf8 => "utf8",
            Self::LineTooLong => "line-too-long",
            Self::Depth => "depth",
            Self::TooManyKeys => "too-many-keys",
            Self::DuplicateKey => "duplicate-key",
            Self::NumberRange => "number-range",
            Self::NotAnObject => "not-an-object",
            Self::WrongType => "wrong-type",
            Self::EventIdMissing => "event-id-missing",
            Self::EventIdNotString => "event-id-not-string",
            Self::IdTooLong => "id-too-long",
            Self::EventNameMissing => "event-name-missing",
            Self::TimeMissing => "time-missing",
            Self::TimeUnreadable => "time-unreadable",
            Self::TimeWithoutZone => "time-without-zone",
            Self::TimeRange => "time-range",
            Self::UnknownRecord => "unknown-record",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
            Self::ExpansionLimit => "expansion-limit",
        }
    }
}

/// Which file this is, whatever its name: device, inode, birth time, and a hash of its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Device number; 0 for standard input.
    pub dev: u64,
    /// Inode number; for standard input a random number.
    pub ino: u64,
    /// Birth time in nanoseconds, 0 where the file system keeps none.
    pub born_ns: i64,
    /// First eight bytes of the SHA-256 of the first whole line.
    pub head: u64,
}

/// How far a file was read, and how to know it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The name it was last seen under: absolute, or `-` for standard input.
    pub path: PathBuf,
    /// Which file it is.
    pub file: FileId,
    /// Length in bytes of the first line, with its line end.
    pub head_length: u64,
    /// Bytes of decompressed text read: always the end of a whole line.
    pub position: u64,
    /// First eight bytes of the SHA-256 of the anchor: the whole lines just before the position.
    pub anchor: u64,
    /// Length in bytes of the anchor.
    pub anchor_length: u64,
    /// CRC-32 of all text before the position: a copy is known by it, whatever its name and inode.
    pub prefix: u32,
    /// Size in bytes on disk when the end was last reached, to skip an unchanged compressed file; else 0.
    pub size_at_end: u64,
    /// What stopped the reading before the end of the file, if anything did.
    pub problem: Option<Problem>,
}

/// What stopped the reading of a file before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The compressed stream ends too early.
    Truncated,
    /// The compressed stream is damaged.
    Corrupt,
    /// The file expands beyond the cap.
    ExpansionLimit,
    /// The file can no longer be read.
    Unreadable,
}
