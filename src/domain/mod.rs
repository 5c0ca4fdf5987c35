//! What the words of makegood mean: ids, events, receipts, match keys, verdicts, plans, policy.
//!
//! Values only. Nothing here reads a clock, a file, the environment or the network, so every rule
//! about these values can be tested with a literal. The rooms hand these types to each other:
//! `ingest` makes a [`Batch`], `store` keeps it and reads [`IdGroup`]s back, `reconcile` turns
//! groups into [`LedgerRow`]s and [`Verdict`]s, `audit` counts them, `backfill` runs a [`Plan`].

mod amount;
mod batch;
mod browser;
pub mod calendar;
mod coverage;
mod event;
mod finding;
mod flaw;
mod format_map;
mod ids;
mod ledger;
mod log_limits;
mod match_key;
mod outcome;
mod plan;
mod policy;
mod receipt;
mod sent;
mod session;
mod time;
mod untrusted;
mod verdict;

pub use amount::Amount;
pub use batch::{
    Batch, BatchEvent, BatchReceipt, Cursor, FileId, Half, HalfAnswer, HalfRequest, LogWord, Problem,
    QuarantinedLine, Reason, Term, TermKind, TraceKey,
};
pub use browser::BrowserFamily;
pub use coverage::{ClusterCoverage, CoverageRow};
pub use event::{Consent, Facts, LimitedDataUse, Place, Position, StoredEvent};
pub use finding::{Finding, Severity};
pub use flaw::{Flaw, Flaws};
pub use format_map::{Condition, FieldMap, FieldOrigin, FormatMap, Literal, Unit};
pub use ids::{
    CampaignId, EventId, EventName, FunnelId, ID_BYTES_MAX, IdError, OrderKey, PixelCode, RunId, SessionId,
};
pub use ledger::{Attempt, Claim, Elsewhere, IdGroup, LedgerRow, LogFacts, LogNewest};
pub use log_limits::{
    DEPTH_MAX, EXPANSION_BYTES_FREE, EXPANSION_RATIO_MAX, KEYS_MAX, LINE_BYTES_MAX, LogLimits, NODES_MAX,
};
pub use match_key::{Digest, KeyBits, KeySet, KeyWeights, MatchKey};
pub use outcome::{Alone, Certainty, Outcome, Refusal};
pub use plan::{Held, HeldClass, Plan, Planned, Skipped, Unsendable};
pub use policy::{
    BackfillPolicy, CampaignPolicy, Enrich, IgnorePolicy, Origin, PixelLog, PixelPolicy, Policy, Range,
    RetentionPolicy, ServerLog, SourcePolicy,
};
pub use receipt::{Answer, Code, Leg, Receipt, RequestId, Trace};
pub use sent::{Hint, KeyTags, Mismatch, Sent, SentBody, SessionTags, Tag};
pub use session::{Seen, SessionFacts, SessionState};
pub use time::{Duration, TimeMs};
pub use untrusted::Untrusted;
pub use verdict::{Exclusion, MissingLeg, Verdict};
