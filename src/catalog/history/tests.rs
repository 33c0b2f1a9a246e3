//! What is recorded comes back, whatever happens to clock, file and process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::tier::DAY;
use super::*;
use crate::catalog::samples::{files_in, hash};
use crate::protocol::{InfoHash, Seconds, Timestamp};

/// A midnight.
const MIDNIGHT: Timestamp = Timestamp(1_700_006_400);
const HOUR_LONG: Seconds = Seconds(3_600);
const QUARTER: Seconds = Seconds(900);

/// A history in a folder of its own.
struct Place {
    folder: TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place { path: folder.path().join("history.db"), folder }
}

fn peers(seeders: u64, leechers: u64) -> Sample {
    Sample { seeders, leechers, completed: 10 * seeders, downloaded: 0 }
}

fn found(torrents: &[(u32, Sample)]) -> Vec<FoundFigures> {
    let found = torrents.iter().map(|&(number, sample)| FoundFigures {
        info_hash: hash(number),
        sample,
        is_listed: true,
    });
    found.collect()
}

fn sum(torrents: &[FoundFigures]) -> Sample {
    torrents.iter().fold(Sample::default(), |sum, it| Sample {
        seeders: sum.seeders + it.sample.seeders,
        leechers: sum.leechers + it.sample.leechers,
        completed: sum.completed + it.sample.completed,
        downloaded: sum.downloaded + it.sample.downloaded,
    })
}

impl Place {
    fn record(&self, at: Timestamp, torrents: &[(u32, Sample)]) {
        assert_eq!(self.try_to_record(at, &found(torrents), &[]), None);
    }

    fn try_to_record(
        &self,
        at: Timestamp,
        torrents: &[FoundFigures],
        forgotten: &[InfoHash],
    ) -> Option<String> {
        let all = sum(torrents);
        record_history(&self.path, &RefreshFigures { at, all, torrents, forgotten })
    }

    fn series(&self, of: Option<u32>, span: Span, now: Timestamp) -> Series {
        let history = History::read(&self.path).unwrap().unwrap();
        let of = of.map(hash);
        let [series] = history.series(&[of], ([span], now), HOUR_LONG).unwrap().remove(0);
        // Read with others and with other spans it is the same.
        let others = (1..5).map(|number| Some(hash(number))).chain([None, of]);
        let others: Vec<_> = others.collect();
        let all = history.series(&others, (Span::ALL, now), HOUR_LONG).unwrap().pop().unwrap();
        assert!(all.contains(&series), "{series:?} is none of {all:?}");
        series
    }

    /// The figures of each step, from the first that is known on.
    fn known(&self, of: Option<u32>, span: Span, now: Timestamp) -> Vec<Option<(u64, u64)>> {
        let points = self.series(of, span, now).points.into_iter();
        let figures =
            points.map(|point| point.figures.map(|it| (it.last.seeders, it.last.leechers)));
        figures.skip_while(Option::is_none).collect()
    }

    fn rows(&self, table: &str) -> i64 {
        let history = History::read(&self.path).unwrap().unwrap();
        let count = format!("SELECT count(*) FROM {table}");
        history.connection.query_row(&count, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn what_did_not_change_is_not_written_and_still_known() {
    let place = place();
    place.record(MIDNIGHT, &[(1, peers(3, 1)), (2, peers(0, 0))]);
    let bytes = |place: &Place| -> i64 {
        let history = History::read(&place.path).unwrap().unwrap();
        let length = "SELECT length(changes) FROM fine ORDER BY at DESC LIMIT 1";
        history.connection.query_row(length, [], |row| row.get(0)).unwrap()
    };
    let first = bytes(&place);
    place.record(MIDNIGHT + QUARTER, &[(1, peers(3, 1)), (2, peers(0, 0))]);
    let idle = bytes(&place);
    place.record(MIDNIGHT + QUARTER + QUARTER, &[(1, peers(5, 1)), (2, peers(0, 0))]);
    assert!(idle < 10 && idle < first, "{idle} of {first} bytes");
    assert_eq!(place.rows("series"), 2, "the one with nothing to record has no row");
    let now = MIDNIGHT + Seconds(2 * 900 + 100);
    assert_eq!(place.known(Some(1), Span::Day, now), [(3, 1), (3, 1), (5, 1)].map(Some));
    assert_eq!(place.known(None, Span::Day, now), [(3, 1), (3, 1), (5, 1)].map(Some));
    assert_eq!(place.known(Some(2), Span::Day, now), []);
    assert_eq!(place.known(Some(3), Span::Day, now), []);
}

#[test]
fn where_no_refresh_ran_nothing_is_known() {
    let place = place();
    let late = MIDNIGHT + Seconds(6 * 3_600);
    place.record(MIDNIGHT, &[(1, peers(3, 1))]);
    place.record(late, &[(1, peers(3, 1))]);
    let known = place.known(Some(1), Span::Day, late);
    // A refresh stands for an hour, and the step in which that ends.
    let expected: Vec<_> =
        (0..25).map(|step| (step <= 4 || step == 24).then_some((3, 1))).collect();
    assert_eq!(known, expected);
}

#[test]
fn torrents_that_are_tracked_no_more_have_no_peers() {
    let place = place();
    place.record(MIDNIGHT, &[(1, peers(3, 1)), (2, peers(1, 0))]);
    place.record(MIDNIGHT + QUARTER, &[(2, peers(1, 0))]);
    let now = MIDNIGHT + QUARTER;
    assert_eq!(place.known(Some(1), Span::Day, now), [(3, 1), (0, 0)].map(Some));
    place.record(MIDNIGHT + QUARTER + QUARTER, &[(1, peers(2, 1)), (2, peers(1, 0))]);
    let now = now + QUARTER;
    assert_eq!(place.known(Some(1), Span::Day, now), [(3, 1), (0, 0), (2, 1)].map(Some));
}

#[test]
fn all_together_count_what_comes_and_neither_torrents_that_come_nor_that_go() {
    let place = place();
    let with = |completed, downloaded| Sample { completed, downloaded, ..peers(1, 1) };
    place.record(MIDNIGHT, &[(1, with(100, 9_000))]);
    let mut now = MIDNIGHT;
    let steps: [&[(u32, Sample)]; 4] = [
        &[(1, with(103, 9_900))],
        // One comes with totals.
        &[(1, with(103, 9_900)), (2, with(1 << 40, 1 << 50))],
        &[(1, with(103, 9_900)), (2, with((1 << 40) + 1, (1 << 50) + 900))],
        // One goes.
        &[(1, with(104, 10_800))],
    ];
    for torrents in steps {
        now = now + QUARTER;
        place.record(now, torrents);
    }
    let points = place.series(None, Span::Day, now).points;
    let figures: Vec<_> = points.iter().filter_map(|point| point.figures).collect();
    let told: Vec<_> =
        figures.iter().map(|it| (it.last.completed, it.last.downloaded, it.speed)).collect();
    let expected =
        [(100, 9_000, 0), (103, 9_900, 1), (103, 9_900, 0), (104, 10_800, 1), (105, 11_700, 1)];
    assert_eq!(told, expected);
}

#[test]
fn hidden_torrents_are_recorded_and_not_counted_among_all() {
    let place = place();
    let hidden = |downloaded| FoundFigures {
        info_hash: hash(7),
        sample: Sample { downloaded, ..peers(4, 4) },
        is_listed: false,
    };
    for (at, downloaded) in [(MIDNIGHT, 0), (MIDNIGHT + QUARTER, 9_000)] {
        let torrents = [hidden(downloaded)];
        let all = Sample::default();
        let found = RefreshFigures { at, all, torrents: &torrents, forgotten: &[] };
        assert_eq!(record_history(&place.path, &found), None);
    }
    let now = MIDNIGHT + QUARTER;
    let last = |of| place.series(of, Span::Day, now).points.last().unwrap().figures.unwrap();
    assert_eq!(last(Some(7)).speed, 10);
    assert_eq!((last(None).last, last(None).speed), (Sample::default(), 0));
}

/// Seeders of torrent 1 at each half of an hour: a peak of one on each day, at another time.
fn with_peaks(number: u64) -> u64 {
    if number % 48 == number / 48 % 47 { 500 } else { 5 + number % 3 }
}

#[test]
fn what_is_old_becomes_coarser_and_keeps_its_last_values_and_its_peaks() {
    let place = place();
    let days = 74;
    let at = |number: u64| MIDNIGHT + Seconds(u32::try_from(number * 1_800).unwrap());
    for number in 0..days * 48 {
        place.record(at(number), &[(1, peers(with_peaks(number), 0))]);
    }
    let now = at(days * 48 - 1);
    assert!(place.rows("fine") <= 3 * 48, "{} samples", place.rows("fine"));
    assert!(place.rows("hourly") <= 2 * 69, "{} days of hours", place.rows("hourly"));
    assert!(place.rows("daily") >= 2, "{} chunks of days", place.rows("daily"));
    let week = place.series(Some(1), Span::Week, now).points;
    for (back, point) in week.iter().rev().enumerate() {
        let last = days * 48 - 1 - 2 * back as u64;
        let figures = point.figures.unwrap();
        assert_eq!(figures.last.seeders, with_peaks(last), "{back} hours ago");
        let most = (last - 1..=last).map(with_peaks).max();
        assert!(Some(figures.most_seeders) >= most, "{back} hours ago");
    }
    let year = place.series(Some(1), Span::Year, now).points;
    let known: Vec<_> = year.iter().rev().map_while(|point| point.figures).collect();
    assert_eq!(known.len() as u64, days, "a point each day");
    for (day, figures) in known.into_iter().enumerate() {
        let last = (days - day as u64) * 48 - 1;
        assert_eq!(figures.last.seeders, with_peaks(last), "{day} days ago");
        assert_eq!((figures.least_seeders, figures.most_seeders), (5, 500), "{day} days ago");
    }
}

#[test]
fn a_week_of_refreshes_that_did_not_run_is_a_gap_and_no_speed() {
    let place = place();
    let with = |downloaded| Sample { downloaded, ..peers(9, 9) };
    place.record(MIDNIGHT, &[(1, with(0))]);
    let later = MIDNIGHT + Seconds(10 * 86_400);
    place.record(later, &[(1, with(864_000 * 7))]);
    let year: Vec<_> = place.series(Some(1), Span::Year, later).points;
    let known: Vec<_> = year.iter().rev().map(|point| point.figures.is_some()).take(12).collect();
    let mut expected = [false; 12];
    (expected[0], expected[10]) = (true, true);
    assert_eq!(known, expected);
    assert_eq!(year.last().unwrap().figures.unwrap().speed, 7);
}

#[test]
fn a_clock_that_jumps_ahead_and_back_leaves_no_trace() {
    let place = place();
    let at = |quarters: u32| MIDNIGHT + Seconds(quarters * 900);
    for number in 0..20 {
        place.record(at(number), &[(1, peers(u64::from(number) + 1, 0))]);
    }
    // Ten years ahead, for some refreshes; then it is right again.
    let years = Seconds(10 * 31_556_952);
    for number in 20..24 {
        place.record(at(number) + years, &[(1, peers(7, 0))]);
    }
    place.record(at(24), &[(1, peers(7, 0))]);
    place.record(at(25), &[(1, peers(7, 0))]);
    let known = place.known(Some(1), Span::Day, at(25));
    // In the quarters when the clock was wrong all is as it was before.
    let expected = (0..26_u64).map(|number| if number < 20 { number + 1 } else { 20 });
    let mut expected: Vec<_> = expected.map(|seeders| Some((seeders, 0))).collect();
    (expected[24], expected[25]) = (Some((7, 0)), Some((7, 0)));
    assert_eq!(known, expected);
    assert_eq!(place.known(Some(1), Span::Week, at(25)).last(), Some(&Some((7, 0))));
    let last = place.series(None, Span::Day, at(25)).points.last().unwrap().figures.unwrap();
    assert_eq!((last.last.seeders, last.last.leechers), (7, 0));
    assert_eq!((place.rows("hourly"), place.rows("daily")), (0, 0), "nothing became coarser");
    // A clock that was never set changes nothing.
    place.record(Timestamp(100), &[(1, peers(9, 9))]);
    assert_eq!(place.known(Some(1), Span::Day, at(25)), known);
}

#[test]
fn refreshes_within_a_second_are_all_kept() {
    let place = place();
    for number in 1..5 {
        let torrents = [(1, peers(number.into(), 0)), (number + 10, peers(1, 1))];
        place.record(MIDNIGHT, &torrents);
    }
    assert_eq!(place.rows("fine"), 4);
    let now = MIDNIGHT + QUARTER;
    assert_eq!(place.known(Some(1), Span::Day, now), [(4, 0), (4, 0)].map(Some));
    assert_eq!(place.known(Some(11), Span::Day, now), [(0, 0), (0, 0)].map(Some));
}

#[test]
fn what_is_forgotten_is_gone() {
    let place = place();
    for day in 0..100_u32 {
        let now = MIDNIGHT + Seconds(day * 86_400);
        let sample = |seeders| peers(seeders, u64::from(day));
        place.record(now, &[(1, sample(1)), (2, sample(2))]);
    }
    let now = MIDNIGHT + Seconds(100 * 86_400);
    let left = found(&[(2, peers(2, 2))]);
    assert_eq!(place.try_to_record(now, &left, &[hash(1), hash(99)]), None);
    assert_eq!(place.known(Some(1), Span::Year, now), []);
    assert!(place.known(Some(2), Span::Year, now).len() > 90);
    for day in 101..120_u32 {
        assert_eq!(place.try_to_record(MIDNIGHT + Seconds(day * 86_400), &left, &[]), None);
    }
    for table in ["hourly", "daily"] {
        let orphans = format!("{table} WHERE series NOT IN (SELECT id FROM series)");
        assert_eq!(place.rows(&orphans), 0, "{table}");
    }
}

#[test]
fn a_damaged_history_is_set_aside_and_a_new_one_begun() {
    let place = place();
    let many: Vec<_> = (0..500).map(|number| (number, peers(1, 1))).collect();
    place.record(MIDNIGHT, &many);
    let whole = fs::read(&place.path).unwrap();
    for damaged in
        [&whole[..whole.len() / 2], &whole[..100], &whole[..1], &[], &[0; 4096], b"garbage"]
    {
        fs::write(&place.path, damaged).unwrap();
        let message = place.try_to_record(MIDNIGHT + QUARTER, &found(&many), &[]).unwrap();
        assert!(message.contains("damaged") && message.contains("history.db.broken"), "{message}");
        assert_eq!(fs::read(place.path.with_extension("db.broken")).unwrap(), damaged);
        assert_eq!(files_in(place.folder.path()), ["history.db", "history.db.broken"]);
        assert_eq!(place.known(Some(7), Span::Day, MIDNIGHT + QUARTER), [Some((1, 1))]);
    }
}

#[test]
fn bytes_that_make_no_sense_are_damage() {
    for damage in [
        "UPDATE series SET last = x'ff' WHERE id = 3",
        "UPDATE series SET info_hash = x'ff' WHERE id = 3",
        "UPDATE series SET at = -1 WHERE id = 3",
        "UPDATE fine SET changes = x'ff'",
    ] {
        let place = place();
        place.record(MIDNIGHT, &[(1, peers(1, 1)), (2, peers(1, 1)), (3, peers(1, 1))]);
        let history = History::open(&place.path).unwrap();
        history.connection.execute_batch(damage).unwrap();
        drop(history);
        let read = History::read(&place.path).unwrap().unwrap().series(
            &[Some(hash(3)), None],
            ([Span::Day], MIDNIGHT),
            HOUR_LONG,
        );
        if !damage.contains("info_hash") {
            assert!(matches!(read, Err(HistoryError::Broken { .. })), "{damage}: {read:?}");
        }
        // Old samples are looked at when they become coarser.
        let later = (4..20).map(|day| MIDNIGHT + Seconds(day * 86_400));
        let mut said = later.map(|at| place.try_to_record(at, &found(&[(1, peers(2, 2))]), &[]));
        assert!(said.any(|it| it.is_some_and(|it| it.contains("damaged"))), "{damage}");
    }
}

#[test]
fn another_programs_file_stays_and_is_named() {
    let place = place();
    rusqlite::Connection::open(&place.path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let before = fs::read(&place.path).unwrap();
    let message = place.try_to_record(MIDNIGHT, &found(&[(1, peers(1, 1))]), &[]).unwrap();
    assert!(message.contains("move the file away"), "{message}");
    assert_eq!(fs::read(&place.path).unwrap(), before);
    assert!(matches!(History::read(&place.path), Err(HistoryError::Foreign { .. })));
}

#[test]
fn a_folder_that_cannot_be_written_is_a_message() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/history.db");
    let found =
        RefreshFigures { at: MIDNIGHT, all: Sample::default(), torrents: &[], forgotten: &[] };
    let message = record_history(&path, &found).unwrap();
    assert!(message.contains("are not recorded"), "{message}");
    assert_eq!(History::read(Path::new("/nowhere/history.db")).unwrap().map(|_| ()), None);
}

#[test]
fn a_full_disk_is_a_message_and_loses_only_the_new_sample() {
    let place = place();
    place.record(MIDNIGHT, &[(1, peers(1, 1))]);
    let mut history = History::open(&place.path).unwrap();
    let pages: i64 =
        history.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    history.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let many = found(&(0..5_000).map(|number| (number, peers(1, 1))).collect::<Vec<_>>());
    let all = sum(&many);
    let at = MIDNIGHT + QUARTER;
    let full = history.record(&RefreshFigures { at, all, torrents: &many, forgotten: &[] });
    let error = full.unwrap_err();
    assert!(matches!(error, HistoryError::Sqlite { .. }), "{error}");
    assert!(error.to_string().contains("with space left"), "{error}");
    drop(history);
    assert_eq!(place.known(Some(1), Span::Day, at), [(1, 1), (1, 1)].map(Some));
}

/// Torrents change at any time, refreshes run at any time, and the clock may jump.
#[derive(Clone, Debug)]
struct Step {
    seconds: u32,
    changes: Vec<(u32, u64)>,
}

fn step() -> impl Strategy<Value = Step> {
    let seconds =
        prop_oneof![8 => 300..2_000_u32, 2 => 2_000..90_000_u32, 1 => 90_000..9_000_000_u32];
    let changes = proptest::collection::vec((1..6_u32, 0..1_000_u64), 0..3);
    (seconds, changes).prop_map(|(seconds, changes)| Step { seconds, changes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn thinning_never_loses_the_last_value_and_points_are_evenly_spaced(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let place = place();
        let mut now = MIDNIGHT;
        let mut torrents: BTreeMap<u32, Sample> = BTreeMap::new();
        let mut of_days: BTreeMap<(u32, u64), u64> = BTreeMap::new();
        for Step { seconds, changes } in steps {
            now = now + Seconds(seconds);
            for (number, seeders) in changes {
                let sample = torrents.entry(number).or_insert_with(|| peers(1, 0));
                sample.seeders = seeders;
                sample.downloaded += seeders;
            }
            place.record(now, &torrents.iter().map(|(a, b)| (*a, *b)).collect::<Vec<_>>());
            for (number, sample) in &torrents {
                of_days.insert((*number, now.0 / DAY), sample.seeders);
            }
        }
        for (&number, sample) in &torrents {
            for span in Span::ALL {
                let points = place.series(Some(number), span, now).points;
                prop_assert_eq!(points.len(), span.points() as usize);
                let step = u64::from(span.step().0);
                prop_assert!(points.windows(2).all(|pair| pair[1].at.0 - pair[0].at.0 == step));
                let last = points.last().unwrap();
                prop_assert!(last.at <= now && now < last.at + span.step());
                prop_assert_eq!(last.figures.map(|it| it.last), Some(*sample));
            }
            for point in place.series(Some(number), Span::Year, now).points {
                if let Some(expected) = of_days.get(&(number, point.at.0 / DAY)) {
                    let figures = point.figures.unwrap();
                    prop_assert_eq!(figures.last.seeders, *expected);
                    prop_assert!(figures.least_seeders <= figures.last.seeders);
                    prop_assert!(figures.most_seeders >= figures.last.seeders);
                }
            }
        }
    }

    #[test]
    fn no_clock_is_trouble(times in proptest::collection::vec(any::<u64>(), 1..12)) {
        let place = place();
        for (number, at) in times.into_iter().enumerate() {
            // SQLite's time ends where its numbers do.
            let at = Timestamp(at % (1 << 40));
            let said = place.try_to_record(at, &found(&[(1, peers(number as u64, 1))]), &[]);
            prop_assert_eq!(said, None);
            if place.path.exists() {
                place.series(Some(1), Span::Year, at);
            }
        }
    }
}

#[test]
fn the_last_figures_of_all_together_are_known() {
    let place = place();
    assert!(History::read(&place.path).unwrap().is_none());
    place.record(MIDNIGHT, &[(1, peers(3, 1)), (3, peers(1, 0))]);
    place.record(MIDNIGHT + QUARTER, &[(1, peers(2, 0))]);
    let all = History::read(&place.path).unwrap().unwrap().last_of_all().unwrap();
    assert_eq!(all.map(|all| (all.seeders, all.leechers)), Some((2, 0)));
}
