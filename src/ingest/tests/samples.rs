//! The samples under `fixtures/logs/`: what each format's lines become, held against `rows.txt` beside
//! them. `UPDATE=1` writes that file.

use std::fmt::Write as _;

use super::*;
use crate::domain::{BatchEvent, BatchReceipt, Half, KeySet, MatchKey, Term};

fn text(batch: &Batch, term: Option<Term>) -> String {
    term.map_or_else(|| "-".to_owned(), |term| batch.terms[usize::try_from(term.0).unwrap()].1.to_string())
}

fn keys(set: KeySet) -> String {
    let names: Vec<_> = MatchKey::ALL.into_iter().filter(|key| set.has(*key)).map(MatchKey::name).collect();
    if names.is_empty() { "-".to_owned() } else { names.join("+") }
}

fn event(batch: &Batch, event: &BatchEvent) -> String {
    let session = event.session.map(|at| batch.sessions[usize::try_from(at).unwrap()].id.as_str().to_owned());
    let money = event.value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    format!(
        "{} event {} {} {} pixel {} campaign {} session {} value {money} {} keys {} contents {}",
        event.offset,
        event.id,
        text(batch, Some(event.name)),
        event.at,
        text(batch, event.pixel),
        text(batch, event.campaign),
        session.as_deref().unwrap_or("-"),
        text(batch, event.currency),
        keys(event.keys.valid),
        event.facts.has_contents(),
    )
}

fn receipt(batch: &Batch, receipt: &BatchReceipt) -> String {
    let BatchReceipt { answer, .. } = receipt;
    let at = receipt.at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let status = answer.http_status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    format!(
        "{} receipt {} {} {:?} {at} pixel {} http {status} code {} timed-out {} alone {} claimed {} test {} request {}",
        receipt.offset,
        receipt.id,
        text(batch, Some(receipt.name)),
        receipt.leg,
        text(batch, receipt.pixel),
        answer.code,
        answer.timed_out,
        answer.alone,
        answer.sender_claims_delivered,
        text(batch, receipt.test_code),
        receipt.request.as_str().unwrap_or("-"),
    )
}

/// Everything of a file, a row each.
fn rows(path: &Path) -> String {
    let batch = batch_of(fs::read(path).unwrap(), &Policy::default());
    let mut rows: Vec<(u64, String)> = Vec::new();
    rows.extend(batch.events.iter().map(|one| (one.offset, event(&batch, one))));
    rows.extend(batch.receipts.iter().map(|one| (one.offset, receipt(&batch, one))));
    let mut answers = String::new();
    for half in &batch.halves {
        match half {
            Half::Request(half) => {
                let told = receipt(&batch, &half.receipt);
                rows.push((half.receipt.offset, format!("{told} of trace {:x}", half.trace.0)));
            }
            Half::Answer(half) => {
                let (status, code) = (half.answer.http_status, half.answer.code);
                let request = half.request.as_str().unwrap_or("-");
                let trace = half.trace.0;
                writeln!(answers, "answer of trace {trace:x}: http {status:?} code {code} request {request}")
                    .unwrap();
            }
        }
    }
    for line in &batch.quarantined {
        rows.push((
            line.offset,
            format!("{} quarantined {} {}", line.offset, line.reason.code(), line.length),
        ));
    }
    rows.sort();
    let mut text: String = rows.into_iter().map(|(_, row)| row + "\n").collect();
    text.push_str(&answers);
    for session in &batch.sessions {
        let at = |at: Option<TimeMs>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        writeln!(
            text,
            "session {} email {} phone {} external_id {} ttclid {}",
            session.id.as_str(),
            at(session.email.as_ref().map(|seen| seen.at)),
            at(session.phone.as_ref().map(|seen| seen.at)),
            at(session.external_id.as_ref().map(|seen| seen.at)),
            at(session.ttclid.as_ref().map(|seen| seen.at)),
        )
        .unwrap();
    }
    for cursor in &batch.cursors {
        writeln!(text, "read to {} of {}", cursor.position, fs::metadata(path).unwrap().len()).unwrap();
    }
    text
}

#[test]
fn each_sample_gives_the_rows_beside_it() {
    #[expect(clippy::disallowed_methods, reason = "a test is steered by a variable")]
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs");
    let mut formats: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    formats.sort();
    assert!(formats.len() >= 17, "the samples are gone");
    for format in formats {
        assert!(format.join("README.md").exists(), "{}: says what is special about it", format.display());
        let mut logs: Vec<PathBuf> =
            fs::read_dir(&format).unwrap().map(|entry| entry.unwrap().path()).collect();
        logs.retain(|path| !matches!(path.file_name().unwrap().to_str(), Some("README.md" | "rows.txt")));
        logs.sort();
        let mut told = String::new();
        for log in &logs {
            write!(told, "# {}\n{}", log.file_name().unwrap().to_str().unwrap(), rows(log)).unwrap();
        }
        let expected = format.join("rows.txt");
        if update {
            fs::write(&expected, &told).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        assert!(told == wanted, "{}: (UPDATE=1 blesses)\n{told}", format.display());
    }
}
