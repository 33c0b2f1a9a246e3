use proptest::prelude::*;

use super::*;
use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
use crate::catalog::sidecar::ReadSidecar;
use crate::catalog::{Author, Details, FoundTorrent, Retirement};

const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };
const NOW: Timestamp = Timestamp(1_000);

fn found(catalog: &Catalog, search: &TorrentSearch<'_>) -> Vec<InfoHash> {
    let search = TorrentSearch { most: 100, ..*search };
    let found = catalog.search_torrents(&search, NOW).unwrap();
    assert_eq!(found.hashes.len(), found.all);
    found.hashes
}

#[test]
fn all_words_are_looked_for_in_all_that_names_a_torrent() {
    let (_folder, mut catalog) = new_catalog();
    scan(&mut catalog, &[scanned(1, "Музыка/a.torrent"), hybrid(2, "b/c/Ünder.torrent")], 100);
    let said = |it: &mut Details| {
        it.title = Some("Ёлка <b>".into());
        it.group = Some("Archive team".into());
    };
    catalog.decide(hash(1), "edit", said, &OWNER).unwrap();
    let alias = hash(1_000_002).to_string();
    for (text, expected) in [
        ("елка", vec![1]),
        ("ЁЛКА музыка", vec![1]),
        ("archive <B>", vec![1]),
        ("ünder", vec![2]),
        ("content", vec![2, 1]),
        ("content елка ünder", vec![]),
        ("%", vec![]),
        (" ", vec![2, 1]),
        (&alias, vec![2]),
    ] {
        let search = TorrentSearch { text, order: FoundOrder::Size, ..TorrentSearch::default() };
        assert_eq!(
            found(&catalog, &search),
            expected.into_iter().map(hash).collect::<Vec<_>>(),
            "{text}"
        );
    }
    let all = catalog.search_torrents(&TorrentSearch::default(), NOW).unwrap();
    assert_eq!(all.categories.into_iter().collect::<Vec<_>>(), ["b/c", "Музыка"]);
    assert_eq!(all.groups.into_iter().collect::<Vec<_>>(), ["Archive team"]);
    let below = TorrentSearch { category: Some("b"), ..TorrentSearch::default() };
    assert_eq!(found(&catalog, &below), [hash(2)]);
}

#[test]
fn others_than_those_of_the_groups_are_as_if_they_were_not_there() {
    let (_folder, mut catalog) = new_catalog();
    scan(&mut catalog, &[scanned(1, "x/a.torrent"), scanned(2, "y/b.torrent")], 100);
    catalog.decide(hash(1), "edit", |it| it.group = Some("Archive".into()), &OWNER).unwrap();
    let groups = ["ARCHIVE".to_owned()];
    let search = TorrentSearch { within: Some(&groups), most: 9, ..TorrentSearch::default() };
    let found = catalog.search_torrents(&search, NOW).unwrap();
    assert_eq!((found.hashes, found.all), (vec![hash(1)], 1));
    assert_eq!(found.categories.into_iter().collect::<Vec<_>>(), ["x"]);
    let nobody = TorrentSearch { within: Some(&[]), ..search };
    assert_eq!(catalog.search_torrents(&nobody, NOW).unwrap(), FoundTorrents::default());
}

#[test]
fn pages_are_cut_out_of_what_is_sorted() {
    let (_folder, mut catalog) = new_catalog();
    let files: Vec<_> =
        (1..=9).map(|number| scanned(number, &format!("{number}.torrent"))).collect();
    scan(&mut catalog, &files, 100);
    let titles = ["b 10", "B 9", "a", "c", "d", "e", "f", "g", "h"];
    for (number, title) in (1..).zip(titles) {
        catalog.decide(hash(number), "edit", |it| it.title = Some(title.into()), &OWNER).unwrap();
    }
    let page = |order, skip| {
        let search = TorrentSearch { order, skip, most: 3, ..TorrentSearch::default() };
        catalog.search_torrents(&search, NOW).unwrap()
    };
    assert_eq!(page(FoundOrder::Title, 0).hashes, [3, 2, 1].map(hash));
    assert_eq!(page(FoundOrder::Title, 6).hashes, [7, 8, 9].map(hash));
    assert_eq!(page(FoundOrder::Size, 1).hashes, [8, 7, 6].map(hash));
    let behind = page(FoundOrder::Newest, 9);
    assert_eq!((behind.hashes, behind.all), (vec![], 9));
}

fn details() -> impl Strategy<Value = Details> {
    let flag = || proptest::option::of(any::<bool>());
    let date = || proptest::option::of(998..1_003_u64);
    (flag(), flag(), date(), date()).prop_map(|(hidden, retired, from, until)| Details {
        hidden,
        retirement: retired.map(|retired| match retired {
            true => Retirement::Retired(String::new()),
            false => Retirement::Restored,
        }),
        list_from: from.map(Timestamp),
        list_until: until.map(Timestamp),
        ..Details::default()
    })
}

proptest! {
    /// SQL says the same of a torrent as the layers of what is said about it.
    #[test]
    fn a_torrent_stands_as_its_layers_have_it(
        decision in details(),
        sidecar in proptest::option::of(details()),
        (secret, is_missing) in (any::<bool>(), any::<bool>()),
    ) {
        let (_folder, mut catalog) = new_catalog();
        let sidecar = sidecar.map(|said| Box::new(ReadSidecar { outcome: Ok(said), state: None }));
        let file = FoundTorrent { hidden: secret, sidecar, ..scanned(1, "a.torrent") };
        scan(&mut catalog, &[file], 100);
        catalog.decide(hash(1), "edit", |it| *it = decision, &OWNER).unwrap();
        if is_missing {
            scan(&mut catalog, &[], 200);
        }
        let torrent = catalog.torrent(hash(1)).unwrap().unwrap();
        let expected = [
            (Standing::Any, true),
            (Standing::Listed, torrent.unlisted(NOW).is_none()),
            (Standing::Unlisted, torrent.unlisted(NOW).is_some()),
            (Standing::Hidden, torrent.hidden),
            (Standing::Retired, torrent.details().retired().is_some()),
            (Standing::Missing, is_missing),
        ];
        for (standing, expected) in expected {
            let search = TorrentSearch { standing, ..TorrentSearch::default() };
            let is_found = catalog.search_torrents(&search, NOW).unwrap().all == 1;
            prop_assert_eq!(is_found, expected, "{:?}", standing);
        }
    }
}
