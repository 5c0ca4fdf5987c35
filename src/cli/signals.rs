//! Signals, heard on a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::end_now;
use super::exit::{Exit, Failure};

/// Whether it is time to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// It is; `true` if somebody had said so before.
    pub fn tell(&self) -> bool {
        self.0.swap(true, Ordering::SeqCst)
    }

    /// Whether it is.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Hears signals as long as it lives: the first that ends a program asks to stop, the second ends it.
#[derive(Debug)]
pub struct Signals {
    stop: Stop,
    runtime: Runtime,
}

impl Signals {
    /// Hears from here on; `wake` is called when it is time to stop.
    ///
    /// # Errors
    /// [`Failure`] when signals cannot be heard.
    pub fn listen(wake: impl Fn() + Clone + Send + 'static) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let signals = Self { stop: Stop::default(), runtime: runtime.map_err(|error| failed(&error))? };
        for (kind, number) in
            [(SignalKind::interrupt(), 2), (SignalKind::terminate(), 15), (SignalKind::hangup(), 1)]
        {
            let (stop, wake) = (signals.stop(), wake.clone());
            signals.on(kind, move || {
                if stop.tell() {
                    end_now(Exit::Signal(number));
                }
                wake();
            })?;
        }
        Ok(signals)
    }

    /// Calls `heard` at each signal of a kind, instead of what the system would do.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be heard.
    pub fn on(&self, kind: SignalKind, heard: impl Fn() + Send + 'static) -> Result<(), Failure> {
        let _inside = self.runtime.enter();
        let mut signals = signal(kind).map_err(|error| failed(&error))?;
        self.runtime.spawn(async move {
            while signals.recv().await.is_some() {
                heard();
            }
        });
        Ok(())
    }

    /// What tells others that it is time to stop.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Store, format!("cannot listen for signals: {}", error.kind()))
}
