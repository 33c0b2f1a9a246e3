//! What a scrape gets back (BEP 48, BEP 21).

use super::{Refusal, Tracker};
use crate::config::Torrents;
use crate::protocol::{InfoHash, ScrapeEntry, ScrapeRequest, Timestamp};
use crate::store::{SwarmCounts, walk};

/// Swarms looked at in one go, so that the store is never held for long.
const BATCH: usize = 500;

/// A torrent that a scrape asks for.
struct Asked {
    /// As it was asked for.
    info_hash: InfoHash,
    swarm: InfoHash,
    /// Completed downloads to add to what the store has counted.
    completed: u64,
}

impl Tracker {
    /// Figures for the named torrents. An unknown one gets zeros when any torrent is tracked, and is
    /// left out when only listed ones are.
    ///
    /// # Errors
    /// When none of them is known, or the store has trouble.
    pub fn scrape(
        &mut self,
        request: &ScrapeRequest,
        now: Timestamp,
    ) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        if !self.loaded.config.tracker.scrape {
            return Err(Refusal::ScrapeIsOff);
        }
        let mut asked = Vec::with_capacity(request.info_hashes.len());
        for &info_hash in &request.info_hashes {
            asked.extend(self.asked(info_hash)?);
        }
        if asked.is_empty() {
            return Err(Refusal::Unlisted);
        }
        self.figures(&asked, now)
    }

    /// Figures for all torrents that are not hidden.
    ///
    /// # Errors
    /// When full scrapes are switched off, or the store has trouble.
    pub fn full_scrape(&mut self, now: Timestamp) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        let config = &self.loaded.config.tracker;
        if !config.scrape {
            return Err(Refusal::ScrapeIsOff);
        }
        if !config.full_scrape {
            return Err(Refusal::FullScrapeIsOff);
        }
        if self.load(now)?.is_high {
            return Err(Refusal::BusyForFullScrape);
        }
        let config = &self.loaded.config.tracker;
        if self.policy.is_none() && config.torrents == Torrents::Listed {
            return Err(Refusal::Trouble);
        }
        let mut shown: Vec<InfoHash> = self
            .policy
            .iter()
            .flat_map(|policy| policy.torrents())
            .filter(|torrent| !torrent.hidden)
            .map(|torrent| torrent.canonical)
            .collect();
        if config.torrents == Torrents::Open {
            shown.extend(self.unlisted_swarms(now)?);
        }
        let mut asked = Vec::with_capacity(shown.len());
        for info_hash in shown {
            asked.extend(self.asked(info_hash)?);
        }
        self.figures(&asked, now)
    }

    /// `None` for a torrent that is not tracked.
    fn asked(&mut self, info_hash: InfoHash) -> Result<Option<Asked>, Refusal> {
        let Some(torrent) = self.policy().torrent(info_hash)? else { return Ok(None) };
        let completed = self.completed_elsewhere(&torrent)?;
        Ok(Some(Asked { info_hash, swarm: torrent.swarm, completed }))
    }

    /// The swarms that an open tracker has and no catalogue names.
    fn unlisted_swarms(&mut self, now: Timestamp) -> Result<Vec<InfoHash>, Refusal> {
        let swarms = self
            .store()
            .and_then(|store| walk(|from| store.visit_swarms(from, BATCH, now)))
            .map_err(|problem| Refusal::from_store(&problem))?;
        let mut found: Vec<InfoHash> = swarms.iter().map(|swarm| swarm.info_hash).collect();
        if let Some(policy) = &self.policy {
            found.retain(|&info_hash| policy.find(info_hash).is_none());
        }
        Ok(found)
    }

    fn figures(
        &mut self,
        asked: &[Asked],
        now: Timestamp,
    ) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        let mut counts: Vec<SwarmCounts> = Vec::with_capacity(asked.len());
        for part in asked.chunks(BATCH) {
            let swarms: Vec<InfoHash> = part.iter().map(|asked| asked.swarm).collect();
            counts.extend(
                self.store()
                    .and_then(|store| store.counts(&swarms, now))
                    .map_err(|problem| Refusal::from_store(&problem))?,
            );
        }
        let names = self.loaded.config.tracker.scrape_names;
        let policy = self.policy.as_ref().filter(|_| names);
        let entries = asked
            .iter()
            .zip(counts)
            .map(|(asked, counts)| ScrapeEntry {
                info_hash: asked.info_hash,
                complete: counts.seeders,
                downloaded: asked.completed.saturating_add(counts.completed),
                downloaders: counts.leechers,
                incomplete: counts.leechers.saturating_add(counts.partial_seeds),
                name: policy
                    .and_then(|policy| policy.find(asked.info_hash))
                    .map(|torrent| torrent.name()),
            })
            .collect();
        Ok(entries)
    }
}
