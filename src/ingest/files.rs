//! Which files to read.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Input;

/// A path or pattern that leads to nothing that can be read.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The pattern is not a glob.
    #[error("{pattern}: not a valid pattern")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// Nothing matches.
    #[error("{pattern}: no file matches")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// The named thing is a directory.
    #[error("{}: is a directory", path.display())]
    Directory {
        /// The path.
        path: PathBuf,
    },
    /// The named thing is neither a regular file nor a link to one.
    #[error("{}: is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The named file is one of ours: the database, or what lies beside it.
    #[error("{}: is makegood's own file", path.display())]
    Own {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be looked at.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What paths and patterns lead to.
#[derive(Debug, Default)]
pub struct Found {
    /// Files to read, each once, in the order given and sorted within a pattern.
    pub inputs: Vec<Input>,
    /// What led to nothing.
    pub errors: Vec<FindError>,
}

/// Follows paths and globs to files. `-` is standard input. `own` files (the database and what lies
/// beside it) are never read.
#[must_use]
pub fn find(patterns: &[(&str, Option<&str>)], own: &[&Path]) -> Found {
    let mut search = Search {
        found: Found::default(),
        own: own.iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| identity(&meta)).collect(),
        seen: HashSet::new(),
        has_stdin: false,
    };
    for (pattern, zone) in patterns {
        let zone = zone.map(Arc::from);
        if *pattern == "-" {
            search.add_stdin(zone);
        } else if is_pattern(pattern) && fs::symlink_metadata(pattern).is_err() {
            search.add_matches(pattern, zone.as_ref());
        } else {
            search.add_named(PathBuf::from(pattern), zone);
        }
    }
    search.found
}

/// Whether a text is a pattern, should no file have that very name.
fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

struct Search {
    found: Found,
    own: HashSet<(u64, u64)>,
    seen: HashSet<(u64, u64)>,
    has_stdin: bool,
}

impl Search {
    fn add_stdin(&mut self, assume_tz: Option<Arc<str>>) {
        if !self.has_stdin {
            self.has_stdin = true;
            self.found.inputs.push(Input { path: None, open: None, assume_tz });
        }
    }

    /// A path that somebody wrote: whatever keeps it from being read is told.
    fn add_named(&mut self, path: PathBuf, zone: Option<Arc<str>>) {
        match fs::metadata(&path) {
            Err(source) => self.found.errors.push(FindError::Io { path, source }),
            Ok(meta) if meta.is_dir() => self.found.errors.push(FindError::Directory { path }),
            Ok(meta) if !meta.is_file() => self.found.errors.push(FindError::NotAFile { path }),
            Ok(meta) if self.own.contains(&identity(&meta)) => {
                self.found.errors.push(FindError::Own { path });
            }
            Ok(meta) => self.add(path, &meta, zone),
        }
    }

    /// The files that match; what else matches was not meant.
    fn add_matches(&mut self, pattern: &str, zone: Option<&Arc<str>>) {
        let Ok(matches) = glob::glob(pattern) else {
            self.found.errors.push(FindError::Pattern { pattern: pattern.to_owned() });
            return;
        };
        let mut any = false;
        for entry in matches {
            match entry {
                Ok(path) => any |= self.add_match(path, zone),
                Err(error) => {
                    any = true;
                    let path = error.path().to_path_buf();
                    self.found.errors.push(FindError::Io { path, source: error.into() });
                }
            }
        }
        if !any {
            self.found.errors.push(FindError::NoMatch { pattern: pattern.to_owned() });
        }
    }

    /// Whether the match counts as one: a file, or something that should be one and cannot be seen.
    fn add_match(&mut self, path: PathBuf, zone: Option<&Arc<str>>) -> bool {
        match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => {
                if !self.own.contains(&identity(&meta)) {
                    self.add(path, &meta, zone.cloned());
                    return true;
                }
                false
            }
            Ok(_) => false,
            // Rotated away since the directory was listed, or a link to nothing.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(source) => {
                self.found.errors.push(FindError::Io { path, source });
                true
            }
        }
    }

    fn add(&mut self, path: PathBuf, meta: &Metadata, assume_tz: Option<Arc<str>>) {
        if self.seen.insert(identity(meta)) {
            self.found.inputs.push(Input { path: Some(path), open: None, assume_tz });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn paths(found: &Found) -> Vec<String> {
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        found.inputs.iter().map(|input| input.path.as_deref().map_or("-".to_owned(), name)).collect()
    }

    #[test]
    fn globs_are_sorted_and_every_file_comes_once() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.log", "a.log", "c.log", "makegood.db", "[x].log"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        fs::create_dir(dir.path().join("dir.log")).unwrap();
        symlink(dir.path().join("a.log"), dir.path().join("link.log")).unwrap();
        symlink(dir.path().join("gone"), dir.path().join("dead.log")).unwrap();
        fs::hard_link(dir.path().join("b.log"), dir.path().join("same.log")).unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let db = dir.path().join("makegood.db");

        let all = find(&[(&at("c.log"), None), (&at("*"), Some("UTC")), ("-", None), ("-", None)], &[&db]);
        assert_eq!(paths(&all), ["c.log", "[x].log", "a.log", "b.log", "-"]);
        assert!(all.errors.is_empty());
        assert_eq!(all.inputs[0].assume_tz, None);
        assert_eq!(all.inputs[1].assume_tz.as_deref(), Some("UTC"));

        assert_eq!(paths(&find(&[(&at("[x].log"), None)], &[])), ["[x].log"], "a literal name wins");
        assert_eq!(paths(&find(&[(&at("link.log"), None)], &[])), ["link.log"]);
    }

    #[test]
    fn what_leads_to_nothing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("db"), "x").unwrap();
        let db = dir.path().join("db");
        let find = |name: &str| {
            let mut found = find(&[(name, None)], &[&db]);
            assert!(found.inputs.is_empty());
            found.errors.pop().unwrap()
        };
        assert!(matches!(find(&at("sub")), FindError::Directory { .. }));
        assert!(matches!(find(&at("gone")), FindError::Io { .. }));
        assert!(matches!(find(&at("*.log")), FindError::NoMatch { .. }));
        assert!(matches!(find(&at("s*")), FindError::NoMatch { .. }), "a directory was not meant");
        assert!(matches!(find(&at("a***")), FindError::Pattern { .. }));
        assert!(matches!(find(&at("db")), FindError::Own { .. }));
        assert!(matches!(find("/dev/null"), FindError::NotAFile { .. }));
    }
}
