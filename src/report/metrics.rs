//! The status as metrics, in the text format that Prometheus and its node exporter read.

use std::fmt::{Display, Write as _};

use crate::domain::TimeMs;

use super::{Status, escape};

/// The end of the run that writes the metrics.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Which command.
    pub command: &'static str,
    /// Its exit code.
    pub exit_code: u8,
}

/// A metrics text under way.
struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str, samples: &[(String, String)]) {
        if samples.is_empty() {
            return;
        }
        let _ = writeln!(self.0, "# HELP makegood_{name} {help}\n# TYPE makegood_{name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(self.0, "makegood_{name}{labels} {value}");
        }
    }

    fn one(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        let sample = value.map(|value| (String::new(), value.to_string()));
        self.gauge(name, help, sample.as_slice());
    }
}

/// `{name="value",…}`, values escaped: names of events come from logs.
fn labels(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            let value = escape(value).replace('\\', "\\\\").replace('"', "\\\"");
            format!("{name}=\"{value}\"")
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// The metrics. No personal data, no time stamps on samples: the collector adds its own.
#[must_use]
pub fn metrics(status: &Status, ended: Ended) -> String {
    let mut page = Page(String::new());
    let build = labels(&[("version", env!("CARGO_PKG_VERSION"))]);
    page.gauge("build_info", "The program's version.", &[(build, "1".to_owned())]);
    let command = labels(&[("command", ended.command)]);
    page.gauge(
        "last_exit_code",
        "How the command that wrote this ended.",
        &[(command, ended.exit_code.to_string())],
    );
    events(&mut page, status);
    clock(&mut page, status);
    let secs = |at: Option<TimeMs>| at.map(TimeMs::as_secs);
    page.one("newest_event_timestamp_seconds", "Time of the newest event.", secs(status.newest_event_at));
    page.one("last_import_timestamp_seconds", "When a log was last read.", secs(status.imported_at));
    let started = status.backfill.map(|run| run.started_at);
    page.one("last_backfill_timestamp_seconds", "When the last backfill began.", secs(started));
    let code = status.backfill.and_then(|run| run.exit_code);
    page.one("last_backfill_exit_code", "How the last backfill ended.", code);
    page.one("quarantined_lines", "Lines that could not be used.", Some(status.quarantined));
    let blocked: Vec<_> = status
        .blocked
        .iter()
        .map(|(pixel, code)| (labels(&[("pixel", pixel.as_str())]), code.to_string()))
        .collect();
    page.gauge("blocked_token_code", "TikTok's code for a token that it refused.", &blocked);
    page.0
}

/// Of the seven days up to the newest event.
fn events(page: &mut Page, status: &Status) {
    let mut samples = Vec::new();
    let mut coverage = Vec::new();
    for event in &status.by_event {
        let (name, counts) = (event.name.as_str(), &event.counts);
        for (verdict, n) in [
            ("excluded", counts.excluded),
            ("waiting", counts.waiting),
            ("delivered", counts.delivered),
            ("refused", counts.refused),
            ("unknown", counts.unknown),
            ("never_sent", counts.never_sent),
        ] {
            samples.push((labels(&[("event", name), ("verdict", verdict)]), n.to_string()));
        }
        coverage.push((labels(&[("event", name)]), counts.expected().to_string()));
    }
    page.gauge("events", "Events of the seven days up to the newest one, by verdict.", &samples);
    page.gauge("expected_events", "Of those, neither excluded nor waiting.", &coverage);
    let value: Vec<_> = status
        .value_missing
        .iter()
        .map(|sum| (labels(&[("currency", &sum.currency)]), sum.amount.to_string()))
        .collect();
    page.gauge("missing_order_value", "Value of orders without an accepted server copy.", &value);
}

fn clock(page: &mut Page, status: &Status) {
    page.one("sendable_events", "Events that a backfill would send.", Some(status.clock.sendable));
    page.one("unsendable_events", "Events that cannot be sent as they are.", Some(status.clock.unsendable));
    let held: Vec<_> = status
        .clock
        .held
        .iter()
        .map(|(class, n)| (labels(&[("class", class.code())]), n.to_string()))
        .collect();
    page.gauge("held_events", "Events that are held, by class.", &held);
    let first = status.clock.first_deadline_at.map(TimeMs::as_secs);
    page.one("first_deadline_timestamp_seconds", "When the first event to send becomes unsafe.", first);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_early() {
        assert_eq!(labels(&[("event", "a\"} 1\nx\\")]), "{event=\"a\\\"} 1\\\\x0ax\\\\\"}");
    }

    #[test]
    fn what_is_not_known_has_no_sample() {
        let mut page = Page(String::new());
        page.one("x", "X.", None::<u8>);
        assert_eq!(page.0, "");
        page.one("x", "X.", Some(3));
        assert_eq!(page.0, "# HELP makegood_x X.\n# TYPE makegood_x gauge\nmakegood_x 3\n");
    }
}
