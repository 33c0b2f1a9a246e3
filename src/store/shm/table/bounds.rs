//! The bounds that links have on when the peers below them were seen, and how one finds by them who
//! was silent for longest.

use std::sync::atomic::Ordering::Relaxed;

use super::super::peer;
use super::super::shard::Shard;
use super::super::trouble::Trouble;
use super::{Leaf, Link, NEVER, Records, Spot, Table};

impl Shard<'_> {
    /// Lets no bound on the way to a leaf be above `seen`.
    pub(in super::super) fn lower(
        &self,
        table: Table,
        spot: &Spot,
        seen: u32,
    ) -> Result<(), Trouble> {
        if spot.bound <= seen {
            return Ok(());
        }
        let path = self.path(table, spot.hash)?;
        for place in path.links[..path.levels].iter().copied().chain(spot.own_links()) {
            if self.link(place)?.oldest() > seen {
                self.set_oldest(place, seen)?;
            }
        }
        Ok(())
    }

    /// Brings all bounds on the way to a leaf up to what is below them, and commits.
    pub(in super::super) fn raise(&self, table: Table, spot: &Spot) -> Result<(), Trouble> {
        let oldest = self.oldest_of(table, spot.leaf)?;
        for place in spot.own_links() {
            self.set_oldest(place, oldest)?;
        }
        self.commit()?;
        let path = self.path(table, spot.hash)?;
        for level in (0..path.levels).rev() {
            let Some(node) = path.nodes[level] else { continue };
            let links = self.words(node.index, 1 << node.depth)?;
            let bounds = links.iter().map(|link| Link(link.load(Relaxed)).oldest());
            self.set_oldest(path.links[level], bounds.min().unwrap_or(NEVER))?;
        }
        self.commit()
    }

    fn set_oldest(&self, place: usize, oldest: u32) -> Result<(), Trouble> {
        self.set(place, self.link(place)?.with_oldest(oldest).0)
    }

    /// When the peer of a leaf that was silent for longest was seen.
    pub(in super::super) fn oldest_of(&self, table: Table, leaf: Leaf) -> Result<u32, Trouble> {
        let mut oldest = NEVER;
        if table.records == Records::Peers {
            for slot in 0..leaf.head.count {
                oldest = oldest.min(peer::last_seen_in(self.get(leaf.row(slot))?));
            }
        }
        Ok(oldest)
    }

    /// Finds the leaf below the lowest bound of a table of peers.
    pub(in super::super) fn descend_to_oldest(
        &self,
        table: Table,
    ) -> Result<Option<Spot>, Trouble> {
        let (mut hash, mut before) = (0_u64, 0);
        let mut link = self.link(table.root)?;
        while link.block().is_some() && link.depth() != 0 {
            before += link.depth();
            if before > u64::BITS {
                return Err(Trouble::BROKEN_TABLE);
            }
            let links = self.links(link)?.iter().map(|link| Link(link.load(Relaxed)));
            let oldest = links.enumerate().min_by_key(|(_, link)| link.oldest());
            let (place, next) = oldest.ok_or(Trouble::BROKEN_TABLE)?;
            hash |= (place as u64) << (u64::BITS - before);
            link = next;
        }
        self.descend(table, hash)
    }
}
