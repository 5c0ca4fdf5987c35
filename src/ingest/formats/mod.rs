//! The log formats, one file each; every line is looked at anew.

use crate::domain::Reason;

use super::json::{Tape, Value};
use super::record::{Builder, Rejected};

mod amplitude;
mod body;
mod call;
mod carried;
mod delivery;
mod exchange;
mod fields;
mod funnel;
mod goods;
mod identity;
mod kind;
mod mapped;
mod outline;
mod page;
mod person;
mod posthog;
mod receipt;
mod sent;
mod shipped;
mod table;
mod wrapped;

pub use fields::field_names;
pub(super) use outline::{Field, Outline, Spellings};
pub(super) use page::Pages;
pub(super) use person::People;
pub(super) use table::Columns;
pub(super) use wrapped::{Pieces, record_in, unwrap};

/// A log format.
struct Format {
    /// Whether a record is of this format, should none before it know it.
    recognise: fn(&Outline<'_, '_>) -> bool,
    /// Makes rows of a record.
    read: fn(&Outline<'_, '_>, &mut Builder<'_>) -> Result<(), Rejected>,
}

/// All formats, the most telling first.
const FORMATS: &[Format] = &[
    Format { recognise: shipped::recognise, read: shipped::read },
    Format { recognise: exchange::recognise, read: exchange::read },
    Format { recognise: exchange::recognise_answer, read: exchange::read_answer },
    Format { recognise: delivery::recognise, read: delivery::read },
    Format { recognise: call::recognise, read: call::read },
    Format { recognise: posthog::recognise, read: posthog::read },
    Format { recognise: sent::recognise, read: sent::read },
    Format { recognise: amplitude::recognise, read: amplitude::read },
    Format { recognise: receipt::recognise, read: receipt::read },
    Format { recognise: funnel::recognise, read: funnel::read },
    Format { recognise: identity::recognise, read: identity::read },
];

/// Makes rows of a line, whatever it is wrapped in.
pub(super) fn read_line<'t>(
    line: &'t str,
    tape: &mut Tape<'t>,
    to: &mut Builder<'_>,
) -> Result<(), Rejected> {
    if let Some(columns) = &to.columns {
        if columns.is_header(line) {
            return Ok(());
        }
        let row = columns.record(line)?;
        return read_at(Tape::within(to.policy.limits).parse(&row)?, 0, to);
    }
    match tape.parse(line) {
        Ok(record) => read_at(record, 0, to),
        Err(reason) => wrapped::read_prefixed(line, reason, to),
    }
}

/// Whether a line without a line end is whole, as far as can be told.
pub(super) fn is_whole(line: &str, to: &Builder<'_>) -> bool {
    match &to.columns {
        Some(columns) => columns.fits(line),
        None => Tape::within(to.policy.limits).parse(line).is_ok() || wrapped::is_prefixed(line),
    }
}

/// Makes rows of a record, whatever its format; `depth` loggers stand around it.
fn read_at(record: Value<'_, '_>, depth: usize, to: &mut Builder<'_>) -> Result<(), Rejected> {
    if !to.policy.formats.is_empty()
        && let Some(read) = mapped::read(record, to)
    {
        return read;
    }
    let outline = Outline::of(record, &mut to.spellings);
    let known = FORMATS.iter().find(|format| (format.recognise)(&outline));
    let read = known.map_or_else(|| Err(Reason::UnknownRecord.into()), |format| (format.read)(&outline, to));
    match read {
        Err(
            plain @ Rejected {
                reason: Reason::UnknownRecord | Reason::EventIdMissing | Reason::EventNameMissing,
                ..
            },
        ) => wrapped::read(record, plain, depth, to),
        read => read,
    }
}
