//! A funnel event as the store gives it back, and the yes-or-no facts that ride on its row.

use std::sync::Arc;

use super::{
    Amount, BrowserFamily, CampaignId, EventName, Flaws, FunnelId, KeyBits, OrderKey, PixelCode, TimeMs,
};

/// What the record says of the visitor's consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Consent {
    /// Nothing.
    #[default]
    Absent,
    /// `granted`, `accepted`, `true`.
    Granted,
    /// `denied`, `declined`, `false`, `pending`.
    Denied,
    /// A word that is neither: held until somebody says what it means.
    Unclear,
}

/// What the record says of limited data use (US state privacy laws).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum LimitedDataUse {
    /// Nothing.
    #[default]
    Absent,
    /// `false`.
    No,
    /// `true`: TikTok then needs the visitor's IP address.
    Yes,
}

/// Yes-or-no facts of a funnel record, as one number in its row.
///
/// Bits 0–1 consent, 2–3 limited data use, then one bit each in the order of the methods below;
/// 27–31 the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Facts(u32);

macro_rules! facts {
    ($($(#[$doc:meta])* $get:ident, $set:ident, $bit:literal;)*) => {
        impl Facts {
            $(
                $(#[$doc])*
                #[must_use]
                pub const fn $get(self) -> bool {
                    self.0 & (1 << $bit) != 0
                }

                /// Sets the fact of the same name.
                pub const fn $set(&mut self) {
                    self.0 |= 1 << $bit;
                }
            )*
        }
    };
}

facts! {
    /// The record is marked as a test.
    is_test, set_test, 4;
    /// The page's URL is absolute (or was joined to its campaign's origin when read).
    has_url, set_url, 5;
    /// The page is given as a path only.
    has_path_only, set_path_only, 6;
    /// The page's URL carries a ttclid.
    url_has_ttclid, set_url_ttclid, 7;
    /// The referrer is TikTok's.
    referrer_is_tiktok, set_referrer_tiktok, 8;
    /// The URL's `utm_source` is TikTok's.
    utm_is_tiktok, set_utm_tiktok, 9;
    /// Other records of this key have other content.
    content_differs, set_content_differs, 10;
    /// Other records of this key have another value or currency.
    money_differs, set_money_differs, 11;
    /// A value is logged, but it is no number.
    value_not_number, set_value_not_number, 12;
    /// The payload has `contents`.
    has_contents, set_contents, 13;
    /// Every item of `contents` has a non-blank string `content_id`.
    content_ids_good, set_content_ids_good, 14;
    /// `content_type` is `product`.
    content_type_product, set_content_type_product, 15;
    /// The session id is a placeholder (`null`, `undefined`, all zeros, …), so it joins nothing.
    session_is_placeholder, set_session_placeholder, 16;
    /// The event's id is its session's id.
    id_is_session, set_id_is_session, 26;
}

impl Facts {
    /// The facts with this mask.
    #[must_use]
    pub const fn from_mask(mask: u32) -> Self {
        Self(mask)
    }

    /// The mask.
    #[must_use]
    pub const fn mask(self) -> u32 {
        self.0
    }

    /// What the record says of consent.
    #[must_use]
    pub const fn consent(self) -> Consent {
        match self.0 & 3 {
            0 => Consent::Absent,
            1 => Consent::Granted,
            2 => Consent::Denied,
            _ => Consent::Unclear,
        }
    }

    /// Sets what the record says of consent.
    pub const fn set_consent(&mut self, consent: Consent) {
        let bits = match consent {
            Consent::Absent => 0,
            Consent::Granted => 1,
            Consent::Denied => 2,
            Consent::Unclear => 3,
        };
        self.0 = (self.0 & !3) | bits;
    }

    /// What the record says of limited data use.
    #[must_use]
    pub const fn limited_data_use(self) -> LimitedDataUse {
        match (self.0 >> 2) & 3 {
            0 => LimitedDataUse::Absent,
            1 => LimitedDataUse::No,
            _ => LimitedDataUse::Yes,
        }
    }

    /// Sets what the record says of limited data use.
    pub const fn set_limited_data_use(&mut self, limited: LimitedDataUse) {
        let bits = match limited {
            LimitedDataUse::Absent => 0,
            LimitedDataUse::No => 1,
            LimitedDataUse::Yes => 2,
        };
        self.0 = (self.0 & !(3 << 2)) | (bits << 2);
    }

    /// The family of the visitor's browser.
    #[must_use]
    pub fn browser(self) -> BrowserFamily {
        let [.., high] = self.0.to_le_bytes();
        BrowserFamily::from_number(high >> 3)
    }

    /// Sets the family of the visitor's browser.
    pub fn set_browser(&mut self, browser: BrowserFamily) {
        self.0 = (self.0 & !(31 << 27)) | (u32::from(browser.number()) << 27);
    }
}

/// Where a row was read: a file of the store and the byte offset of the line in its decompressed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The store's number of the file.
    pub source: i64,
    /// Byte offset of the line.
    pub offset: u64,
}

/// Texts of an event that repeat together: a funnel has few such places and many events at each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The campaign.
    pub campaign: Option<CampaignId>,
    /// The funnel.
    pub funnel: Option<FunnelId>,
    /// The record's own traffic source, as logged.
    pub source: Option<Arc<str>>,
    /// Host and path of the page.
    pub page: Option<Arc<str>>,
    /// The currency as logged.
    pub currency: Option<Arc<str>>,
}

/// A funnel event as stored: the winning record of its id, name and logged pixel.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its name as logged.
    pub name: EventName,
    /// The record's own Pixel Code.
    pub pixel: Option<PixelCode>,
    /// What it shares with many others.
    pub place: Arc<Place>,
    /// Host and path of the page where its session began.
    pub landing: Option<Arc<str>>,
    /// The store's number of its session.
    pub session: Option<i64>,
    /// When it happened.
    pub at: TimeMs,
    /// The earliest of the times of all its funnel records and the wall time of the first import
    /// that stored it. The 48-hour clock starts here or at an earlier receipt (product 6.1).
    pub seen_at: TimeMs,
    /// Its match keys.
    pub keys: KeyBits,
    /// Yes-or-no facts.
    pub facts: Facts,
    /// What is wrong with its match keys and payload.
    pub flaws: Flaws,
    /// Its value, exactly as logged.
    pub value: Option<Amount>,
    /// A fingerprint of its order id.
    pub order: Option<OrderKey>,
    /// The store's number of its IP address and user agent; gone after their retention.
    pub contact: Option<i64>,
    /// The store's number of the block with its payload; gone after its retention.
    pub block: Option<i64>,
    /// Its place in the block.
    pub slot: u32,
    /// The content fingerprint of [`super::BatchEvent::content`].
    pub content: u64,
    /// Where the winning record was read; a pass over everything leaves it out.
    pub position: Option<Position>,
}

impl StoredEvent {
    /// Its place, to be changed for this event alone.
    pub fn place_mut(&mut self) -> &mut Place {
        Arc::make_mut(&mut self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_and_limited_data_use_do_not_touch_each_other() {
        let mut facts = Facts::default();
        facts.set_limited_data_use(LimitedDataUse::Yes);
        facts.set_consent(Consent::Denied);
        facts.set_test();
        assert_eq!(facts.consent(), Consent::Denied);
        assert_eq!(facts.limited_data_use(), LimitedDataUse::Yes);
        assert!(facts.is_test() && !facts.has_url());
        facts.set_browser(BrowserFamily::Other);
        facts.set_browser(BrowserFamily::Edge);
        facts.set_consent(Consent::Granted);
        assert_eq!((facts.consent(), facts.browser()), (Consent::Granted, BrowserFamily::Edge));
        assert!(facts.is_test() && !facts.session_is_placeholder());
    }
}
