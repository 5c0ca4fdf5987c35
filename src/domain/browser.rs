//! Families of browsers: enough to see that a gap sits in one of them.

/// A family of browsers, told by the user agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BrowserFamily {
    /// No user agent, or one that is no person's browser.
    #[default]
    Unknown,
    /// TikTok's own in-app browser.
    TikTokApp,
    /// Instagram's in-app browser.
    InstagramApp,
    /// Facebook's in-app browser.
    FacebookApp,
    /// Another app's web view on iOS.
    IosWebView,
    /// Another app's web view on Android.
    AndroidWebView,
    /// Safari on iPhone or iPad.
    SafariIos,
    /// Safari on a Mac.
    SafariMac,
    /// Chrome on a phone or tablet.
    ChromeMobile,
    /// Chrome on a computer.
    ChromeDesktop,
    /// Samsung Internet.
    Samsung,
    /// Edge.
    Edge,
    /// Firefox.
    Firefox,
    /// Opera.
    Opera,
    /// Any other browser.
    Other,
}

impl BrowserFamily {
    /// All families, in the order of their numbers in the store. New ones go to the end.
    pub const ALL: [Self; 15] = [
        Self::Unknown,
        Self::TikTokApp,
        Self::InstagramApp,
        Self::FacebookApp,
        Self::IosWebView,
        Self::AndroidWebView,
        Self::SafariIos,
        Self::SafariMac,
        Self::ChromeMobile,
        Self::ChromeDesktop,
        Self::Samsung,
        Self::Edge,
        Self::Firefox,
        Self::Opera,
        Self::Other,
    ];

    /// The words that outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown browser",
            Self::TikTokApp => "TikTok app",
            Self::InstagramApp => "Instagram app",
            Self::FacebookApp => "Facebook app",
            Self::IosWebView => "other app on iOS",
            Self::AndroidWebView => "other app on Android",
            Self::SafariIos => "Safari on iOS",
            Self::SafariMac => "Safari on Mac",
            Self::ChromeMobile => "Chrome on mobile",
            Self::ChromeDesktop => "Chrome on desktop",
            Self::Samsung => "Samsung Internet",
            Self::Edge => "Edge",
            Self::Firefox => "Firefox",
            Self::Opera => "Opera",
            Self::Other => "other browser",
        }
    }

    /// Its number in the store: its place in [`Self::ALL`].
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::TikTokApp => 1,
            Self::InstagramApp => 2,
            Self::FacebookApp => 3,
            Self::IosWebView => 4,
            Self::AndroidWebView => 5,
            Self::SafariIos => 6,
            Self::SafariMac => 7,
            Self::ChromeMobile => 8,
            Self::ChromeDesktop => 9,
            Self::Samsung => 10,
            Self::Edge => 11,
            Self::Firefox => 12,
            Self::Opera => 13,
            Self::Other => 14,
        }
    }

    /// The family with this number; an unknown number is an unknown browser.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places() {
        for (place, family) in (0_u8..).zip(BrowserFamily::ALL) {
            assert_eq!(family.number(), place);
            assert_eq!(BrowserFamily::from_number(place), family);
        }
        assert_eq!(BrowserFamily::from_number(31), BrowserFamily::Unknown);
    }
}
