//! What the fuzzer starts from, and what it once found, as ordinary tests.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Far more than any of them takes, even here.
const PATIENCE: Duration = Duration::from_secs(20);

/// What must hold of any bytes.
type Law = fn(&[u8]);

/// The targets, as `fuzz/Cargo.toml` has them.
const TARGETS: [(&str, Law); 4] = [
    ("line", targets::line),
    ("packed", targets::packed),
    ("time", targets::time),
    ("config", targets::config),
];

#[test]
fn i_38_the_corpus_neither_breaks_nor_hangs_an_import() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    for (name, target) in TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let folder = fs::read_dir(fuzz.join("corpus").join(name)).unwrap();
        let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 5, "{name} has a corpus");
        for file in files {
            let begun = Instant::now();
            target(&fs::read(&file).unwrap());
            assert!(begun.elapsed() < PATIENCE, "{} hangs", file.display());
        }
    }
}
