//! `case.toml`: the steps of a case, and input files that are better described than kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;

use super::Fault;

/// A case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, for people.
    #[serde(rename = "about")]
    _about: String,
    /// Given to every step as `--now`.
    pub now: Option<String>,
    /// Starts `makegood sandbox` with these arguments; `{sandbox}` is its URL, and what it counted is
    /// held against `counted.json`.
    pub sandbox: Option<Vec<String>>,
    /// Files that are made before the first step; the other files of the folder are copied.
    #[serde(default)]
    file: Vec<InputFile>,
    pub step: Vec<Step>,
}

/// One run of the program, in a folder of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `{dir}` is the folder, `{sandbox}` the sandbox.
    pub args: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// A file for standard input.
    pub stdin: Option<String>,
    /// Instead of the case's.
    pub now: Option<String>,
    /// The expected exit code.
    #[serde(default)]
    pub exit: i32,
    /// Which of stdout and stderr are compared; both unless given.
    compare: Option<Vec<String>>,
}

impl Step {
    pub fn compares(&self, stream: &str) -> bool {
        self.compare.as_ref().is_none_or(|streams| streams.iter().any(|name| name == stream))
    }
}

/// A made file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputFile {
    path: String,
    /// Its content, end to end.
    #[serde(default)]
    parts: Vec<Part>,
    /// Compresses: all parts as one member, or each as a member of its own.
    gzip: Option<Gzip>,
    /// Drops this many bytes from its end.
    #[serde(default)]
    cut: usize,
    /// A folder instead.
    #[serde(default)]
    folder: bool,
    /// A symbolic link to this instead; to itself, it is a file that nobody can read.
    link: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Gzip {
    One,
    EachPart,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    text: Option<String>,
    hex: Option<String>,
    /// A file of the case's folder.
    file: Option<String>,
    /// How often.
    times: Option<usize>,
}

/// Files of a case's folder that are not its input.
fn is_expectation(name: &str) -> bool {
    name == "case.toml"
        || name == "counted.json"
        || name.split_once('.').is_some_and(|(number, stream)| {
            number.bytes().all(|byte| byte.is_ascii_digit()) && matches!(stream, "stdout" | "stderr")
        })
}

impl Case {
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let text =
            fs::read_to_string(folder.join("case.toml")).map_err(|error| format!("case.toml: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("case.toml: {error}"))
    }

    /// Copies and makes the input files.
    pub fn lay_out(&self, folder: &Path, to: &Path) -> Result<(), Fault> {
        for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            let name = entry.file_name().into_string().unwrap();
            if !is_expectation(&name) {
                fs::copy(entry.path(), to.join(&name)).map_err(|error| format!("{name}: {error}"))?;
            }
        }
        for file in &self.file {
            file.make(folder, to).map_err(|error| format!("{}: {error}", file.path))?;
        }
        Ok(())
    }
}

impl InputFile {
    fn make(&self, folder: &Path, to: &Path) -> std::io::Result<()> {
        let path = to.join(&self.path);
        if let Some(target) = &self.link {
            return std::os::unix::fs::symlink(target, path);
        }
        if self.folder {
            return fs::create_dir_all(path);
        }
        fs::create_dir_all(path.parent().unwrap())?;
        let mut bytes = Vec::new();
        for part in &self.parts {
            let content = part.content(folder)?;
            match self.gzip {
                Some(Gzip::EachPart) => bytes.extend(gzipped(&content)?),
                Some(Gzip::One) | None => bytes.extend(content),
            }
        }
        if self.gzip == Some(Gzip::One) {
            bytes = gzipped(&bytes)?;
        }
        bytes.truncate(bytes.len().saturating_sub(self.cut));
        fs::write(path, bytes)
    }
}

impl Part {
    fn content(&self, folder: &Path) -> std::io::Result<Vec<u8>> {
        let content = match (&self.text, &self.hex, &self.file) {
            (Some(text), None, None) => text.clone().into_bytes(),
            (None, Some(digits), None) => hex::decode(digits).map_err(std::io::Error::other)?,
            (None, None, Some(file)) => fs::read(folder.join(file))?,
            _ => return Err(std::io::Error::other("a part is one of text, hex and file")),
        };
        Ok(content.repeat(self.times.unwrap_or(1)))
    }
}

fn gzipped(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

mod tests {
    use std::io::Read;

    use super::*;
    use crate::program::Place;

    #[test]
    fn files_are_made_as_described() {
        let place = Place::new();
        let case: Case = toml::from_str(
            r#"
            about = "x"
            step = []
            [[file]]
            path = "a/plain"
            parts = [{ text = "ab", times = 2 }, { hex = "ff00" }]
            cut = 1
            [[file]]
            path = "members.gz"
            gzip = "each-part"
            parts = [{ text = "one\n" }, { text = "two\n" }]
            [[file]]
            path = "folder"
            folder = true
            [[file]]
            path = "nobody"
            link = "nobody"
            "#,
        )
        .unwrap();
        let from = tempfile::tempdir().unwrap();
        case.lay_out(from.path(), &place.work).unwrap();
        assert_eq!(fs::read(place.work.join("a/plain")).unwrap(), b"abab\xff");
        assert!(place.work.join("folder").is_dir());
        assert!(fs::read(place.work.join("nobody")).is_err(), "not even root can read it");
        let mut text = String::new();
        let members = fs::File::open(place.work.join("members.gz")).unwrap();
        flate2::read::MultiGzDecoder::new(members).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn input_is_told_from_expectation() {
        for name in ["case.toml", "1.stdout", "12.stderr", "counted.json"] {
            assert!(is_expectation(name), "{name}");
        }
        for name in ["funnel.jsonl", "a.stdout", "1.jsonl", "makegood.toml"] {
            assert!(!is_expectation(name), "{name}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(toml::from_str::<Case>("about = 'x'\nstep = []\nsandboxes = []").is_err());
    }
}
