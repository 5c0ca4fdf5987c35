//! Where results go: formats by name and ending, files written whole or not at all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::report::{Format, Ink, OUTPUTS, escape};

use super::exit::{Exit, Failure};

/// What to do about an output that cannot be written.
pub(super) const OUTPUT_AGAIN: &str =
    "make room or name another place with -o, and run it again; the database is as it should be";

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Stdout,
    File(PathBuf),
}

/// One output that was asked for: a format, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The format.
    pub format: Format,
    pub(super) target: Target,
    /// Whether words in it may be coloured.
    pub(super) ink: Ink,
}

impl Output {
    /// Whether it goes to stdout, as it comes.
    #[must_use]
    pub fn is_stdout(&self) -> bool {
        self.target == Target::Stdout
    }
}

/// `-o -` is stdout, in the format of `--format`.
pub(super) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// The format, if the command has it.
///
/// # Errors
/// [`Failure`] with code 2 that names those it has.
pub(super) fn allowed(format: Format, known: &[Format]) -> Result<Format, Failure> {
    if known.contains(&format) {
        return Ok(format);
    }
    let name = |format: Format| OUTPUTS.iter().find(|output| output.format == format).map_or("?", |o| o.name);
    let known: Vec<&str> = known.iter().map(|format| name(*format)).collect();
    Err(Failure::new(Exit::Usage, format!("this command has no {} output", name(format)))
        .hint(format!("it has {}", known.join(", "))))
}

/// The format that a file's ending asks for.
///
/// # Errors
/// [`Failure`] with code 2 for an ending that names none.
pub(super) fn format_of(path: &Path) -> Result<Format, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let known = OUTPUTS
        .iter()
        .find(|output| ending.as_deref().is_some_and(|ending| output.endings.contains(&ending)));
    known.map(|output| output.format).ok_or_else(|| {
        let endings: Vec<String> = OUTPUTS
            .iter()
            .flat_map(|output| output.endings.iter().map(|ending| format!(".{ending}")))
            .collect();
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Usage, format!("-o {shown}: its ending names no format"))
            .hint(format!("known endings: {}", endings.join(" ")))
    })
}

/// Writes a whole file or none: readers see the old content or the new.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: &io::Error| {
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Store, format!("cannot write output {shown}: {}", error.kind())).hint(OUTPUT_AGAIN)
    };
    let special = std::fs::symlink_metadata(path).is_ok_and(|facts| !facts.is_file());
    if special {
        // A device, a pipe or a link is written through, not replaced.
        let mut file =
            std::fs::OpenOptions::new().write(true).truncate(true).open(path).map_err(|e| failed(&e))?;
        return file.write_all(bytes).map_err(|error| failed(&error));
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        failed(&error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(write_file(Path::new("/nonexistent/a.csv"), b"").unwrap_err().exit, Exit::Store);
        assert_eq!(write_file(Path::new("/dev/full"), b"x").unwrap_err().exit, Exit::Store);
    }
}
