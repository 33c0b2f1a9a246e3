//! Exports of a small site, read back by the tracker itself.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::cli::tests::{Ran, run_at};

/// A site with two torrents, one of them retired, and three bans.
fn site() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("conf")).unwrap();
    fs::write(home.path().join("conf/tracker.toml"), "").unwrap();
    let dump = format!(
        "CREATE TABLE n (info_hash text, filename text, url text, size bigint);
        INSERT INTO n VALUES ('{one}','=cmd|\\' /C \\'\\'\\\"x\\\",','',700);
        CREATE TABLE s (info_hash text, dlbytes bigint, finished int);
        INSERT INTO s VALUES ('{one}',1500,42);
        CREATE TABLE r (info_hash text, filename text, size float, crc32 text, category text, completed int,
            transferred bigint, dateadded date, dateretired date);
        INSERT INTO r VALUES ('{two}','old',1,'','',7,9,'2004-12-24','2005-03-01');",
        one = "ab".repeat(20),
        two = "cd".repeat(20),
    );
    fs::write(home.path().join("dump.sql"), dump).unwrap();
    let dump = home.path().join("dump.sql");
    run_at(home.path(), &["import", "rivettracker", dump.to_str().unwrap()]).assert_done();
    let bans = ["ban", "add", "192.0.2.0/24", "10.0.0.1", "2001:db8::/32", "--reason", "@a, b"];
    run_at(home.path(), &bans).assert_done();
    home
}

fn export(home: &Path, what: &str, format: &str) -> Ran {
    run_at(home, &["export", what, "--format", format])
}

#[test]
fn opentrackers_forms_have_what_is_tracked() {
    let home = site();
    let list = run_at(home.path(), &["export", "torrents"]);
    list.assert_done();
    assert_eq!(list.output, format!("{}\n", "ab".repeat(20)));
    let state = export(home.path(), "torrents", "state").output;
    let fields: Vec<_> = state.trim_end().split(':').collect();
    assert_eq!((fields[0], fields[2]), ("AB".repeat(20).as_str(), "42"));
    assert!(fields[1].parse::<u64>().unwrap() > 29_000_000, "{state}");
    let both = export(home.path(), "totals", "state").output;
    assert!(both.lines().any(|line| line.ends_with(":7")), "{both}");
}

#[test]
fn no_form_holds_a_formula_or_breaks_its_table() {
    let home = site();
    let csv = run_at(home.path(), &["export", "totals"]).output;
    let expected = format!(
        "info_hash,title,tracked,completed,uploaded,downloaded\n{},old,false,7,0,9\n\
         {},\"'=cmd|' /C ''\"\"x\"\",\",true,42,0,1500\n",
        "cd".repeat(20),
        "ab".repeat(20)
    );
    let mut lines: Vec<_> = csv.lines().collect();
    let mut wanted: Vec<_> = expected.lines().collect();
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    let torrents: Value =
        serde_json::from_str(&export(home.path(), "torrents", "json").output).unwrap();
    assert_eq!(torrents[0]["name"], "=cmd|' /C ''\"x\",");
    assert_eq!((&torrents[0]["size"], &torrents[0]["file"]), (&json!(700), &Value::Null));
    assert_eq!(torrents.as_array().unwrap().len(), 1);
    let bans = export(home.path(), "bans", "csv").output;
    assert!(bans.contains("192.0.2.0/24,\"'@a, b\","), "{bans}");
    assert!(bans.starts_with("range,reason,since,until,list\n"));
    let bans: Value = serde_json::from_str(&export(home.path(), "bans", "json").output).unwrap();
    assert_eq!(bans.as_array().unwrap().len(), 3);
    let list = run_at(home.path(), &["export", "bans"]).output;
    assert_eq!(list, "10.0.0.1/32\n192.0.2.0/24\n2001:db8::/32\n");
}

#[test]
fn what_is_exported_for_xbt_is_what_is_imported_from_it() {
    let home = site();
    let bans = export(home.path(), "bans", "xbt").output;
    assert!(bans.starts_with("-- left out, as XBT has none of IPv6: 1\nINSERT INTO xbt_deny"));
    assert!(bans.contains("\n(167772161, 167772161),\n(3221225984, 3221226239);\n"), "{bans}");
    let dump = export(home.path(), "totals", "xbt").output + &bans;
    assert!(dump.is_ascii());
    let other = tempfile::tempdir().unwrap();
    fs::create_dir_all(other.path().join("conf")).unwrap();
    fs::write(other.path().join("conf/tracker.toml"), "").unwrap();
    let file = other.path().join("dump.sql");
    fs::write(&file, dump).unwrap();
    let file = file.to_str().unwrap();
    run_at(other.path(), &["import", "xbt", file]).assert_done();
    let totals = run_at(other.path(), &["export", "totals", "--format", "state"]).output;
    assert_eq!(totals, export(home.path(), "totals", "state").output);
    let list = run_at(other.path(), &["export", "bans"]).output;
    assert_eq!(list, "10.0.0.1/32\n192.0.2.0/24\n");
}

#[test]
fn a_file_is_written_whole_and_never_in_place_of_our_own() {
    let home = site();
    let at = |name: &str| home.path().join(name).display().to_string();
    let write = |name: &str| run_at(home.path(), &["export", "torrents", "--output", &at(name)]);
    for _ in 0..2 {
        write("white.list").assert_done();
        assert_eq!(fs::read_to_string(at("white.list")).unwrap(), format!("{}\n", "ab".repeat(20)));
    }
    assert!(write("data/catalog.db").failure().contains("is a file of the tracker itself"));
    assert!(write("conf").failure().contains("is no regular file"));
    fs::write(at("file"), "").unwrap();
    assert!(write("file/below").failure().contains("its folder must be writable"));
    let left = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains(".new")));
}

#[test]
fn a_form_that_makes_no_sense_is_wrong_usage() {
    let home = site();
    for (what, format) in [("bans", "state"), ("totals", "list"), ("torrents", "xml")] {
        assert_eq!(export(home.path(), what, format).outcome, Outcome::WrongUsage, "{what}");
    }
}
