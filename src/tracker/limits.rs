//! How often an address may ask for what is much work. Announces are limited by the store, as it takes them in.

use std::net::IpAddr;

use super::{Refusal, Tracker};
use crate::protocol::{Seconds, Timestamp};
use crate::store::{Allowance, Purpose};

impl Tracker {
    /// How long who scrapes is asked to wait until the next time.
    #[must_use]
    pub fn scrape_interval(&self, is_full: bool) -> Seconds {
        let config = &self.loaded.config;
        let pause = if is_full { config.limits.full_scrape_pause } else { Seconds(0) };
        config.tracker.min_interval.max(pause)
    }

    /// Has an address use the one scrape of all torrents that it may make in a while.
    ///
    /// # Errors
    /// When it has made that already, or the store has trouble.
    pub(super) fn use_full_scrape(
        &mut self,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let limits = &self.loaded.config.limits;
        let from = from.filter(|&from| !limits.exempt.contains(from));
        let (Some(from), pause @ Seconds(1..)) = (from, limits.full_scrape_pause) else {
            return Ok(());
        };
        let once = Allowance::once_in(pause);
        let wait =
            self.store().and_then(|store| store.take_token(Purpose::FullScrape, from, once, now));
        match wait.map_err(|problem| self.refusal(&problem))? {
            Some(wait) => Err(Refusal::FullScrapeTooEarly { wait }),
            None => {
                // Another thread would find that it was made.
                self.may_wait(true);
                Ok(())
            }
        }
    }
}
