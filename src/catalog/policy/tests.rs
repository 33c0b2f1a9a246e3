//! What a policy snapshot promises, to those who publish it and to those who look things up.

mod clients;
mod damage;
mod publishing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use tempfile::TempDir;

use super::write::PolicyDraft;
use super::*;
use crate::catalog::samples::{hash, hybrid, scanned};
use crate::catalog::{Ban, Carried, FileTime, FoundTorrent, Rules, Torrent, Totals, Watched};
use crate::protocol::{Endpoint, Generation, InfoHash, ScrapeFigures, Timestamp};

/// Where a test keeps its snapshot.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.snapshot");
    (folder, path)
}

fn torrent(found: FoundTorrent, totals: Totals, carried: Carried) -> Torrent {
    let metainfo = found.metainfo;
    Torrent {
        canonical: metainfo.canonical(),
        v1: metainfo.v1(),
        v2: metainfo.v2(),
        name: metainfo.name,
        size: metainfo.size,
        private: metainfo.private,
        has_web_seed: false,
        added: false,
        details: None,
        file: found.file,
        file_size: found.file_size,
        stored_size: None,
        hidden: found.hidden,
        info_page: found.info_page,
        first_seen: Timestamp(1),
        missing_since: None,
        totals,
        carried,
        period: Default::default(),
    }
}

/// Hybrids with the numbers 0 up to `count`.
fn hybrids(count: u32) -> Vec<Torrent> {
    let sample = |number| {
        let totals = Totals { completed: u64::from(number) + 5, ..Default::default() };
        let carried = Carried { generation: Generation(7), completed: 5, ..Default::default() };
        torrent(hybrid(number, "file.torrent"), totals, carried)
    };
    (0..count).map(sample).collect()
}

static NO_RULES: LazyLock<Rules> = LazyLock::new(Rules::default);

/// The bytes of a snapshot.
fn encode(torrents: &[Torrent], publication: &Publication<'_>) -> Option<Vec<u8>> {
    PolicyDraft::of(torrents, publication.generation, publication.published_at)
        .encode(publication, Sequence(9))
}

fn publication(watched: &[Watched]) -> Publication<'_> {
    Publication {
        watched: watched.iter().collect(),
        scanned: Some(FileTime(40_000_000_000)),
        refreshed_at: Timestamp(30),
        generation: Generation(7),
        published_at: Timestamp(50),
        rules: &NO_RULES,
        refused: Refused::default(),
        figures: &[],
    }
}

fn write(path: &Path, torrents: Vec<Torrent>) {
    publish(path, &torrents, &publication(&[])).unwrap();
}

prop_compose! {
    fn any_torrent()(
        number in 0..200_u32, is_hybrid: bool, hidden: bool, name in any::<String>(),
        size: u64, completed: u64, carried_completed: u64, store in 6..9_u64,
    ) -> Torrent {
        let make = if is_hybrid { hybrid } else { scanned };
        let mut found = FoundTorrent { hidden, ..make(number, "file.torrent") };
        (found.metainfo.name, found.metainfo.size) = (name, size);
        let totals = Totals { completed, ..Default::default() };
        torrent(found, totals, Carried { generation: Generation(store), completed: carried_completed, ..Default::default() })
    }
}

proptest! {
    #[test]
    fn all_torrents_and_only_these_are_found_as_they_were_published(
        torrents in prop::collection::vec(any_torrent(), 0..60),
    ) {
        let torrents: BTreeMap<InfoHash, Torrent> =
            torrents.into_iter().map(|torrent| (torrent.canonical, torrent)).collect();
        let (_folder, path) = place();
        let published: Vec<_> = torrents.values().rev().cloned().collect();
        std::fs::write(&path, encode(&published, &publication(&[])).unwrap()).unwrap();
        let snapshot = PolicySnapshot::open(&path).unwrap();
        snapshot.verify().unwrap();

        let listed: Vec<_> = snapshot.torrents().map(|found| found.canonical).collect();
        prop_assert_eq!(listed, torrents.keys().copied().collect::<Vec<_>>());
        for number in 0..200 {
            let found = snapshot.find(hash(number));
            let alias = snapshot.find(hash(number + 1_000_000));
            let Some(torrent) = torrents.get(&hash(number)) else {
                prop_assert_eq!((found, alias), (None, None));
                continue;
            };
            let completed = torrent.totals.completed;
            let carried = if torrent.carried.generation == Generation(7) { torrent.carried.completed } else { 0 };
            let found = found.unwrap();
            prop_assert_eq!(found.canonical, torrent.canonical);
            prop_assert_eq!(found.name(), &torrent.name);
            prop_assert_eq!((found.size, found.hidden), (Some(torrent.size), torrent.hidden));
            prop_assert_eq!(found.completed, completed);
            prop_assert_eq!(found.carried_completed, carried.min(completed));
            prop_assert_eq!(alias, torrent.v2.map(|_| found));
        }
    }
}

#[test]
fn a_snapshot_without_torrents_allows_none_and_is_its_header() {
    let (_folder, path) = place();
    write(&path, Vec::new());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), format::HEADER_LEN as u64);
    let snapshot = PolicySnapshot::open(&path).unwrap();
    snapshot.verify().unwrap();
    assert_eq!(snapshot.torrents().count(), 0);
    assert_eq!(snapshot.find(hash(1)), None);
}

#[test]
fn a_snapshot_says_when_and_from_what_it_was_made() {
    let (_folder, path) = place();
    write(&path, Vec::new());
    let snapshot = PolicySnapshot::open(&path).unwrap();
    assert_eq!(snapshot.published_at(), Timestamp(50));
    assert_eq!(snapshot.refreshed_at(), Timestamp(30));
    assert_eq!(snapshot.generation(), Generation(7));
}

#[test]
fn each_publication_has_a_higher_number_than_the_one_before_it() {
    let (_folder, path) = place();
    let published = |at| {
        let publication = Publication { published_at: Timestamp(at), ..publication(&[]) };
        publish(&path, Vec::new(), &publication).unwrap();
        PolicySnapshot::open(&path).unwrap().sequence().0
    };
    assert_eq!(published(50), 50_000_000);
    assert_eq!([published(50), published(49), published(0)], [50_000_001, 50_000_002, 50_000_003]);
    assert_eq!(published(51), 51_000_000);
    std::fs::write(&path, "garbage").unwrap();
    assert_eq!(published(52), 52_000_000, "the clock alone keeps them rising");
}

#[test]
fn records_of_a_later_version_are_read_as_far_as_they_are_known() {
    let (_folder, path) = place();
    let mut torrents = Vec::new();
    for number in [1_u8, 2, 3] {
        let record = record::TorrentRecord {
            canonical: [number; 20],
            flags: 0,
            size: u64::from(number),
            completed: 0,
            carried_completed: 0,
            name_offset: 0,
            name_len: 0,
        };
        record.write(&mut torrents);
        torrents.extend(b"more");
    }
    let aliases = [&[9; 20][..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let section = |id, record_len, bytes| format::NewSection::of(id, record_len, bytes);
    let sections = [section(format::TORRENTS, 60, torrents), section(format::ALIASES, 32, aliases)];
    let facts = format::Facts {
        sequence: Sequence(1),
        published_at: Timestamp(1),
        refreshed_at: Timestamp(1),
        scanned: Some(FileTime(1)),
        generation: Generation(1),
    };
    std::fs::write(&path, format::assemble(facts, &sections)).unwrap();
    let snapshot = PolicySnapshot::open(&path).unwrap();
    let size = |byte| snapshot.find(InfoHash([byte; 20])).and_then(|found| found.size);
    assert_eq!([1, 2, 3, 9, 4].map(size), [Some(1), Some(2), Some(3), Some(2), None]);
    assert_eq!(snapshot.torrents().count(), 3);
}

#[test]
fn a_canonical_info_hash_comes_before_anothers_alias() {
    let (_folder, path) = place();
    let mut torrents = hybrids(2);
    let alias = torrents[0].aliases().next().unwrap();
    torrents[1].canonical = alias;
    torrents[1].v1 = Some(alias);
    write(&path, torrents);
    let snapshot = PolicySnapshot::open(&path).unwrap();
    assert_eq!(snapshot.find(alias).unwrap().canonical, alias);
}

#[test]
fn the_bytes_are_those_of_the_description() {
    let (_folder, path) = place();
    let watched = [Watched { path: "/t".into(), modified: FileTime(-2) }];
    let mut torrents = hybrids(1);
    torrents[0].name = "\u{fc}".into();
    torrents[0].hidden = true;
    torrents[0].size = 0x1234;
    publish(&path, &torrents, &publication(&watched)).unwrap();

    let mut header = b"\x89TPS\r\n\x1a\n\x02\0\0\0\x04\0\0\0".to_vec();
    let content: [&[u8]; 4] = [
        &[
            &torrents[0].canonical.0[..],
            b"\x01\0\0\0\x34\x12\0\0\0\0\0\0",
            b"\x05\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0",
        ]
        .concat(),
        &[&hash(1_000_000).0[..], b"\0\0\0\0"].concat(),
        b"\xc3\xbc",
        b"\xfe\xff\xff\xff\xff\xff\xff\xff\x02\0\0\0/t",
    ];
    assert_eq!(content.map(<[u8]>::len), [56, 24, 2, 14]);
    let sequence = 50_000_000;
    header.extend([384, sequence, 50, 30, 40_000_000_000, 7_u64].map(u64::to_le_bytes).concat());
    let mut table = Vec::new();
    for ((id, record_len), section) in (1_u8..).zip([56, 24, 0, 0]).zip(content) {
        table.extend([id, 0, 0, 0, record_len, 0, 0, 0]);
        table.extend((section.len() as u64).to_le_bytes());
        table.extend(format::digest_of(&[section]));
    }
    let digest = format::digest_of(&[&header, &table]);
    let expected = [header, digest.to_vec(), table, content.concat()].concat();
    assert_eq!(std::fs::read(&path).unwrap(), expected);
    assert_eq!(expected.len(), 384);
}

#[test]
fn the_ban_of_an_address_is_found_while_it_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy");
    let ban = |range: &str, reason: &str, until| Ban {
        range: range.parse().unwrap(),
        reason: reason.into(),
        until,
        since: Timestamp(1),
        list: String::new(),
    };
    let bans = [
        ban("192.0.2.16/28", "floods", None),
        ban("198.51.100.1", "", Some(Timestamp(100))),
        ban("2001:db8::/32", "\u{fc}bel", None),
    ];
    let none: [Torrent; 0] = [];
    publish(
        &path,
        &none,
        &Publication {
            rules: &Rules { bans: bans.to_vec(), ..Rules::default() },
            ..publication(&[])
        },
    )
    .unwrap();
    let policy = PolicySnapshot::open(&path).unwrap();
    policy.verify().unwrap();
    let reason = |address: &str, now| {
        let ban = policy.ban_of(address.parse().unwrap(), Timestamp(now))?;
        Some((ban.reason, ban.until.map(|until| until.0)))
    };
    for (address, expected) in [
        ("192.0.2.15", None),
        ("192.0.2.16", Some(("floods", None))),
        ("192.0.2.31", Some(("floods", None))),
        ("192.0.2.32", None),
        ("::ffff:192.0.2.20", Some(("floods", None))),
        ("198.51.100.1", Some(("", Some(100)))),
        ("2001:db7:ffff::", None),
        ("2001:db8:ffff::", Some(("\u{fc}bel", None))),
        ("::1", None),
    ] {
        assert_eq!(reason(address, 99), expected, "{address}");
    }
    assert_eq!(reason("198.51.100.1", 100), None, "it is over");
    publish(&path, &none, &publication(&[])).unwrap();
    let policy = PolicySnapshot::open(&path).unwrap();
    assert_eq!(policy.ban_of("192.0.2.20".parse().unwrap(), Timestamp(99)), None);
}

#[test]
fn peers_that_nobody_can_connect_to_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy");
    let none: [Torrent; 0] = [];
    publish(&path, &none, &publication(&[])).unwrap();
    assert!(!PolicySnapshot::open(&path).unwrap().has_unreachable());
    let unreachable = [1, 3, 5, 7].map(|number| Endpoint([number; 18])).to_vec();
    let rules = Rules { unreachable, ..Rules::default() };
    publish(&path, &none, &Publication { rules: &rules, ..publication(&[]) }).unwrap();
    let policy = PolicySnapshot::open(&path).unwrap();
    policy.verify().unwrap();
    let found = (0..9).filter(|number| policy.is_unreachable(Endpoint([*number; 18])));
    assert_eq!(found.collect::<Vec<_>>(), [1, 3, 5, 7]);
}

#[test]
fn how_the_peers_of_a_torrent_get_on_is_found_by_its_info_hash() {
    let (_folder, path) = place();
    let none: [Torrent; 0] = [];
    let told = |number: u32| ScrapeFigures {
        average_done: number,
        speed: u64::from(number) << 40,
        transferred: u64::MAX - u64::from(number),
    };
    let figures: Vec<_> = [9, 2, 7, 100].map(|number| (hash(number), told(number))).to_vec();
    publish(&path, &none, &Publication { figures: &figures, ..publication(&[]) }).unwrap();
    let policy = PolicySnapshot::open(&path).unwrap();
    policy.verify().unwrap();
    for number in [1, 2, 7, 8, 9, 100] {
        let expected = figures.iter().find(|it| it.0 == hash(number)).map(|it| it.1);
        assert_eq!(policy.figures_of(hash(number)), expected, "{number}");
    }
    let mut sorted = figures;
    sorted.sort_unstable_by_key(|it| it.0);
    assert_eq!(policy.figures().collect::<Vec<_>>(), sorted);
}

#[test]
fn of_very_many_torrents_and_bans_each_is_found() {
    let (_folder, path) = place();
    let many = 6000_u32;
    let bans = (0..many).map(|number| Ban {
        range: std::net::Ipv4Addr::from(0x1000_0000 + number * 512).to_string().parse().unwrap(),
        reason: String::new(),
        until: None,
        since: Timestamp(1),
        list: String::new(),
    });
    let rules = Rules { bans: bans.collect(), ..Rules::default() };
    let torrents = hybrids(many);
    publish(&path, &torrents, &Publication { rules: &rules, ..publication(&[]) }).unwrap();
    let policy = PolicySnapshot::open(&path).unwrap();
    policy.verify().unwrap();
    for torrent in &torrents {
        assert_eq!(policy.find(torrent.canonical).unwrap().canonical, torrent.canonical);
        let alias = torrent.aliases().next().unwrap();
        assert_eq!(policy.find(alias).unwrap().canonical, torrent.canonical);
    }
    assert_eq!(policy.find(hash(many)), None);
    let is_banned = |address: u32| {
        policy.ban_of(std::net::Ipv4Addr::from(address).into(), Timestamp(5)).is_some()
    };
    for number in 0..many {
        let address = 0x1000_0000 + number * 512;
        assert!(is_banned(address) && !is_banned(address + 1) && !is_banned(address - 1));
    }
}
