//! One peer and the rules about it that all backends share: what an announce makes of it, when a
//! download counts as completed, to whom it may be handed out.

use super::addresses::Addresses;
use super::identity::Proof;
use super::{Action, FamilySample, PeerAnnounce, PeerSample, PeerSummary, Role, Under};
use crate::platform::random::Random;
use crate::protocol::{CompactV4, CompactV6, PeerId, Timestamp};

/// How often the content of a torrent counts as downloaded by one peer at most.
const MOST_DOWNLOADS: u64 = 4;

/// A peer as a store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The peer.
    pub peer_id: PeerId,
    /// What proves that an announce is its own.
    pub proof: Proof,
    /// Where it is.
    pub addresses: Addresses,
    /// Whether the client states an address that it was not seen at.
    pub is_stated: bool,
    /// Under which info-hashes of the swarm it announced.
    pub hashes: Hashes,
    /// What it is to the swarm.
    pub role: Role,
    /// Whether a download of its was counted as completed: once is enough.
    pub counted: bool,
    /// Bytes still to download, when known.
    pub left: Option<u64>,
    /// Uploaded bytes as it said last, no more than it can have.
    pub uploaded: u64,
    /// Downloaded bytes as it said last, no more than it can have.
    pub downloaded: u64,
    /// When it announced first.
    pub first_seen: Timestamp,
    /// When it announced last, over either family.
    pub last_seen: Timestamp,
}

/// The info-hashes of a swarm that a peer announced under, two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes(u8);

impl Hashes {
    /// Only this one.
    #[must_use]
    pub const fn only(under: Under) -> Self {
        match under {
            Under::First => Self(1),
            Under::Second => Self(2),
        }
    }

    /// This one too.
    fn and(self, under: Under) -> Self {
        Self(self.0 | Self::only(under).0)
    }

    /// Whether this is one of them.
    pub(super) fn contain(self, under: Under) -> bool {
        self.0 & Self::only(under).0 != 0
    }

    /// As a store keeps them: 1 to 3.
    pub(super) fn to_bits(self) -> u8 {
        self.0
    }

    /// Reads what a store kept; other bits are ignored.
    pub(super) fn from_bits(bits: u8) -> Self {
        Self(bits & 3)
    }
}

/// To whom a peer may be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// To all.
    Leecher,
    /// To those who want seeders: seeders and partial seeds.
    Seed,
    /// To nobody: it has no port.
    Hidden,
}

impl Class {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Leecher, Self::Seed, Self::Hidden];

    /// The class of a peer.
    pub(super) fn of(role: Role, reachable: bool) -> Self {
        match role {
            _ if !reachable => Self::Hidden,
            Role::Leecher => Self::Leecher,
            Role::PartialSeed | Role::Seeder => Self::Seed,
        }
    }
}

impl Peer {
    /// The peer as if it had announced now, when it was seen later than that.
    pub(super) fn corrected(self, now: Timestamp) -> Self {
        Self {
            addresses: self.addresses.until(now),
            first_seen: self.first_seen.min(now),
            last_seen: self.last_seen.min(now),
            ..self
        }
    }

    /// The peer that an announce makes of the one known before, if any; also the last one of a peer that
    /// leaves. It has moved no more than its line can have since it came. `proof` is what the announce
    /// proves; a key that was known stays.
    pub(super) fn announced(
        announce: &PeerAnnounce,
        proof: Proof,
        known: Option<&Self>,
        limits: Limits,
    ) -> Self {
        let Limits { now, cutoff, .. } = limits;
        let before = known.map(|known| known.addresses).unwrap_or_default();
        let addresses = before.announced(announce, now, cutoff);
        let keeps_one = addresses.v4.is_some_and(|_| announce.v4.is_none())
            || addresses.v6.is_some_and(|_| announce.v6.is_none());
        let was_stated = known.is_some_and(|known| known.is_stated && keeps_one);
        let first_seen = known.map_or(now, |known| known.first_seen);
        let most_moved = limits.most_moved(first_seen, now);
        let most_downloads =
            announce.size.map_or(u64::MAX, |size| size.saturating_mul(MOST_DOWNLOADS));
        let hashes = known.map_or(Hashes::only(announce.under), |known| known.hashes);
        Self {
            peer_id: announce.peer_id,
            proof: match (proof, known.map(|known| known.proof)) {
                (Proof::Address(_), Some(key @ Proof::Key(_))) => key,
                _ => proof,
            },
            addresses,
            is_stated: was_stated || announce.states_address(),
            hashes: hashes.and(announce.under),
            role: announce.role,
            counted: known.is_some_and(|known| known.counted) || limits.completes(announce, known),
            left: announce.left,
            uploaded: announce.uploaded.min(most_moved),
            downloaded: announce.downloaded.min(most_moved).min(most_downloads),
            first_seen,
            last_seen: now,
        }
    }

    /// Whether the announce said that it moved more than it can have.
    pub(super) fn is_cut_from(&self, announce: &PeerAnnounce) -> bool {
        self.uploaded < announce.uploaded || self.downloaded < announce.downloaded
    }

    /// The peer once another one was seen at these endpoints: without them. `None` when it has no
    /// address left.
    pub(super) fn without(
        self,
        (v4, v6): (Option<CompactV4>, Option<CompactV6>),
        cutoff: Timestamp,
    ) -> Option<Self> {
        let Addresses { v4: own_v4, v6: own_v6 } = self.addresses;
        let addresses = Addresses {
            v4: own_v4.filter(|own| Some(own.address) != v4),
            v6: own_v6.filter(|own| Some(own.address) != v6),
        };
        (!addresses.since(cutoff).is_empty()).then_some(Self { addresses, ..self })
    }

    /// Whether a download of its was counted since it was known like this.
    pub(super) fn has_completed_since(&self, known: Option<&Self>) -> bool {
        self.counted && !known.is_some_and(|known| known.counted)
    }

    /// To whom it may be handed out.
    pub(super) fn class(&self) -> Class {
        Class::of(self.role, !self.addresses.reachable().is_empty())
    }

    /// The peer for the owner's eyes.
    pub(super) fn summary(&self, cutoff: Timestamp) -> PeerSummary {
        let Addresses { v4, v6 } = self.addresses.since(cutoff);
        PeerSummary {
            peer_id: self.peer_id,
            v4: v4.map(|v4| v4.address),
            v6: v6.map(|v6| v6.address),
            left: self.left,
            uploaded: self.uploaded,
            downloaded: self.downloaded,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            role: self.role,
        }
    }
}

/// What an announce is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// When it comes.
    pub(super) now: Timestamp,
    /// What was vouched for before this is gone.
    pub(super) cutoff: Timestamp,
    /// Bytes a second that a peer can move each way at most; `None`: whatever it says.
    pub(super) max_rate: Option<u64>,
}

/// The `left` of rtorrent while it fetches the metadata for a magnet link, after which it stops with nothing left
/// and comes back as another peer.
const LACKS_METADATA: u64 = 1;

impl Limits {
    /// Bytes that a peer can have moved each way from one time to the other.
    fn most_moved(&self, from: Timestamp, to: Timestamp) -> u64 {
        // A peer that came in this very second has had a part of it.
        let seconds = u64::from(to.since(from).0).max(1);
        self.max_rate.map_or(u64::MAX, |max_rate| max_rate.saturating_mul(seconds))
    }

    /// Whether an announce ends a download that was not counted yet. Only a peer that was seen lacking
    /// data can have ended one: it says so, or has received something since and lacks nothing now. A
    /// seeder that lacked data only while it checked its files has received nothing.
    fn completes(&self, announce: &PeerAnnounce, known: Option<&Peer>) -> bool {
        let Some(known) = known else { return false };
        let says_so = announce.action == Action::Complete;
        // Where less was kept than it had said, nobody knows what it has received since.
        let was_cut = known.downloaded >= self.most_moved(known.first_seen, known.last_seen)
            || announce
                .size
                .is_some_and(|size| known.downloaded >= size.saturating_mul(MOST_DOWNLOADS));
        let has_lacked = known.left.is_some_and(|left| left > LACKS_METADATA);
        let has_received = !was_cut && has_lacked && announce.downloaded > known.downloaded;
        announce.role == Role::Seeder
            && known.role != Role::Seeder
            && !known.counted
            && (says_so || has_received)
    }
}

/// How many of the wanted peers should be seeds: as many as their part of the swarm, but at least a
/// quarter and at most three, so that neither kind starves. Fractions are thrown for.
pub(super) fn share_of_seeds(want: u64, seeds: u64, leechers: u64, random: &mut Random) -> u64 {
    let in_quarters = want.saturating_mul(4).saturating_mul(seeds) / (seeds + leechers).max(1);
    let in_quarters = in_quarters.clamp(want, want * 3);
    in_quarters / 4 + u64::from(random.below(4) < in_quarters % 4)
}

impl PeerSample {
    /// Puts addresses in that are known to be alive and reachable.
    pub(super) fn hand_out(&mut self, addresses: Addresses, peer_id: Option<PeerId>) {
        push(&mut self.v4, addresses.v4.map(|v4| v4.address), peer_id);
        push(&mut self.v6, addresses.v6.map(|v6| v6.address), peer_id);
    }
}

fn push<A>(family: &mut FamilySample<A>, address: Option<A>, peer_id: Option<PeerId>) {
    if let Some(address) = address {
        family.addresses.push(address);
        family.peer_ids.extend(peer_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::InfoHash;

    const NOON: Timestamp = Timestamp(1_700_000_000);
    const LATER: Timestamp = Timestamp(NOON.0 + 1800);

    fn limits(now: Timestamp, max_rate: Option<u64>) -> Limits {
        Limits { now, cutoff: NOON, max_rate }
    }

    fn said(left: u64, downloaded: u64) -> PeerAnnounce {
        let role = if left == 0 { Role::Seeder } else { Role::Leecher };
        let silent = PeerAnnounce::new(InfoHash([1; 20]), PeerId([2; 20]));
        PeerAnnounce { left: Some(left), downloaded, role, ..silent }
    }

    /// A peer that announces at noon for the first time.
    fn came(announce: &PeerAnnounce, max_rate: Option<u64>) -> Peer {
        Peer::announced(announce, Proof::Address(1), None, limits(NOON, max_rate))
    }

    fn came_again(announce: &PeerAnnounce, known: &Peer, max_rate: Option<u64>) -> Peer {
        Peer::announced(announce, Proof::Address(1), Some(known), limits(LATER, max_rate))
    }

    #[test]
    fn a_download_ends_for_who_has_received_what_it_lacked() {
        let ends = |left, before, downloaded| {
            came_again(&said(0, downloaded), &came(&said(left, before), None), None).counted
        };
        assert!(ends(2, 0, 1));
        assert!(!ends(2, 5, 5), "nothing came");
        assert!(!ends(1, 0, 1), "metadata alone");
        assert!(!came(&said(0, 5), None).counted, "nobody saw it lack anything");
    }

    #[test]
    fn nothing_is_concluded_from_more_than_a_peer_can_have_received() {
        let ends = |before| {
            let known = came(&said(2, before), Some(10));
            came_again(&said(0, 100), &known, Some(10)).counted
        };
        assert!(ends(9));
        assert!(!ends(10), "as much as its line can carry: perhaps it said more");

        let sized = |announce| PeerAnnounce { size: Some(5), ..announce };
        assert_eq!(came(&sized(said(2, 21)), None).downloaded, 20, "four times the content");
        let ends = |before| {
            came_again(&sized(said(0, 30)), &came(&sized(said(2, before)), None), None).counted
        };
        assert!(ends(19));
        assert!(!ends(20));
    }

    #[test]
    fn a_download_is_new_once() {
        let leecher = came(&said(2, 0), None);
        let seeder = came_again(&said(0, 1), &leecher, None);
        assert!(seeder.has_completed_since(Some(&leecher)) && seeder.has_completed_since(None));
        assert!(!seeder.has_completed_since(Some(&seeder)) && !leecher.has_completed_since(None));
    }

    #[test]
    fn a_line_carries_its_rate_each_second_and_in_the_first_one() {
        let most = |max_rate, to| limits(NOON, max_rate).most_moved(NOON, to);
        assert_eq!(most(Some(10), LATER), 18_000);
        assert_eq!(most(Some(10), NOON), 10);
        assert_eq!(most(Some(u64::MAX), LATER), u64::MAX);
        assert_eq!(most(None, LATER), u64::MAX);
    }

    #[test]
    fn more_than_a_peer_can_have_moved_either_way_is_cut() {
        let announce = PeerAnnounce { uploaded: 10, ..said(2, 10) };
        let peer = came(&announce, Some(10));
        assert!(!peer.is_cut_from(&announce));
        assert!(peer.is_cut_from(&PeerAnnounce { uploaded: 11, ..announce }));
        assert!(peer.is_cut_from(&PeerAnnounce { downloaded: 11, ..announce }));
    }

    #[test]
    fn a_peer_of_the_future_was_seen_now() {
        let of_the_future = Peer { last_seen: LATER, ..came(&said(2, 0), None) };
        let peer = of_the_future.corrected(NOON);
        assert_eq!((peer.first_seen, peer.last_seen), (NOON, NOON));
        assert_eq!(of_the_future.corrected(LATER), of_the_future);
    }

    #[test]
    fn seeds_have_their_part_of_a_sample_from_one_to_three_quarters() {
        let mut random = Random::new();
        let mut share = |want, seeds, leechers| share_of_seeds(want, seeds, leechers, &mut random);
        for _ in 0..100 {
            assert_eq!(share(40, 0, 10), 10);
            assert_eq!(share(40, 10, 0), 30);
            assert_eq!(share(40, 10, 10), 20);
            assert_eq!(share(4, 0, 0), 1);
        }
        let half: u64 = (0..1000).map(|_| share(1, 1, 1)).sum();
        assert!((400..600).contains(&half), "{half}");
        let quarter: u64 = (0..1000).map(|_| share(1, 0, 1)).sum();
        assert!((150..350).contains(&quarter), "{quarter}");
    }
}
