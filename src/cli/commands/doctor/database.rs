//! The database, its disk, and what stands in it: clock, throttling, tokens, test codes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::backfill;
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::domain::Duration;
use crate::report::{Check, count_of, escape};
use crate::store::{Store, StoreError};

use super::{Looked, bad, failed, good, warning};

/// Twice what an import lets it grow to: something keeps it from being copied back.
const WAL_LARGE: u64 = 256 << 20;
/// Below this an import may stop half-way.
const SPACE_LEAST: u64 = 64 << 20;
/// How far back test codes are looked for.
const TEST_CODES_SINCE: Duration = Duration::from_days(7);

pub(super) fn look(context: &Context<'_>) -> Looked {
    let db = &context.settings.db;
    let shown = escape(&db.display().to_string()).into_owned();
    let store = match Store::open_read_only(db) {
        Ok(store) => store,
        Err(StoreError::Missing { .. }) => {
            let mut looked = vec![warning(
                "database",
                format!("{shown} is not there yet"),
                "makegood import reads the logs into it",
            )];
            looked.extend(space(db, 0));
            return looked;
        }
        Err(error) => return vec![failed("database", error.into())],
    };
    match whole(context, &store, &shown) {
        Ok(looked) => looked,
        Err(failure) => vec![failed("database", failure)],
    }
}

fn whole(context: &Context<'_>, store: &Store, shown: &str) -> Result<Looked, Failure> {
    let health = store.health()?;
    let mut looked = Vec::new();
    if let Some(fault) = health.faults.first() {
        let fault = escape(fault).into_owned();
        looked.push(bad(
            "database",
            Exit::Store,
            format!("{shown} is damaged: {fault}"),
            "check the disk; keep a copy, then restore a backup or import the logs into a new --db",
        ));
        return Ok(looked);
    }
    looked.push(good("database", format!("{shown} is whole, {}", megabytes(health.bytes))));
    if health.wal_bytes > WAL_LARGE {
        looked.push(warning(
            "database",
            format!("its log ({shown}-wal) has grown to {}", megabytes(health.wal_bytes)),
            "some process has held it open for long: end it, then run makegood import",
        ));
    }
    let mode = std::fs::metadata(store.path()).map_or(0o600, |facts| facts.permissions().mode());
    if mode & 0o077 != 0 {
        looked.push(warning(
            "database",
            format!("others can read it (mode {:03o}), and it holds hashed personal data", mode & 0o777),
            format!("chmod 600 {shown}"),
        ));
    }
    looked.extend(space(store.path(), health.bytes));
    looked.extend(shared(context, store)?);
    looked.extend(test_codes(context, store)?);
    Ok(looked)
}

fn megabytes(bytes: u64) -> String {
    if bytes < 1_000_000 { "less than 1 MB".to_owned() } else { format!("{} MB", bytes / 1_000_000) }
}

/// Erasing and pruning write the file anew beside itself.
fn space(db: &Path, bytes: u64) -> Option<(Check, Exit)> {
    let folder = db.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let facts = nix::sys::statvfs::statvfs(folder).ok()?;
    let free = facts.blocks_available().saturating_mul(facts.fragment_size());
    let shown = escape(&folder.display().to_string()).into_owned();
    let words = format!("{} free in {shown}", megabytes(free));
    Some(if free < SPACE_LEAST {
        bad("space", Exit::Store, words, "make room: an import or a backfill would stop")
    } else if free < bytes.saturating_mul(2) {
        warning("space", words, "erase and prune need twice the size of the database for a moment")
    } else {
        good("space", format!("enough is free in {shown}"))
    })
}

fn shared(context: &Context<'_>, store: &Store) -> Result<Looked, Failure> {
    let shared = store.shared()?;
    let mut looked = Vec::new();
    match backfill::clock_is_back(shared.clock_high_water, context.now) {
        Some(off) => looked.push(bad(
            "clock",
            Exit::Config,
            format!("this machine's clock is {off} behind an earlier run's"),
            "set the clock; a backfill refuses to run until it is right",
        )),
        None => looked.push(good("clock", "not behind any earlier run")),
    }
    if let Some(until) = shared.throttled_until.filter(|until| *until > context.now) {
        looked.push(warning(
            "throttling",
            format!("TikTok throttles; no request before {until}"),
            "nothing to do: the next backfill after it goes on",
        ));
    }
    for (pixel, _, code) in &shared.blocked_tokens {
        looked.push(bad(
            "token",
            Exit::Token,
            format!("of pixel {} was refused by TikTok (code {code}); nothing is sent until it changes", escape(pixel.as_str())),
            "make a new one in Events Manager → Web Events → the pixel → Settings → Events API and put it into access_token_file",
        ));
    }
    Ok(looked)
}

fn test_codes(context: &Context<'_>, store: &Store) -> Result<Looked, Failure> {
    let codes = store.test_receipts(context.now.minus(TEST_CODES_SINCE))?;
    let Some((first, _)) = codes.first() else {
        return Ok(vec![good("test codes", "none on the server receipts of the last 7 days")]);
    };
    let receipts: u64 = codes.iter().map(|(_, n)| n).sum();
    Ok(vec![warning(
        "test codes",
        format!(
            "{} of the last 7 days went to Test Events only (code {}) and delivered nothing",
            count_of(receipts, "server receipt", "server receipts"),
            escape(first)
        ),
        "if no one is testing: take the test event code out of the sender (Events Manager → Web Events → the pixel → Test Events)",
    )])
}
