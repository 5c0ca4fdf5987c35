//! Values that several tests of this room look at.

use crate::audit::{
    AuditResult, ClockCounts, Compared, Comparison, Counts, EventCounts, KeyCoverage, Money, Ours, TotalsFrom,
};
use crate::domain::{
    Amount, CampaignId, Code, EventId, EventName, Finding, HeldClass, KeyWeights, MatchKey, PixelCode, Range,
    SessionId, Severity, TimeMs, Untrusted, Verdict,
};
use crate::reconcile::Stand;
use crate::tiktok::stats::Reported;

use super::{EventRow, Ids, PastRun, Report, ReportFacts, Zone};

/// 2026-11-02T00:00:00Z.
pub fn now() -> TimeMs {
    TimeMs::from_ms(1_793_577_600_000)
}

pub fn hours_before_now(hours: i64) -> TimeMs {
    now().minus(crate::domain::Duration::from_hours(hours))
}

/// An audit of 70 payments, 46 expected, 9 missing.
pub fn result() -> AuditResult {
    let counts = Counts {
        events: 70,
        excluded: 24,
        delivered: 37,
        never_sent: 8,
        refused: 1,
        missing_browser_fired: 3,
        missing_neither_leg: 6,
        ..Counts::default()
    };
    let match_keys =
        MatchKey::ALL.map(|key| KeyCoverage { key, present: 25, valid: 24, judged: 46, total: 46 });
    let amount = |text| Amount::parse(text).unwrap();
    AuditResult {
        now: now(),
        range: Range { since: hours_before_now(32 * 24), until: hours_before_now(24) },
        zone: chrono_tz::UTC,
        pixels: vec![PixelCode::parse("C4A1B2C3D4E5F6G7H8I9").unwrap()],
        key_weights: KeyWeights::default(),
        totals: counts,
        by_event: vec![EventCounts {
            name: EventName::parse("CompletePayment").unwrap(),
            counts,
            match_keys,
        }],
        value_not_creditable: vec![("USD".into(), Amount::parse("9.99").unwrap())],
        possibly_double: Vec::new(),
        value_missing: vec![Money {
            currency: "USD".into(),
            amount: amount("119.85"),
            neither_leg: amount("79.88"),
        }],
        causes: Vec::new(),
        exclusions: Vec::new(),
        days: Vec::new(),
        hours: Vec::new(),
        previous: None,
        slices: Vec::new(),
        concentrated: Vec::new(),
        comparison: None,
        cluster: None,
        ignored: Vec::new(),
        orphans: 0,
        findings: vec![Finding {
            code: "never-sent",
            severity: Severity::High,
            events: 8,
            summary: "8 events have no server receipt.".to_owned(),
            evidence: Vec::new(),
            fix: "Send them.".to_owned(),
            fix_command: "makegood backfill".to_owned(),
        }],
        clock: ClockCounts {
            sendable: 2,
            held: vec![(HeldClass::LateBrowserFired, 3)],
            unsendable: 0,
            first_deadline_at: Some(hours_before_now(-5)),
        },
    }
}

/// TikTok's counts of the payments, and of an event that nobody maps and that looks like markup.
pub fn comparison() -> Comparison {
    let reported = |event: Option<&str>, raw, server| Reported {
        event: event.map(|name| EventName::parse(name).unwrap()),
        raw: Untrusted::new(raw),
        total: Some(90),
        browser: Some(40),
        server: Some(server),
        both: None,
        attributed: Some(12),
    };
    let row = |event: Option<&str>, ours, theirs| Compared {
        pixel: PixelCode::parse("C4A1B2C3D4E5F6G7H8I9").ok(),
        event: event.map(|name| EventName::parse(name).unwrap()),
        ours,
        theirs,
    };
    let payments = Ours { server: 37, browser: 33, both: 30 };
    Comparison {
        from: TotalsFrom::Endpoint,
        range: Range { since: hours_before_now(72), until: hours_before_now(24) },
        rows: vec![
            row(Some("AddPaymentInfo"), Ours::default(), None),
            row(Some("CompletePayment"), payments, Some(reported(Some("CompletePayment"), "SHOPPING", 36))),
            row(None, Ours::default(), Some(reported(None, "=<b>jane.doe@mail.example.com", 5))),
        ],
    }
}

/// A refused payment with hostile ids.
pub fn event_row() -> EventRow {
    let until = hours_before_now(-29);
    EventRow {
        id: EventId::parse("=ord_1").unwrap(),
        name: EventName::parse("CompletePayment").unwrap(),
        pixel: PixelCode::parse("C4A1B2C3D4E5F6G7H8I9").ok(),
        campaign: CampaignId::parse("12").ok(),
        session: SessionId::parse("s-1").ok(),
        order: Some(Untrusted::new("+A\u{1b}1")),
        at: hours_before_now(18),
        value: Amount::parse("39.90"),
        currency: Some("USD".into()),
        verdict: Verdict::Refused { code: Code::Integer(40002), http_status: Some(200) },
        browser_fired: Some(true),
        stand: Some(Stand::Send { until }),
        deadline: Some(until),
    }
}

/// The report of [`result`].
pub fn report() -> Report {
    report_of(&result())
}

/// The report of an audit, with one missing event.
pub fn report_of(audit: &AuditResult) -> Report {
    Report::new(&ReportFacts {
        audit,
        zone: Zone::UTC,
        names: vec![(PixelCode::parse("C4A1B2C3D4E5F6G7H8I9").unwrap(), "demo".to_owned())],
        runs: vec![PastRun {
            run: 3,
            started_at: hours_before_now(7),
            planned: 12,
            accepted: 10,
            refused: 1,
            unknown: 1,
            held: 4,
            is_open: false,
        }],
        missing: vec![event_row()],
        ids: Ids::Short,
    })
}
