//! The log of announces: a line for each event, where the owner wants that. It lies beside the catalogue, a file a
//! day, and old days are removed by refreshes.
//!
//! A process that answers one request writes its line itself, once the reply is out. In a responder a thread does,
//! so that no event loop waits for a disk. Whatever cannot be written is counted and said; no announce fails by it.

mod day;
mod event;
mod queue;
mod salt;

use std::sync::{Arc, Mutex, PoisonError};

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
    waiting: Waiting,
}

/// Where events wait until they are written.
#[derive(Clone, Debug)]
enum Waiting {
    /// For a thread, in a process that stays.
    ForThread(Arc<Queue>),
    /// For the reply to be out, in a process for one request.
    ForReply(Arc<Mutex<Vec<Event>>>),
}

impl EventLog {
    /// The log that a configuration asks for; `None` where it asks for none. With a queue, its thread writes; else
    /// [`EventLog::write_what_waits`] does.
    #[must_use]
    pub fn of(loaded: &LoadedConfig, queue: Option<&Arc<Queue>>) -> Option<Self> {
        if loaded.config.log.announces == AnnounceLog::Off {
            return None;
        }
        let waiting = match queue {
            Some(queue) => Waiting::ForThread(Arc::clone(queue)),
            None => Waiting::ForReply(Arc::default()),
        };
        Some(Self { days: Arc::new(Days::of(loaded)), waiting })
    }

    /// Has an event written soon.
    pub fn write(&self, event: Event) {
        match &self.waiting {
            Waiting::ForThread(queue) => queue.put(&self.days, event),
            Waiting::ForReply(events) => {
                events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            }
        }
    }

    /// Writes what has waited for the reply to be out.
    pub fn write_what_waits(&self) {
        if let Waiting::ForReply(events) = &self.waiting {
            let events =
                std::mem::take(&mut *events.lock().unwrap_or_else(PoisonError::into_inner));
            self.days.write(&events);
        }
    }
}

/// Notes the torrents that came and went.
pub fn note_torrents(loaded: &LoadedConfig, changes: &ScanChanges, now: Timestamp) {
    if loaded.config.log.announces == AnnounceLog::Off {
        return;
    }
    let ScanChanges { added, returned, vanished, .. } = changes;
    let parts = [("added", added), ("returned", returned), ("gone", vanished)];
    let events: Vec<Event> = parts
        .into_iter()
        .flat_map(|(change, torrents)| torrents.iter().map(move |&it| (change, it)))
        .map(|(change, torrent)| Event { at: now, happened: Happened::Torrent { change, torrent } })
        .collect();
    Days::of(loaded).write(&events);
}

/// Removes the days that are no longer to be kept, and a salt that is not of today. Also where nothing is logged any
/// more.
pub(super) fn forget_old_days(loaded: &LoadedConfig, now: Timestamp) {
    Days::of(loaded).forget_old(now);
}
