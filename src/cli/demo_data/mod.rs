//! Made-up logs of a made-up company, the same bytes for the same seed.
//!
//! The company runs a quiz funnel with a TikTok pixel. Its week holds the troubles that the audit is
//! there to find: a token that was refused for some hours, a block of hours in which nothing was
//! sent, a throttled burst that nobody repeated, click ids lost at a host change, e-mail captured
//! too late. Everything personal is plainly fake: `example.com`, numbers with 555.

mod faults;
mod line;
mod random;
mod schedule;
mod visit;

use std::io::{self, Write};

use crate::domain::{Duration, TimeMs};

use self::line::Lines;
use self::random::Random;
use self::schedule::Schedule;
use self::visit::Visit;

/// The made-up pixel that every record of the demo carries.
pub const PIXEL: &str = "CDEM0QU1ZP1XEL000001";

/// How much time the logs cover, up to their end.
pub const SPAN: Duration = Duration::from_days(7);

/// Bytes that are collected before they are handed to a writer.
const FLUSH_BYTES: usize = 64 << 10;

/// What to make up.
#[derive(Clone, Copy, Debug)]
pub struct DemoOptions {
    /// Funnel events, exactly.
    pub events: u64,
    /// The seed: same seed, count and end give the same bytes.
    pub seed: u64,
    /// Nothing in the logs is later than this.
    pub end: TimeMs,
}

/// What was made up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemoCounts {
    /// Lines of the funnel log.
    pub events: u64,
    /// Lines of the delivery log.
    pub receipts: u64,
    /// Bytes of both logs.
    pub bytes: u64,
}

/// Writes the funnel log and the delivery log, JSON Lines, in pieces of 64 KiB.
///
/// # Errors
/// Only what a writer returns.
pub fn write_logs(
    options: DemoOptions,
    funnel: &mut dyn Write,
    delivery: &mut dyn Write,
) -> io::Result<DemoCounts> {
    let mut random = Random::new(options.seed);
    let mut schedule = Schedule::new(options);
    let mut lines = Lines::new(options.end);
    let mut counts = DemoCounts::default();
    while lines.events < options.events {
        let start = schedule.start_of(lines.events, &mut random);
        let visit = Visit::new(&mut random, start);
        lines.write(&visit, options.events, &mut random);
        if lines.funnel.len() >= FLUSH_BYTES {
            counts.bytes += flush(&mut lines.funnel, funnel)?;
        }
        if lines.delivery.len() >= FLUSH_BYTES {
            counts.bytes += flush(&mut lines.delivery, delivery)?;
        }
    }
    counts.bytes += flush(&mut lines.funnel, funnel)? + flush(&mut lines.delivery, delivery)?;
    counts.events = lines.events;
    counts.receipts = lines.receipts;
    Ok(counts)
}

fn flush(bytes: &mut Vec<u8>, to: &mut dyn Write) -> io::Result<u64> {
    to.write_all(bytes)?;
    let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    bytes.clear();
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sha2::{Digest, Sha256};

    use super::*;

    const END: TimeMs = TimeMs::from_ms(1_796_169_600_000);

    fn logs(events: u64, seed: u64) -> (Vec<u8>, Vec<u8>, DemoCounts) {
        let (mut funnel, mut delivery) = (Vec::new(), Vec::new());
        let options = DemoOptions { events, seed, end: END };
        let counts = write_logs(options, &mut funnel, &mut delivery).unwrap();
        (funnel, delivery, counts)
    }

    fn records(log: &[u8]) -> Vec<serde_json::Value> {
        log.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_on_every_machine() {
        let (funnel, delivery, _) = logs(200, 1);
        let both = [funnel.as_slice(), delivery.as_slice()].concat();
        assert_eq!(
            hex::encode(Sha256::digest(&both)),
            "9883dcb8b640ab1d41b3c32f3277f57460464afc3bcde56b902c9a3c5b166115",
            "the generator changed: transcripts that show its output must be made anew"
        );
        assert_ne!(logs(200, 2).0, funnel);
    }

    #[test]
    fn the_logs_hold_what_was_asked_for() {
        let (funnel, delivery, counts) = logs(5000, 7);
        let (events, receipts) = (records(&funnel), records(&delivery));
        assert_eq!(events.len(), 5000);
        assert_eq!(counts.events, 5000);
        assert_eq!(counts.receipts, u64::try_from(receipts.len()).unwrap());
        assert_eq!(counts.bytes, u64::try_from(funnel.len() + delivery.len()).unwrap());
        for (log, time) in [(&events, "occurred_at"), (&receipts, "sent_at")] {
            let times: Vec<_> = log.iter().map(|record| record[time].as_str().unwrap().to_owned()).collect();
            assert!(times.iter().all(|at| *at <= END.to_string()), "nothing is later than the end");
            assert!(times.iter().all(|at| *at >= END.minus(SPAN).to_string()));
        }
        let mut ids: Vec<_> = events.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5000, "every event has an id of its own");
    }

    #[test]
    fn every_planted_trouble_is_there() {
        let (funnel, delivery, _) = logs(20_000, 1);
        let mut codes = BTreeMap::<String, u32>::new();
        for receipt in records(&delivery) {
            *codes
                .entry(format!("{} {} {}", receipt["channel"], receipt["http_status"], receipt["code"]))
                .or_default() += 1;
        }
        for answer in ["200 0", "401 40105", "200 40100", "200 40002", "200 50000", "502 null"] {
            assert!(codes.contains_key(&format!("\"events_api\" {answer}")), "{answer}: {codes:?}");
        }
        assert!(codes.contains_key("\"pixel\" null null"));
        let events = records(&funnel);
        let paid = |event: &&serde_json::Value| event["event"] == "payment_succeeded";
        assert!(events.iter().filter(paid).all(|event| event["properties"]["order_id"].is_string()));
        for currency in ["USD", "EUR", "GBP"] {
            assert!(events.iter().filter(paid).any(|event| event["properties"]["currency"] == currency));
        }
        let lost = |event: &serde_json::Value| {
            event["source"] == "tiktok"
                && event["page"]["url"].as_str().unwrap().starts_with("https://pay.")
                && event["user"].get("ttclid").is_none()
        };
        assert!(events.iter().any(lost), "click ids are lost at the host change");
        assert!(
            events
                .iter()
                .any(|event| event["event"] == "checkout_presented" && event["user"].get("email").is_none()),
            "e-mail is captured after the paywall"
        );
    }

    #[test]
    fn no_event_and_one_event_are_fine() {
        assert_eq!(logs(0, 1).2, DemoCounts::default());
        assert_eq!(logs(1, 1).2.events, 1);
    }
}
