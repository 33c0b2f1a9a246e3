//! Token buckets of addresses, in a table of fixed size that any store can keep: sets of a few words.
//!
//! A hash of what a bucket is for and of the address, keyed with a secret of the store, chooses the set. A bucket is
//! one word: 22 bits of that hash, and the time, in milliseconds since 1970, at which it will be full again. So a
//! bucket that is full needs no word, and any word may stand in a set.
//!
//! Who comes to a set without room takes the word of the bucket that is full soonest. So a stranger with very many
//! addresses makes the table forget, and what is forgotten is full: nobody is held back for what others do. The
//! same goes for a time in the future that no bucket can have, from a clock that was wrong.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use super::{Action, PeerAnnounce};
use crate::platform::network::Network;
use crate::platform::random::scramble;
use crate::protocol::{CLOCK_TOLERANCE, Seconds, Timestamp};

/// Words of a set: a line of the processor's cache.
pub(super) const PLACES: usize = 8;

/// A set of buckets.
pub(super) type Set = [u64; PLACES];

const TIME_BITS: u32 = 42;
const LATEST: u64 = (1 << TIME_BITS) - 1;

/// The longest time that any bucket takes to be full, in milliseconds.
const LONGEST: u64 = 7 * 24 * 60 * 60 * 1000;

/// What buckets are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Announces. An IPv4 network of 24 bits has one bucket, and so has an IPv6 network of 56.
    Announce,
    /// Scrapes of all torrents. An IPv4 address has a bucket, and so has an IPv6 network of 64 bits.
    FullScrape,
    /// Announces of clients that are refused because they do not say which they are; per address as full scrapes.
    Unidentified,
}

/// How many tokens a bucket holds, and how soon there is one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Milliseconds for one token.
    each: u64,
    /// Milliseconds for all.
    all: u64,
}

/// How many announces count that come from one network.
#[derive(Clone, Debug)]
pub struct AnnounceLimit {
    /// How many.
    pub allowance: Allowance,
    /// Addresses without that limit.
    pub exempt: Arc<Network>,
}

impl Allowance {
    /// So many a minute, and so many at once after a pause. A bucket is full after a week at the latest.
    #[must_use]
    pub fn a_minute(tokens: u32, at_once: u32) -> Self {
        let each = 60_000 / u64::from(tokens.clamp(1, 60_000));
        Self { each, all: (each * u64::from(at_once.max(1))).min(LONGEST) }
    }

    /// Milliseconds for one token, and for all.
    #[cfg(test)]
    pub(super) fn milliseconds(self) -> (u64, u64) {
        (self.each, self.all)
    }

    /// So many within a period of at most a week, all of them at once if need be.
    #[must_use]
    pub fn within(tokens: u32, period: Seconds) -> Self {
        let tokens = u64::from(tokens.clamp(1, 60_000));
        let each = ((u64::from(period.0) * 1000).min(LONGEST) / tokens).max(1);
        Self { each, all: each * tokens }
    }

    /// One in so many seconds, at most a week.
    #[must_use]
    pub fn once_in(pause: Seconds) -> Self {
        let each = (u64::from(pause.0.max(1)) * 1000).min(LONGEST);
        Self { each, all: each }
    }
}

impl AnnounceLimit {
    /// The address whose bucket an announce needs a token of, if any. Who leaves needs none.
    pub(super) fn concerns(&self, announce: &PeerAnnounce) -> Option<IpAddr> {
        let seen = announce.seen_from().filter(|_| announce.action != Action::Leave);
        seen.filter(|&seen| !self.exempt.contains(seen))
    }

    /// Logs that announces of a network are not counted: once a minute.
    #[cold]
    pub(super) fn tell(announce: &PeerAnnounce) {
        let Some(address) = announce.seen_from() else { return };
        let network = Ipv6Addr::from(Purpose::Announce.network(address));
        let (network, bits) = match network.to_canonical() {
            IpAddr::V4(network) => (IpAddr::V4(network), 24),
            IpAddr::V6(network) => (IpAddr::V6(network), 56),
        };
        crate::warning!(
            "announces from {network}/{bits} come faster than `announces` in [limits] allows; those that do are \
             answered and not counted"
        );
    }
}

impl Purpose {
    /// The first bits of an address that share a bucket, as an IPv6 address.
    #[must_use]
    pub fn network(self, address: IpAddr) -> u128 {
        let (bits, address) = match (self, address.to_canonical()) {
            (Self::Announce, IpAddr::V4(v4)) => (96 + 24, v4.to_ipv6_mapped()),
            (Self::Announce, IpAddr::V6(v6)) => (56, v6),
            (Self::FullScrape | Self::Unidentified, IpAddr::V4(v4)) => (128, v4.to_ipv6_mapped()),
            (Self::FullScrape | Self::Unidentified, IpAddr::V6(v6)) => (64, v6),
        };
        u128::from(address) & (u128::MAX << (u128::BITS - bits))
    }
}

/// What finds a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    hash: u64,
}

/// What became of a token that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// It is there once this word is put into this place of the set.
    Taken { place: usize, word: u64 },
    /// There is none before so many seconds have passed.
    None(Seconds),
}

impl Bucket {
    /// The bucket of an address.
    pub(super) fn of(secret: u64, purpose: Purpose, address: IpAddr) -> Self {
        let bytes = purpose.network(address).to_be_bytes();
        let (words, _) = bytes.as_chunks();
        let start = scramble(secret ^ scramble(purpose as u64 + 1));
        let hash =
            words.iter().fold(start, |hash, &word| scramble(hash ^ u64::from_be_bytes(word)));
        Self { hash }
    }

    /// Which of so many sets it is in.
    pub(super) fn set(self, sets: usize) -> usize {
        let below = u128::from(self.hash.rotate_left(64 - TIME_BITS)) * sets as u128;
        usize::try_from(below >> u64::BITS).unwrap_or(0)
    }

    /// Asks for a token.
    pub(super) fn take(self, set: &Set, allowance: Allowance, now: Timestamp) -> Token {
        let now = now.0.saturating_mul(1000).min(LATEST);
        let tag = self.hash >> TIME_BITS;
        let own = set.iter().position(|&word| word != 0 && word >> TIME_BITS == tag);
        // What no bucket of this size can be short of was said by a clock that was ahead of any other.
        let latest = now.saturating_add(allowance.all + u64::from(CLOCK_TOLERANCE.0) * 1000);
        let is_possible = |until: &u64| *until <= latest;
        let until = own.map(|place| set[place] & LATEST).filter(is_possible);
        let short = until.unwrap_or(0).saturating_sub(now) + allowance.each;
        if let Some(late @ 1..) = short.checked_sub(allowance.all) {
            return Token::None(Seconds(u32::try_from(late.div_ceil(1000)).unwrap_or(u32::MAX)));
        }
        let word = tag << TIME_BITS | (now + short).min(LATEST);
        let place = own.unwrap_or_else(|| most_dispensable(set, now));
        Token::Taken { place, word }
    }
}

/// Where in a set the bucket is that is full, or will be soonest.
fn most_dispensable(set: &Set, now: u64) -> usize {
    let short = |word: u64| match (word & LATEST).saturating_sub(now) {
        short if short <= LONGEST => short,
        _ => 0,
    };
    (0..PLACES).min_by_key(|&place| short(set[place])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Asks for a token and puts the word that it costs in; whether there was one.
    fn take(set: &mut Set, address: IpAddr, allowance: Allowance, now: Timestamp) -> bool {
        match Bucket::of(7, Purpose::Announce, address).take(set, allowance, now) {
            Token::Taken { place, word } => {
                set[place] = word;
                true
            }
            Token::None(wait) => {
                assert!(wait.0 > 0);
                false
            }
        }
    }

    #[test]
    fn a_bucket_gives_what_it_holds_and_then_as_much_as_comes_in() {
        let (mut set, allowance) = ([0; PLACES], Allowance::a_minute(30, 10));
        let mut taken =
            |now| (0..100).filter(|_| take(&mut set, ip("192.0.2.1"), allowance, now)).count();
        assert_eq!(taken(NOON), 10);
        assert_eq!(taken(NOON + Seconds(1)), 0);
        assert_eq!(taken(NOON + Seconds(2)), 1);
        assert_eq!(taken(NOON + Seconds(60)), 10, "no more than it holds");
        assert_eq!(taken(NOON + Seconds(59)), 0, "a clock that is a little behind");
        assert_eq!(taken(NOON.before(Seconds(3600))), 10, "far back: it is full");
        assert_eq!(taken(NOON + Seconds(10)), 10);
    }

    #[test]
    fn so_many_tokens_are_there_within_a_period() {
        let (mut set, address) = ([0; PLACES], ip("192.0.2.1"));
        let allowance = Allowance::within(7, Seconds(60));
        let mut taken = |now| (0..100).filter(|_| take(&mut set, address, allowance, now)).count();
        assert_eq!((taken(NOON), taken(NOON + Seconds(8)), taken(NOON + Seconds(9))), (7, 0, 1));
        assert_eq!(taken(NOON + Seconds(70)), 7);
        for (tokens, period) in [(0, 0), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
            let (each, all) = Allowance::within(tokens, Seconds(period)).milliseconds();
            assert!(each > 0 && each <= all && all <= LONGEST, "{each} {all}");
        }
    }

    #[test]
    fn it_says_when_there_is_a_token_again() {
        let (address, allowance) = (ip("192.0.2.1"), Allowance::once_in(Seconds(300)));
        let bucket = Bucket::of(7, Purpose::FullScrape, address);
        let Token::Taken { place, word } = bucket.take(&[0; PLACES], allowance, NOON) else {
            panic!("the first is free");
        };
        let mut set = [0; PLACES];
        set[place] = word;
        let ask = |seconds| bucket.take(&set, allowance, NOON + Seconds(seconds));
        assert_eq!(ask(0), Token::None(Seconds(300)));
        assert_eq!(ask(299), Token::None(Seconds(1)));
        assert!(matches!(ask(300), Token::Taken { .. }));
    }

    #[test]
    fn addresses_of_one_network_share_a_bucket() {
        let same = |purpose: Purpose, one: &str, other: &str| {
            purpose.network(ip(one)) == purpose.network(ip(other))
        };
        for (purpose, one, other, expected) in [
            (Purpose::Announce, "192.0.2.1", "192.0.2.255", true),
            (Purpose::Announce, "192.0.2.1", "192.0.3.1", false),
            (Purpose::Announce, "192.0.2.1", "::ffff:192.0.2.9", true),
            (Purpose::Announce, "2001:db8:0:1::1", "2001:db8:0:ff::2", true),
            (Purpose::Announce, "2001:db8:0:1::1", "2001:db8:0:101::1", false),
            (Purpose::FullScrape, "192.0.2.1", "192.0.2.2", false),
            (Purpose::FullScrape, "2001:db8::1", "2001:db8::2", true),
            (Purpose::FullScrape, "2001:db8::1", "2001:db8:0:1::1", false),
            (Purpose::Unidentified, "192.0.2.1", "192.0.2.2", false),
            (Purpose::Unidentified, "2001:db8::1", "2001:db8::2", true),
        ] {
            assert_eq!(same(purpose, one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn sets_are_used_evenly_and_each_number_of_them_is_in_reach() {
        let mut used = [0; 64];
        for number in 0..6400_u32 {
            let address = IpAddr::V4((number << 8).into());
            used[Bucket::of(3, Purpose::Announce, address).set(64)] += 1;
        }
        assert!(used.iter().all(|&count| (50..160).contains(&count)), "{used:?}");
        assert_eq!(Bucket::of(3, Purpose::Announce, ip("::1")).set(1), 0);
    }

    #[test]
    fn who_has_very_many_networks_makes_the_table_forget_and_holds_nobody_back() {
        let (mut set, allowance) = ([0; PLACES], Allowance::a_minute(1, 2));
        let other = |number: u32| IpAddr::V4((number << 8).into());
        for number in 0..100_000 {
            assert!(take(&mut set, other(number), allowance, NOON), "the first of a network");
        }
        assert!(take(&mut set, ip("192.0.2.1"), allowance, NOON));
        // Who is short of most stays longest.
        let (mut set, spent) = ([0; PLACES], ip("192.0.2.1"));
        while take(&mut set, spent, allowance, NOON) {}
        for number in 0..100 {
            take(&mut set, other(number), allowance, NOON);
        }
        assert!(!take(&mut set, spent, allowance, NOON));
    }

    proptest! {
        /// Held against the plainest reckoning, for fewer networks than a set has places.
        #[test]
        fn a_bucket_is_what_a_count_of_tokens_is(
            rate in 1..120_u32,
            size in 1..20_u32,
            steps in prop::collection::vec((0..4_u32, 0..40_u32), 1..200),
        ) {
            let (allowance, mut set) = (Allowance::a_minute(rate, size), [0; PLACES]);
            let (mut now, mut tokens) = (NOON, BTreeMap::new());
            for (network, seconds) in steps {
                now = now + Seconds(seconds);
                let (left, at) = tokens.entry(network).or_insert((allowance.all, now));
                *left = (*left + u64::from(now.since(*at).0) * 1000).min(allowance.all);
                *at = now;
                let expected = *left >= allowance.each;
                if expected {
                    *left -= allowance.each;
                }
                let address = IpAddr::V4((network << 8 | seconds).into());
                prop_assert_eq!(take(&mut set, address, allowance, now), expected);
            }
        }

        #[test]
        fn any_words_do_no_harm_for_longer_than_a_bucket_takes_to_be_full(
            words: Set, now in 0..1_u64 << 40, rate in 1..100_000_u32, size: u32,
        ) {
            let (mut set, address) = (words, ip("192.0.2.1"));
            let allowance = Allowance::a_minute(rate, size);
            let now = Timestamp(now);
            take(&mut set, address, allowance, now);
            let full = u32::try_from(allowance.all.div_ceil(1000)).unwrap() + CLOCK_TOLERANCE.0;
            prop_assert!(take(&mut set, address, allowance, now + Seconds(full)));
        }
    }
}
