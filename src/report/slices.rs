//! Where the gap is: slices as words, as a table and as cells.

use crate::audit::{AuditResult, Concentration, Dimension, Ignored, SliceRow, SliceValue, Slices};

use super::csv::{Separator, record};
use super::grid::{Column, Grid};
use super::number::{bar, count, count_of, percent};
use super::words::wrap;
use super::{View, Zone, escape_short};

/// Longest text of a log in a table, in characters: a landing page without its query.
const VALUE_CHARS_MAX: usize = 60;

/// What a slice is called in a sentence or a table.
#[must_use]
pub fn slice_words(value: &SliceValue, zone: Zone) -> String {
    match value {
        SliceValue::Text(text) => escape_short(text.raw(), VALUE_CHARS_MAX),
        SliceValue::Browser(family) => family.name().to_owned(),
        SliceValue::Day(day) => zone.day(*day),
        SliceValue::Hour(hour) => format!("{hour:02}:00–{:02}:00", (hour + 1) % 24),
        SliceValue::Stretch(range) => {
            let end = if zone.date(range.since) == zone.date(range.until) {
                zone.clock_minute(range.until)
            } else {
                zone.minute(range.until)
            };
            format!("{} – {end}", zone.minute(range.since))
        }
        SliceValue::None => "(none)".to_owned(),
        SliceValue::Rest => "(all others)".to_owned(),
    }
}

/// The same for programs: a date, an hour's number, a text as logged. `None`: they have none, or are
/// those beyond the bound.
#[must_use]
pub(super) fn slice_value(value: &SliceValue, zone: Zone) -> Option<String> {
    match value {
        SliceValue::Text(text) => Some(text.raw().to_owned()),
        SliceValue::Browser(family) => Some(family.name().to_owned()),
        SliceValue::Day(day) => Some(zone.date(*day)),
        SliceValue::Hour(hour) => Some(hour.to_string()),
        SliceValue::Stretch(range) => Some(format!("{}/{}", range.since, range.until)),
        SliceValue::None | SliceValue::Rest => None,
    }
}

/// What stands before a slice's value in a sentence.
const fn kind_words(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Campaign => "campaign ",
        Dimension::Funnel => "funnel ",
        Dimension::Landing => "landing page ",
        Dimension::Browser | Dimension::Day | Dimension::Event | Dimension::Stretch => "",
        Dimension::Hour => "hour ",
        Dimension::Answer => "answer ",
    }
}

/// The places where the gap is concentrated, a line each; nothing where there is none.
#[must_use]
pub(super) fn where_is_the_gap(result: &AuditResult, view: &View) -> String {
    if result.concentrated.is_empty() {
        return String::new();
    }
    let mut text = "\n Where is the gap?\n".to_owned();
    for one in &result.concentrated {
        text.push_str(&wrap(
            &format!(" {:<13}{}", one.flaw.word(), concentration(one, view.zone)),
            14,
            view.width,
        ));
    }
    text
}

/// `campaign 14: 212 of 590 (35.9 %), elsewhere 27 of 2,410 (1.1 %); mostly refused 40100`.
#[must_use]
pub fn concentration(one: &Concentration, zone: Zone) -> String {
    let Concentration { flaw: _, dimension: _, value: _, events, of, elsewhere, elsewhere_of, mostly } = one;
    let share =
        |part: u64, whole: u64| format!("{} of {} ({})", count(part), count(whole), percent(part, whole));
    let place = place(one, zone);
    let mostly = mostly
        .as_ref()
        .map_or_else(String::new, |answer| format!("; mostly {}", escape_short(answer, VALUE_CHARS_MAX)));
    format!("{place}: {}, elsewhere {}{mostly}", share(*events, *of), share(*elsewhere, *elsewhere_of))
}

/// The place of a gap: `campaign 14`, `Sun 1 Nov 2026 13:00 – 18:00`.
#[must_use]
pub(super) fn place(one: &Concentration, zone: Zone) -> String {
    format!("{}{}", kind_words(one.dimension), slice_words(&one.value, zone))
}

/// What the config ignores: a count each, with its reason.
#[must_use]
pub(super) fn ignored(result: &AuditResult, view: &View) -> String {
    let mut text = String::new();
    for one in &result.ignored {
        text.push_str(&wrap(&format!(" ignored {}", ignored_words(one, view.zone)), 8, view.width));
    }
    text
}

/// `never-sent: 12 events, until Mon 30 Nov 2026 00:00: a known outage`.
#[must_use]
pub(super) fn ignored_words(one: &Ignored, zone: Zone) -> String {
    let Ignored { rule, events } = one;
    let mut what: Vec<String> = rule.code.map(str::to_owned).into_iter().collect();
    what.extend(rule.campaign.as_ref().map(|id| format!("campaign {}", escape_short(id.as_str(), 40))));
    what.extend(rule.event.as_ref().map(|name| escape_short(name.as_str(), 40)));
    format!(
        "{}: {}, until {}: {}",
        what.join(", "),
        count_of(*events, "event", "events"),
        zone.minute(rule.until),
        escape_short(&rule.reason, 200)
    )
}

/// The slices of a dimension.
#[must_use]
pub fn slices_of(result: &AuditResult, dimension: Dimension) -> &[SliceRow] {
    let found = result.slices.iter().find(|slices| slices.dimension == dimension);
    found.map(|Slices { dimension: _, rows }| rows.as_slice()).unwrap_or_default()
}

/// The expected keys by one dimension, as a table.
#[must_use]
pub(super) fn by_grid(result: &AuditResult, dimension: Dimension, view: &View) -> String {
    let mut grid = Grid::new(&[
        Column::text(dimension.word(), 0),
        Column::number("expected", 2),
        Column::number("delivered", 1),
        Column::number("missing", 0),
        Column::number("coverage", 0),
        Column::text("", 4),
        Column::number("refused", 3),
        Column::number("unknown", 3),
        Column::number("never sent", 3),
        Column::number("no ttclid, no email", 5),
    ]);
    for SliceRow { value, counts } in slices_of(result, dimension) {
        grid.row([
            slice_words(value, view.zone),
            count(counts.expected),
            count(counts.delivered),
            count(counts.missing()),
            percent(counts.delivered, counts.expected),
            bar(counts.delivered, counts.expected),
            count(counts.refused),
            count(counts.unknown),
            count(counts.never_sent),
            format!("{} of {}", count(counts.keyless), count(counts.judged)),
        ]);
    }
    grid.render(view.width)
}

/// The columns of [`audit_by_csv`].
const FIELDS: [&str; 8] =
    ["expected", "delivered", "missing", "refused", "unknown", "never_sent", "judged", "keyless"];

/// The expected keys by one dimension, for spreadsheets and pipes.
#[must_use]
pub fn audit_by_csv(result: &AuditResult, dimension: Dimension, separator: Separator) -> Vec<u8> {
    let zone = Zone(result.zone);
    let names = std::iter::once(dimension.word()).chain(FIELDS).map(str::to_owned);
    let mut bytes = record(separator, names);
    for SliceRow { value, counts } in slices_of(result, dimension) {
        let name = slice_value(value, zone)
            .map_or_else(|| slice_words(value, zone), |text| super::csv::defuse(&text));
        let numbers = [
            counts.expected,
            counts.delivered,
            counts.missing(),
            counts.refused,
            counts.unknown,
            counts.never_sent,
            counts.judged,
            counts.keyless,
        ];
        let cells = std::iter::once(name).chain(numbers.map(|number| number.to_string()));
        bytes.extend(record(separator, cells));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{hours_before_now, result};
    use super::*;
    use crate::audit::{Flaw, SliceCounts};
    use crate::domain::{Range, Untrusted};

    fn sliced() -> AuditResult {
        let counts = |expected, refused| SliceCounts {
            expected,
            delivered: expected - refused,
            refused,
            judged: expected,
            keyless: 1,
            ..SliceCounts::default()
        };
        let text = |text| SliceValue::Text(Untrusted::new(text));
        let rows = vec![
            SliceRow { value: text("=1+1\u{1b}[2J"), counts: counts(1000, 25) },
            SliceRow { value: SliceValue::None, counts: counts(10, 0) },
        ];
        let concentrated = Concentration {
            flaw: Flaw::Missing,
            dimension: Dimension::Stretch,
            value: SliceValue::Stretch(Range { since: hours_before_now(11), until: hours_before_now(6) }),
            events: 318,
            of: 402,
            elsewhere: 114,
            elsewhere_of: 21_040,
            mostly: Some("refused 40100".to_owned()),
        };
        AuditResult {
            slices: vec![Slices { dimension: Dimension::Campaign, rows }],
            concentrated: vec![concentrated],
            ..result()
        }
    }

    #[test]
    fn the_place_of_the_gap_is_a_sentence_with_its_counts() {
        let view = View::plain(Zone::UTC);
        assert_eq!(
            where_is_the_gap(&sliced(), &view),
            "\n Where is the gap?\n missing      Sun 1 Nov 2026 13:00 – 18:00: 318 of 402 (79.1 %), elsewhere \
             114 of 21,040 (0.5 %); mostly refused 40100\n"
        );
        assert_eq!(where_is_the_gap(&result(), &view), "");
    }

    #[test]
    fn slices_stand_in_a_table_and_in_cells_that_are_safe() {
        let view = View { width: Some(60), ..View::plain(Zone::UTC) };
        let table = by_grid(&sliced(), Dimension::Campaign, &view);
        assert!(table.starts_with(" campaign"), "{table}");
        assert!(table.contains("97.5 %") && !table.contains('\u{1b}'), "{table}");
        let csv = String::from_utf8(audit_by_csv(&sliced(), Dimension::Campaign, Separator::Comma)).unwrap();
        assert_eq!(
            csv,
            "campaign,expected,delivered,missing,refused,unknown,never_sent,judged,keyless\n\
             '=1+1\\x1b[2J,1000,975,25,25,0,0,1000,1\n(none),10,10,0,0,0,0,10,1\n"
        );
        assert_eq!(slices_of(&sliced(), Dimension::Hour), []);
    }
}
