//! A body with a gate: the last look before the first byte.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::crash::crash_point;

/// How much of a body is handed to the connection at once: a page or four, as sockets like it.
const PIECE_BYTES: usize = 16 << 10;

type Look = Pin<Box<dyn Future<Output = bool> + Send + Sync>>;

/// Whether a request may still go: asked when the connection stands, just before the body's first byte.
///
/// While it is asked, nothing of the body leaves; the head may, which holds no event.
pub struct Gate(Look);

impl Gate {
    /// A gate that asks. Its future is not polled before the connection stands, TLS included.
    #[must_use]
    pub fn new(may_go: impl Future<Output = bool> + Send + Sync + 'static) -> Self {
        Self(Box::pin(may_go))
    }

    /// A gate that is always open.
    #[must_use]
    pub fn open() -> Self {
        Self::new(std::future::ready(true))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// What became of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It was never asked to the end: no byte of the body was given away.
    Unasked,
    /// It was shut: no byte of the body was given away.
    Shut,
    /// It opened: the body may have left.
    Open,
}

/// What became of a gate, as its body tells it.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<AtomicU8>);

impl Watch {
    fn tell(&self, passage: Passage) {
        let number = match passage {
            Passage::Unasked => 0,
            Passage::Shut => 1,
            Passage::Open => 2,
        };
        self.0.store(number, Ordering::SeqCst);
    }

    /// What became of it so far.
    pub fn passage(&self) -> Passage {
        match self.0.load(Ordering::SeqCst) {
            0 => Passage::Unasked,
            1 => Passage::Shut,
            _ => Passage::Open,
        }
    }
}

/// A body behind a gate.
pub(super) struct Gated {
    rest: Bytes,
    gate: Option<Look>,
    watch: Watch,
}

/// The gate was shut.
#[derive(Debug)]
pub(super) struct Shut;

impl fmt::Display for Shut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its time was over before its first byte")
    }
}

impl std::error::Error for Shut {}

impl Gated {
    /// A body, and what will tell of its gate.
    pub fn new(body: Vec<u8>, gate: Gate) -> (Self, Watch) {
        let watch = Watch::default();
        (Self { rest: body.into(), gate: Some(gate.0), watch: watch.clone() }, watch)
    }
}

impl Body for Gated {
    type Data = Bytes;
    type Error = Shut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Shut>>> {
        if let Some(gate) = &mut self.gate {
            let may_go = ready!(gate.as_mut().poll(context));
            self.gate = None;
            if !may_go {
                self.rest.clear();
                self.watch.tell(Passage::Shut);
                return Poll::Ready(Some(Err(Shut)));
            }
            self.watch.tell(Passage::Open);
        } else {
            crash_point!("P4");
        }
        let piece = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(piece);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.gate.is_none() && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.rest.len()).unwrap_or(u64::MAX))
    }
}
