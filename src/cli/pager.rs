//! A pager for long lists: the one that the person chose, else `less`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use tokio::signal::unix::{SignalKind, signal};

use super::settings::Environment;

/// Ends at once if all fits, shows colours, and leaves the text on the screen.
const DEFAULT: &str = "less -FRX";

/// The pager to use: that of the option, else of `$PAGER`; `None`: none is wanted.
#[must_use]
pub fn wanted(option: Option<&str>, environment: &Environment) -> Option<String> {
    let variable = environment.get("PAGER").map(|command| command.to_string_lossy().into_owned());
    let command = option.map(str::to_owned).or(variable).unwrap_or_else(|| DEFAULT.to_owned());
    let command = command.trim();
    // It would only copy.
    (command != "cat" && !command.is_empty()).then(|| command.to_owned())
}

/// Shows a text and waits until the person has seen enough; `false` if there is no such pager.
#[must_use]
pub fn show(command: &str, text: &[u8]) -> bool {
    // Ctrl-C is the pager's: while it runs, a handler that does nothing keeps us waiting for it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let _inside = runtime.as_ref().ok().map(tokio::runtime::Runtime::enter);
    let _heard = runtime.as_ref().ok().map(|_| signal(SignalKind::interrupt()));
    // `exec`, so that a pager that is not there is told by the shell's 127. A `less` without options of
    // the person's own would show colours as letters.
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("export LESS=\"${{LESS-FRX}}\"; exec {command}")]).stdin(Stdio::piped());
    let Ok(mut pager) = shell.spawn() else { return false };
    if let Some(mut stdin) = pager.stdin.take() {
        // Who has seen enough does not read the rest.
        let _ = stdin.write_all(text);
    }
    !matches!(pager.wait().map(|status| status.code()), Err(_) | Ok(Some(NOT_THERE | NOT_RUN)))
}

/// What a shell ends with when a program is not there, or is none.
const NOT_THERE: i32 = 127;
const NOT_RUN: i32 = 126;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_particular_choice_wins_and_none_is_a_choice() {
        let of = |option, variable| wanted(option, &Environment::of([("PAGER", variable)]));
        assert_eq!(of(Some("most -s"), "more").as_deref(), Some("most -s"));
        assert_eq!(of(None, "more").as_deref(), Some("more"));
        assert_eq!(of(None, "").as_deref(), Some(DEFAULT));
        assert_eq!(of(Some("cat"), "less"), None);
        assert_eq!(of(None, " "), None);
    }
}
