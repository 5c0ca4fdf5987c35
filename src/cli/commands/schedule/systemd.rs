//! Units for systemd, closed to all that a backfill does not need.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Written;
use super::place::{Every, MARK, Place};

/// Where the units of the whole machine lie.
pub(super) const MACHINE: &str = "/etc/systemd/system";
pub(super) const TIMER: &str = "makegood-backfill.timer";

/// A service of the whole machine gets no more than it needs. Those of a person cannot be closed like
/// this: their manager has no right to.
const HARDENING: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
";

/// Service and timer of the backfill, service and timer of the pruning, and the service that follows the logs.
pub(super) fn files(place: &Place) -> Vec<Written> {
    let folder = if place.is_root { PathBuf::from(MACHINE) } else { place.user_units.clone() };
    let file = |name, text| Written { folder: folder.clone(), name, text };
    vec![
        file(
            "makegood-backfill.service",
            service(place, "sends to TikTok what it never received", &place.backfill()),
        ),
        file(TIMER, timer(place, "the backfill", &calendar(place.every))),
        file(
            "makegood-prune.service",
            service(place, "takes away what is older than its retention", &place.prune()),
        ),
        file("makegood-prune.timer", timer(place, "the pruning", "*-*-* 04:20:00")),
        file("makegood-follow.service", follow_service(place)),
    ]
}

fn service(place: &Place, what: &str, words: &[String]) -> String {
    let mut text = format!(
        "[Unit]\nDescription=makegood {what}\nAfter=network-online.target\nWants=network-online.target\n\n\
         [Service]\nType=oneshot\n{}",
        start(place, words)
    );
    for name in &place.credentials {
        let name = escaped(name);
        let _ = writeln!(text, "LoadCredential={name}:/etc/makegood/{name}");
    }
    // Longer than the longest run that throttling allows; a hanging one must not block the next day.
    text.push_str("TimeoutStartSec=2h\n");
    text.push_str(&confinement(place));
    text
}

/// Says when it is at work, and gives signs of life: one that hangs is started anew.
fn follow_service(place: &Place) -> String {
    let wanted_by = if place.is_root { "multi-user.target" } else { "default.target" };
    format!(
        "[Unit]\nDescription=makegood reads the logs as they are written\n\n\
         [Service]\nType=notify\n{}WatchdogSec=5min\nRestart=on-failure\nRestartSec=30s\n{}\n\
         [Install]\nWantedBy={wanted_by}\n",
        start(place, &place.follow()),
        confinement(place),
    )
}

fn start(place: &Place, words: &[String]) -> String {
    let words = words.iter().map(|text| word(text)).collect::<Vec<_>>().join(" ");
    format!("WorkingDirectory={}\nExecStart={words}\n", path(&place.folder))
}

/// What a service may reach: no more than it needs.
fn confinement(place: &Place) -> String {
    let mut text = "UMask=0077\nNice=10\n".to_owned();
    if place.is_root {
        text.push_str(HARDENING);
        let _ = writeln!(text, "User={}", place.user);
        // Logs may be another user's; nothing else of root's power is of use.
        let power = if place.user == "root" { "CAP_DAC_READ_SEARCH" } else { "" };
        let _ = writeln!(text, "CapabilityBoundingSet={power}");
        let homes = ["/home", "/root", "/run/user"];
        let _ = writeln!(text, "ProtectHome={}", if needs(place, &homes) { "read-only" } else { "yes" });
        let _ =
            writeln!(text, "PrivateTmp={}", if needs(place, &["/tmp", "/var/tmp"]) { "no" } else { "yes" });
        let _ = writeln!(text, "ReadWritePaths={}", path_word(place.data()));
        if let Some(folder) = place.metrics.as_deref().and_then(Path::parent) {
            let _ = writeln!(text, "ReadWritePaths={}", path_word(folder));
        }
    } else {
        text.push_str("NoNewPrivileges=yes\n");
    }
    text
}

fn timer(place: &Place, what: &str, calendar: &str) -> String {
    format!(
        "# {MARK}{}\n[Unit]\nDescription=When makegood runs {what}\n\n\
         [Timer]\nOnCalendar={calendar}\nPersistent=true\nRandomizedDelaySec=2min\n\n\
         [Install]\nWantedBy=timers.target\n",
        place.every
    )
}

fn calendar(every: Every) -> String {
    match every.minutes {
        60 => "*-*-* *:00:00".to_owned(),
        1440 => "*-*-* 00:00:00".to_owned(),
        minutes if minutes < 60 => format!("*-*-* *:00/{minutes}:00"),
        minutes => format!("*-*-* 00/{}:00:00", minutes / 60),
    }
}

/// Whether something that the service needs lies in one of these folders, which are hidden from it else.
fn needs(place: &Place, folders: &[&str]) -> bool {
    place.paths.iter().any(|path| folders.iter().any(|folder| path.starts_with(folder)))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

/// A setting that is one path takes it as it is, but for `%`.
fn path(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// A path in a list of paths.
fn path_word(path: &Path) -> String {
    quoted(&escaped(&path.display().to_string()))
}

/// A word of a command line, where `$` is a variable too.
fn word(text: &str) -> String {
    quoted(&escaped(text).replace('$', "$$"))
}

fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:%$+,@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_systemd_reads_them() {
        assert_eq!(word("/usr/bin/makegood"), "/usr/bin/makegood");
        assert_eq!(word("/opt/a b/100%/$x"), "\"/opt/a b/100%%/$$x\"");
        assert_eq!(word("a\"b\\c"), "\"a\\\"b\\\\c\"");
        assert_eq!(path_word(Path::new("/srv/my data")), "\"/srv/my data\"");
    }

    #[test]
    fn calendars_are_even() {
        let calendar = |text| calendar(Every::parse(text).unwrap());
        assert_eq!(calendar("15m"), "*-*-* *:00/15:00");
        assert_eq!(calendar("1h"), "*-*-* *:00:00");
        assert_eq!(calendar("6h"), "*-*-* 00/6:00:00");
        assert_eq!(calendar("24h"), "*-*-* 00:00:00");
    }
}
