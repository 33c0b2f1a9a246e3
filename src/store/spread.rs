//! What keeps a sample fair: each endpoint once, and of the wanted peers at most a quarter at one
//! address while there are others.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::network::Network;
use super::{Addresses, PeerSample};
use crate::protocol::{CompactV4, CompactV6, PeerId};

/// How many of so many wanted peers may be at one address.
pub(super) fn most_at_one_address(want: u32) -> u32 {
    (want / 4).max(1)
}

/// Chooses among the peers that are offered for a sample.
#[derive(Debug)]
pub(super) struct Spread {
    most: u32,
    want: usize,
    at: HashMap<Network, u32>,
    v4: HashSet<CompactV4>,
    v6: HashSet<CompactV6>,
    /// Peers whose addresses have their share already, in case there are no others.
    aside: Vec<(Addresses, Option<PeerId>)>,
}

impl Spread {
    /// For a sample of so many peers.
    pub(super) fn new(want: u32) -> Self {
        Self {
            most: most_at_one_address(want),
            want: usize::try_from(want).unwrap_or(usize::MAX),
            at: HashMap::new(),
            v4: HashSet::new(),
            v6: HashSet::new(),
            aside: Vec::new(),
        }
    }

    /// Puts a peer into the sample unless its addresses have their share; says whether it did.
    pub(super) fn offer(
        &mut self,
        addresses: Addresses,
        peer_id: Option<PeerId>,
        sample: &mut PeerSample,
    ) -> bool {
        let addresses = self.fresh(addresses);
        if addresses.is_empty() {
            return false;
        }
        let networks = addresses.all().map(Network::told);
        if networks.clone().any(|network| self.at.get(&network).is_some_and(|&at| at >= self.most))
        {
            if self.aside.len() < self.want {
                self.aside.push((addresses, peer_id));
            }
            return false;
        }
        networks.for_each(|network| *self.at.entry(network).or_default() += 1);
        self.hand_out(addresses, peer_id, sample);
        true
    }

    /// Puts peers in that were kept aside, when there are no others for the `missing` ones.
    pub(super) fn fill_up(&mut self, missing: u64, sample: &mut PeerSample) {
        let mut missing = missing;
        for (addresses, peer_id) in std::mem::take(&mut self.aside) {
            let addresses = self.fresh(addresses);
            if missing == 0 {
                break;
            }
            if !addresses.is_empty() {
                self.hand_out(addresses, peer_id, sample);
                missing -= 1;
            }
        }
    }

    /// Those that are not in the sample yet.
    fn fresh(&self, addresses: Addresses) -> Addresses {
        let Addresses { v4, v6 } = addresses;
        Addresses {
            v4: v4.filter(|v4| !self.v4.contains(&v4.address)),
            v6: v6.filter(|v6| !self.v6.contains(&v6.address)),
        }
    }

    fn hand_out(&mut self, addresses: Addresses, peer_id: Option<PeerId>, sample: &mut PeerSample) {
        self.v4.extend(addresses.v4.map(|v4| v4.address));
        self.v6.extend(addresses.v6.map(|v6| v6.address));
        sample.hand_out(addresses, peer_id);
    }
}

impl PeerSample {
    /// Leaves at most so many addresses of both families together; of these at most a quarter is one address while
    /// there are others.
    pub fn choose(&mut self, want: u32) {
        let most = most_at_one_address(want);
        let wanted = usize::try_from(want).unwrap_or(usize::MAX);
        if self.v4.addresses.len() + self.v6.addresses.len() <= wanted {
            return;
        }
        let mut at: HashMap<Network, u32> = HashMap::new();
        let mut has_its_share = |address: IpAddr| {
            let count = at.entry(Network::told(address)).or_default();
            *count += 1;
            *count > most
        };
        let v4 = self.v4.addresses.iter().map(|v4| has_its_share(v4.ip().into())).collect();
        let v6 = self.v6.addresses.iter().map(|v6| has_its_share(v6.ip().into())).collect();
        let mut surplus: [Vec<bool>; 2] = [v4, v6];
        let others = surplus.iter().flatten().filter(|is_surplus| !**is_surplus).count();
        // Where there are no others, they make up the rest.
        let mut missing = wanted.saturating_sub(others);
        for is_surplus in surplus.iter_mut().flatten().filter(|is_surplus| **is_surplus) {
            if missing == 0 {
                break;
            }
            *is_surplus = false;
            missing -= 1;
        }
        let [v4, v6] = surplus;
        self.v4.leave_out(&v4);
        self.v6.leave_out(&v6);
        self.thin_out(want);
    }
}

/// Places where addresses are counted at first; far more than a quarter of a sample is needed to fill
/// one by chance.
const PLACES: usize = 64;

impl PeerSample {
    /// Whether more than `most` of its addresses are one.
    pub(super) fn is_crowded(&self, most: u32) -> bool {
        let v4 = self.v4.addresses.iter().map(|v4| IpAddr::V4(v4.ip()));
        let v6 = self.v6.addresses.iter().map(|v6| IpAddr::V6(v6.ip()));
        self.may_be_crowded(most) && has_more_than(most, v4.chain(v6).map(Network::told))
    }

    /// Cheaper to say: whether they may be.
    fn may_be_crowded(&self, most: u32) -> bool {
        // A sample has thousands of peers at most: a full place stays full.
        let mut places = [0_u16; PLACES];
        let mut count = |bits: u32| {
            let place = &mut places[(bits.wrapping_mul(0x9e37_79b1) >> 26) as usize];
            *place = place.saturating_add(1);
        };
        for CompactV4([a, b, c, d, ..]) in &self.v4.addresses {
            count(u32::from_ne_bytes([*a, *b, *c, *d]));
        }
        for CompactV6([a, b, c, d, e, f, ..]) in &self.v6.addresses {
            let (first, last) =
                (u32::from_ne_bytes([*a, *b, *c, *d]), u16::from_ne_bytes([*e, *f]));
            count(first.rotate_left(16) ^ u32::from(last));
        }
        places.into_iter().max().is_some_and(|fullest| u32::from(fullest) > most)
    }
}

fn has_more_than(most: u32, networks: impl Iterator<Item = Network>) -> bool {
    let mut networks: Vec<Network> = networks.collect();
    networks.sort_unstable();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    networks.chunk_by(|one, other| one == other).any(|same| same.len() > most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Timestamp;
    use crate::store::Seen;

    fn at(ip: IpAddr, port: u16) -> Addresses {
        let seen = Timestamp(1);
        match std::net::SocketAddr::new(ip, port) {
            std::net::SocketAddr::V4(v4) => {
                Addresses { v4: Some(Seen { address: v4.into(), at: seen }), v6: None }
            }
            std::net::SocketAddr::V6(v6) => {
                Addresses { v4: None, v6: Some(Seen { address: v6.into(), at: seen }) }
            }
        }
    }

    #[test]
    fn an_address_has_a_quarter_at_most_while_there_are_others() {
        let crowd: IpAddr = "192.0.2.1".parse().unwrap();
        let (mut spread, mut sample) = (Spread::new(8), PeerSample::default());
        let taken = (1..=20).filter(|&port| spread.offer(at(crowd, port), None, &mut sample));
        assert_eq!(taken.count(), 2);
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        assert!(spread.offer(at(other, 1), None, &mut sample));
        assert!(!spread.offer(at(other, 1), None, &mut sample), "an endpoint stands in it once");
        spread.fill_up(5, &mut sample);
        assert_eq!(sample.v4.addresses.len(), 8, "there are no others");
        assert!(sample.is_crowded(2));
        assert!(!sample.is_crowded(7));
    }

    #[test]
    fn of_more_than_is_wanted_a_quarter_at_most_is_at_one_address_while_there_are_others() {
        let sample = |crowd: u16, others: u8| {
            let mut sample = PeerSample::default();
            let crowd = (1..=crowd).map(|port| at("192.0.2.1".parse().unwrap(), port));
            let others = (1..=others).map(|host| at(IpAddr::from([198, 51, 100, host]), 1));
            let six = [at("2001:db8::1".parse().unwrap(), 1)];
            for peer in crowd.chain(others).chain(six) {
                sample.hand_out(peer, Some(PeerId([0; 20])));
            }
            sample
        };
        for (crowd, others, want, expected) in
            [(100, 50, 48, 12), (100, 20, 48, 27), (10, 5, 48, 10), (100, 0, 8, 7), (3, 60, 8, 2)]
        {
            let mut sample = sample(crowd, others);
            sample.choose(want);
            let one = CompactV4([192, 0, 2, 1, 0, 0]).ip();
            let of_one = sample.v4.addresses.iter().filter(|it| it.ip() == one).count();
            assert!(of_one <= expected, "{of_one} of {crowd} beside {others}");
            let all = sample.v4.addresses.len() + sample.v6.addresses.len();
            let there = usize::from(crowd) + usize::from(others) + 1;
            let most = there.min(usize::try_from(want).unwrap());
            // Each family is thinned out by itself.
            assert!((most - 1..=most).contains(&all), "{all} of {most}");
            assert_eq!(sample.v4.peer_ids.len(), sample.v4.addresses.len());
            assert_eq!(sample.v6.peer_ids.len(), sample.v6.addresses.len());
        }
    }

    #[test]
    fn an_ipv6_network_of_48_bits_is_one_address() {
        let (mut spread, mut sample) = (Spread::new(8), PeerSample::default());
        let taken = (1..=9_u128)
            .map(|host| IpAddr::V6((0x2001_0db8_u128 << 96 | host << 64).into()))
            .filter(|&ip| spread.offer(at(ip, 1), None, &mut sample));
        assert_eq!(taken.count(), 2);
        assert!(!sample.is_crowded(2) && sample.is_crowded(1));
    }
}
