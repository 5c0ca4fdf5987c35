//! `--metrics-file`: how things stand, for the node exporter's textfile collector.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::report::{self, Ended, escape};
use crate::store::Store;

use super::Context;
use super::commands::status;
use super::exit::{Exit, Failure};

/// The exporter runs as another user, and the metrics hold no personal data.
const MODE: u32 = 0o644;

/// Where to write metrics.
#[derive(Clone, Debug, Default, Args)]
pub struct MetricsFile {
    /// Also write metrics to this .prom file, for the node exporter's textfile collector.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_METRICS_FILE", hide_env = true)]
    pub metrics_file: Option<PathBuf>,
}

impl MetricsFile {
    /// Writes the metrics, if they were asked for. A collector sees the old file or the new.
    ///
    /// # Errors
    /// [`Failure`] with code 8 when the file cannot be written.
    pub fn write(
        &self,
        context: &Context<'_>,
        store: &Store,
        command: &'static str,
        exit: Exit,
    ) -> Result<(), Failure> {
        let Some(path) = &self.metrics_file else { return Ok(()) };
        let status = status::gather(context, store)?;
        let text = report::metrics(&status, Ended { command, exit_code: exit.code() });
        replace(path, text.as_bytes()).map_err(|error| {
            let shown = escape(&path.display().to_string()).into_owned();
            Failure::new(Exit::Store, format!("cannot write metrics {shown}: {}", error.kind())).hint(
                "the folder must be there and writable: it is node_exporter's --collector.textfile.directory",
            )
        })
    }
}

/// The collector reads only names that end in `.prom`, so it never sees the part.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let written = write_part(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // The first error says more.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_part(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(part)?;
    // The umask has taken the others' bits away.
    file.set_permissions(fs::Permissions::from_mode(MODE))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_readable_by_the_collector() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("makegood.prom");
        replace(&path, b"a 1\n").unwrap();
        replace(&path, b"b 2\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"b 2\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no part is left");
        assert!(replace(&folder.path().join("none/x.prom"), b"").is_err());
    }
}
