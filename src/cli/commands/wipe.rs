//! Wiping what an import has read of an erased person.

use std::path::Path;

use crate::cli::lock::Lock;
use crate::store::{Store, StoreError};

/// Wipes what an import took out again, because its later lines showed that it belongs to a person who
/// was erased. Returns what to say when that has to wait; the next import then does it.
pub(super) fn wipe(db: &Path, store: &mut Store) -> Result<Option<String>, StoreError> {
    if !store.is_scrub_due()? {
        return Ok(None);
    }
    // The file is written anew, which would keep a backfill waiting.
    let wiped = Lock::take(db).and_then(|_lock| Ok(store.scrub()?));
    Ok(wiped.err().map(|failure| {
        format!(
            "an erased person was read again and is taken out; the next import or prune wipes the bytes: {}",
            failure.message
        )
    }))
}
