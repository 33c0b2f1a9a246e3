//! What is taken over, once, again, beside what is there, and not at all.

use proptest::prelude::*;

use super::*;
use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
use crate::catalog::{Details, ImportedBan, Period, RefreshRecord, StoreCounters, Torrent};
use crate::protocol::{Generation, Timestamp};

const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

fn totals(completed: u64, uploaded: u64, downloaded: u64) -> Totals {
    Totals { completed, uploaded, downloaded }
}

fn imported(name: &str, totals: Totals) -> ImportedTorrent {
    ImportedTorrent { name: name.into(), totals, ..ImportedTorrent::default() }
}

fn import(torrents: Vec<(u32, ImportedTorrent)>) -> Import {
    let torrents = torrents.into_iter().map(|(number, torrent)| (hash(number), torrent));
    Import { torrents: torrents.collect(), ..Import::default() }
}

fn take_over(catalog: &mut Catalog, import: &Import) -> TakenOver {
    catalog.take_over(import, "xbt", Keep::All, &OWNER, &mut |_| {}).unwrap()
}

fn torrent(catalog: &Catalog, number: u32) -> Torrent {
    catalog.torrent(hash(number)).unwrap().unwrap()
}

#[test]
fn torrents_are_tracked_and_the_same_file_once_more_changes_nothing() {
    let (_folder, mut catalog) = new_catalog();
    let mut full = imported("a name", totals(42, 10, 20));
    full.size = 700;
    full.first_seen = Some(Timestamp(30));
    full.details().hidden = Some(true);
    full.external = Some("http://other.example/scrape".into());
    let import = import(vec![(1, full), (2, ImportedTorrent::default())]);
    let taken = take_over(&mut catalog, &import);
    assert_eq!(taken, TakenOver { new: 2, grown: 1, said: 1, external: 1, ..TakenOver::default() });
    let before = catalog.torrents().unwrap();
    let one = torrent(&catalog, 1);
    assert_eq!((one.name.as_str(), one.size, one.first_seen), ("a name", 700, Timestamp(30)));
    assert_eq!((one.totals, one.hidden, one.added), (totals(42, 10, 20), true, true));
    assert_eq!(one.period, Period { transferred: 30, completed: 42 }, "no rate comes of it");
    assert_eq!(torrent(&catalog, 2).first_seen, OWNER.at);
    let again = take_over(&mut catalog, &import);
    assert_eq!(again, TakenOver { known: 2, ..TakenOver::default() });
    assert_eq!(catalog.torrents().unwrap(), before);
    let told: Vec<_> =
        catalog.changes().unwrap().into_iter().map(|it| (it.what, it.subject)).collect();
    assert_eq!(told[0], ("import".to_owned(), "xbt: 2 torrents, 0 bans".to_owned()));
}

#[test]
fn what_the_catalogue_knows_stays_and_totals_only_grow() {
    let (_folder, mut catalog) = new_catalog();
    scan(&mut catalog, &[hybrid(1, "a.torrent")], 10);
    let counters = StoreCounters { completed: 5, uploaded: 100, downloaded: 7, expired: 0 };
    let period = Period { transferred: 107, completed: 5 };
    let record = RefreshRecord { info_hash: hash(1), counters, period };
    catalog.record_refresh(Timestamp(20), Generation(1), &[record]).unwrap();
    catalog.decide(hash(1), "edit", |it| it.category = Some("ours".into()), &OWNER).unwrap();
    let mut other = imported("other", totals(42, 50, 9));
    other.say(&Details {
        category: Some("theirs".into()),
        description: Some("described".into()),
        ..Details::default()
    });
    // By the info-hash of its v2 part.
    let taken = take_over(&mut catalog, &import(vec![(1_000_001, other)]));
    assert_eq!(taken, TakenOver { known: 1, grown: 1, said: 1, ..TakenOver::default() });
    let one = torrent(&catalog, 1);
    assert_eq!((one.name.as_str(), one.totals), ("content 1", totals(42, 100, 9)));
    assert_eq!(one.period, Period { transferred: 109, completed: 42 });
    let details = one.details();
    assert_eq!(details.category.as_deref(), Some("ours"));
    assert_eq!(details.description.as_deref(), Some("described"));
}

#[test]
fn one_that_had_no_name_and_no_size_gets_them() {
    let (_folder, mut catalog) = new_catalog();
    take_over(&mut catalog, &import(vec![(1, ImportedTorrent::default())]));
    let mut named = imported("named", Totals::default());
    named.size = 9;
    take_over(&mut catalog, &import(vec![(1, named)]));
    take_over(&mut catalog, &import(vec![(1, imported("other", Totals::default()))]));
    let one = torrent(&catalog, 1);
    assert_eq!((one.name.as_str(), one.size), ("named", 9));
}

#[test]
fn of_other_trackers_only_addresses_that_can_be_asked_are_kept() {
    let (_folder, mut catalog) = new_catalog();
    let at = |url: &str| ImportedTorrent { external: Some(url.into()), ..Default::default() };
    let urls = ["", "HTTP://a.example/scrape", "http://a.example/é", "http://a.example/scrape"];
    let taken = take_over(&mut catalog, &import((1..).zip(urls.map(at)).collect()));
    assert_eq!((taken.new, taken.external), (4, 1));
    let kept: String =
        catalog.connection.query_row("SELECT tracker FROM external", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, urls[3]);
}

#[test]
fn bans_are_a_list_of_their_own_that_the_next_import_replaces() {
    let (_folder, mut catalog) = new_catalog();
    let ban = |range: &str, until: Option<u64>| ImportedBan {
        range: range.parse().unwrap(),
        reason: format!("for {range}"),
        until: until.map(Timestamp),
    };
    let bans = vec![ban("192.0.2.1", Some(99)), ban("198.51.100.0/24", None)];
    let mut found = Import { bans, ..Import::default() };
    let taken = take_over(&mut catalog, &found);
    assert_eq!((taken.bans, taken.bans_before), (2, 0));
    let bans = catalog.bans().unwrap();
    assert_eq!((bans[0].until, bans[0].reason.as_str()), (Some(Timestamp(99)), "for 192.0.2.1"));
    assert!(bans.iter().all(|ban| ban.list == "xbt" && ban.since == OWNER.at));
    found.bans.truncate(1);
    let taken = take_over(&mut catalog, &found);
    assert_eq!((taken.bans, taken.bans_before), (1, 2));
    // A file without bans says nothing about them.
    take_over(&mut catalog, &Import::default());
    assert_eq!(catalog.bans().unwrap().len(), 1);
}

#[test]
fn what_is_only_tried_or_fails_half_way_changes_nothing() {
    let (_folder, mut catalog) = new_catalog();
    scan(&mut catalog, &[scanned(1, "a.torrent")], 10);
    let found = import((1..20).map(|n| (n, imported("x", totals(u64::from(n), 0, 0)))).collect());
    let tried = catalog.take_over(&found, "xbt", Keep::Nothing, &OWNER, &mut |_| {}).unwrap();
    assert_eq!((tried.new, tried.known, tried.grown), (18, 1, 19));
    let is_untouched = |catalog: &Catalog| {
        catalog.all_torrents().unwrap().len() == 1 && catalog.changes().unwrap().is_empty()
    };
    assert!(is_untouched(&catalog) && torrent(&catalog, 1).totals == Totals::default());
    let full = "CREATE TEMP TRIGGER full BEFORE UPDATE ON torrents WHEN NEW.completed = 13
        BEGIN SELECT RAISE(ABORT, 'no space'); END";
    catalog.connection.execute_batch(full).unwrap();
    let failed = catalog.take_over(&found, "xbt", Keep::All, &OWNER, &mut |_| {});
    assert!(failed.unwrap_err().to_string().contains("no space"));
    assert!(is_untouched(&catalog) && torrent(&catalog, 1).totals == Totals::default());
}

proptest! {
    // Each makes a catalogue.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn totals_are_the_largest_of_all_and_never_beyond_what_sqlite_holds(
        all in prop::collection::vec(prop::array::uniform3(prop_oneof![0..9_u64, any::<u64>()]), 1..6),
    ) {
        let (_folder, mut catalog) = new_catalog();
        let mut most = [0; 3];
        for [completed, uploaded, downloaded] in all {
            let counted = totals(completed, uploaded, downloaded);
            take_over(&mut catalog, &import(vec![(1, imported("", counted))]));
            for (most, now) in most.iter_mut().zip([completed, uploaded, downloaded]) {
                *most = now.min(i64::MAX.cast_unsigned()).max(*most);
            }
            let one = torrent(&catalog, 1);
            prop_assert_eq!(one.totals, totals(most[0], most[1], most[2]));
            let moved = most[1].saturating_add(most[2]).min(i64::MAX.cast_unsigned());
            prop_assert_eq!(one.period, Period { transferred: moved, completed: most[0] });
        }
    }
}
