//! A property list for launchd.

use std::fmt::Write as _;

use super::Written;
use super::place::{MARK, Place};

pub(super) const NAME: &str = "org.makegood.backfill.plist";

/// An agent of the user.
pub(super) fn files(place: &Place) -> Vec<Written> {
    let mut words = String::new();
    for word in place.backfill() {
        let _ = writeln!(words, "    <string>{}</string>", escaped(&word));
    }
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- {MARK}{} -->\n\
         <plist version=\"1.0\">\n<dict>\n\
         \x20 <key>Label</key>\n  <string>org.makegood.backfill</string>\n\
         \x20 <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n\
         \x20 <key>WorkingDirectory</key>\n  <string>{folder}</string>\n\
         \x20 <key>StartInterval</key>\n  <integer>{seconds}</integer>\n\
         \x20 <key>Umask</key>\n  <integer>63</integer>\n\
         \x20 <key>ProcessType</key>\n  <string>Background</string>\n\
         \x20 <key>StandardErrorPath</key>\n  <string>{folder}/makegood-backfill.log</string>\n\
         </dict>\n</plist>\n",
        place.every,
        folder = escaped(&place.folder.display().to_string()),
        seconds = place.every.minutes * 60,
    );
    vec![Written { folder: place.launch_agents.clone(), name: NAME, text }]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
