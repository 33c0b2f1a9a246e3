//! A swarm's index of the endpoints of its peers: who is at an address, and how many.
//!
//! An entry is one word: 28 bits of what the address is hashed to, its port, and the first 20 bits of
//! the peer's hash. Of an IPv6 address the first 14 of the 28 bits are of its network of 48 bits, the
//! others of that of 64; so all that is in such a network stands side by side. A peer has an entry for
//! each of its addresses. What an entry leads to is compared with the peer itself.
//!
//! A small swarm has no index, as most are small: its peers are looked at one by one.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::Ordering::Relaxed;

use super::hash;
use super::layout::WIDE;
use super::peer;
use super::shard::Shard;
use super::swarm::Swarm;
use super::table::Table;
use super::trouble::Trouble;
use crate::protocol::{CompactV4, CompactV6};
use crate::store::network::Network;
use crate::store::peer::Class;
use crate::store::{Addresses, Peer};

/// Without an index there are no more peers than this.
pub(super) const MOST_WITHOUT_INDEX: u64 = 16;

/// With fewer peers than this the index goes again.
const FEWEST_WITH_INDEX: u64 = 8;

const ADDRESS_BITS: u32 = 28;
const NETWORK_BITS: u32 = 14;
const PORT_BITS: u32 = 16;
const PEER_BITS: u32 = 20;

const _: () = assert!(ADDRESS_BITS + PORT_BITS + PEER_BITS == u64::BITS);

/// The entries of a peer: none, one or two.
pub(super) type Entries = [Option<u64>; 2];

/// Where peers are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere in a network.
    Network(Network),
    /// At one IPv4 endpoint.
    V4(CompactV4),
    /// At one IPv6 endpoint.
    V6(CompactV6),
}

impl Place {
    fn has(self, Addresses { v4, v6 }: Addresses) -> bool {
        match self {
            Self::Network(network) => Addresses { v4, v6 }.all().any(|ip| network.contains(ip)),
            Self::V4(endpoint) => v4.is_some_and(|v4| v4.address == endpoint),
            Self::V6(endpoint) => v6.is_some_and(|v6| v6.address == endpoint),
        }
    }
}

/// Entries that begin with the same bits.
#[derive(Clone, Copy)]
struct Prefix {
    first: u64,
    bits: u32,
}

impl Prefix {
    fn last(self) -> u64 {
        self.first | u64::MAX.checked_shr(self.bits).unwrap_or(0)
    }
}

impl Shard<'_> {
    /// The entries that a peer has in its swarm's index, whether or not there is one.
    pub(super) fn entries(&self, peer: &Peer) -> Entries {
        let Addresses { v4, v6 } = peer.addresses;
        let hash = hash::of_peer(self.geometry, peer.identity()) >> (u64::BITS - PEER_BITS);
        let entry = |ip, port: u16| {
            self.address(ip) << (PORT_BITS + PEER_BITS) | u64::from(port) << PEER_BITS | hash
        };
        [
            v4.map(|v4| entry(v4.address.ip().into(), v4.address.port())),
            v6.map(|v6| entry(v6.address.ip().into(), v6.address.port())),
        ]
    }

    /// The bits that an address is hashed to.
    fn address(&self, ip: IpAddr) -> u64 {
        let first_bits = |words: [u64; 2], bits| {
            hash::keyed(self.geometry, [words[0], words[1], 0]) >> (u64::BITS - bits)
        };
        match ip {
            IpAddr::V4(ip) => first_bits([4, u64::from(u32::from(ip))], ADDRESS_BITS),
            IpAddr::V6(ip) => {
                self.site(ip) << (ADDRESS_BITS - NETWORK_BITS)
                    | first_bits([64, high(ip)], ADDRESS_BITS - NETWORK_BITS)
            }
        }
    }

    /// The bits that an IPv6 network of 48 bits is hashed to.
    fn site(&self, ip: Ipv6Addr) -> u64 {
        hash::keyed(self.geometry, [48, high(ip) >> 16, 0]) >> (u64::BITS - NETWORK_BITS)
    }

    fn prefix(&self, place: Place) -> Prefix {
        let at = |ip, port: u16| Prefix {
            first: self.address(ip) << (PORT_BITS + PEER_BITS) | u64::from(port) << PEER_BITS,
            bits: ADDRESS_BITS + PORT_BITS,
        };
        let anywhere = |ip| Prefix { bits: ADDRESS_BITS, ..at(ip, 0) };
        match place {
            Place::V4(v4) => at(v4.ip().into(), v4.port()),
            Place::V6(v6) => at(v6.ip().into(), v6.port()),
            Place::Network(Network::V4(ip)) => anywhere(ip.into()),
            Place::Network(Network::V6(ip, bits)) if bits >= u64::BITS => anywhere(ip.into()),
            Place::Network(Network::V6(ip, _)) => {
                Prefix { first: self.site(ip) << (u64::BITS - NETWORK_BITS), bits: NETWORK_BITS }
            }
        }
    }

    /// The peers at a place; not all of them where they are very many.
    pub(super) fn peers_at(
        &self,
        swarm: &Swarm,
        place: Place,
        most: usize,
    ) -> Result<Vec<Peer>, Trouble> {
        let mut found = Vec::new();
        if self.has_index(swarm)? {
            for entry in self.entries_at(swarm, place, most)? {
                self.collect(swarm, place, Some(entry), &mut found)?;
            }
        } else {
            self.collect(swarm, place, None, &mut found)?;
        }
        Ok(found)
    }

    /// Whether a swarm has an index.
    pub(super) fn has_index(&self, swarm: &Swarm) -> Result<bool, Trouble> {
        Ok(self.link(swarm.endpoints().root)?.block().is_some())
    }

    /// The entries at a place, each of them once.
    fn entries_at(&self, swarm: &Swarm, place: Place, most: usize) -> Result<Vec<u64>, Trouble> {
        let prefix = self.prefix(place);
        let mut found = Vec::new();
        let mut next = Some(prefix.first);
        while let Some(at) = next.filter(|&at| at <= prefix.last())
            && found.len() < most
            && let Some(spot) = self.descend(swarm.endpoints(), at)?
        {
            let keys = self.words(spot.leaf.key(0), spot.leaf.head.count as usize)?;
            let keys = keys.iter().map(|key| key.load(Relaxed));
            found.extend(keys.filter(|key| (prefix.first..=prefix.last()).contains(key)));
            next = spot.end();
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(most);
        Ok(found)
    }

    /// Collects the peers at a place: of all, or of those that an entry leads to.
    fn collect(
        &self,
        swarm: &Swarm,
        place: Place,
        entry: Option<u64>,
        found: &mut Vec<Peer>,
    ) -> Result<(), Trouble> {
        let hashes = entry.map_or(Prefix { first: 0, bits: 0 }, |entry| Prefix {
            first: entry << (u64::BITS - PEER_BITS),
            bits: PEER_BITS,
        });
        for class in Class::ALL {
            let mut next = Some(hashes.first);
            while let Some(at) = next.filter(|&at| at <= hashes.last())
                && let Some(spot) = self.descend(swarm.table(class), at)?
            {
                for slot in 0..spot.leaf.head.count {
                    if !self.may_be_at(&spot.leaf, slot, place)? {
                        continue;
                    }
                    let peer = self.peer(&spot, slot)?;
                    let is_meant =
                        entry.is_none_or(|entry| self.entries(&peer).contains(&Some(entry)));
                    if place.has(peer.addresses) && is_meant {
                        found.push(peer);
                    }
                }
                next = spot.end();
            }
        }
        Ok(())
    }

    /// Says quickly of most peers that they are not at a place.
    fn may_be_at(
        &self,
        leaf: &super::table::Leaf,
        slot: u32,
        place: Place,
    ) -> Result<bool, Trouble> {
        let v4 = || Ok::<_, Trouble>(peer::v4_in(self.get(leaf.key(slot))?));
        Ok(match place {
            Place::V4(endpoint) => v4()? == endpoint,
            Place::Network(Network::V4(ip)) => v4()?.ip() == ip,
            Place::V6(_) | Place::Network(Network::V6(..)) => leaf.head.row == WIDE,
        })
    }

    /// Has room for entries made, and the index itself where a swarm is about to need one. All of it is
    /// committed, so that nothing else must be uncommitted.
    pub(super) fn make_room_for(&self, swarm: &Swarm, entries: Entries) -> Result<(), Trouble> {
        if !self.has_index(swarm)? {
            if swarm.peers() < MOST_WITHOUT_INDEX {
                return Ok(());
            }
            self.make_index(swarm)?;
        }
        let slots = u32::from(entries[0].is_some()) + u32::from(entries[1].is_some());
        loop {
            let mut moved = false;
            for entry in entries.into_iter().flatten() {
                moved |= self.make_slots(swarm.endpoints(), entry, (0, slots))?;
            }
            // What was moved for the second one may have taken the room of the first one.
            if !moved || slots < 2 {
                return Ok(());
            }
        }
    }

    /// Makes the index of a swarm that has none, and commits.
    fn make_index(&self, swarm: &Swarm) -> Result<(), Trouble> {
        let mut entries = Vec::new();
        for class in Class::ALL {
            let mut next = Some(0);
            while let Some(at) = next
                && let Some(spot) = self.descend(swarm.table(class), at)?
            {
                for slot in 0..spot.leaf.head.count {
                    entries.extend(self.entries(&self.peer(&spot, slot)?).into_iter().flatten());
                }
                next = spot.end();
            }
        }
        self.fill_leaf(swarm.endpoints(), &entries)
    }

    /// Gives the index of a swarm up that has become small, and commits.
    pub(super) fn drop_index(&self, swarm: &Swarm) -> Result<(), Trouble> {
        if swarm.peers() >= FEWEST_WITH_INDEX {
            return Ok(());
        }
        self.empty_leaf(swarm.endpoints())
    }

    /// Puts entries in, as a part of the transaction. There must be room.
    pub(super) fn enter(&self, swarm: &Swarm, entries: Entries) -> Result<(), Trouble> {
        if self.has_index(swarm)? {
            for entry in entries.into_iter().flatten() {
                self.insert(swarm.endpoints(), entry, (entry, &[]), super::table::NEVER)?;
            }
        }
        Ok(())
    }

    /// Takes entries out, as a part of the transaction.
    pub(super) fn remove_endpoints(&self, swarm: &Swarm, entries: Entries) -> Result<(), Trouble> {
        for entry in entries.into_iter().flatten() {
            self.remove_endpoint(swarm.endpoints(), entry)?;
        }
        Ok(())
    }

    fn remove_endpoint(&self, table: Table, entry: u64) -> Result<(), Trouble> {
        let Some(mut spot) = self.descend(table, entry)? else { return Ok(()) };
        let keys = self.words(spot.leaf.key(0), spot.leaf.head.count as usize)?;
        let slot = (0..).zip(keys).find(|(_, key)| key.load(Relaxed) == entry);
        slot.map_or(Ok(()), |(slot, _)| self.take_out(&mut spot, slot))
    }
}

fn high(ip: Ipv6Addr) -> u64 {
    u64::try_from(u128::from(ip) >> 64).unwrap_or(0)
}
