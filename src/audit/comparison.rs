//! Our counts beside TikTok's own totals: corroboration, never proof.

use crate::domain::{EventName, PixelCode, Range};
use crate::tiktok::stats::Reported;

/// Where TikTok's totals come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotalsFrom {
    /// Its stats endpoint.
    Endpoint,
    /// Typed in from Events Manager.
    Typed,
}

/// Our counts of one event of one pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// With an accepted server copy.
    pub server: u64,
    /// Fired in the browser.
    pub browser: u64,
    /// Both.
    pub both: u64,
}

/// One event, ours and theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The pixel, where totals are per pixel.
    pub pixel: Option<PixelCode>,
    /// Our name of the event; `None`: a name of theirs that nobody maps.
    pub event: Option<EventName>,
    /// Our counts.
    pub ours: Ours,
    /// Theirs; `None`: they have none of it.
    pub theirs: Option<Reported>,
}

/// Our counts beside TikTok's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Where theirs come from.
    pub from: TotalsFrom,
    /// The time span of both.
    pub range: Range,
    /// By pixel and event; names that nobody maps last.
    pub rows: Vec<Compared>,
}

/// Puts counts side by side.
#[must_use]
pub fn compare(
    from: TotalsFrom,
    range: Range,
    ours: Vec<(Option<PixelCode>, EventName, Ours)>,
    theirs: Vec<(Option<PixelCode>, Reported)>,
) -> Comparison {
    let mut rows: Vec<Compared> = ours
        .into_iter()
        .map(|(pixel, event, ours)| Compared { pixel, event: Some(event), ours, theirs: None })
        .collect();
    for (pixel, reported) in theirs {
        let known = rows.iter_mut().find(|row| {
            row.theirs.is_none() && row.event.is_some() && row.event == reported.event && row.pixel == pixel
        });
        match known {
            Some(row) => row.theirs = Some(reported),
            None => rows.push(Compared {
                pixel,
                event: reported.event.clone(),
                ours: Ours::default(),
                theirs: Some(reported),
            }),
        }
    }
    rows.sort_by(|a, b| {
        let raw = |row: &Compared| row.theirs.as_ref().map(|theirs| theirs.raw.clone());
        (&a.pixel, a.event.is_none(), &a.event, raw(a)).cmp(&(&b.pixel, b.event.is_none(), &b.event, raw(b)))
    });
    Comparison { from, range, rows }
}
