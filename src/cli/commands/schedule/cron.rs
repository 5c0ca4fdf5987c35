//! Lines for cron.

use std::path::PathBuf;

use super::Written;
use super::place::{Every, MARK, Place};

/// Where cron looks for files of programs.
pub(super) const MACHINE: &str = "/etc/cron.d";
pub(super) const NAME: &str = "makegood";

/// Where the lines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A crontab of one's own, root's too: a line names no user.
    Own,
    /// `/etc/cron.d`: a line names its user.
    Machine,
}

/// One crontab.
pub(super) fn files(place: &Place, form: Form) -> Vec<Written> {
    let (user, about) = match form {
        Form::Own => (String::new(), "For `crontab -e`: a file in /etc/cron.d would also name the user."),
        Form::Machine => (format!("{} ", place.user), "For /etc/cron.d: the sixth word is the user."),
    };
    let line = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|text| word(text)).collect();
        // cron reads a bare % as the end of the command.
        format!("cd {} && {}", word(&place.folder.display().to_string()), words.join(" ")).replace('%', "\\%")
    };
    let text = format!(
        "# {MARK}{}. It prints only what somebody has to see, and cron mails it.\n\
         # {about}\n\
         {} {user}{}\n\
         20 4 * * * {user}{}\n",
        place.every,
        times(place.every),
        line(&place.backfill()),
        line(&place.prune()),
    );
    vec![Written { folder: PathBuf::from(MACHINE), name: NAME, text }]
}

fn times(every: Every) -> String {
    match every.minutes {
        60 => "0 * * * *".to_owned(),
        1440 => "0 0 * * *".to_owned(),
        minutes if minutes < 60 => format!("*/{minutes} * * * *"),
        minutes => format!("0 */{} * * *", minutes / 60),
    }
}

/// A word as `sh` reads it.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:%+,@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_the_shell_reads_them() {
        assert_eq!(word("/usr/bin/makegood"), "/usr/bin/makegood");
        assert_eq!(word("/opt/a b/it's $x"), "'/opt/a b/it'\\''s $x'");
    }

    #[test]
    fn times_are_even() {
        let times = |text| times(Every::parse(text).unwrap());
        assert_eq!(times("10m"), "*/10 * * * *");
        assert_eq!(times("1h"), "0 * * * *");
        assert_eq!(times("4h"), "0 */4 * * *");
        assert_eq!(times("24h"), "0 0 * * *");
    }
}
