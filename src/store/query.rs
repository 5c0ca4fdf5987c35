//! Questions in SQL: read-only, over the documented views, and the verdicts of one pass.

use std::path::{Path, PathBuf};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Statement, ffi, params};

use super::fault::Fault;
use super::views::VIEWS;
use super::{Store, StoreError};

const VERDICT_TABLE: &str = "
    CREATE TEMP TABLE verdict (
      event_id TEXT NOT NULL,
      event TEXT,
      pixel_id TEXT,
      campaign_id TEXT,
      occurred_at TEXT NOT NULL,
      value TEXT,
      currency TEXT,
      verdict TEXT NOT NULL,
      code INTEGER,
      reason TEXT,
      browser_fired INTEGER,
      deadline_at TEXT
    ) STRICT";
/// Only while the table of verdicts is made and filled; the questions come after.
const WRITABLE: &str = "PRAGMA query_only = OFF";
const CLOSED_TO_WRITES: &str = "PRAGMA query_only = ON";
const VERDICT_INSERT: &str = "
    INSERT INTO verdict (event_id, event, pixel_id, campaign_id, occurred_at, value, currency, verdict, code,
      reason, browser_fired, deadline_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// Tables of which a question gets nothing, whatever it asks through: addresses, requests, payloads, keys.
const CLOSED: [&str; 5] = ["contact", "frozen", "block", "meta", "tombstone"];
/// All that a question gets of a session.
const SESSION_OPEN: [&str; 2] = ["code", "session_id"];

/// A key with its verdict, as texts; the columns of the table `verdict`.
#[derive(Clone, Debug, Default)]
pub struct VerdictRow {
    /// The id.
    pub event_id: String,
    /// TikTok's name.
    pub event: Option<String>,
    /// The resolved pixel.
    pub pixel_id: Option<String>,
    /// The campaign.
    pub campaign_id: Option<String>,
    /// When it happened, UTC.
    pub occurred_at: String,
    /// Its value, as logged.
    pub value: Option<String>,
    /// Its currency, as logged.
    pub currency: Option<String>,
    /// The verdict.
    pub verdict: &'static str,
    /// The last code of a refusal.
    pub code: Option<i64>,
    /// The reason of an exclusion or a hold.
    pub reason: Option<String>,
    /// Whether the browser fired, where that is known.
    pub browser_fired: Option<bool>,
    /// Until when it may be sent, UTC.
    pub deadline_at: Option<String>,
}

/// A value of an answer. Texts come from logs.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A connection that can only be asked.
pub struct Query {
    connection: Connection,
    path: PathBuf,
}

/// Its path.
impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({})", self.path.display())
    }
}

impl Query {
    /// Opens a database for questions.
    ///
    /// # Errors
    /// [`StoreError`], also when it is missing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let Store { connection, path, .. } = Store::open_read_only(path)?;
        let made = connection
            .execute_batch(WRITABLE)
            .and_then(|()| connection.execute_batch(VERDICT_TABLE))
            .and_then(|()| connection.execute_batch(CLOSED_TO_WRITES));
        made.map_err(|error| Fault::from(error).at(&path))?;
        Ok(Self { connection, path })
    }

    /// Fills the table `verdict`.
    ///
    /// # Errors
    /// [`StoreError`], or what `rows` returns.
    pub fn fill<E: From<StoreError>>(
        &mut self,
        rows: impl FnOnce(&mut dyn FnMut(VerdictRow) -> Result<(), E>) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = |error: Error| E::from(Fault::from(error).at(&self.path));
        self.connection.execute_batch(WRITABLE).map_err(at)?;
        let transaction = self.connection.unchecked_transaction().map_err(at)?;
        let mut insert = transaction.prepare(VERDICT_INSERT).map_err(at)?;
        rows(&mut |row| {
            let VerdictRow {
                event_id,
                event,
                pixel_id,
                campaign_id,
                occurred_at,
                value,
                currency,
                verdict,
                code,
                reason,
                browser_fired,
                deadline_at,
            } = row;
            let parameters = params![
                event_id,
                event,
                pixel_id,
                campaign_id,
                occurred_at,
                value,
                currency,
                verdict,
                code,
                reason,
                browser_fired,
                deadline_at
            ];
            insert.execute(parameters).map_err(at).map(drop)
        })?;
        drop(insert);
        transaction.commit().map_err(at)?;
        self.connection.execute_batch(CLOSED_TO_WRITES).map_err(at)
    }

    /// Asks; `columns` gets their names, then `row` each row of the answer.
    ///
    /// # Errors
    /// [`StoreError::Question`] for one that is not understood, would change something, or asks for what
    /// no view shows; what `columns` and `row` return.
    pub fn ask<E: From<StoreError>>(
        &mut self,
        sql: &str,
        columns: &mut dyn FnMut(Vec<String>) -> Result<(), E>,
        row: &mut dyn FnMut(Vec<Scalar>) -> Result<(), E>,
    ) -> Result<(), E> {
        let guarded = self.connection.authorizer(Some(|context: AuthContext<'_>| judge(&context)));
        let at = |error: Error| E::from(self.told(error));
        guarded.map_err(at)?;
        let mut statement = self.connection.prepare(sql).map_err(at)?;
        if !statement.readonly() {
            let what = "sql only reads; it changes nothing".to_owned();
            return Err(StoreError::Question { what }.into());
        }
        columns(statement.column_names().map(str::to_owned).collect())?;
        answer(&mut statement, &at, row)
    }

    fn told(&self, error: Error) -> StoreError {
        if let Error::SqlInputError { msg, .. } = &error {
            return StoreError::Question { what: msg.clone() };
        }
        if let Error::SqliteFailure(failure, _) = &error
            && failure.extended_code & 0xff == ffi::SQLITE_MISUSE
        {
            return StoreError::Question { what: "there is no question in it".to_owned() };
        }
        if matches!(error, Error::MultipleStatement) {
            return StoreError::Question { what: "one question at a time".to_owned() };
        }
        if let Error::SqliteFailure(failure, message) = &error
            && matches!(failure.extended_code & 0xff, ffi::SQLITE_ERROR | ffi::SQLITE_AUTH)
        {
            let what = match message.as_deref() {
                Some("not authorized") | None => {
                    "sql only asks, and only of the tables that --schema lists".to_owned()
                }
                Some(message) => message.to_owned(),
            };
            return StoreError::Question { what };
        }
        Fault::from(error).at(&self.path)
    }
}

fn answer<E>(
    statement: &mut Statement<'_>,
    at: &dyn Fn(Error) -> E,
    take: &mut dyn FnMut(Vec<Scalar>) -> Result<(), E>,
) -> Result<(), E> {
    let width = statement.column_count();
    let mut rows = statement.query([]).map_err(at)?;
    while let Some(row) = rows.next().map_err(at)? {
        let cells: Result<Vec<Scalar>, Error> =
            (0..width).map(|place| row.get_ref(place).map(scalar)).collect();
        take(cells.map_err(at)?)?;
    }
    Ok(())
}

fn scalar(value: ValueRef<'_>) -> Scalar {
    match value {
        ValueRef::Null => Scalar::Null,
        ValueRef::Integer(number) => Scalar::Integer(number),
        ValueRef::Real(number) => Scalar::Real(number),
        ValueRef::Text(text) => Scalar::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Scalar::Bytes(bytes.to_vec()),
    }
}

/// Reads of views and of the verdicts, and of tables only through a view: a guard against showing
/// personal data by accident. Whoever can read the file can read the file.
fn judge(context: &AuthContext<'_>) -> Authorization {
    let is_allowed = if let AuthAction::Read { table_name, column_name } = context.action {
        may_read(table_name, column_name, context.accessor)
    } else {
        matches!(context.action, AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. })
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}

fn may_read(table: &str, column: &str, through: Option<&str>) -> bool {
    let is_view = |name: &str| VIEWS.iter().any(|view| view.name == name);
    if CLOSED.contains(&table)
        || (table == "session" && !column.is_empty() && !SESSION_OPEN.contains(&column))
    {
        return false;
    }
    // A table of which no column is wanted: some row of a join.
    column.is_empty() || is_view(table) || through.is_some_and(is_view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Builder, Place, at, logged, uuid};

    fn ask(query: &mut Query, sql: &str) -> Result<Vec<Vec<Scalar>>, StoreError> {
        let mut rows = Vec::new();
        query.ask::<StoreError>(sql, &mut |_| Ok(()), &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    fn query(place: &Place) -> Query {
        let mut store = place.open();
        let event = crate::store::testing::Logged {
            ip: Some([95, 104, 11, 250]),
            agent: Some("canary agent"),
            session: Some("s-1".to_owned()),
            ..logged(uuid(1), "lead", at(0))
        };
        store.commit(Builder::new().event(&event).done(), at(1)).unwrap();
        Query::open(&place.path()).unwrap()
    }

    #[test]
    fn views_are_read_and_verdicts_joined() {
        let place = Place::new();
        let mut query = query(&place);
        let row = VerdictRow {
            event_id: uuid(1).to_string(),
            occurred_at: "x".to_owned(),
            verdict: "never_sent",
            ..VerdictRow::default()
        };
        query.fill::<StoreError>(|put| put(row)).unwrap();
        let sql = "WITH v AS (SELECT * FROM verdict) SELECT e.event, v.verdict, count(*) FROM events AS e \
                   JOIN v USING (event_id) GROUP BY 1, 2";
        let want =
            vec![vec![Scalar::Text("lead".into()), Scalar::Text("never_sent".into()), Scalar::Integer(1)]];
        assert_eq!(ask(&mut query, sql).unwrap(), want);
    }

    #[test]
    fn every_view_answers_in_the_columns_that_are_documented() {
        let place = Place::new();
        let mut query = query(&place);
        for view in VIEWS {
            let mut names = Vec::new();
            let sql = format!("SELECT * FROM {}", view.name);
            query
                .ask::<StoreError>(
                    &sql,
                    &mut |columns| {
                        names = columns;
                        Ok(())
                    },
                    &mut |_| Ok(()),
                )
                .unwrap();
            let documented: Vec<_> = view.columns.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, documented, "{}", view.name);
        }
        let mut statement = query.connection.prepare("SELECT 1").unwrap();
        assert!(statement.exists([]).unwrap());
    }

    #[test]
    fn nothing_is_changed_and_nothing_personal_is_read() {
        let place = Place::new();
        let mut query = query(&place);
        for sql in [
            "SELECT * FROM contact",
            "SELECT ip FROM contact",
            "WITH events AS (SELECT * FROM contact) SELECT * FROM events",
            "SELECT text FROM term",
            "SELECT email FROM session",
            "WITH events AS (SELECT email FROM session) SELECT * FROM events",
            "SELECT object FROM frozen",
            "SELECT fingerprint_key FROM meta",
            "SELECT body FROM block",
            "SELECT count(*) FROM contact",
            "DELETE FROM event",
            "DELETE FROM verdict",
            "INSERT INTO verdict SELECT * FROM verdict",
            "CREATE TEMP TABLE x (a)",
            "ATTACH '/etc/passwd' AS x",
            "PRAGMA user_version = 9",
            "PRAGMA writable_schema = ON",
            "PRAGMA query_only = OFF",
            "PRAGMA journal_mode = DELETE",
            "UPDATE sqlite_schema SET sql = ''",
            "SELECT * FROM pragma_table_info('contact')",
            "DETACH main",
            "REINDEX",
            "PRAGMA table_info(contact)",
            "VACUUM INTO '/tmp/x.db'",
            "SELECT 1; DELETE FROM event",
            "SELEC 1",
            "SELECT load_extension('x')",
            "",
        ] {
            let told = ask(&mut query, sql);
            assert!(matches!(told, Err(StoreError::Question { .. })), "{sql}: {told:?}");
        }
    }
}
