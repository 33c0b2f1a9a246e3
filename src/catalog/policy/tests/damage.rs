//! Files that are damaged, cut short, or not of this version.

use std::fs;
use std::time::Duration;

use super::*;
use crate::catalog::policy::format::{self, DIGEST_AT, ENTRY_LEN, Facts, HEADER_LEN, NewSection};
use crate::catalog::{ClientRule, Switch, Switches, Verdict};
use crate::protocol::{PeerId, ScrapeFigures, SeenClient};

const FACTS: Facts = Facts {
    sequence: Sequence(5),
    published_at: Timestamp(1),
    refreshed_at: Timestamp(2),
    scanned: Some(FileTime(3)),
    generation: Generation(4),
};

/// A small snapshot with something in every section.
fn sample() -> Vec<u8> {
    let watched = [Watched { path: "/".into(), modified: FileTime(1) }];
    let bans =
        [("192.0.2.7", None), ("2001:db8::/32", Some(Timestamp(99)))].map(|(range, until)| Ban {
            range: range.parse().unwrap(),
            reason: "floods".into(),
            until,
            since: Timestamp(1),
            list: String::new(),
        });
    let patterns = ["-XL", "-XL0019-", "qBittorrent < 4.5, > 3", "ua:*sp?", "class:taker", "*"];
    let client_rules = patterns.map(|pattern| ClientRule {
        pattern: pattern.parse().unwrap(),
        verdict: Verdict::Deny,
        reason: "it gives nothing".into(),
        since: Timestamp(1),
    });
    let unreachable = vec![Endpoint([1; 18]), Endpoint([9; 18])];
    let mut switches = Switches::default();
    switches.put(Switch::OfflineMessage, Some("back on Monday".into()));
    let (bans, client_rules) = (bans.to_vec(), client_rules.to_vec());
    let rules = Rules { bans, client_rules, unreachable, switches };
    let refused = Refused { retired: vec![(hash(100), "it is old")], denied: &[hash(101)] };
    let told = ScrapeFigures { average_done: 50, speed: 7, transferred: 9 };
    let figures = &[(hash(1), told), (hash(4), told)];
    let publication = Publication { rules: &rules, refused, figures, ..publication(&watched) };
    encode(&hybrids(5), &publication).unwrap()
}

/// Does everything that can be done with a file; `Err` when any of it says that it is damaged.
fn use_everything(path: &Path, bytes: &[u8]) -> Result<(), PolicyError> {
    // A file of its own each time, as a rename would bring it.
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
    let snapshot = PolicySnapshot::open(path)?;
    for found in snapshot.torrents() {
        assert!(found.carried_completed <= found.completed);
        let _ = (found.name().len(), snapshot.find(found.canonical));
    }
    for number in 0..6 {
        let _ = (snapshot.find(hash(number)), snapshot.find(hash(number + 1_000_000)));
    }
    let _ = (snapshot.folder_change(), snapshot.denied().count());
    for number in [100, 101, 102] {
        let _ = snapshot.refusal_of(hash(number)).map(str::len);
    }
    for id in [b"-XL0019-xxxxxxxxxxxx", b"-qB4431-xxxxxxxxxxxx", b"-ZZ0000-xxxxxxxxxxxx"] {
        let client = SeenClient::new(PeerId(*id), b"a spy");
        let _ = snapshot.client_rule(&client).map(|rule| (rule.reason.len(), rule.verdict));
    }
    for address in ["192.0.2.7", "198.51.100.1", "2001:db8::1", "::"] {
        let ban = snapshot.ban_of(address.parse().unwrap(), Timestamp(50));
        let _ = ban.map(|ban| (ban.reason.len(), ban.until));
    }
    let _ = (snapshot.has_unreachable(), snapshot.is_unreachable(Endpoint([9; 18])));
    let _ = snapshot.switches().iter().count();
    let figures = snapshot.figures().chain(snapshot.figures_of(hash(4)).map(|it| (hash(4), it)));
    assert!(figures.into_iter().all(|(_, it)| it.average_done <= 100));
    snapshot.verify()
}

/// Makes the checksums right again, of the header and of the sections.
fn reseal(bytes: &mut [u8]) {
    let Some(Ok(count)) = bytes.get(12..16).map(<[u8; 4]>::try_from) else { return };
    let count = u32::from_le_bytes(count) as usize;
    let mut at = HEADER_LEN + count.min(64) * ENTRY_LEN;
    for entry in (HEADER_LEN..at).step_by(ENTRY_LEN) {
        let Some(len) = bytes.get(entry + 8..entry + 16) else { break };
        let len = usize::try_from(u64::from_le_bytes(len.try_into().unwrap())).unwrap();
        let end = at.saturating_add(len);
        let Some(section) = bytes.get(at..end) else { break };
        let digest = format::digest_of(&[section]);
        if let Some(place) = bytes.get_mut(entry + 16..entry + 48) {
            place.copy_from_slice(&digest);
        }
        at = end;
    }
    let table = HEADER_LEN..HEADER_LEN + count.min(64) * ENTRY_LEN;
    let (Some(header), Some(table)) = (bytes.get(..DIGEST_AT), bytes.get(table)) else { return };
    let digest = format::digest_of(&[header, table]);
    bytes[DIGEST_AT..HEADER_LEN].copy_from_slice(&digest);
}

#[test]
fn every_single_flipped_bit_is_noticed() {
    let (_folder, path) = place();
    let whole = sample();
    use_everything(&path, &whole).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        assert!(use_everything(&path, &bytes).is_err(), "a flip in byte {place} went unnoticed");
    }
}

#[test]
fn a_file_cut_short_or_grown_is_refused_when_it_is_opened() {
    let (_folder, path) = place();
    let mut bytes = sample();
    bytes.push(0);
    for len in (0..bytes.len() - 1).chain([bytes.len()]) {
        fs::write(&path, &bytes[..len]).unwrap();
        let error = PolicySnapshot::open(&path).unwrap_err();
        assert!(matches!(error, PolicyError::Broken { .. }), "{len}: {error}");
        assert!(error.to_string().contains("tracker refresh --force"), "{error}");
    }
}

/// Bytes to overwrite; the header and the section table are hit as often as all the rest.
fn edits() -> impl Strategy<Value = Vec<(usize, u8)>> {
    let place = prop_oneof![0..HEADER_LEN + 12 * ENTRY_LEN, 0..2_000_usize];
    let value = prop_oneof![Just(0), Just(1), Just(0xff), any::<u8>()];
    prop::collection::vec((place, value), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn damage_never_crashes_and_never_goes_unnoticed(
        edits in edits(), cut in 0..1_500_usize, is_cut in prop::bool::weighted(0.2), resealed: bool,
    ) {
        let (_folder, path) = place();
        let whole = sample();
        let mut bytes = whole.clone();
        for (place, value) in edits {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        if is_cut {
            bytes.truncate(cut);
        }
        if resealed {
            // With right checksums every look-up meets the damage; answers may be wrong, no more.
            reseal(&mut bytes);
            let _ = use_everything(&path, &bytes);
        } else if bytes != whole {
            prop_assert!(use_everything(&path, &bytes).is_err());
        }
    }

    #[test]
    fn garbage_never_crashes(mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let (_folder, path) = place();
        prop_assert!(use_everything(&path, &bytes).is_err());
        let magic_and_version = sample()[..12].to_vec();
        if let Some(start) = bytes.get_mut(..12) {
            start.copy_from_slice(&magic_and_version);
        }
        reseal(&mut bytes);
        let _ = use_everything(&path, &bytes);
    }
}

#[test]
fn sections_that_do_not_fill_the_file_are_refused() {
    let (_folder, path) = place();
    let whole = sample();
    for entry in (HEADER_LEN..).step_by(ENTRY_LEN).take(4) {
        let len = entry + 8..entry + 16;
        let right = u64::from_le_bytes(whole[len.clone()].try_into().unwrap());
        for wrong in [right - 1, right + 1, 0, u64::MAX, u64::MAX - right, 1 << 63] {
            let mut bytes = whole.clone();
            bytes[len.clone()].copy_from_slice(&wrong.to_le_bytes());
            reseal(&mut bytes);
            fs::write(&path, &bytes).unwrap();
            let error = PolicySnapshot::open(&path).unwrap_err();
            assert!(error.to_string().contains("its sections do not fill it"), "{wrong}: {error}");
        }
    }
}

#[test]
fn lengths_that_add_up_only_by_overflowing_are_refused() {
    let (_folder, path) = place();
    let mut bytes = sample();
    let mut change = |entry: usize, by: u64| {
        let at = HEADER_LEN + entry * ENTRY_LEN + 8;
        let right = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        bytes[at..at + 8].copy_from_slice(&right.wrapping_add(by).to_le_bytes());
    };
    // Names and watched folders: no record size that would give it away.
    change(2, 1 << 63);
    change(3, 1 << 63);
    reseal(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(PolicySnapshot::open(&path), Err(PolicyError::Broken { .. })));
}

#[test]
fn opening_does_not_look_behind_the_header() {
    let (_folder, path) = place();
    let mut bytes = sample();
    let sections = usize::from(bytes[12]);
    bytes[HEADER_LEN + sections * ENTRY_LEN..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let snapshot = PolicySnapshot::open(&path).unwrap();
    assert!(matches!(snapshot.verify(), Err(PolicyError::Broken { .. })));
}

#[test]
fn no_snapshot_is_an_error_of_its_own() {
    let (folder, path) = place();
    assert!(matches!(PolicySnapshot::open(&path), Err(PolicyError::Missing { .. })));
    assert!(matches!(PolicySnapshot::open(folder.path()), Err(PolicyError::Io { .. })));
}

#[test]
fn another_version_is_named() {
    let (_folder, path) = place();
    let mut bytes = sample();
    bytes[8] = 3;
    fs::write(&path, &bytes).unwrap();
    let error = PolicySnapshot::open(&path).unwrap_err();
    assert!(matches!(error, PolicyError::Version { found: 3, .. }), "{error}");
}

/// A snapshot of these sections, given by id, length of a record and bytes.
fn assembled(sections: &[(u32, usize, &[u8])]) -> Vec<u8> {
    let section =
        |&(id, record_len, bytes): &_| NewSection::of(id, record_len, <[u8]>::to_vec(bytes));
    format::assemble(FACTS, &sections.iter().map(section).collect::<Vec<_>>())
}

#[test]
fn optional_sections_of_later_versions_are_skipped_but_verified() {
    let (_folder, path) = place();
    let mut bytes = assembled(&[(77, 0, b"hint"), (78, 3, b"abc"), (format::NAMES, 0, b"n")]);
    use_everything(&path, &bytes).unwrap();
    let hint = HEADER_LEN + 3 * ENTRY_LEN;
    assert_eq!(&bytes[hint..hint + 4], b"hint");
    bytes[hint] = b'H';
    assert!(use_everything(&path, &bytes).is_err());
}

proptest! {
    #[test]
    fn an_index_that_leads_nowhere_never_crashes(
        torrents in prop::collection::vec(any::<u8>(), 0..40),
        bans in prop::collection::vec(any::<u8>(), 0..40),
        entries in prop::collection::vec(prop_oneof![0..50_u32, any::<u32>()], 0..20),
    ) {
        let (_folder, path) = place();
        let torrents: Vec<u8> = torrents.iter().flat_map(|byte| [*byte; 56]).collect();
        let bans: Vec<u8> = bans.iter().flat_map(|byte| [*byte; 48]).collect();
        let index: Vec<u8> = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
        let sections: [(u32, usize, &[u8]); 4] = [
            (format::TORRENTS, 56, &torrents),
            (format::TORRENT_INDEX, 4, &index),
            (format::BANS, 48, &bans),
            (format::BAN_INDEX, 4, &index),
        ];
        use_everything(&path, &assembled(&sections)).unwrap();
    }
}

#[test]
fn a_rule_that_is_not_known_is_never_passed_over() {
    let (_folder, path) = place();
    for id in (0..64).filter(|id| !matches!(id, 1..=7 | 9 | 11..=15)) {
        let error = use_everything(&path, &assembled(&[(id, 0, b"bans")])).unwrap_err();
        assert!(matches!(error, PolicyError::Rule { section, .. } if section == id), "{error}");
        assert!(error.to_string().contains("upgrade"), "{error}");
        use_everything(&path, &assembled(&[(id, 0, b"")])).unwrap();
    }
}

#[test]
fn a_section_that_is_doubled_or_has_wrong_records_is_refused() {
    let (_folder, path) = place();
    let refused = |sections: &[(u32, usize, &[u8])]| {
        fs::write(&path, assembled(sections)).unwrap();
        matches!(PolicySnapshot::open(&path), Err(PolicyError::Broken { .. }))
    };
    assert!(!refused(&[]), "each section may be missing");
    assert!(!refused(&[(format::NAMES, 0, b"a"), (format::WATCHED, 0, b"a")]));
    assert!(refused(&[(format::NAMES, 0, b"a"), (format::NAMES, 0, b"a")]));
    let records = [
        (format::TORRENTS, 56),
        (format::ALIASES, 24),
        (format::BANS, 48),
        (format::PEER_ID_RULES, 40),
        (format::REFUSED, 28),
        (format::PROGRAM_RULES, 28),
        (format::AGENT_RULES, 32),
        (format::CLASS_RULES, 16),
        (format::BOUNDS, 20),
        (format::UNREACHABLE, 18),
        (format::FIGURES, 40),
        (format::TORRENT_INDEX, 4),
        (format::BAN_INDEX, 4),
    ];
    for (id, known) in records {
        assert!(!refused(&[(id, known, &vec![0; known * 60])]));
        assert!(refused(&[(id, known, &vec![0; known * 60 - 1])]), "half a record");
        assert!(refused(&[(id, known - 1, &vec![0; known - 1])]), "too short a record");
        assert!(refused(&[(id, 0, &[0; 336])]), "no records");
    }
    let many: Vec<_> = (100..165).map(|id| (id, 0, &b"x"[..])).collect();
    assert!(!refused(&many[..64]));
    assert!(refused(&many));
}

/// Made by version 0.1.0, whose format had the number 1.
#[test]
fn a_snapshot_of_the_first_version_is_named_as_such() {
    let (_folder, path) = place();
    fs::write(&path, include_bytes!("../../../../tests/fixtures/policy.version-1.snapshot"))
        .unwrap();
    let error = PolicySnapshot::open(&path).unwrap_err();
    assert!(matches!(error, PolicyError::Version { found: 1, .. }), "{error}");
}

#[test]
fn a_replica_refuses_a_switch_that_it_does_not_know() {
    let (folder, arriving) = place();
    let accepted = folder.path().join("accepted");
    let delivery = Delivery { arriving: &arriving, accepted: &accepted };
    let number_of = |count: usize| u32::try_from(count).unwrap().to_le_bytes();
    let of = |place: usize| [number_of(place), [0; 4], [0; 4]].concat();
    let known = Switch::ALL.len();
    fs::write(&arriving, assembled(&[(format::SWITCHES, 12, &of(known))])).unwrap();
    let error = delivery.take_in(Duration::ZERO, true).unwrap_err();
    assert!(matches!(error, PolicyError::Rule { section: 9, .. }), "{error}");
    fs::write(&arriving, assembled(&[(format::SWITCHES, 12, &of(known - 1))])).unwrap();
    assert_eq!(delivery.take_in(Duration::ZERO, true).unwrap(), Arrival::Accepted);
}
