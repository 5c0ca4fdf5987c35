//! Access tokens: where they are, and reading them with care.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};

use crate::http::Token;
use crate::report::escape;

use super::exit::{Exit, Failure};
use super::settings::Environment;

/// Where a pixel's token is. Never the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A file that only its owner can read.
    File(PathBuf),
    /// A file in the folder of systemd's credentials.
    Credential(PathBuf),
    /// An environment variable.
    Variable(String),
    /// Standard input.
    Stdin,
}

/// How a config names the folder of systemd's credentials.
const CREDENTIALS_PREFIX: &str = "$CREDENTIALS_DIRECTORY/";
/// Bytes of a token file that are read: TikTok's tokens have 40 to 64; more is another file.
const TOKEN_FILE_BYTES_MAX: u64 = 8 << 10;

impl TokenSource {
    /// What `access_token_file` names.
    #[must_use]
    pub fn from_path(text: &str) -> Self {
        match text.strip_prefix(CREDENTIALS_PREFIX) {
            Some(name) => Self::Credential(name.into()),
            None if text == "-" => Self::Stdin,
            None => Self::File(text.into()),
        }
    }

    /// The environment variable it is in, if it is in one.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::File(_) | Self::Credential(_) | Self::Stdin => None,
        }
    }

    /// Reads the token.
    ///
    /// # Errors
    /// [`Failure`] with code 4 that says what to do; never with the token.
    pub fn read(&self, environment: &Environment) -> Result<Token, Failure> {
        forbid_core_dumps();
        let text = match self {
            Self::File(path) => read_private(path)?,
            Self::Credential(name) => {
                let Some(folder) = environment.get("CREDENTIALS_DIRECTORY") else {
                    return Err(Failure::new(
                        Exit::Config,
                        "no folder of credentials: $CREDENTIALS_DIRECTORY is not set",
                    )
                    .hint("run it from its systemd unit, with LoadCredential="));
                };
                let path = Path::new(folder).join(name);
                // systemd guards this folder itself, partly by access lists that look like group bits.
                let file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
                read_text(&path, file)?
            }
            Self::Variable(name) => {
                let shown = escape(name);
                let value = environment.get(name).ok_or_else(|| {
                    Failure::new(
                        Exit::Config,
                        format!("environment variable {shown} with the access token is not set"),
                    )
                    .hint("access_token_env names it in the config; a file is safer: access_token_file")
                })?;
                value.to_str().map(str::to_owned).ok_or_else(|| {
                    Failure::new(Exit::Config, format!("environment variable {shown} is not readable text"))
                })?
            }
            Self::Stdin => {
                let mut text = String::new();
                std::io::stdin().take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| {
                    Failure::new(
                        Exit::Config,
                        format!("cannot read the token from standard input: {}", error.kind()),
                    )
                })?;
                text
            }
        };
        Token::parse(&text).map_err(|error| {
            Failure::from(error).hint(
                "an access token is made in Events Manager → Web Events → the pixel → Settings → Events API",
            )
        })
    }
}

fn read_private(path: &Path) -> Result<String, Failure> {
    let shown = escape(&path.display().to_string()).into_owned();
    // Without O_NONBLOCK a named pipe in the file's place would wait for ever.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(path)
        .map_err(|error| unreadable(path, &error))?;
    let facts = file.metadata().map_err(|error| unreadable(path, &error))?;
    if !facts.is_file() {
        return Err(Failure::new(Exit::Config, format!("token file {shown} is not a regular file"))
            .hint("access_token_file names the file itself, with nothing but the token in it"));
    }
    let own = nix::unistd::geteuid().as_raw();
    if facts.uid() != own && facts.uid() != 0 {
        return Err(Failure::new(Exit::Config, format!("token file {shown} belongs to another user"))
            .hint(format!("chown it to the user that runs makegood, then chmod 600 {shown}")));
    }
    if facts.mode() & 0o077 != 0 {
        let mode = facts.mode() & 0o777;
        let message = format!("token file {shown} can be read by others (mode {mode:03o})");
        return Err(Failure::new(Exit::Config, message).hint(format!("chmod 600 {shown}")));
    }
    read_text(path, file)
}

fn read_text(path: &Path, file: File) -> Result<String, Failure> {
    let mut text = String::new();
    // One byte more than the cap shows that there was more.
    file.take(TOKEN_FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(path, &error))?;
    Ok(text)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = escape(&path.display().to_string()).into_owned();
    if error.raw_os_error() == Some(nix::libc::ELOOP) {
        return Failure::new(Exit::Config, format!("token file {shown} is a symbolic link"))
            .hint("name the file itself");
    }
    let message = if error.kind() == std::io::ErrorKind::NotFound {
        format!("there is no token file {shown}")
    } else {
        format!("cannot read token file {shown}: {}", error.kind())
    };
    Failure::new(Exit::Config, message)
        .hint("access_token_file in the config names it; the token is made in Events Manager → Web Events → the pixel → Settings → Events API")
}

/// A core dump of this process would hold the token. Where the system forbids the calls, a dump is
/// still only its owner's.
fn forbid_core_dumps() {
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    let _ = nix::sys::prctl::set_dumpable(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn file(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "canary-token\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_private_file_is_read() {
        let (_folder, path) = file(0o600);
        assert_eq!(read_private(&path).unwrap(), "canary-token\n");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_its_fix() {
        for mode in [0o644, 0o640, 0o601] {
            let (_folder, path) = file(mode);
            let failure = read_private(&path).unwrap_err();
            assert_eq!(failure.exit, Exit::Config);
            assert_eq!(failure.hints, [format!("chmod 600 {}", path.display())]);
            assert!(!format!("{failure:?}").contains("canary"));
        }
    }

    #[test]
    fn links_folders_and_nothing_are_refused() {
        let (folder, path) = file(0o600);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read_private(&link).unwrap_err().message.contains("symbolic link"));
        assert!(read_private(folder.path()).unwrap_err().message.contains("not a regular file"));
        assert!(read_private(&folder.path().join("none")).unwrap_err().message.starts_with("there is no"));
    }

    #[test]
    fn a_config_can_name_the_folder_of_credentials() {
        assert_eq!(
            TokenSource::from_path("$CREDENTIALS_DIRECTORY/tiktok"),
            TokenSource::Credential("tiktok".into())
        );
        assert_eq!(TokenSource::from_path("-"), TokenSource::Stdin);
        assert_eq!(TokenSource::from_path("/etc/t"), TokenSource::File("/etc/t".into()));
    }
}
