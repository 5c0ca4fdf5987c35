//! What a line of a log, or a packed log, may cost.

/// Longest line, in bytes; longer ones are told without being held in memory.
pub const LINE_BYTES_MAX: usize = 8 << 20;
/// Deepest nesting of a record.
pub const DEPTH_MAX: usize = 64;
/// Most keys of one object.
pub const KEYS_MAX: usize = 512;
/// Most keys and values of a record: a request of a thousand events has a tenth of it.
pub const NODES_MAX: usize = 1 << 18;
/// A compressed file may expand to this many times its size …
pub const EXPANSION_RATIO_MAX: u64 = 200;
/// … once it has expanded beyond this many bytes.
pub const EXPANSION_BYTES_FREE: u64 = 256 << 20;

/// Limits of what is read; what goes beyond one of them is told, and reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// Longest line, in bytes.
    pub line_bytes: usize,
    /// Deepest nesting of a record.
    pub depth: usize,
    /// Most keys of one object.
    pub keys: usize,
    /// Most keys and values of a record.
    pub nodes: usize,
    /// How many times its size a compressed file may expand to …
    pub expansion_ratio: u64,
    /// … once it has expanded beyond this many bytes.
    pub expansion_bytes: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            line_bytes: LINE_BYTES_MAX,
            depth: DEPTH_MAX,
            keys: KEYS_MAX,
            nodes: NODES_MAX,
            expansion_ratio: EXPANSION_RATIO_MAX,
            expansion_bytes: EXPANSION_BYTES_FREE,
        }
    }
}
