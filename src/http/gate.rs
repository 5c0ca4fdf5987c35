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

const UNDECIDED: u8 = 0;
const SHUT: u8 = 1;
const OPEN: u8 = 2;

/// The one decision about a gate: open or shut, by whoever comes first, and for good. So that a request
/// which was given up before its gate opened cannot leave afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct Decision(Arc<AtomicU8>);

impl Decision {
    /// Decides, unless it is decided; returns what holds.
    fn is_open(&self, wanted: u8) -> bool {
        match self.0.compare_exchange(UNDECIDED, wanted, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => wanted == OPEN,
            Err(decided) => decided == OPEN,
        }
    }

    /// Gives the request up if its gate has not opened; returns whether the body may have left.
    pub fn has_left(&self) -> bool {
        self.is_open(SHUT)
    }
}

/// A body behind a gate.
pub(super) struct Gated {
    rest: Bytes,
    gate: Option<Look>,
    decision: Decision,
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
    /// A body, and the decision about its gate.
    pub fn new(body: Vec<u8>, gate: Gate) -> (Self, Decision) {
        let decision = Decision::default();
        (Self { rest: body.into(), gate: Some(gate.0), decision: decision.clone() }, decision)
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
            if !self.decision.is_open(if may_go { OPEN } else { SHUT }) {
                self.rest.clear();
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
