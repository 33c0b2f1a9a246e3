//! Files that claim to be policy snapshots. Their checksums are not looked at here, as no fuzzer finds one.
//!
//! An input that begins with an even byte is a file; any other one is a list of changes to a valid file: where (two
//! bytes), and the byte that stands there then.
#![no_main]

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tracker_cgi::catalog::{Author, Ban, Catalog, ClientRule, Place, PolicySnapshot, Verdict};
use tracker_cgi::config::LoadedConfig;
use tracker_cgi::protocol::{Endpoint, InfoHash, PeerId, SeenClient, Timestamp};
use tracker_cgi::site::publish;
use tracker_cgi::tracker::{Quiet, Urgency};
use tracker_cgi_fuzz::input::Input;
use tracker_cgi_fuzz::place;

const BANNED: &str = "192.0.2.7";
const RETIRED: InfoHash = InfoHash([7; 20]);

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| place("policy"));
static VALID: LazyLock<Vec<u8>> = LazyLock::new(make_valid);

fuzz_target!(|input: &[u8]| {
    let bytes = match input.split_first() {
        Some((first, changes)) if first % 2 == 1 => changed(changes),
        Some((_, file)) => file.to_vec(),
        None => return,
    };
    let path = FOLDER.join("fuzzed.snapshot");
    fs::write(&path, &bytes).unwrap();
    let Ok(snapshot) = PolicySnapshot::open(&path) else { return };
    let _ = (snapshot.verify(), snapshot.folder_change(), snapshot.published_at());
    for torrent in snapshot.torrents() {
        assert!(torrent.carried_completed <= torrent.completed);
        let _ = (torrent.name(), snapshot.find(torrent.canonical));
    }
    let _ = snapshot.find(InfoHash(bytes.last_chunk().copied().unwrap_or_default()));
    let _ = (snapshot.denied().count(), snapshot.refusal_of(RETIRED));
    for (id, agent) in [
        (*b"-XL0012-xxxxxxxxxxxx", &b"Thunder"[..]),
        (*b"-qB4431-xxxxxxxxxxxx", b"spy"),
        (bytes.last_chunk().copied().unwrap_or_default(), &bytes[..bytes.len().min(20)]),
    ] {
        let client = SeenClient::new(PeerId(id), agent);
        let _ = snapshot.client_rule(&client).map(|rule| (rule.reason, rule.verdict));
    }
    let endpoint = Endpoint(bytes.last_chunk().copied().unwrap_or_default());
    let _ = (snapshot.has_unreachable(), snapshot.is_unreachable(endpoint));
    for address in [
        BANNED.parse().unwrap(),
        IpAddr::from(bytes.last_chunk::<16>().copied().unwrap_or_default()),
    ] {
        let _ = snapshot.ban_of(address, Timestamp(1)).map(|ban| (ban.reason, ban.until));
    }
});

fn changed(changes: &[u8]) -> Vec<u8> {
    let (mut bytes, mut input) = (VALID.clone(), Input(changes));
    while !input.0.is_empty() {
        let at = input.short() % bytes.len();
        bytes[at] = input.byte();
    }
    bytes
}

/// The snapshot of three torrents, one of them a hybrid, and of two bans.
fn make_valid() -> Vec<u8> {
    let loaded = LoadedConfig::parse("", &FOLDER.join("conf/tracker.toml")).unwrap();
    let paths = &loaded.config.paths;
    fs::create_dir_all(&paths.torrents).unwrap();
    fs::create_dir_all(paths.policy.parent().unwrap()).unwrap();
    let v1 = |name: &str| {
        format!("6:lengthi7e4:name1:{name}12:piece lengthi16384e6:pieces20:{:p<20}", "")
    };
    let v2 = "9:file treed1:cd0:d6:lengthi7e11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrreee";
    let of_both = "6:lengthi7e12:meta versioni2e4:name1:c12:piece lengthi16384e6:pieces20:pppppppppppppppppppp";
    for (name, info) in [("a", v1("a")), ("b", v1("b")), ("c", format!("{v2}{of_both}"))] {
        let file = format!("d8:announce14:http://x/a/ann4:infod{info}ee");
        fs::write(paths.torrents.join(format!("{name}.torrent")), file).unwrap();
    }
    let mut catalog = Catalog::open(&paths.catalog).unwrap();
    for (range, until) in [(BANNED, None), ("2001:db8::/32", Some(Timestamp(u64::MAX / 4)))] {
        let (range, since) = (range.parse().unwrap(), Timestamp(1));
        let ban = Ban { range, reason: "floods".into(), until, since, list: String::new() };
        catalog.ban(&ban, &Author { name: "fuzzer", at: since }).unwrap();
    }
    for pattern in ["-XL", "-XL0019-", "qBittorrent < 4.5, > 3", "ua:*sp?", "class:taker", "*"] {
        let (pattern, reason) = (pattern.parse().unwrap(), "it gives nothing".into());
        let rule = ClientRule { pattern, verdict: Verdict::Deny, reason, since: Timestamp(1) };
        let author = Author { name: "fuzzer", at: Timestamp(1) };
        catalog.rule_on_clients(&rule, Place::Last, &author).unwrap();
    }
    publish(&loaded, Urgency::Now, &mut Quiet).unwrap();
    let snapshot = PolicySnapshot::open(&paths.policy).unwrap();
    assert_eq!(snapshot.torrents().count(), 3);
    fs::read(&paths.policy).unwrap()
}
