//! The log of announces: a line for each event, where the owner wants that. It lies beside the catalogue, a file a
//! day, and old days are removed by refreshes.
//!
//! A process that answers one request writes its line itself, at the end of the file. In a responder a thread does,
//! so that no event loop waits for a disk. Whatever cannot be written is counted and said; no announce fails by it.

mod day;
mod event;
mod queue;
mod salt;

use std::sync::Arc;

use crate::catalog::ScanChanges;
use crate::config::{AnnounceLog, LoadedConfig};
use crate::protocol::Timestamp;

use day::Days;
pub use event::{Asked, Event, Happened, Refused, Request};
pub use queue::Queue;

/// Where events are written.
#[derive(Clone, Debug)]
pub struct EventLog {
    days: Arc<Days>,
    /// Whose thread writes; in a process for one request, or on a thread that may wait, nobody's.
    queue: Option<Arc<Queue>>,
}

impl EventLog {
    /// The log that a configuration asks for; `None` where it asks for none. With a queue, its thread writes.
    #[must_use]
    pub fn of(loaded: &LoadedConfig, queue: Option<&Arc<Queue>>) -> Option<Self> {
        if loaded.config.log.announces == AnnounceLog::Off {
            return None;
        }
        Some(Self { days: Arc::new(Days::of(loaded)), queue: queue.map(Arc::clone) })
    }

    /// Writes an event, or has it written soon.
    pub fn write(&self, event: Event) {
        match &self.queue {
            Some(queue) => queue.put(&self.days, event),
            None => self.days.write(&[event]),
        }
    }
}

/// Notes the torrents that came and went.
pub(super) fn note_torrents(loaded: &LoadedConfig, changes: &ScanChanges, now: Timestamp) {
    let Some(log) = EventLog::of(loaded, None) else { return };
    let ScanChanges { added, returned, vanished, .. } = changes;
    let parts = [("added", added), ("returned", returned), ("gone", vanished)];
    let events: Vec<Event> = parts
        .into_iter()
        .flat_map(|(change, torrents)| torrents.iter().map(move |&it| (change, it)))
        .map(|(change, torrent)| Event { at: now, happened: Happened::Torrent { change, torrent } })
        .collect();
    log.days.write(&events);
}

/// Removes the days that are no longer to be kept, and a salt that is not of today. Also where nothing is logged any
/// more.
pub(super) fn forget_old_days(loaded: &LoadedConfig, now: Timestamp) {
    Days::of(loaded).forget_old(now);
}
