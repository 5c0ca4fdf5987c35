//! The sheets, one function each.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::super::document::{EventLine, Report};
use super::super::number::count_of;
use super::super::words::FOOTER;
use super::{Looks, Rows};

/// Fills an empty sheet.
type Fill = fn(&mut Worksheet, &Report, &Looks) -> Result<(), XlsxError>;

/// All sheets, in their order.
pub(super) const SHEETS: [Fill; 6] = [summary, events, days, keys, findings, missing];
/// The sheet that is there only where somebody asked for TikTok's totals.
pub(super) const TOTALS: Fill = totals;

fn summary(sheet: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), XlsxError> {
    let mut rows = Rows::new(sheet, looks, "Summary", &[("Delivery audit", 44), ("", 22), ("", 44)])?;
    for text in [&report.pixels, &report.span, &format!("made {} · times in {}", report.made, report.zone)] {
        rows.text(text)?;
        rows.next();
    }
    rows.next();
    for sentence in report.sentences.iter().chain(&report.mainly).chain(&report.deadline) {
        rows.cell(sentence, &looks.bold)?;
        rows.next();
    }
    rows.next();
    for number in &report.numbers {
        rows.text(number.label)?;
        rows.cell(&number.value, &looks.bold)?;
        rows.text(&number.note)?;
        rows.next();
    }
    rows.next();
    for (cause, n) in &report.causes {
        rows.text(&format!("missing: {cause}"))?;
        rows.count(*n)?;
        rows.next();
    }
    for (reason, n) in &report.excluded {
        rows.text(&format!("excluded: {reason}"))?;
        rows.count(*n)?;
        rows.next();
    }
    for line in &report.repair {
        rows.text(&format!("of the missing: {}", line.what))?;
        rows.count(line.events)?;
        rows.text(line.why)?;
        rows.next();
    }
    rows.next();
    for text in report.sums.iter().map(String::as_str).chain([FOOTER]) {
        rows.text(text)?;
        rows.next();
    }
    Ok(())
}

const EVENT_COLUMNS: [(&str, u8); 19] = [
    ("event", 24),
    ("in Events Manager", 18),
    ("logged", 10),
    ("excluded", 10),
    ("waiting", 10),
    ("expected", 10),
    ("delivered", 10),
    ("missing", 10),
    ("refused", 10),
    ("unknown", 10),
    ("never sent", 11),
    ("coverage", 10),
    ("period before", 14),
    ("Server & browser", 16),
    ("Server", 10),
    ("Browser", 10),
    ("seen on neither leg", 20),
    ("browser unknown", 18),
    ("match strength", 14),
];

fn events(sheet: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), XlsxError> {
    let mut rows = Rows::new(sheet, looks, "By event", &EVENT_COLUMNS)?;
    for event in &report.events {
        event_row(&mut rows, event)?;
    }
    // Below the filters' reach: a sum is no event.
    let below = rows.row;
    event_row(&mut rows, &report.all)?;
    rows.row = below;
    rows.filters(EVENT_COLUMNS.len())
}

fn event_row(rows: &mut Rows<'_>, event: &EventLine) -> Result<(), XlsxError> {
    let (counts, legs) = (&event.counts, event.legs);
    rows.cell(&event.name, &rows.looks.bold)?;
    rows.text(event.manager.unwrap_or(""))?;
    for n in [
        counts.events,
        counts.excluded,
        counts.waiting,
        counts.expected(),
        counts.delivered,
        counts.missing(),
        counts.refused,
        counts.unknown,
        counts.never_sent,
    ] {
        rows.count(n)?;
    }
    let known = if event.is_known { counts.expected().saturating_sub(counts.without_log) } else { 0 };
    rows.share(counts.delivered, known)?;
    rows.text(event.was.as_deref().unwrap_or(""))?;
    for n in [legs.both, legs.server, legs.browser, legs.neither, legs.unknown] {
        rows.count(n)?;
    }
    rows.share_or(event.strength.ppm.map(|ppm| (ppm, 1_000_000)), &event.strength.words)?;
    rows.next();
    Ok(())
}

fn days(sheet: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), XlsxError> {
    let columns = [
        (report.steps.unit, 12),
        ("expected", 10),
        ("delivered", 10),
        ("missing", 10),
        ("missing of expected", 19),
    ];
    let mut rows = Rows::new(sheet, looks, "By day", &columns)?;
    for step in &report.steps.rows {
        rows.sheet.write_datetime_with_format(rows.row, 0, step.day, &looks.day)?;
        rows.column = 1;
        rows.count(step.expected)?;
        rows.count(step.expected.saturating_sub(step.missing))?;
        rows.count(step.missing)?;
        rows.share(step.missing, step.expected)?;
        rows.next();
    }
    rows.filters(columns.len())
}

fn keys(sheet: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), XlsxError> {
    let columns = [
        ("event", 24),
        ("match key", 18),
        ("events", 10),
        ("usable", 10),
        ("there, not usable", 16),
        ("usable share", 13),
    ];
    let mut rows = Rows::new(sheet, looks, "Match keys", &columns)?;
    for line in &report.keys {
        for cell in &line.cells {
            rows.text(&line.name)?;
            rows.text(cell.key)?;
            rows.count(cell.total)?;
            rows.count(cell.valid)?;
            rows.count(cell.unusable)?;
            rows.share(cell.valid, cell.total)?;
            rows.next();
        }
    }
    let below = rows.row;
    rows.next();
    rows.text(&format!("{} It stands in the sheet “By event”.", report.weights))?;
    rows.row = below;
    rows.filters(columns.len())
}

const TOTALS_COLUMNS: [(&str, u8); 10] = [
    ("event", 24),
    ("pixel", 14),
    ("server: ours", 13),
    ("server: TikTok", 15),
    ("browser: ours", 14),
    ("browser: TikTok", 16),
    ("both: ours", 11),
    ("both: TikTok", 13),
    ("total of TikTok", 15),
    ("attributed", 11),
];

fn totals(sheet: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), XlsxError> {
    let mut rows = Rows::new(sheet, looks, "TikTok's totals", &TOTALS_COLUMNS)?;
    let Some(table) = &report.totals else { return Ok(()) };
    for line in &table.rows {
        rows.cell(&line.event, &looks.bold)?;
        rows.text(&line.pixel)?;
        for (ours, theirs) in [line.server, line.browser, line.both] {
            rows.count(ours)?;
            rows.count_or_empty(theirs)?;
        }
        rows.count_or_empty(line.total)?;
        rows.count_or_empty(line.attributed)?;
        rows.next();
    }
    let below = rows.row;
    rows.next();
    rows.text(&format!("{}. {}", table.title, table.note))?;
    rows.row = below;
    rows.filters(TOTALS_COLUMNS.len())
}

fn findings(sheet: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), XlsxError> {
    let columns = [
        ("finding", 32),
        ("severity", 10),
        ("events", 10),
        ("what", 60),
        ("fix", 60),
        ("next command", 40),
        ("what shows it", 70),
    ];
    let mut rows = Rows::new(sheet, looks, "Findings", &columns)?;
    for finding in &report.findings {
        rows.cell(finding.code, &looks.bold)?;
        rows.text(finding.severity.word())?;
        rows.count(finding.events)?;
        let texts = [&finding.summary, &finding.fix, &finding.command, &finding.evidence.join("\n")];
        for text in texts {
            rows.cell(text, &looks.wrapped)?;
        }
        let widths = columns.iter().skip(3).map(|(_, width)| usize::from(*width));
        rows.height(texts.into_iter().zip(widths))?;
        rows.next();
    }
    rows.filters(columns.len())
}

const MISSING_COLUMNS: [(&str, u8); 10] = [
    ("time", 20),
    ("event", 22),
    ("event_id", 18),
    ("campaign", 12),
    ("value", 10),
    ("currency", 9),
    ("verdict", 12),
    ("reason", 20),
    ("browser", 10),
    ("safe until", 40),
];

fn missing(sheet: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), XlsxError> {
    let mut rows = Rows::new(sheet, looks, "Missing events", &MISSING_COLUMNS)?;
    for line in &report.missing {
        rows.sheet.write_datetime_with_format(rows.row, 0, line.at, &looks.minute)?;
        rows.column = 1;
        for text in [&line.event, &line.id, &line.campaign] {
            rows.text(text)?;
        }
        match line.value.and_then(|value| value.to_string().parse::<f64>().ok()) {
            Some(value) => rows.number(value, &looks.money)?,
            None => rows.column += 1,
        }
        for text in [&line.currency, &line.verdict, &line.reason, line.browser, &line.safe_until] {
            rows.text(text)?;
        }
        rows.next();
    }
    let below = rows.row;
    if report.missing_unlisted > 0 {
        rows.next();
        let words = count_of(report.missing_unlisted, "more missing event", "more missing events");
        rows.text(&format!("{words}: makegood events --verdict missing -o missing.csv"))?;
    }
    rows.row = below;
    rows.filters(MISSING_COLUMNS.len())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::super::super::tests_support::{comparison, report, report_of, result};
    use super::super::{real, xlsx};
    use crate::audit::AuditResult;

    fn part(book: &[u8], name: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn every_sheet_is_there_with_its_header_frozen_and_filtered() {
        let book = xlsx(&report());
        let names = part(&book, "xl/workbook.xml");
        for name in ["Summary", "By event", "By day", "Match keys", "Findings", "Missing events"] {
            assert!(names.contains(&format!("name=\"{name}\"")), "{names}");
        }
        for sheet in 1..=6 {
            let text = part(&book, &format!("xl/worksheets/sheet{sheet}.xml"));
            assert!(text.contains("state=\"frozen\""), "sheet {sheet}: {text}");
            assert_eq!(text.contains("<autoFilter"), sheet > 1, "sheet {sheet}");
        }
    }

    #[test]
    fn texts_stay_texts_and_numbers_numbers() {
        let mut audit = result();
        audit.by_event[0].name = crate::domain::EventName::parse("=1+1").unwrap();
        let book = xlsx(&report_of(&audit));
        let events = part(&book, "xl/worksheets/sheet2.xml");
        assert!(!events.contains("<f>"), "{events}");
        assert!(events.contains("<v>46</v>") && events.contains("<v>0.804347826"), "{events}");
        assert!(part(&book, "xl/sharedStrings.xml").contains("<t>=1+1</t>"));
        assert!(events.contains("<v>0.521739</v>"), "the strength: {events}");
        let missing = part(&book, "xl/worksheets/sheet6.xml");
        assert!(missing.contains("<v>39.9</v>"), "{missing}");
    }

    #[test]
    fn totals_of_tiktok_have_a_sheet_where_somebody_asked() {
        assert!(!part(&xlsx(&report()), "xl/workbook.xml").contains("TikTok"));
        let audit = AuditResult { comparison: Some(comparison()), ..result() };
        let book = xlsx(&report_of(&audit));
        assert!(part(&book, "xl/workbook.xml").contains("TikTok"));
        let sheet = part(&book, "xl/worksheets/sheet7.xml");
        assert!(
            sheet.contains("<v>37</v>") && sheet.contains("<v>36</v>") && !sheet.contains("<f>"),
            "{sheet}"
        );
        let texts = part(&book, "xl/sharedStrings.xml");
        assert!(texts.contains("=&lt;b&gt;…@…") && texts.contains("never proof"), "{texts}");
    }

    #[test]
    fn the_same_report_gives_the_same_bytes() {
        assert_eq!(xlsx(&report()), xlsx(&report()));
        assert!(part(&xlsx(&report()), "docProps/core.xml").contains("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn counts_are_exact() {
        for n in [0, 878, 1 << 40] {
            assert_eq!(format!("{:.0}", real(n)), n.to_string());
        }
    }
}
