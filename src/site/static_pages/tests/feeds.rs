use super::*;
use crate::protocol::InfoHashV2;

const RSS: &str = "feed.rss";
const ATOM: &str = "feed.atom";

/// A torrent that came so many seconds ago.
fn aged(number: u32, age: u32) -> Row {
    let mut row = row("", "x", number);
    row.torrent.first_seen = NOW.before(Seconds(age));
    row
}

/// Refreshes so many seconds after the beginning.
fn write_later(site: &TestSite, seconds: u32, rows: Vec<Row>) {
    let report = Report { at: NOW + Seconds(seconds), ..site.report(rows) };
    assert_eq!(write(&site.loaded, &report, &[]).unwrap(), [""; 0]);
}

/// What a feed says of its last change.
fn date_of(site: &TestSite, feed: &str) -> String {
    let text = site.text(feed);
    let name = if feed.ends_with(RSS) { "lastBuildDate" } else { "updated" };
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[test]
fn the_date_of_a_feed_is_that_of_its_last_change() {
    let site = TestSite::new("");
    let (new, old) = (|| aged(1, 60), || aged(2, 86_400));
    let dates = || [RSS, ATOM].map(|feed| date_of(&site, feed));
    let of = |seconds| {
        let at = (NOW + Seconds(seconds)).0;
        [crate::platform::date::http(at), crate::platform::date::rfc_3339(at)]
    };
    write_later(&site, 0, vec![new()]);
    assert_eq!(dates(), of(0));
    let busy = Row { figures: Figures { seeders: 99, ..Figures::default() }, ..new() };
    write_later(&site, 900, vec![busy]);
    assert_eq!(dates(), of(0), "figures are not in it");
    write_later(&site, 1800, vec![new(), old()]);
    assert_eq!(dates(), of(1800), "an older torrent appears");
    write_later(&site, 1800, vec![new()]);
    assert_eq!(dates(), of(1801), "twice in a second");
    write_later(&site, 1800, vec![new(), old()]);
    assert_eq!(dates(), of(1802), "and once more");
    write_later(&site, 2700, vec![new(), old()]);
    assert_eq!(dates(), of(1802));
    write_later(&site, 900_000, vec![new()]);
    write_later(&site, 3000, vec![new(), old()]);
    assert_eq!(dates(), of(3000), "a clock that ran ahead is set right");
    fs::remove_file(site.www().join(ATOM)).unwrap();
    write_later(&site, 3600, vec![new()]);
    assert_eq!(dates(), of(3600), "nobody knows what it said");
    write_later(&site, 4500, Vec::new());
    assert_eq!(dates(), of(4500));
}

/// The file is the owner's, whatever date it says.
#[test]
fn a_feed_of_the_owners_stays() {
    let site = TestSite::new("");
    fs::write(site.www().join(ATOM), "<updated>2001-01-01T00:00:00Z</updated>").unwrap();
    let said = site.write(vec![aged(1, 60)]);
    assert!(said.len() == 1 && said[0].contains("feed.atom in "), "{said:?}");
    assert_eq!(date_of(&site, RSS), crate::platform::date::http(NOW.0));
    assert!(site.text(ATOM).starts_with("<updated>2001"));
}

#[test]
fn the_newest_come_first_and_no_more_than_the_owner_wants() {
    let site = TestSite::new("pages.feed_items = 2");
    site.write(vec![aged(1, 100), aged(2, 10), aged(3, 1000), aged(4, 50)]);
    for feed in [RSS, ATOM] {
        let text = site.text(feed);
        let at = |number: u32| text.find(&format!("urn:btih:{number:08x}"));
        assert!(at(2).is_some() && at(2) < at(4), "{text}");
        assert_eq!((at(1), at(3)), (None, None), "{text}");
    }
}

#[test]
fn what_has_no_sha_1_claims_none_and_what_has_no_file_is_a_magnet_link() {
    let site = TestSite::new("");
    let mut v2 = aged(1, 60);
    v2.torrent.v1 = None;
    v2.torrent.v2 = Some(InfoHashV2([7; 32]));
    let mut by_hash = aged(2, 70);
    by_hash.torrent.file = std::path::PathBuf::new();
    by_hash.torrent.size = 0;
    let mut private = aged(3, 80);
    private.torrent.private = true;
    site.write(vec![v2, by_hash, private]);
    for feed in [RSS, ATOM] {
        let text = site.text(feed);
        assert_eq!(text.matches("<media:hash algo=\"sha-1\">").count(), 2, "{text}");
        assert_eq!(text.matches("<infoHash>").count(), 3, "{text}");
        assert_eq!(text.matches("<magnetURI>").count(), 2, "{text}");
        assert_eq!(text.matches("<contentLength>").count(), 2, "{text}");
        let enclosure = match feed {
            RSS => "<enclosure url=\"magnet:?xt=urn:btih:00000002",
            _ => "length=\"100\" href=\"magnet:?xt=urn:btih:00000002",
        };
        assert!(text.contains(enclosure), "{text}");
    }
}

/// The same for ever, and no two alike; by RFC 9562.
#[test]
fn feeds_have_ids_of_their_own() {
    let id = |site: &TestSite, path: &str| {
        let text = site.text(path);
        let (_, rest) = text.split_once("<id>").unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    let site = TestSite::new("");
    let rows = || vec![row("linux", "x", 1), row("bsd", "y", 2)];
    site.write(rows());
    let ids = ["", "c/linux/", "c/bsd/"].map(|folder| id(&site, &format!("{folder}{ATOM}")));
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    for id in &ids {
        let digits = id.strip_prefix("urn:uuid:").unwrap();
        let lengths: Vec<usize> = digits.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert!(digits[14..].starts_with('8') && "89ab".contains(&digits[19..20]), "{id}");
    }
    let again = TestSite::new("");
    again.write(rows());
    assert_eq!(id(&again, ATOM), ids[0], "another folder, the same announce_url");
}
