//! Opening: create privately, check whose it is, how new and how whole.

use std::cell::{Cell, RefCell};
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::block::BlockCache;
use super::contact::ContactCache;
use super::dictionary::Dictionary;
use super::fault::Fault;
use super::network::refuse_network;
use super::{Store, StoreError};

/// The whole schema, for a new database.
const SCHEMA: &str = include_str!("../../schema.sql");
/// `mkgd`: `schema.sql` sets it.
const APPLICATION_ID: i64 = 0x6d6b_6764;
/// The schema this program writes: `schema.sql` sets it.
const SCHEMA_VERSION: i64 = 1;
/// Before 3.51.3 two connections that checkpoint at once can damage a WAL database (reliability 1).
const SQLITE_OLDEST: i32 = 3_051_003;
/// How long to wait for another process's transaction.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Between two tries to change the journal.
const SWITCH_PAUSE: Duration = Duration::from_millis(5);
/// Prepared statements kept per connection: more than all of this room's.
const STATEMENTS: usize = 96;
/// Connections of a merged read beside the first: one per table.
const READERS: usize = 3;

/// How far a commit must have got when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It survives the death of the process: an import can be repeated.
    Process,
    /// It survives the loss of power: the backfill's ledger.
    Power,
}

impl Store {
    /// Opens the database for writing; creates it, readable by its owner alone, if it is missing.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened, is not ours, newer or damaged. It is never replaced.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        check_library(path)?;
        refuse_network(path)?;
        create_private(path)?;
        if check_file(path)? > 0 {
            check_identity(path)?;
        }
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|fault| fault.at(path))?;
        prepare_file(&connection, path)?;
        let file = fs::metadata(path).map_err(|error| io(path, &error))?;
        let store = Self::around(connection, path, Vec::new());
        Ok(Self { file: Some((file.dev(), file.ino())), ..store })
    }

    /// Opens an existing database for reading only.
    ///
    /// # Errors
    /// [`StoreError`], also when it is missing.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        check_library(path)?;
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_path_buf() });
        }
        check_file(path)?;
        check_identity(path)?;
        let connection = connect_to_read(path).map_err(|fault| fault.at(path))?;
        Ok(Self::around(connection, path, Vec::new()))
    }

    /// Opens a database in a private temporary file that is already unlinked: `audit FILE…`.
    ///
    /// A commit that fails leaves it useless: it keeps no journal.
    ///
    /// # Errors
    /// [`StoreError`] when the temporary directory cannot be written.
    pub fn scratch() -> Result<Self, StoreError> {
        let path = create_scratch()?;
        check_library(&path)?;
        let opened = open_scratch(&path);
        let removed = fs::remove_file(&path);
        let (connection, readers) = opened.map_err(|fault| fault.at(&path))?;
        removed.map_err(|error| io(&path, &error))?;
        Ok(Self::around(connection, &path, readers))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn around(connection: Connection, path: &Path, readers: Vec<Connection>) -> Self {
        Self {
            connection,
            path: path.to_path_buf(),
            file: None,
            readers: RefCell::new(readers),
            dictionary: RefCell::new(Dictionary::default()),
            contacts: ContactCache::default(),
            blocks: RefCell::new(BlockCache::default()),
            durability: Cell::new(None),
            mostly_repeats: false,
        }
    }

    /// Takes the connections of a merged read, opening them if they are not there yet.
    pub(super) fn take_readers(&self) -> Result<Vec<Connection>, Fault> {
        let mut readers = std::mem::take(&mut *self.readers.borrow_mut());
        while readers.len() < READERS {
            readers.push(connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?);
        }
        Ok(readers)
    }

    /// Whether the name still leads to the file that is open: `SQLite` would go on writing into one
    /// that nobody will ever read again (reliability S-17).
    pub(super) fn is_in_place(&self) -> bool {
        self.file.is_none_or(|file| fs::metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == file))
    }

    /// Sets what the following commits must survive.
    pub(super) fn make_durable(&self, durability: Durability) -> Result<(), Fault> {
        if self.durability.replace(Some(durability)) != Some(durability) {
            let word = match durability {
                Durability::Process => "NORMAL",
                Durability::Power => "FULL",
            };
            self.connection.pragma_update(None, "synchronous", word)?;
        }
        Ok(())
    }
}

fn io(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Io { path: path.to_path_buf(), what: error.to_string() }
}

fn check_library(path: &Path) -> Result<(), StoreError> {
    if rusqlite::version_number() < SQLITE_OLDEST {
        let what = format!("SQLite {} is too old; 3.51.3 or newer is needed", rusqlite::version());
        return Err(StoreError::Io { path: path.to_path_buf(), what });
    }
    Ok(())
}

/// Creates the file for its owner alone, whatever the umask; `SQLite` gives -wal and -shm its mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(StoreError::Io {
            path: path.to_path_buf(),
            what: "cannot be created: its directory does not exist".to_owned(),
        }),
        Err(error) => Err(io(path, &error)),
    }
}

/// Refuses what is no regular file or may be changed by others; returns its length.
fn check_file(path: &Path) -> Result<u64, StoreError> {
    let found = fs::metadata(path).map_err(|error| io(path, &error))?;
    let refuse = |what: &str| Err(StoreError::Io { path: path.to_path_buf(), what: what.to_owned() });
    if !found.is_file() {
        return refuse("is not a regular file; --db names the file of a database");
    }
    if found.permissions().mode() & 0o022 != 0 {
        return refuse("can be written by other users: chmod 600 makes it private");
    }
    Ok(found.len())
}

/// Looks, by a connection that cannot write, whether the database is ours and not too new.
fn check_identity(path: &Path) -> Result<(), StoreError> {
    let look = || -> Result<_, Fault> {
        let connection = connect_to_read(path)?;
        Ok((number(&connection, "PRAGMA application_id")?, number(&connection, "PRAGMA user_version")?))
    };
    let (application, version) = match look() {
        Err(fault) if fault.needs_rollback() => {
            roll_back(path).map_err(|fault| fault.at(path))?;
            if check_file(path)? == 0 {
                return Ok(());
            }
            look()
        }
        looked => looked,
    }
    .map_err(|fault| fault.at(path))?;
    if application != APPLICATION_ID {
        return Err(StoreError::NotOurs { path: path.to_path_buf() });
    }
    if version > SCHEMA_VERSION {
        return Err(StoreError::Newer { path: path.to_path_buf(), found: version, known: SCHEMA_VERSION });
    }
    Ok(())
}

/// Undoes a transaction that nobody will end: a process died while it made the database. Only a
/// connection that may write can, and the first that reads does.
fn roll_back(path: &Path) -> Result<(), Fault> {
    number(&connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?, "PRAGMA user_version").map(drop)
}

fn number(connection: &Connection, sql: &str) -> Result<i64, Fault> {
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Connects without `SQLITE_OPEN_URI`. `SQLite` is built to read `file:` names as URIs all the same,
/// so a relative name is given a leading `./` (reliability S-23).
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(plain(path), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Else SQLite plans a statement anew whenever its parameters change, which costs more than it does.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

/// Connects for reading, and leaves nothing behind.
///
/// A connection that may not write leaves the -wal and -shm that it has to make. One that may, and
/// writes nothing, removes them. Where they, or a journal, are there already, they are somebody's,
/// and only a connection that may not write leaves them as they are.
fn connect_to_read(path: &Path) -> Result<Connection, Fault> {
    let is_there = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        fs::symlink_metadata(name).is_ok()
    };
    if is_there("-wal") || is_there("-journal") {
        return connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA query_only = ON;")?;
    Ok(connection)
}

/// A name that nobody can take for a URI.
pub(super) fn plain(path: &Path) -> PathBuf {
    if path.is_relative() { Path::new(".").join(path) } else { path.to_path_buf() }
}

/// Makes a new file a database, and sets what each connection that writes needs.
fn prepare_file(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let prepare = || -> Result<(i64, i64), Fault> {
        create_schema(connection)?;
        // The schema is committed before the switch to WAL, so that the main file alone, from its
        // first byte on, says whose it is.
        switch_to_wal(connection)?;
        // 64 MiB of pages; a WAL of 128 MiB before it is copied back, because several batches
        // rewrite the same pages; cut down to 16 MiB afterwards.
        connection.execute_batch(
            "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192; \
             PRAGMA journal_size_limit = 16777216;",
        )?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        Ok((number(connection, "PRAGMA application_id")?, number(connection, "PRAGMA user_version")?))
    };
    let (application, version) = prepare().map_err(|fault| fault.at(path))?;
    if application != APPLICATION_ID {
        return Err(StoreError::NotOurs { path: path.to_path_buf() });
    }
    if version > SCHEMA_VERSION {
        return Err(StoreError::Newer { path: path.to_path_buf(), found: version, known: SCHEMA_VERSION });
    }
    Ok(())
}

/// Writes the schema into an empty database; two processes may try at once.
fn create_schema(connection: &Connection) -> Result<(), Fault> {
    let is_empty = "SELECT count(*) = 0 FROM sqlite_schema";
    if number(connection, "PRAGMA user_version")? > 0 {
        return Ok(());
    }
    connection.execute_batch("PRAGMA page_size = 16384;")?;
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if number(&transaction, is_empty)? == 1 {
        transaction.execute_batch(SCHEMA)?;
    }
    Ok(transaction.commit()?)
}

/// `SQLite` does not wait for others when it changes the journal, as it does for every other lock.
fn switch_to_wal(connection: &Connection) -> Result<(), Fault> {
    let start = std::time::Instant::now();
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL;") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(SWITCH_PAUSE);
            }
            done => return Ok(done?),
        }
    }
}

/// Creates an empty private file in the temporary directory. The name may be guessed; nothing is
/// lost by that, because only a new file is taken.
fn create_scratch() -> Result<PathBuf, StoreError> {
    let directory = std::env::temp_dir();
    let mut path = directory.join("makegood.db");
    for number in 0..10_000_u32 {
        path = directory.join(format!("makegood-{}-{number}.db", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io(&path, &error)),
        }
    }
    Err(StoreError::Io { path, what: "no free name for a temporary database".to_owned() })
}

/// All connections are made before the file loses its name.
fn open_scratch(path: &Path) -> Result<(Connection, Vec<Connection>), Fault> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // No journal: a failed commit ends the run, and the file with it.
    connection
        .execute_batch("PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA cache_size = -65536;")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    create_schema(&connection)?;
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        number(&reader, "PRAGMA application_id")?;
        readers.push(reader);
    }
    Ok((connection, readers))
}
