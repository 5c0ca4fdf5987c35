//! Files that were imported, how far, and their lines that could not be used.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, named_params};

use super::commit::{Codes, Put, Tally};
use super::dictionary::Dictionary;
use super::fault::Fault;
use super::{QuarantinedRow, SourceRow};
use crate::domain::{Batch, Cursor, FileId, Problem, Reason, TermKind, TimeMs};

const SOURCE_UPSERT: &str = "
    INSERT INTO source (code, path, dev, ino, born_ns, head, head_length, position, anchor, anchor_length,
      prefix, size_at_end, problem, imported_ms)
    VALUES ((SELECT COALESCE(max(code) + 1, 0) FROM source), :path, :dev, :ino, :born_ns, :head,
      :head_length, :position, :anchor, :anchor_length, :prefix, :size_at_end, :problem, :imported_ms)
    ON CONFLICT (dev, ino, born_ns, head) DO UPDATE
    SET path = excluded.path, head_length = excluded.head_length, position = excluded.position,
      anchor = excluded.anchor, anchor_length = excluded.anchor_length,
      prefix = excluded.prefix, size_at_end = excluded.size_at_end, problem = excluded.problem, imported_ms = excluded.imported_ms
    RETURNING code";
const SOURCES: &str = "
    SELECT code, path, dev, ino, born_ns, head, head_length, position, anchor, anchor_length, prefix,
      size_at_end, problem
    FROM source
    ORDER BY code";
const QUARANTINE_INSERT: &str = "
    INSERT INTO quarantine (source, byte_offset, text_before, sha256, length, reason, name, at_ms)
    VALUES (:source, :byte_offset, :text_before, :sha256, :length, :reason, :name, :at_ms)
    ON CONFLICT (sha256, byte_offset, text_before) DO NOTHING";
const QUARANTINE: &str = "
    SELECT f.path, q.byte_offset, q.length, q.reason, q.sha256, q.name, q.at_ms
    FROM quarantine AS q
    JOIN source AS f ON f.code = q.source
    ORDER BY q.source, q.byte_offset, q.sha256";

/// A path as a parameter: text, or bytes where it is no UTF-8.
struct PathText<'a>(&'a Path);

impl ToSql for PathText<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0.to_str() {
            Some(text) => ValueRef::Text(text.as_bytes()),
            None => ValueRef::Blob(self.0.as_os_str().as_bytes()),
        }))
    }
}

fn read_path(value: ValueRef<'_>) -> Result<PathBuf, Fault> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(OsString::from_vec(bytes.to_vec()).into()),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => {
            Err(Fault::Damaged("holds a path that is no text"))
        }
    }
}

/// Writes how far each file of a batch was read; returns the files' codes, in the same order.
pub(super) fn write_cursors(
    connection: &Connection,
    cursors: &[Cursor],
    now: TimeMs,
) -> Result<Vec<i64>, Fault> {
    let mut upsert = connection.prepare_cached(SOURCE_UPSERT)?;
    let mut codes = Vec::with_capacity(cursors.len());
    for cursor in cursors {
        let Cursor {
            path,
            file: FileId { dev, ino, born_ns, head },
            head_length,
            position,
            anchor,
            anchor_length,
            prefix,
            size_at_end,
            problem,
        } = cursor;
        let code = upsert.query_row(
            named_params! {
                ":path": PathText(path),
                ":dev": dev.cast_signed(),
                ":ino": ino.cast_signed(),
                ":born_ns": born_ns,
                ":head": head.cast_signed(),
                ":head_length": head_length.cast_signed(),
                ":position": position.cast_signed(),
                ":anchor": anchor.cast_signed(),
                ":anchor_length": anchor_length.cast_signed(),
                ":prefix": prefix,
                ":size_at_end": size_at_end.cast_signed(),
                ":problem": problem.map(problem_number),
                ":imported_ms": now.as_ms(),
            },
            |row| row.get(0),
        )?;
        codes.push(code);
    }
    Ok(codes)
}

/// All files, each with its code.
pub(super) fn cursors(connection: &Connection) -> Result<Vec<(i64, Cursor)>, Fault> {
    let mut statement = connection.prepare_cached(SOURCES)?;
    let mut rows = statement.query([])?;
    let mut cursors = Vec::new();
    while let Some(row) = rows.next()? {
        let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let file = FileId { dev: number(2)?, ino: number(3)?, born_ns: row.get(4)?, head: number(5)? };
        let cursor = Cursor {
            path: read_path(row.get_ref(1)?)?,
            file,
            head_length: number(6)?,
            position: number(7)?,
            anchor: number(8)?,
            anchor_length: number(9)?,
            prefix: row.get(10)?,
            size_at_end: number(11)?,
            problem: row.get::<_, Option<i64>>(12)?.map(read_problem).transpose()?,
        };
        cursors.push((row.get(0)?, cursor));
    }
    Ok(cursors)
}

/// All files, as far as people want to know.
pub(super) fn sources(connection: &Connection) -> Result<Vec<SourceRow>, Fault> {
    let row =
        |(source, cursor): (i64, Cursor)| SourceRow { source, path: cursor.path, position: cursor.position };
    Ok(cursors(connection)?.into_iter().map(row).collect())
}

const fn problem_number(problem: Problem) -> i64 {
    match problem {
        Problem::Truncated => 1,
        Problem::Corrupt => 2,
        Problem::ExpansionLimit => 3,
        Problem::Unreadable => 4,
    }
}

const fn read_problem(number: i64) -> Result<Problem, Fault> {
    match number {
        1 => Ok(Problem::Truncated),
        2 => Ok(Problem::Corrupt),
        3 => Ok(Problem::ExpansionLimit),
        4 => Ok(Problem::Unreadable),
        _ => Err(Fault::Damaged("names an unknown problem of a file")),
    }
}

/// Writes the lines of a batch that could not be used.
pub(super) fn write_quarantined(
    connection: &Connection,
    batch: &Batch,
    codes: &Codes,
    tally: &mut Tally,
) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached(QUARANTINE_INSERT)?;
    for line in &batch.quarantined {
        let reason = Reason::ALL.iter().position(|reason| *reason == line.reason);
        let rows = insert.execute(named_params! {
            ":source": codes.source(line.cursor)?,
            ":byte_offset": line.offset.cast_signed(),
            ":text_before": line.before.cast_signed(),
            ":sha256": line.sha256,
            ":length": line.length.cast_signed(),
            ":reason": reason.and_then(|at| i64::try_from(at).ok()),
            ":name": line.name.map_or(Ok(0), |term| codes.term(term))?,
            ":at_ms": line.at.map(TimeMs::as_ms),
        })?;
        tally.quarantined(line.cursor, Put::from_rows(rows));
    }
    Ok(())
}

/// The quarantined lines, by file and offset.
pub(super) fn quarantined(
    connection: &Connection,
    dictionary: &Dictionary,
) -> Result<Vec<QuarantinedRow>, Fault> {
    let mut statement = connection.prepare_cached(QUARANTINE)?;
    let mut rows = statement.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let reason = Reason::ALL.get(usize::from(row.get::<_, u8>(3)?)).copied();
        lines.push(QuarantinedRow {
            path: read_path(row.get_ref(0)?)?,
            offset: row.get::<_, i64>(1)?.cast_unsigned(),
            length: row.get::<_, i64>(2)?.cast_unsigned(),
            reason: reason.ok_or(Fault::Damaged("names an unknown reason"))?,
            sha256: row.get(4)?,
            name: dictionary.text(connection, TermKind::Name, row.get(5)?)?,
            at: row.get::<_, Option<i64>>(6)?.map(TimeMs::from_ms),
        });
    }
    Ok(lines)
}
