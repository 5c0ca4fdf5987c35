//! The log formats, one file each; every line is looked at anew.

use crate::domain::Reason;

use super::json::Value;
use super::record::{Builder, Rejected};

mod exchange;
mod funnel;
mod outline;
mod page;
mod person;
mod receipt;

pub(super) use outline::{Field, Outline, Spellings};
pub(super) use page::Pages;
pub(super) use person::People;

/// A log format.
struct Format {
    /// Whether a record is of this format, should none before it know it.
    recognise: fn(&Outline<'_, '_>) -> bool,
    /// Makes rows of a record.
    read: fn(&Outline<'_, '_>, &mut Builder<'_>) -> Result<(), Rejected>,
}

/// All formats, the most telling first.
const FORMATS: &[Format] = &[
    Format { recognise: exchange::recognise, read: exchange::read },
    Format { recognise: receipt::recognise, read: receipt::read },
    Format { recognise: funnel::recognise, read: funnel::read },
];

/// Makes rows of a record, whatever its format.
pub(super) fn read(record: Value<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let outline = Outline::of(record, &mut to.spellings);
    match FORMATS.iter().find(|format| (format.recognise)(&outline)) {
        Some(format) => (format.read)(&outline, to),
        None => Err(Reason::UnknownRecord.into()),
    }
}
