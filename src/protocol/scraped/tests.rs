//! Replies of good trackers and of bad ones.

use proptest::prelude::*;

use super::*;

const A: InfoHash = InfoHash([b'a'; 20]);
const B: InfoHash = InfoHash([b'b'; 20]);

fn reply(files: &str, more: &str) -> String {
    format!("d5:files{files}{more}e")
}

fn torrent(name: char, figures: &str) -> String {
    format!("20:{}d{figures}e", name.to_string().repeat(20))
}

const FIGURES: &str = "8:completei1e10:downloadedi2e10:incompletei3e";

fn faults(body: &str, asked: &[InfoHash]) -> Vec<(ScrapeFault, String, usize)> {
    let scraped = Scraped::parse(body.as_bytes(), asked).unwrap();
    scraped.faults.iter().map(|(fault, what, count)| (fault, what.to_owned(), count)).collect()
}

#[test]
fn a_good_reply_is_read_whole() {
    let figures = format!("{FIGURES}4:name3:abc5:speedi9e");
    let flags = "5:flagsd20:min_request_intervali900ee";
    let body = reply(&format!("d{}e", torrent('a', &figures)), flags);
    let scraped = Scraped::parse(body.as_bytes(), &[A]).unwrap();
    assert_eq!(scraped.faults.iter().count(), 0, "{:?}", scraped.faults);
    assert_eq!(scraped.min_request_interval, Some(Seconds(900)));
    let found = &scraped.torrents[0];
    assert_eq!((found.info_hash, found.complete, found.incomplete), (A, Some(1), Some(3)));
    assert_eq!((found.downloaded, found.name.as_deref()), (Some(2), Some("abc")));
    assert_eq!(found.others, [("speed".to_owned(), "9".to_owned())]);
}

#[test]
fn each_fault_is_named_with_what_it_is_about() {
    let files = |torrents: &str| reply(&format!("d{torrents}e"), "");
    let (a, b) = (torrent('a', FIGURES), torrent('b', FIGURES));
    let hash = A.to_string();
    for (body, asked, fault, about) in [
        (files(&a) + "\r\n", &[A][..], ScrapeFault::BytesAfter, "2 bytes"),
        ("\n".to_owned() + &files(&a), &[A], ScrapeFault::BytesBefore, ""),
        ("\u{feff}".to_owned() + &files(&a), &[A], ScrapeFault::BytesBefore, ""),
        (files(&format!("{b}{a}")), &[A, B], ScrapeFault::Unsorted, "in files"),
        (files(&format!("{a}{b}{a}")), &[A, B], ScrapeFault::Repeated, &hash),
        (reply("le", ""), &[], ScrapeFault::FilesNotADictionary, "le"),
        (files(&format!("3:abcde{a}")), &[A], ScrapeFault::InfoHashLength, "abc"),
        (files("20:aaaaaaaaaaaaaaaaaaaai1e"), &[], ScrapeFault::NotATorrent, &hash),
        (files(&torrent('a', "8:completei1e")), &[A], ScrapeFault::NoCount, "incomplete of 6161"),
        (files(&a), &[A, B], ScrapeFault::Missing, "6262"),
        (files(&format!("{a}{b}")), &[A], ScrapeFault::Unasked, "6262"),
    ] {
        let found = faults(&body, asked);
        let this = found.iter().find(|(it, ..)| *it == fault);
        assert!(this.is_some_and(|(_, it, _)| it.contains(about)), "{body}: {found:?}");
        let needless = found.iter().any(|(it, ..)| {
            *it != fault && ![ScrapeFault::Unsorted, ScrapeFault::NoCount].contains(it)
        });
        assert!(!needless, "{body}: {found:?}");
    }
    for wrong in ["i-1e", "i4294967296e", "i99999999999999999999e", "1:5", "le"] {
        let figures = FIGURES.replace("i3e", wrong);
        let found = faults(&files(&torrent('a', &figures)), &[A]);
        assert!(matches!(&*found, [(ScrapeFault::WrongCount, ..)]), "{wrong}: {found:?}");
    }
}

#[test]
fn a_hexadecimal_info_hash_is_named_and_read() {
    let body = reply(&format!("d40:{A}d{FIGURES}ee"), "");
    let scraped = Scraped::parse(body.as_bytes(), &[A]).unwrap();
    assert_eq!(scraped.torrents[0].complete, Some(1));
    let found = faults(&body, &[A]);
    assert!(matches!(&*found, [(ScrapeFault::InfoHashLength, ..)]), "{found:?}");
}

#[test]
fn many_faults_of_one_kind_are_one_with_a_count() {
    let found = faults(&reply("de", ""), &[A, B]);
    assert_eq!(found, [(ScrapeFault::Missing, A.to_string(), 2)]);
}

#[test]
fn what_has_no_figures_says_what_it_is() {
    let problem = |body: &[u8]| Scraped::parse(body, &[]).unwrap_err();
    assert_eq!(problem(b" \r\n"), NotScraped::Empty);
    assert_eq!(problem(b"\n<!DOCTYPE html><html>"), NotScraped::WebPage);
    assert_eq!(problem(b"d3:abci1ee"), NotScraped::NoFiles);
    assert_eq!(problem(b"i1e"), NotScraped::NoFiles);
    assert_eq!(problem(b"d14:failure reason6:closede"), NotScraped::Refused("closed".into()));
    assert_eq!(problem(b"d14:failure reasoni1ee"), NotScraped::Refused(String::new()));
    assert!(matches!(problem(b"d5:filesd"), NotScraped::NotBencode(_)));
    assert!(matches!(problem(b"offline"), NotScraped::NotBencode(_)));
}

proptest! {
    #[test]
    fn no_reply_is_too_strange(
        bytes: Vec<u8>,
        near in prop::collection::vec(prop::sample::select(b"dlie012:af".to_vec()), 0..60),
    ) {
        let _ = Scraped::parse(&bytes, &[A]);
        let inside = [b"d5:files", &near[..], b"e"].concat();
        let _ = Scraped::parse(&inside, &[A]);
    }
}
