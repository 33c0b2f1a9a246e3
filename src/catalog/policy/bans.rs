//! Bans in a policy snapshot: ranges that do not overlap, so that one search finds the ban of an address.

use std::collections::BinaryHeap;
use std::net::Ipv6Addr;

use super::format::{BAN_LEN, BANS, NewSection};
use super::record::BanRecord;
use super::texts::Texts;
use crate::catalog::Ban;
use crate::platform::order::Order as _;

/// The addresses of IPv4 among those of IPv6 (RFC 4291, 2.5.5.2).
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

/// The section of these bans. `None` when a count or an offset does not fit.
pub(super) fn section_of<'a>(bans: &'a [Ban], texts: &mut Texts<'a>) -> Option<NewSection> {
    let mut records = Vec::new();
    for Piece { first, last, ban } in pieces_of(bans) {
        let record = BanRecord {
            first: Ipv6Addr::from(first).octets(),
            last: Ipv6Addr::from(last).octets(),
            until: ban.until.map_or(u64::MAX, |until| until.0),
            reason: texts.place(&ban.reason)?,
        };
        record.write(&mut records);
    }
    Some(NewSection::of(BANS, BAN_LEN, records))
}

/// A part of a ban's range.
struct Piece<'a> {
    first: u128,
    last: u128,
    ban: &'a Ban,
}

/// A range that is under way, ordered by which ban counts: of several the one that lasts longest, then the newest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Active {
    until: u64,
    since: u64,
    index: usize,
    last: u128,
}

/// All addresses that are banned, in order, each in one piece.
fn pieces_of(bans: &[Ban]) -> Vec<Piece<'_>> {
    let mut ranges: Vec<(u128, u128, usize)> = Vec::with_capacity(bans.len());
    for (index, ban) in bans.iter().enumerate() {
        let (first, last) = ban.range.keys();
        let (first, last) = (u128::from(first), u128::from(last));
        if ban.range.is_ipv4() {
            ranges.push((first, last, index));
            continue;
        }
        // Of a range of IPv6 that is wider than all of IPv4.
        let parts = [(first, last.min(MAPPED.0 - 1)), (first.max(MAPPED.1 + 1), last)];
        ranges.extend(parts.into_iter().filter(|(a, b)| a <= b).map(|(a, b)| (a, b, index)));
    }
    ranges.order();
    let after = ranges.iter().filter_map(|(_, last, _)| last.checked_add(1));
    let mut borders: Vec<u128> = ranges.iter().map(|(first, ..)| *first).chain(after).collect();
    borders.order();
    borders.dedup();
    let mut coming = ranges.into_iter().peekable();
    let mut active: BinaryHeap<Active> = BinaryHeap::new();
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for (place, border) in borders.iter().enumerate() {
        while let Some((_, last, index)) = coming.next_if(|(first, ..)| first == border) {
            let Some(ban) = bans.get(index) else { continue };
            let until = ban.until.map_or(u64::MAX, |until| until.0);
            active.push(Active { until, since: ban.since.0, index, last });
        }
        while active.peek().is_some_and(|it| it.last < *border) {
            active.pop();
        }
        let Some(ban) = active.peek().and_then(|it| bans.get(it.index)) else { continue };
        let last = borders.get(place + 1).map_or(u128::MAX, |next| next - 1);
        match pieces.last_mut() {
            Some(before) if std::ptr::eq(before.ban, ban) && before.last + 1 == *border => {
                before.last = last;
            }
            _ => pieces.push(Piece { first: *border, last, ban }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::platform::address_range::{AddressRange, key};
    use crate::protocol::Timestamp;

    fn ban(range: AddressRange, until: Option<u64>, since: u64) -> Ban {
        let until = until.map(Timestamp);
        Ban {
            range,
            reason: range.to_string(),
            until,
            since: Timestamp(since),
            list: String::new(),
        }
    }

    fn found(bans: &[Ban], address: IpAddr) -> Option<&Ban> {
        let key = u128::from(key(address));
        let pieces = pieces_of(bans);
        let mut holding = pieces.iter().filter(|piece| (piece.first..=piece.last).contains(&key));
        let one = holding.next().map(|piece| piece.ban);
        assert!(holding.next().is_none(), "{address} lies in two pieces");
        one
    }

    #[test]
    fn a_range_of_ipv6_never_takes_in_addresses_of_ipv4() {
        let all = [ban("::/0".parse().unwrap(), None, 1)];
        assert_eq!(found(&all, "2001:db8::1".parse().unwrap()), Some(&all[0]));
        assert_eq!(found(&all, "::1".parse().unwrap()), Some(&all[0]));
        assert_eq!(found(&all, "192.0.2.1".parse().unwrap()), None);
        assert_eq!(pieces_of(&all).last().unwrap().last, u128::MAX);
    }

    #[test]
    fn what_overlaps_is_one_after_the_other_and_texts_stand_once() {
        let range = |text: &str| text.parse().unwrap();
        let mut bans = vec![
            ban(range("192.0.2.0/24"), None, 1),
            ban(range("192.0.2.7"), Some(100), 2),
            ban(range("198.51.100.0/24"), Some(100), 3),
            ban(range("198.51.100.7"), None, 4),
        ];
        bans.iter_mut().for_each(|ban| ban.reason = "the same".into());
        let mut texts = Texts::default();
        let records = section_of(&bans, &mut texts).unwrap();
        assert_eq!(records.bytes.len(), 4 * BAN_LEN, "the longer one is not cut");
        assert_eq!(texts.into_section().bytes, b"the same");
    }

    proptest! {
        #[test]
        fn of_all_bans_of_an_address_that_counts_which_lasts_longest(
            ranges in proptest::collection::vec(
                (any::<[u8; 2]>(), proptest::option::of(0..4_u64), 0..4_u64), 0..12
            ),
            address: u8,
        ) {
            let ip = |last: u8| IpAddr::from([192, 0, 2, last]);
            let bans: Vec<Ban> = ranges.into_iter().map(|([a, b], until, since)| {
                ban(AddressRange::new(ip(a.min(b)), ip(a.max(b))).unwrap(), until, since)
            }).collect();
            let until = |ban: &Ban| ban.until.map_or(u64::MAX, |it| it.0);
            let expected = bans
                .iter()
                .filter(|ban| ban.range.contains(ip(address)))
                .max_by_key(|ban| (until(ban), ban.since));
            let one = found(&bans, ip(address));
            let key = |ban: &Ban| (until(ban), ban.since);
            prop_assert_eq!(one.map(key), expected.map(key));
        }
    }
}
