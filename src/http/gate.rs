//! A body with a gate: the last look before the first byte.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::crash::crash_point;

/// How much of a body is handed to the connection at once: a page or four, as sockets like it.
const PIECE_BYTES: usize = 16 << 10;

/// Whether a request may still go: asked when the connection stands, just before the first byte.
pub struct Gate(Box<dyn FnOnce() -> bool + Send + Sync>);

impl Gate {
    /// A gate that asks.
    #[must_use]
    pub fn new(may_go: impl FnOnce() -> bool + Send + Sync + 'static) -> Self {
        Self(Box::new(may_go))
    }

    /// A gate that is always open.
    #[must_use]
    pub fn open() -> Self {
        Self::new(|| true)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// A body behind a gate.
pub(super) struct Gated {
    rest: Bytes,
    gate: Option<Gate>,
    is_shut: Arc<AtomicBool>,
}

/// The gate was shut: no byte of the body was given away.
#[derive(Debug)]
pub(super) struct Shut;

impl fmt::Display for Shut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its time was over before its first byte")
    }
}

impl std::error::Error for Shut {}

impl Gated {
    /// A body, and where it notes that its gate was shut.
    pub fn new(body: Vec<u8>, gate: Gate) -> (Self, Arc<AtomicBool>) {
        let is_shut = Arc::new(AtomicBool::new(false));
        (Self { rest: body.into(), gate: Some(gate), is_shut: Arc::clone(&is_shut) }, is_shut)
    }
}

impl Body for Gated {
    type Data = Bytes;
    type Error = Shut;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Shut>>> {
        if let Some(Gate(may_go)) = self.gate.take() {
            if !may_go() {
                self.rest.clear();
                self.is_shut.store(true, Ordering::SeqCst);
                return Poll::Ready(Some(Err(Shut)));
            }
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
