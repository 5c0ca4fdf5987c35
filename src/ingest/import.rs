//! The import itself: one thread reads and parses, the caller's thread takes the batches.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::domain::{Batch, Cursor, Policy};

use super::read::Reader;
use super::resume::Known;
use super::{BATCHES_PER_COMMIT, FileReport, Handed, Input, Progress};

/// Batches that wait to be taken: one, so that reading goes on meanwhile and memory stays small.
const QUEUE: usize = 1;
/// How often progress is told when nothing else happens.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// Tellings without a batch before what was handed over is made permanent: nobody waits long for the
/// database then, and reading that is merely slow does not end the transaction.
const IDLE_MAX: u32 = 10;

/// What both threads count.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) bytes: AtomicU64,
    pub(super) lines: AtomicU64,
}

/// The caller gave up: nobody takes batches any more.
#[derive(Debug)]
pub(super) struct GaveUp;

/// Where finished batches go.
#[derive(Debug)]
pub(super) struct Outbox(SyncSender<Batch>);

impl Outbox {
    pub(super) fn send(&self, batch: Batch) -> Result<(), GaveUp> {
        self.0.send(batch).map_err(|_| GaveUp)
    }
}

pub(super) fn run<E: Send>(
    inputs: &[Input],
    cursors: &[Cursor],
    policy: &Policy,
    progress: &mut dyn FnMut(Progress),
    take: &mut dyn FnMut(Handed) -> Result<(), E>,
) -> Result<Vec<FileReport>, E> {
    run_to(inputs, cursors, policy, &mut Ends { progress, take })
}

/// What the caller does with progress and batches.
struct Ends<'e, E> {
    progress: &'e mut dyn FnMut(Progress),
    take: &'e mut dyn FnMut(Handed) -> Result<(), E>,
}

fn run_to<E>(
    inputs: &[Input],
    cursors: &[Cursor],
    policy: &Policy,
    ends: &mut Ends<'_, E>,
) -> Result<Vec<FileReport>, E> {
    let counters = Counters::default();
    let total = inputs.iter().filter_map(|input| input.path.as_deref()).map(size).sum();
    let (sender, receiver) = sync_channel(QUEUE);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let outbox = Outbox(sender);
            let mut reader = Reader::new(policy, Known::new(cursors), &outbox, &counters);
            let reports = inputs.iter().map_while(|input| reader.read(input).ok()).collect();
            // Giving up here has nothing left to stop.
            reader.finish().map_or_else(|GaveUp| Vec::new(), |()| reports)
        });
        let pumped = pump(&receiver, &counters, total, ends);
        // A reader that still wants to send would wait for ever.
        drop(receiver);
        let reports = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        pumped.map(|()| reports)
    })
}

/// Hands over batches until there are no more, and tells the progress in between.
fn pump<E>(
    batches: &Receiver<Batch>,
    counters: &Counters,
    bytes_total: u64,
    ends: &mut Ends<'_, E>,
) -> Result<(), E> {
    let (mut taken, mut idle) = (0, 0);
    loop {
        match batches.recv_timeout(PROGRESS_EVERY) {
            Ok(batch) => {
                (ends.take)(Handed::Batch(batch))?;
                (taken, idle) = (taken + 1, 0);
            }
            Err(RecvTimeoutError::Timeout) => idle += 1,
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if taken >= BATCHES_PER_COMMIT || (taken > 0 && idle >= IDLE_MAX) {
            (ends.take)(Handed::Rest)?;
            taken = 0;
        }
        (ends.progress)(counters.progress(bytes_total));
    }
    if taken > 0 { (ends.take)(Handed::Rest) } else { Ok(()) }
}

impl Counters {
    fn progress(&self, bytes_total: u64) -> Progress {
        let bytes_done = self.bytes.load(Ordering::Relaxed);
        Progress {
            bytes_done,
            bytes_total: bytes_total.max(bytes_done),
            lines: self.lines.load(Ordering::Relaxed),
        }
    }
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

impl FileReport {
    /// The report of a file of which nothing was read yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: PathBuf::from(path), lines: 0, bytes: 0, problem: None, unfinished: None, error: None }
    }
}
