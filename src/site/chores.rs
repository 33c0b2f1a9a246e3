//! What a site does beside its answers: refreshes and what goes with them.

use super::publish::{Published, publish_when_free};
use super::reachability::try_peers;
use super::state::{State, log_stray_site};
use super::{Site, clock};
use crate::platform::log::{self, Level};
use crate::tracker::external::refresh_external;
use crate::tracker::{Skipped, ban_unidentified};

impl Site {
    /// Refreshes when it is time, and asks other trackers and tries peers then, where the owner wants that.
    pub(super) fn refresh(&mut self) {
        let State::Ready(ready) = &self.state else { return };
        log_stray_site(ready.tracker.config(), &self.surroundings);
        match publish_when_free(ready.tracker.config()) {
            Ok(Published::Done(report)) => {
                log::list(Level::Warning, &report.messages);
                if let Err(problem) = refresh_external(ready.tracker.config(), report.at) {
                    crate::error!("{problem}");
                }
                let answers_clients = self.shared.is_some();
                try_peers(ready.tracker.config(), answers_clients, report.at);
            }
            Ok(
                Published::Skipped(Skipped::TooEarly(_) | Skipped::Busy) | Published::Replica(_),
            ) => {}
            Err(problem) => crate::error!("{problem}"),
        }
    }

    /// Refreshes where a torrent has come into the lists or left them by its dates since the last refresh: for a page that
    /// is shown as that one wrote it.
    pub(super) fn renew_old_lists(&mut self) {
        let State::Ready(ready) = &mut self.state else { return };
        let on_request = ready.tracker.config().config.refresh.on_request;
        if !on_request
            || !ready.tracker.lists_are_old(self.now)
            || !ready.tracker.refresh_is_due(self.now)
        {
            return;
        }
        ready.tracker.claim_refresh();
        match publish_when_free(ready.tracker.config()) {
            Ok(Published::Done(report)) => log::list(Level::Warning, &report.messages),
            Ok(Published::Skipped(_) | Published::Replica(_)) => {}
            Err(problem) => crate::error!("{problem}"),
        }
        self.look();
    }

    /// Bans the addresses whose clients were refused too often.
    pub(super) fn record(&mut self) {
        let State::Ready(ready) = &self.state else { return };
        if let Err(problem) = ban_unidentified(ready.tracker.config(), clock()) {
            crate::error!("{problem}");
        }
    }
}
