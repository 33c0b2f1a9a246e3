//! Choosing, sorting and paging.

use proptest::prelude::*;

use super::*;
use crate::catalog::Totals;

/// A torrent whose figures all are its number.
fn torrent(number: u8, file: &str) -> Torrent {
    let hash = InfoHash([number; 20]);
    Torrent {
        file: file.into(),
        name: format!("Part {number}"),
        size: number.into(),
        file_size: 100,
        totals: Totals { completed: number.into(), ..Totals::default() },
        ..Torrent::by_hash(hash, Timestamp(number.into()))
    }
}

fn peers(seeders: u32, leechers: u32) -> SwarmCounts {
    SwarmCounts { seeders, leechers, ..SwarmCounts::default() }
}

fn query() -> TorrentQuery {
    TorrentQuery::default()
}

/// The numbers of the torrents that a query chooses, in their order.
fn chosen(query: &TorrentQuery, torrents: &[Torrent]) -> Vec<u8> {
    let external = HashSet::from([InfoHash([2; 20])]);
    let chosen = query.chosen(torrents.to_vec(), &external, Timestamp(1000));
    chosen.iter().map(|it| it.canonical.0[0]).collect()
}

#[test]
fn texts_are_looked_for_in_names_files_and_hashes() {
    let torrents = [torrent(0xab, "a.torrent"), torrent(2, "Sub/x.torrent")];
    let find = |text: &str| chosen(&TorrentQuery { text: text.into(), ..query() }, &torrents);
    assert_eq!(find(""), [0xab, 2]);
    assert_eq!(find("pART 2"), [2]);
    assert_eq!(find("sub/X"), [2]);
    assert_eq!(find("ABABAB"), [0xab]);
    assert!(find("none").is_empty());
}

#[test]
fn a_category_has_those_below_it_and_no_others() {
    let torrents = [
        torrent(1, "linux/a.torrent"),
        torrent(2, "linux/iso/b.torrent"),
        torrent(3, "linuxes/c.torrent"),
    ];
    let find = |category: &str| {
        chosen(&TorrentQuery { category: Some(category.into()), ..query() }, &torrents)
    };
    assert_eq!(find("linux"), [1, 2]);
    assert_eq!(find("linux/iso"), [2]);
    assert!(find("iso").is_empty());
}

#[test]
fn states_are_those_of_the_torrents_and_all_must_hold() {
    let torrents = [
        torrent(1, "a"),
        Torrent { hidden: true, private: true, ..torrent(2, "b") },
        Torrent { missing_since: Some(Timestamp(1)), hidden: true, ..torrent(3, "c") },
        torrent(4, ""),
    ];
    let find = |states: &[TorrentState]| {
        chosen(&TorrentQuery { states: states.to_vec(), ..query() }, &torrents)
    };
    assert_eq!(find(&[TorrentState::Listed]), [1, 4]);
    assert_eq!(find(&[TorrentState::Hidden]), [2, 3]);
    assert_eq!(find(&[TorrentState::Hidden, TorrentState::Missing]), [3]);
    assert_eq!(find(&[TorrentState::NoFile]), [4]);
    assert_eq!(find(&[TorrentState::Private]), [2]);
    assert_eq!(find(&[TorrentState::External]), [2]);
    assert!(find(&[TorrentState::Retired]).is_empty());
    assert!(find(&[TorrentState::Faulty]).is_empty());
}

#[test]
fn figures_are_sorted_from_the_largest_and_names_as_people_expect() {
    let with = |number, seeders, leechers| TorrentWithPeers {
        torrent: torrent(number, "x"),
        peers: Some(peers(seeders, leechers)),
    };
    let all = || vec![with(9, 1, 2), with(10, 3, 2), with(2, 2, 7)];
    let sorted = |order, reverse| {
        let page = TorrentQuery { order, reverse, ..query() }.page_of(all(), Timestamp(9));
        let numbers = page.torrents.iter().map(|it| it.torrent.canonical.0[0]);
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(sorted(TorrentOrder::File, false), [9, 10, 2], "as they come");
    assert_eq!(sorted(TorrentOrder::Name, false), [2, 9, 10]);
    for order in [TorrentOrder::Size, TorrentOrder::Completed, TorrentOrder::Added] {
        assert_eq!(sorted(order, false), [10, 9, 2], "{order:?}");
        assert_eq!(sorted(order, true), [2, 9, 10], "{order:?}");
    }
    assert_eq!(sorted(TorrentOrder::Seeders, false), [10, 2, 9]);
    assert_eq!(sorted(TorrentOrder::Leechers, false), [2, 9, 10]);
}

proptest! {
    /// Whatever the order, all pages together are the whole.
    #[test]
    fn pages_are_parts_of_the_whole(
        sizes in prop::collection::vec(0..9_u64, 0..40),
        rows in 1..12_usize,
        order in 0..7_usize,
        reverse: bool,
    ) {
        let all = || {
            let numbered = (0..).zip(&sizes);
            let torrents = numbered.map(|(number, &size)| Torrent { size, ..torrent(number, "x") });
            torrents.map(|torrent| TorrentWithPeers { torrent, peers: None }).collect()
        };
        let hashes = |page: TorrentPage| {
            page.torrents.into_iter().map(|it| it.torrent.canonical).collect::<Vec<_>>()
        };
        let (_, order) = TorrentOrder::NAMES[order];
        let whole = TorrentQuery { order, reverse, ..query() };
        let pages = sizes.len().div_ceil(rows).max(1);
        let mut gathered = Vec::new();
        for page in 1..=pages + 1 {
            let query = TorrentQuery {
                page: NonZeroUsize::new(page),
                rows: NonZeroUsize::new(rows),
                ..whole.clone()
            };
            let page_of = query.page_of(all(), Timestamp(9));
            prop_assert_eq!((page_of.matching, page_of.pages), (sizes.len(), pages));
            let on_it = hashes(page_of);
            prop_assert!(on_it.len() <= rows && (page <= pages || on_it.is_empty()));
            gathered.extend(on_it);
        }
        prop_assert_eq!(gathered, hashes(whole.page_of(all(), Timestamp(9))));
    }
}
