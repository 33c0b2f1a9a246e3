//! Dumps of the trackers themselves, as their sites would make them.

use super::*;
use crate::catalog::{Details, Totals};
use crate::protocol::InfoHash;

const NOW: Timestamp = Timestamp(1_114_300_000);

fn read(kind: ImportKind, dump: &str) -> Import {
    Import::read(kind, dump.as_bytes(), None, NOW).unwrap()
}

fn problem(kind: ImportKind, dump: &str) -> String {
    Import::read(kind, dump.as_bytes(), None, NOW).unwrap_err().to_string()
}

fn of(import: &Import, digits: &str) -> ImportedTorrent {
    import.torrents[&InfoHash::from_hex(digits.repeat(20).as_bytes()).unwrap()].clone()
}

fn hash(digits: &str) -> String {
    format!("'{}'", digits.repeat(20))
}

fn completed(completed: u64) -> Totals {
    Totals { completed, ..Totals::default() }
}

const TRACKER_CGI: &str = "
    CREATE TABLE bt_names (size bigint, mark bigint, sha1 char(20), name varchar(92));
    CREATE TABLE bt_summary (peers int, seeds int, scc int, done int, trans bigint, otrans bigint, odone int, sha1 char(20));
    CREATE TABLE bt_info (ip bigint, port smallint, peer_id char(20), sha1 char(20), status text);
    INSERT INTO bt_info VALUES (1, 2, 'p', 'zzzzzzzzzzzzzzzzzzzz', 'seed');";

#[test]
fn trackercgis_names_and_sums_are_one_torrent_with_the_bytes_that_mysql_changed() {
    let dump = format!(
        "SET NAMES utf8mb4;{TRACKER_CGI}
        INSERT INTO bt_names VALUES (700,1114214400,'aaaaaaaaaaaaaaaaaaaa','one'),
            (0,0,'€\u{81}ÿ','') ,(5,1,'aaaaaaaaaaaaaaaaaaaaa','21 bytes');
        INSERT INTO bt_summary VALUES (2,1,1,42,15,9,41,'aaaaaaaaaaaaaaaaaaaa'),(0,0,0,7,0,0,7,'bbbbbbbbbbbbbbbbbbbb');"
    );
    let import = read(ImportKind::TrackerCgi, &dump);
    assert_eq!((import.torrents.len(), import.skipped.count), (3, 1));
    let one = of(&import, "61");
    assert_eq!(
        (&*one.name, one.size, one.first_seen),
        ("one", 700, Some(Timestamp(1_114_214_400)))
    );
    assert_eq!(one.totals, Totals { completed: 42, uploaded: 8, downloaded: 7 });
    let mut cut = [b' '; 20];
    cut[..3].copy_from_slice(b"\x80\x81\xff");
    assert_eq!(import.torrents[&InfoHash(cut)], ImportedTorrent::default());
    assert_eq!(of(&import, "62").totals, completed(7), "without a name");
}

#[test]
fn trackercgi_on_sqlite_has_blobs() {
    let dump = format!(
        "PRAGMA foreign_keys=OFF;{TRACKER_CGI}
        INSERT INTO bt_names VALUES(3,0,X'{}',replace('two\\nlines','\\n',char(10)));",
        "e2".repeat(20)
    );
    assert_eq!(&*of(&read(ImportKind::TrackerCgi, &dump), "e2").name, "two lines");
}

#[test]
fn trackercgi_on_sqlite_has_lost_no_blanks_of_its_texts() {
    let sums = |hash: &str| {
        let sums = format!("INSERT INTO bt_summary VALUES(0,0,0,7,0,0,7,{hash});");
        read(ImportKind::TrackerCgi, &format!("PRAGMA foreign_keys=OFF;{TRACKER_CGI}{sums}"))
    };
    let whole = sums(r"unistr('\u0001aaaaaaaaaaaaaaaaaa\u007f')");
    let expected = InfoHash(*b"\x01aaaaaaaaaaaaaaaaaa\x7f");
    assert_eq!(whole.torrents[&expected].totals, completed(7));
    // Of a text with a zero byte, SQLite writes what stands before it.
    let cut = sums("'aaaaaaaaaa'");
    assert_eq!((cut.torrents.len(), cut.skipped.count), (0, 1));
}

#[test]
fn xbts_torrents_and_banned_hosts_are_read_of_both_times() {
    let dump = format!(
        "CREATE TABLE xbt_files (fid int, info_hash blob, leechers int, seeders int, completed int, flags int, mtime int, ctime int);
        INSERT INTO xbt_files VALUES (1,0x{},2,1,42,0,5,6),(2,{},0,0,7,1,5,0),(3,'short',0,0,7,1,5,0);
        CREATE TABLE xbt_deny_from_hosts (begin int, end int);
        INSERT INTO xbt_deny_from_hosts VALUES (-1073741824,-1073741569),(167772160,167772160),(9,1),(0,4294967295),('x',1);",
        "11".repeat(20),
        hash("22")
    );
    let import = read(ImportKind::Xbt, &dump);
    assert_eq!((import.torrents.len(), import.skipped.count), (2, 4));
    let one = of(&import, "11");
    assert_eq!(
        (one.totals, one.first_seen, one.details),
        (completed(42), Some(Timestamp(6)), None)
    );
    assert!(of(&import, "22").details.is_some_and(|details| details.retired().is_some()));
    let bans: Vec<_> = import.bans.iter().map(|ban| ban.range.to_string()).collect();
    assert_eq!(bans, ["192.0.0.0/24", "10.0.0.0"]);
    let now = "CREATE TABLE renamed (tid int, info_hash binary(20), seeders int, leechers int, completed int, flags int, mtime int, ctime int);";
    let dump = format!("{now} INSERT INTO renamed VALUES (1,{},1,2,3,0,5,6);", hash("33"));
    assert_eq!(of(&read(ImportKind::Xbt, &dump), "33").totals, completed(3));
    assert!(problem(ImportKind::Xbt, now).contains("no rows"));
}

#[test]
fn rivettrackers_torrents_come_from_all_of_its_tables() {
    let dump = format!(
        "CREATE TABLE my_namemap (info_hash char(40), filename text, url text, size bigint unsigned, pubDate text);
        INSERT INTO my_namemap VALUES ({one},'caf&eacute; \\\\ \\'x\\'','',18446744073709551615,''),({},'','',700,''),('x','','',0,'');
        CREATE TABLE my_summary (info_hash char(40), dlbytes bigint, seeds int, leechers int, finished int);
        INSERT INTO my_summary VALUES ({},1500,1,2,42),({},9,0,0,7);
        CREATE TABLE my_x{} (peer_id char(40), bytes bigint, status text);",
        hash("aB").to_uppercase(),
        hash("ab"),
        hash("22"),
        "33".repeat(20),
        one = hash("11"),
    );
    let import = read(ImportKind::RivetTracker, &dump);
    assert_eq!((import.torrents.len(), import.skipped.count), (4, 1));
    let one = of(&import, "11");
    assert_eq!((&*one.name, one.size), ("caf&eacute; \\ 'x'", 0));
    assert_eq!(import.notes, ["sizes that no torrent can have, and are left out: 1"]);
    let two = of(&import, "ab");
    assert_eq!((two.size, two.totals.completed, two.totals.downloaded), (700, 42, 1500));
    assert_eq!(of(&import, "22").totals.completed, 7);
    assert_eq!(of(&import, "33"), ImportedTorrent::default());
}

const PLUS: &str = "
    CREATE TABLE namemap (info_hash varchar(40), filename text, url text, mirrorurl text, info text, size float,
        crc32 text, DateAdded date, category varchar(10), infolink text, DateToRemoveURL date, DateToHideTorrent date,
        tsAdded bigint);
    CREATE TABLE summary (info_hash char(40), dlbytes bigint, finished int, hide_torrent enum('N','Y'), external_torrent enum('N','Y'));
    CREATE TABLE trk_ext (info_hash char(40), scrape_url text, last_update bigint);
    CREATE TABLE torrents (info_hash varchar(40), name text, metadata longblob);
    CREATE TABLE retired (info_hash varchar(40), filename text, size float, crc32 text, category text, completed int,
        transferred bigint, dateadded date, dateretired date);
    CREATE TABLE ipbans (ban_id bigint, ip varchar(16), iplong int, bandate date, reason text, autoban text, banlength int,
        banexpiry double, banautoexpires text);
    CREATE TABLE adminusers (username text, password text);
    INSERT INTO adminusers VALUES ('maria','5f4dcc3b5aa765d61d8327deb882cf99');";

#[test]
fn phpbttracker_plus_says_more_about_its_torrents() {
    let dump = format!(
        "{PLUS}
        INSERT INTO namemap VALUES ({one},'Caf&eacute; &amp; O\\\\\\'B','','https://mirror.example/1','A &lt;b&gt;',4482.27,
            'DEADBEEF','2005-04-23','group_b','javascript:x','2005-06-01','0000-00-00',1114214400),
            ({two},'two','','','',0,'','0000-00-00','main',NULL,'0000-00-00','0000-00-00',0);
        INSERT INTO summary VALUES ({one},1500,42,'Y','N'),({two},9,56,'N','Y');
        INSERT INTO trk_ext VALUES ({two},'http://other.example:6969/scrape',1);
        INSERT INTO retired VALUES ({three},'Old &quot;one&quot;',350.5,'','main',99,123456789012,'2004-12-24','2005-03-01');
        INSERT INTO torrents VALUES ({three},'',0x{});",
        "64343a696e666f64363a6c656e677468693365343a6e616d65313a6131323a7069656365206c656e67746869313633383465363a706965\
         63657332303a000a0d1a22275c255f09202c28293b809dffc3a96565",
        one = hash("11"),
        two = hash("22"),
        three = hash("33"),
    );
    let import = read(ImportKind::RivetTracker, &dump);
    let one = of(&import, "11");
    assert_eq!((&*one.name, one.size), ("Café & O\\'B", 4_700_000_747));
    assert_eq!(one.first_seen, Some(Timestamp(1_114_214_400)));
    let details = one.details.unwrap();
    let expected = Details {
        hidden: Some(true),
        description: Some("A <b>".into()),
        category: Some("group_b".into()),
        mirror: Some("https://mirror.example/1".into()),
        link_until: Some(Timestamp(1_117_584_000)),
        ..Details::default()
    };
    assert_eq!(details.checksums.crc32, Some(0xdead_beef));
    assert_eq!(Details { checksums: expected.checksums, ..*details }, expected);
    let two = of(&import, "22");
    assert_eq!((two.totals, two.details), (Totals::default(), None), "those of another tracker");
    assert_eq!(two.external.as_deref(), Some("http://other.example:6969/scrape"));
    let three = of(&import, "33");
    assert_eq!((&*three.name, three.totals.completed), ("Old \"one\"", 99));
    assert!(three.details.is_some_and(|details| details.retired().is_some()));
    assert!(import.notes[0].contains("0.01 MiB"), "{:?}", import.notes);
}

#[test]
fn bans_of_phpbttracker_plus_end_with_their_length_and_not_when_it_says() {
    let dump = format!(
        "{PLUS}
        INSERT INTO ipbans VALUES (6,'0.0.0.0/0',0,'2005-04-23','all','N',0,0,'N'),(7,'::/0',0,'2005-04-23','','N',0,0,'N'),
            (1,'192.0.2.55',-1073741257,'2005-04-23','old &amp; slow','Y',3,2005,'Y'),
            (2,'10.1.2.3',1,'0000-00-00','by hand','N',0,0,'N'),(3,'192.0.2.7',1,'2005-04-01','','N',3,20050404,'Y'),
            (4,'nonsense',1,'2005-04-23','','N',0,0,'N'),(5,'192.0.2.8',1,'0000-00-00','','N',3,0,'Y');"
    );
    let import = read(ImportKind::RivetTracker, &dump);
    let bans: Vec<_> = import
        .bans
        .iter()
        .map(|ban| (ban.range.to_string(), ban.reason.as_str(), ban.until.map(|at| at.0)))
        .collect();
    let expected = [
        ("192.0.2.55".to_owned(), "old & slow", Some(1_114_473_600)),
        ("10.1.2.3".to_owned(), "by hand", None),
    ];
    assert_eq!(bans, expected);
    assert_eq!((import.skipped.count, import.notes.len()), (4, 1));
    assert_eq!(import.skipped.shown[0].reason, "it would ban everybody");
}

#[test]
fn what_is_no_dump_of_that_tracker_is_refused_with_what_is_missing() {
    let foreign = "CREATE TABLE t (x int); INSERT INTO t VALUES (1);";
    for (kind, dump, said) in [
        (ImportKind::TrackerCgi, foreign, "TrackerCGI's columns"),
        (ImportKind::RivetTracker, foreign, "PHPBTTracker or RivetTracker"),
        (ImportKind::Xbt, foreign, "XBT's columns"),
        (ImportKind::Bitstorm, foreign, "Bitstorm's columns"),
        (ImportKind::Xbt, "INSERT INTO xbt_torrents VALUES (1,2);", "--complete-insert"),
        (ImportKind::Xbt, "", "XBT's columns"),
        (ImportKind::Xbt, "<?xml version=\"1.0\"?>", "as SQL"),
    ] {
        let problem = problem(kind, dump);
        assert!(problem.contains(said), "{problem}");
    }
}

#[test]
fn what_the_memory_has_no_room_for_is_refused() {
    use super::found::{MOST_BANS, MOST_TEXT};

    let one = InfoHash([1; 20]);
    let name = |text: &str| {
        let name = text.into();
        move |torrent: &mut ImportedTorrent| torrent.name = name
    };
    let mut import = Import { text: MOST_TEXT - 8, ..Import::default() };
    // A text in the place of another takes the room of one.
    for text in ["12345678", "", "abcdefgh"] {
        import.torrent(one, name(text)).unwrap();
    }
    let problem = import.torrent(InfoHash([2; 20]), name("x")).unwrap_err().to_string();
    assert!(problem.contains("512 MiB; divide it"), "{problem}");
    let ban = |reason: &str| ImportedBan {
        range: "192.0.2.1".parse().unwrap(),
        reason: reason.into(),
        until: None,
    };
    assert!(import.ban(1, ban("x")).unwrap_err().to_string().contains("512 MiB"));
    let mut import = Import { text: MOST_TEXT, ..Import::default() };
    let retired = import.torrent(one, |torrent| torrent.retire());
    assert!(retired.unwrap_err().to_string().contains("512 MiB"));

    let mut import = Import { bans: vec![ban(""); MOST_BANS - 1], ..Import::default() };
    import.ban(1, ban("")).unwrap();
    let problem = import.ban(1, ban("")).unwrap_err().to_string();
    assert!(problem.contains("more than 1000000 bans; divide it"), "{problem}");
}

#[test]
fn a_byte_order_mark_swallows_nothing() {
    let list = format!("\u{feff}{}\n", "11".repeat(20));
    let state = format!("\u{feff}{}:1:7\n", "11".repeat(20));
    let table = "CREATE TABLE t (info_hash binary(20), completed int, mtime int, ctime int)";
    let dump = format!("\u{feff}{table};INSERT INTO t VALUES (0x{},7,0,0);", "11".repeat(20));
    let peers = "\u{feff}a:0:{}";
    assert_eq!(read(ImportKind::OpentrackerList, &list).torrents.len(), 1);
    assert_eq!(of(&read(ImportKind::OpentrackerState, &state), "11").totals, completed(7));
    assert_eq!(of(&read(ImportKind::Xbt, &dump), "11").totals, completed(7));
    assert_eq!(read(ImportKind::Bitstorm, peers).torrents.len(), 0);
}

#[test]
fn texts_that_could_steer_a_terminal_are_made_one_line() {
    let dump = format!(
        "CREATE TABLE n (info_hash text, filename text, url text, size int);
        INSERT INTO n VALUES ({},'a\\nb\u{1b}[2J\u{202e}{}','',1);",
        hash("11"),
        "é".repeat(2000)
    );
    let name = of(&read(ImportKind::RivetTracker, &dump), "11").name;
    assert!(name.starts_with("a b [2J é") && name.len() <= 1024, "{name}");
}
