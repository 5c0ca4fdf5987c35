//! Which browser a user agent belongs to.

use crate::domain::BrowserFamily;

/// Marks of a family in a user agent; the first row of which one mark is there decides, because
/// browsers call themselves by each other's names.
///
/// Source: the marks that the browsers document or send (MDN, "Browser detection using the user
/// agent"; `TikTok`'s in-app browser: `musical_ly`, `trill`, `BytedanceWebview`); checked 2026-11-23.
const MARKS: &[(BrowserFamily, &[&str])] = &[
    (BrowserFamily::TikTokApp, &["musical_ly", "BytedanceWebview", "trill_", "TikTok"]),
    (BrowserFamily::InstagramApp, &["Instagram"]),
    (BrowserFamily::FacebookApp, &["FBAN/", "FBAV/", "FB_IAB"]),
    (BrowserFamily::Samsung, &["SamsungBrowser/"]),
    (BrowserFamily::Edge, &["Edg/", "EdgA/", "EdgiOS/"]),
    (BrowserFamily::Opera, &["OPR/", "OPT/", "Opera"]),
    (BrowserFamily::Firefox, &["Firefox/", "FxiOS/"]),
    (BrowserFamily::ChromeMobile, &["CriOS/"]),
    (BrowserFamily::AndroidWebView, &["; wv)", "Version/4.0 Chrome/"]),
];

/// The family of a person's browser, by its user agent.
#[must_use]
pub fn browser_family(agent: &str) -> BrowserFamily {
    let has = |mark: &str| agent.contains(mark);
    if let Some((family, _)) = MARKS.iter().find(|(_, marks)| marks.iter().any(|mark| has(mark))) {
        return *family;
    }
    let is_ios = ["iPhone", "iPad", "iPod"].iter().any(|mark| has(mark));
    if has("Chrome/") {
        let is_mobile = has("Android") || has("Mobile");
        return if is_mobile { BrowserFamily::ChromeMobile } else { BrowserFamily::ChromeDesktop };
    }
    match (is_ios, has("Safari/")) {
        (true, true) => BrowserFamily::SafariIos,
        (true, false) => BrowserFamily::IosWebView,
        (false, true) if has("Macintosh") => BrowserFamily::SafariMac,
        (false, _) => BrowserFamily::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_though_they_share_names() {
        let ios =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let droid = "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)";
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        for (start, end, family) in [
            (ios, "Mobile/15E148 musical_ly_39.6.0", BrowserFamily::TikTokApp),
            (droid, "Version/4.0 Chrome/131.0 Mobile Safari/537.36 trill_380603", BrowserFamily::TikTokApp),
            (ios, "Mobile/15E148 Instagram 357.0", BrowserFamily::InstagramApp),
            (ios, "Mobile/15E148 [FBAN/FBIOS;FBAV/491.0]", BrowserFamily::FacebookApp),
            (ios, "Mobile/15E148", BrowserFamily::IosWebView),
            (ios, "Version/18.1 Mobile/15E148 Safari/604.1", BrowserFamily::SafariIos),
            (ios, "CriOS/131.0 Mobile/15E148 Safari/604.1", BrowserFamily::ChromeMobile),
            (ios, "FxiOS/133.0 Mobile/15E148 Safari/605.1.15", BrowserFamily::Firefox),
            (droid, "Version/4.0 Chrome/131.0 Mobile Safari/537.36", BrowserFamily::AndroidWebView),
            (droid, "SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36", BrowserFamily::Samsung),
            (droid, "Chrome/131.0 Mobile Safari/537.36", BrowserFamily::ChromeMobile),
            (droid, "Chrome/131.0 Safari/537.36", BrowserFamily::ChromeMobile),
            (mac, "Version/18.1 Safari/605.1.15", BrowserFamily::SafariMac),
            (mac, "Chrome/131.0 Safari/537.36", BrowserFamily::ChromeDesktop),
            (mac, "Chrome/131.0 Safari/537.36 Edg/131.0", BrowserFamily::Edge),
            (mac, "Chrome/131.0 Safari/537.36 OPR/115.0", BrowserFamily::Opera),
            ("", "", BrowserFamily::Other),
        ] {
            assert_eq!(browser_family(&format!("{start} {end}")), family, "{end}");
        }
    }
}
