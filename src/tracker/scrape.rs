//! What a scrape gets back (BEP 48, BEP 21).

use std::collections::HashMap;
use std::net::IpAddr;

use super::access::Admitted;
use super::witness::{Passed, Witness};
use super::{Refusal, Tracker};
use crate::catalog::PolicySnapshot;
use crate::config::Torrents;
use crate::protocol::{InfoHash, ScrapeEntry, ScrapeRequest, Timestamp};
use crate::store::{Generation, SwarmCounts, walk};

/// Swarms looked at in one go, so that the store is never held for long.
const BATCH: usize = 500;

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
        self.scrape_before(request, now, &mut ())
    }

    /// The same before a witness.
    pub(super) fn scrape_before<W: Witness>(
        &mut self,
        request: &ScrapeRequest,
        now: Timestamp,
        witness: &mut W,
    ) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        if !self.effective.config.tracker.scrape {
            return Err(Refusal::ScrapeIsOff);
        }
        witness.passed("scrape", Passed::Fits);
        let mut asked = Vec::with_capacity(request.info_hashes.len());
        for &info_hash in &request.info_hashes {
            let torrent = self.decided(now).torrent(info_hash)?;
            asked.extend(torrent.map(|torrent| (info_hash, torrent)));
        }
        if asked.is_empty() {
            let first = request.info_hashes.first();
            return Err(first.map_or(Refusal::Unlisted, |first| self.decided(now).why_not(*first)));
        }
        witness.passed("torrents", Passed::Fits);
        self.figures(&asked, now)
    }

    /// Figures for all torrents that are not hidden.
    ///
    /// # Errors
    /// When full scrapes are switched off, or come too early from this address, or the store has trouble.
    pub fn full_scrape(
        &mut self,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        self.may_scrape_all(now, &mut ())?;
        self.use_full_scrape(from, now)?;
        self.all_figures(now)
    }

    /// The same for a file that everybody gets: nobody asks, and so high load does not keep it back. `None` where full
    /// scrapes are not answered.
    ///
    /// # Errors
    /// When the store has trouble.
    pub fn full_scrape_for_all(
        &mut self,
        now: Timestamp,
    ) -> Result<Option<Vec<ScrapeEntry<'_>>>, Refusal> {
        if self.effective.config.answered_full_scrape().is_none() || self.closed().is_some() {
            return Ok(None);
        }
        self.all_figures(now).map(Some)
    }

    /// The same before a witness, and without a look at how often an address asks, which would count.
    pub(super) fn full_scrape_before<W: Witness>(
        &mut self,
        now: Timestamp,
        witness: &mut W,
    ) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        self.may_scrape_all(now, witness)?;
        self.all_figures(now)
    }

    fn may_scrape_all<W: Witness>(
        &mut self,
        now: Timestamp,
        witness: &mut W,
    ) -> Result<(), Refusal> {
        let config = &self.effective.config.tracker;
        if !config.scrape {
            return Err(Refusal::ScrapeIsOff);
        }
        witness.passed("scrape", Passed::Fits);
        if !config.full_scrape {
            return Err(Refusal::FullScrapeIsOff);
        }
        witness.passed("full_scrape", Passed::Fits);
        if self.load(now)?.is_high {
            return Err(Refusal::BusyForFullScrape);
        }
        witness.passed("high_load", Passed::Fits);
        let config = &self.effective.config.tracker;
        if self.policy.is_none() && config.torrents == Torrents::Listed {
            return Err(Refusal::Trouble);
        }
        Ok(())
    }

    fn all_figures(&mut self, now: Timestamp) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        let config = &self.effective.config.tracker;
        let mut shown = self.policy.as_ref().map_or_else(Vec::new, |policy| listed(policy, now));
        if config.torrents == Torrents::Open {
            shown.extend(self.unlisted_swarms(now)?);
        }
        let mut asked = Vec::with_capacity(shown.len());
        for info_hash in shown {
            let torrent = self.decided(now).torrent(info_hash)?;
            asked.extend(torrent.map(|torrent| (info_hash, torrent)));
        }
        self.figures(&asked, now)
    }

    /// The swarms that an open tracker has and no catalogue names.
    fn unlisted_swarms(&mut self, now: Timestamp) -> Result<Vec<InfoHash>, Refusal> {
        let swarms = self
            .store()
            .and_then(|store| walk(|from| store.visit_swarms(from, BATCH, now)))
            .map_err(|problem| self.refusal(&problem))?;
        let mut found: Vec<InfoHash> = swarms.iter().map(|swarm| swarm.info_hash).collect();
        if let Some(policy) = &self.policy {
            found.retain(|&info_hash| policy.find(info_hash).is_none());
        }
        Ok(found)
    }

    fn figures(
        &mut self,
        asked: &[(InfoHash, Admitted)],
        now: Timestamp,
    ) -> Result<Vec<ScrapeEntry<'_>>, Refusal> {
        let mut counts: Vec<SwarmCounts> = Vec::with_capacity(asked.len());
        for part in asked.chunks(BATCH) {
            let swarms: Vec<InfoHash> = part.iter().map(|(_, torrent)| torrent.swarm).collect();
            let counted = self.store().and_then(|store| store.counts(&swarms, now));
            counts.extend(counted.map_err(|problem| self.refusal(&problem))?);
        }
        let generation = self.generation_for(asked)?;
        let config = &self.effective.config.tracker;
        let names = self.policy.as_ref().filter(|_| config.scrape_names);
        let figures = self.policy.as_ref().filter(|_| config.scrape_figures);
        let entries = asked
            .iter()
            .zip(counts)
            .map(|(&(info_hash, torrent), counts)| ScrapeEntry {
                info_hash,
                complete: counts.seeders,
                downloaded: torrent.completed_before(generation).saturating_add(counts.completed),
                downloaders: counts.leechers,
                incomplete: counts.leechers.saturating_add(counts.partial_seeds),
                name: names.and_then(|policy| policy.find(info_hash)).map(|torrent| torrent.name()),
                figures: figures.and_then(|policy| policy.figures_of(torrent.swarm)),
            })
            .collect();
        Ok(entries)
    }

    /// The generation of the store, where some completed downloads were counted by one.
    fn generation_for(&mut self, asked: &[(InfoHash, Admitted)]) -> Result<Generation, Refusal> {
        if asked.iter().all(|(_, torrent)| torrent.carried.0 == 0) {
            return Ok(Generation::default());
        }
        let generation = self.store().and_then(|store| store.generation());
        generation.map_err(|problem| self.refusal(&problem))
    }
}

/// The torrents that are not hidden at this time.
fn listed(policy: &PolicySnapshot, now: Timestamp) -> Vec<InfoHash> {
    let changes = policy.listing_changes(now);
    let since: HashMap<InfoHash, bool> = changes.map(|it| (it.canonical, it.is_listed)).collect();
    let is_listed =
        |canonical: InfoHash, hidden: bool| since.get(&canonical).copied().unwrap_or(!hidden);
    let torrents = policy.torrents().filter(|it| is_listed(it.canonical, it.hidden));
    torrents.map(|it| it.canonical).collect()
}
