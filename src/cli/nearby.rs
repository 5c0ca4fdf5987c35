//! Paths as people see them.

use std::path::{Path, PathBuf};

/// A stored path, which is absolute, from the working directory where it lies below that.
pub fn from_here(path: &Path) -> PathBuf {
    std::env::current_dir().map_or_else(|_| path.to_path_buf(), |here| below(&here, path))
}

fn below(here: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix(here) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_path_buf(),
        Ok(_) | Err(_) => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_is_shortened() {
        for (path, shown) in
            [("/a/b/c.log", "c.log"), ("/a/bc/c.log", "/a/bc/c.log"), ("/a/c", "/a/c"), ("-", "-")]
        {
            assert_eq!(below(Path::new("/a/b"), Path::new(path)), Path::new(shown));
        }
    }
}
