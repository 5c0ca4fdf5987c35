//! Building objects while requests are on the wire, on a thread and a connection of its own.
//!
//! It only reads. Whether a key is still free is seen by the claim, which nothing here replaces.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::mpsc as replies;

use crate::domain::{Planned, Policy, RunId, Unsendable};
use crate::store::Store;

use super::build::{Built, build_in};

type Order = Vec<(usize, Planned)>;
/// An object; `None` where the store could not be read: who needs it will meet the error.
type Object = Option<Result<Built, Unsendable>>;

/// Objects that were ordered, by their place in the plan.
#[derive(Debug)]
pub(super) struct Ahead {
    orders: Option<mpsc::Sender<Order>>,
    replies: replies::UnboundedReceiver<Vec<(usize, Object)>>,
    /// Ordered once, whatever became of it: a repeat is built when it is sent.
    ordered: HashSet<usize>,
    /// Ordered, and not there yet.
    coming: HashSet<usize>,
    ready: HashMap<usize, Result<Built, Unsendable>>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Nothing is built ahead.
    pub fn none() -> Self {
        let (_, replies) = replies::unbounded_channel();
        Self {
            orders: None,
            replies,
            ordered: HashSet::new(),
            coming: HashSet::new(),
            ready: HashMap::new(),
            thread: None,
        }
    }

    /// Builds from a database, for a run.
    pub fn start(db: &Path, policy: &Policy, run: RunId) -> Self {
        let (orders, inbox) = mpsc::channel::<Order>();
        let (outbox, replies) = replies::unbounded_channel();
        let (db, policy) = (db.to_path_buf(), policy.clone());
        let thread = std::thread::spawn(move || {
            // Without it, everything is built when it is sent, and errors are met there.
            let Ok(store) = Store::open_read_only(&db) else { return };
            for order in inbox {
                let build = |(key, planned): &(usize, Planned)| {
                    (*key, build_in(&store, &policy, planned, Some(run)).ok())
                };
                let objects = store.in_one_read(|| Ok(order.iter().map(build).collect()));
                let objects = objects.unwrap_or_else(|_| order.iter().map(|(key, _)| (*key, None)).collect());
                if outbox.send(objects).is_err() {
                    return;
                }
            }
        });
        let mut ahead = Self::none();
        (ahead.orders, ahead.replies, ahead.thread) = (Some(orders), replies, Some(thread));
        ahead
    }

    /// Orders what was not ordered before.
    pub fn order(&mut self, keys: &[usize], plan: &[Planned]) {
        let Some(orders) = &self.orders else { return };
        let new = keys.iter().filter(|key| self.ordered.insert(**key));
        let order: Order = new.filter_map(|key| Some((*key, plan.get(*key)?.clone()))).collect();
        if order.is_empty() {
            return;
        }
        self.coming.extend(order.iter().map(|(key, _)| *key));
        if orders.send(order).is_err() {
            self.give_up();
        }
    }

    /// Whether one of these is still being built.
    pub fn has_to_wait_for(&self, keys: &[usize]) -> bool {
        keys.iter().any(|key| self.coming.contains(key))
    }

    /// Whether anything is still being built.
    pub fn is_waited_for(&self) -> bool {
        !self.coming.is_empty()
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) {
        let Some(objects) = self.replies.recv().await else { return self.give_up() };
        for (key, object) in objects {
            self.coming.remove(&key);
            if let Some(object) = object {
                self.ready.insert(key, object);
            }
        }
    }

    /// Takes what is ready.
    pub fn take(&mut self, key: usize) -> Option<Result<Built, Unsendable>> {
        self.ready.remove(&key)
    }

    /// The thread is gone.
    fn give_up(&mut self) {
        self.orders = None;
        self.coming.clear();
    }
}

impl Drop for Ahead {
    /// Its connection ends before the one that writes: only the last to close brings the log home.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told already.
            let _ = thread.join();
        }
    }
}
