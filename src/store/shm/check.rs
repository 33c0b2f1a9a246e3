//! Every invariant of the file, looked at one by one: tables in order, figures the sums of what is
//! there, each granule either free or of one block.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering::Relaxed;

use super::endpoints::MOST_WITHOUT_INDEX;
use super::file::StoreFile;
use super::hash;
use super::layout::{Block, GRANULES, REGION, descriptor, granules_for, header, shard};
use super::pages::{longest_run, mask};
use super::peer::{self, last_seen_in};
use super::shard::Shard;
use super::swarm::Swarm;
use super::table::{Leaf, Link, Records, Table};
use super::trouble::Trouble;
use crate::protocol::{CompactV4, CompactV6};
use crate::store::identity::Identity;
use crate::store::peer::Class;
use crate::store::{Peer, SwarmCounts};

/// More problems than this say nothing new.
const ENOUGH: usize = 100;

/// Names what does not hold. Each shard is locked while it is looked at, for a microsecond or so for
/// each ten of its peers.
pub(super) fn check(file: &StoreFile) -> Result<Vec<String>, Trouble> {
    let mut problems = Vec::new();
    for number in 0..file.geometry.shards {
        let checked = file.shard(number).and_then(|shard| {
            shard.refuel();
            Check { shard: &shard, blocks: HashMap::new(), problems: &mut problems }.run()
        });
        match checked {
            Err(Trouble::Broken(reason)) => problems.push(format!("shard {number}: {reason}")),
            checked => checked?,
        }
        if problems.len() >= ENOUGH {
            problems.push("and so on".into());
            break;
        }
    }
    Ok(problems)
}

struct Check<'a, 's> {
    shard: &'a Shard<'s>,
    /// Granules that blocks of this shard take, by page.
    blocks: HashMap<u32, u128>,
    problems: &'a mut Vec<String>,
}

/// Who was met in a swarm.
#[derive(Default)]
struct Seen {
    identities: HashSet<Identity>,
    v4: HashSet<CompactV4>,
    v6: HashSet<CompactV6>,
}

/// A link of a table, and which hashes lead there.
#[derive(Clone, Copy)]
struct Place {
    link: Link,
    /// The bits that they share, and how many these are.
    prefix: u64,
    bits: u32,
    /// The depth of the node that the link stands in; 0 at the root.
    depth: u32,
}

impl Check<'_, '_> {
    fn run(mut self) -> Result<(), Trouble> {
        let mut swarms = Vec::new();
        let table = self.shard.swarms();
        self.table(table, &mut |leaf, slot| {
            swarms.push((leaf, slot));
            Ok(())
        })?;
        let (mut peers, mut known) = (0, 0);
        for &(leaf, slot) in &swarms {
            let swarm = self.shard.swarm_at(leaf, slot)?;
            peers += self.swarm(&swarm)?;
            known += 1;
        }
        self.is("swarms", self.shard.get(self.shard.own(shard::SWARM_COUNT))?, known);
        self.is("peers", self.shard.get(self.shard.own(shard::PEER_COUNT))?, peers);
        self.pages()
    }

    fn is(&mut self, what: &str, said: u64, found: u64) {
        if said != found {
            let number = self.shard.number;
            self.problems.push(format!("shard {number} counts {what}: {said}; there are {found}"));
        }
    }

    fn problem(&mut self, what: String) {
        if self.problems.len() < ENOUGH {
            self.problems.push(what);
        }
    }

    /// Looks at a swarm's tables and returns how many peers are in them.
    fn swarm(&mut self, swarm: &Swarm) -> Result<u64, Trouble> {
        let mut counted = swarm.without_peers();
        let (mut seen, mut entries) = (Seen::default(), Vec::new());
        for class in Class::ALL {
            let mut peers = Vec::new();
            self.table(swarm.table(class), &mut |leaf, slot| {
                peers.push((leaf, slot));
                Ok(())
            })?;
            for (leaf, slot) in peers {
                let peer = self.shard.peer_in(leaf, slot)?;
                counted.count_in(&peer);
                entries.extend(self.shard.entries(&peer).into_iter().flatten());
                let key = self.shard.get(leaf.key(slot))?;
                self.peer((swarm, class), key, &peer, &mut seen);
            }
        }
        if counted != *swarm {
            let (said, found): (SwarmCounts, SwarmCounts) = (swarm.counts(), counted.counts());
            let hash = swarm.info_hash;
            self.problem(match said == found {
                false => format!("swarm {hash} counts {said}; it has {found}"),
                true => {
                    format!("the sums of swarm {hash} are not those of what its peers have moved")
                }
            });
        }
        self.endpoints(swarm, entries)?;
        Ok(counted.peers())
    }

    fn peer(&mut self, (swarm, class): (&Swarm, Class), key: u64, peer: &Peer, seen: &mut Seen) {
        let name = |what: &str| format!("peer {} of {} {what}", peer.peer_id, swarm.info_hash);
        if !seen.identities.insert(peer.identity()) {
            self.problem(name("is there twice"));
        }
        let (v4, v6) = peer.addresses.reachable().endpoints();
        if !peer.is_stated
            && (v4.is_some_and(|v4| !seen.v4.insert(v4))
                || v6.is_some_and(|v6| !seen.v6.insert(v6)))
        {
            self.problem(name("is where another one was seen"));
        }
        if peer.class() != class {
            self.problem(name("is in a wrong class"));
        }
        if !peer::may_be(key, hash::of_peer(self.shard.geometry, peer.identity())) {
            self.problem(name("has a wrong tag"));
        }
    }

    /// All peers, and nobody else, must have entries, where there is an index.
    fn endpoints(&mut self, swarm: &Swarm, mut expected: Vec<u64>) -> Result<(), Trouble> {
        let mut slots = Vec::new();
        self.table(swarm.endpoints(), &mut |leaf, slot| {
            slots.push(leaf.key(slot));
            Ok(())
        })?;
        let mut found =
            slots.into_iter().map(|key| self.shard.get(key)).collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() && swarm.peers() <= MOST_WITHOUT_INDEX {
            return Ok(());
        }
        found.sort_unstable();
        expected.sort_unstable();
        if found != expected {
            self.problem(format!(
                "the index of swarm {} has other endpoints than it",
                swarm.info_hash
            ));
        }
        Ok(())
    }

    /// Goes through a table and shows each record.
    fn table(
        &mut self,
        table: Table,
        show: &mut dyn FnMut(Leaf, u32) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let link = self.shard.link(table.root)?;
        if link.block().is_none() {
            return Ok(());
        }
        self.below(table, Place { link, prefix: 0, bits: 0, depth: 0 }, show)
    }

    fn below(
        &mut self,
        table: Table,
        place: Place,
        show: &mut dyn FnMut(Leaf, u32) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let block = place.link.block().ok_or(Trouble::BROKEN_TABLE)?;
        match place.link.depth() {
            0 => {
                let leaf = self.shard.leaf(table, block)?;
                self.take(block, leaf.head.size)?;
                self.leaf(table, place, leaf, show)
            }
            depth => {
                let links = self.shard.links(place.link)?;
                self.take(block, granules_for(1 << depth))?;
                let links: Vec<Link> = links.iter().map(|link| Link(link.load(Relaxed))).collect();
                self.node(table, place, &links, show)
            }
        }
    }

    fn node(
        &mut self,
        table: Table,
        place: Place,
        links: &[Link],
        show: &mut dyn FnMut(Leaf, u32) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let depth = place.link.depth();
        let bits = place.bits + depth;
        if bits > u64::BITS {
            return Err(Trouble::BROKEN_TABLE);
        }
        let mut before = None;
        for (number, &link) in links.iter().enumerate() {
            if link.oldest() < place.link.oldest() {
                self.problem("a bound is above that of a link below it".into());
            }
            let prefix = place.prefix | (number as u64) << (u64::BITS - bits);
            if before.is_some_and(|before: Link| before.leads_where(link)) {
                // The same leaf again, looked at when it was met first.
                if before != Some(link) {
                    self.problem("two links to a leaf have different bounds".into());
                }
                continue;
            }
            before = Some(link);
            self.below(table, Place { link, prefix, bits, depth }, show)?;
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        table: Table,
        place: Place,
        leaf: Leaf,
        show: &mut dyn FnMut(Leaf, u32) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        if leaf.head.depth > place.depth {
            return Err(Trouble::BROKEN_TABLE);
        }
        let bits = place.bits - place.depth + leaf.head.depth;
        for slot in 0..leaf.head.count {
            let hash = self.shard.hash_of(table, leaf, slot)?;
            if bits > 0 && (hash ^ place.prefix) >> (u64::BITS - bits) != 0 {
                self.problem("a record is in a leaf where its hash does not lead".into());
            }
            if table.records == Records::Peers {
                let first = self.shard.get(leaf.row(slot))?;
                if last_seen_in(first) < place.link.oldest() {
                    self.problem("a peer was seen before its leaf says".into());
                }
            }
            show(leaf, slot)?;
        }
        Ok(())
    }

    /// Notes a block, which nobody else may have.
    fn take(&mut self, block: Block, size: u32) -> Result<(), Trouble> {
        let mask = mask(block, size)?;
        let taken = self.blocks.entry(block.page()).or_default();
        if *taken & mask != 0 {
            return Err(Trouble::Broken("two blocks lie in the same place"));
        }
        *taken |= mask;
        Ok(())
    }

    /// What no block takes must be free, and each page in the list where it will be looked for.
    fn pages(&mut self) -> Result<(), Trouble> {
        let shard = self.shard;
        let pages = u32::try_from(shard.get(header::FILE_PAGES)?).unwrap_or(u32::MAX);
        let mut lists: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut owned = 0;
        for page in (0..pages).filter(|page| !page.is_multiple_of(REGION)) {
            let owner = shard.get(shard.descriptor(page, descriptor::OWNER))?;
            let taken = self.blocks.remove(&page).unwrap_or(0);
            if owner != u64::from(shard.number) + 1 {
                if taken != 0 {
                    self.problem(format!("page {page} is in use and belongs to another shard"));
                }
                continue;
            }
            owned += 1;
            let free = shard.free_of(page)?;
            if free != !taken {
                self.problem(format!("page {page} says {free:x} is free, and {taken:x} is taken"));
            }
            if free != 0 {
                lists.entry(longest_run(free)).or_default().push(page);
            }
        }
        if !self.blocks.is_empty() {
            self.problem("blocks lie where no page is".into());
        }
        for run in 1..=GRANULES {
            let mut expected = lists.remove(&run).unwrap_or_default();
            let mut found = self.list(run, owned)?;
            expected.sort_unstable();
            found.sort_unstable();
            if found != expected || (shard.lists()? >> (run - 1) & 1 == 1) == found.is_empty() {
                self.problem(format!("list {run} has {found:?} and should have {expected:?}"));
            }
        }
        Ok(())
    }

    /// The pages of a list; who meets more than the shard owns is led in a circle.
    fn list(&self, run: u32, owned: usize) -> Result<Vec<u32>, Trouble> {
        let mut pages = Vec::new();
        let mut next = self.shard.first_of(run)?;
        while let Some(page) = next {
            if pages.len() == owned {
                return Err(Trouble::BROKEN_CIRCLE);
            }
            pages.push(page);
            next = self.shard.page_after(page)?;
        }
        Ok(pages)
    }
}
