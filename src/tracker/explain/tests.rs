//! An explanation says what a real announce gets, and leaves no trace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::catalog::{
    Author, Ban, Catalog, ClientRule, Publication, Refused, Rules, Verdict, Watched,
};
use crate::catalog::{Place, publish};
use crate::protocol::{Generation, Metainfo, Seconds, sample};
use crate::store::walk;
use crate::tracker::rescan::rescan;

const NOW: Timestamp = Timestamp(1_900_000_000);
const URL: &str = "http://tracker.test/announce";

/// Torrents that a client can name.
#[derive(Clone, Copy, Debug)]
enum Named {
    InFolder,
    /// Dropped in since the folder was read.
    New,
    Denied,
    /// On the list since it was read.
    DeniedSince,
    Retired,
    Nowhere,
}

fn metainfo(named: Named) -> Vec<u8> {
    sample::single_file(&format!("{named:?}"), Some(URL))
}

fn hash_of(named: Named) -> InfoHash {
    Metainfo::parse(&metainfo(named)).unwrap().canonical()
}

struct Site {
    home: tempfile::TempDir,
    loaded: Arc<LoadedConfig>,
}

impl Site {
    /// With settings of its own, some peers, a ban of 10.0.0.0/8, and rules on clients where they are wanted.
    fn new(settings: &str, rules: bool, in_memory: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let text = format!(
            "tracker.announce_url = '{URL}'\ntracker.numwant = 1\naccess.deny_list = '../denied'\n\
             store.path = '../data/peers'\nstore.kind = '{}'\nstore.max_size = 4194304\n{settings}",
            if in_memory { "shm" } else { "sqlite" }
        );
        let loaded = LoadedConfig::parse(&text, &home.path().join("conf/tracker.toml")).unwrap();
        crate::config::lay_out_missing(&loaded).unwrap();
        let site = Self { home, loaded: Arc::new(loaded) };
        site.decide(rules);
        site.publish_nothing();
        fs::write(site.home.path().join("denied"), hash_of(Named::Denied).to_string()).unwrap();
        for named in [Named::InFolder, Named::Denied, Named::DeniedSince, Named::Retired] {
            site.drop_in(named);
        }
        rescan(&site.loaded, NOW).unwrap();
        let author = Author { name: "a test", at: NOW };
        let mut catalog = Catalog::open(&site.loaded.config.paths.catalog).unwrap();
        let retire = |details: &mut crate::catalog::Details| {
            details.retirement = Some(crate::catalog::Retirement::Retired("it is old".into()))
        };
        catalog.decide(hash_of(Named::Retired), "retire", retire, &author).unwrap();
        drop(catalog);
        site.drop_in(Named::Nowhere);
        rescan(&site.loaded, NOW + Seconds(1)).unwrap();
        fs::remove_file(site.torrent(Named::Nowhere)).unwrap();
        rescan(&site.loaded, NOW + Seconds(2)).unwrap();
        site.announce_some_peers();
        site.drop_in(Named::New);
        let both = [Named::Denied, Named::DeniedSince].map(|it| hash_of(it).to_string()).join("\n");
        fs::write(site.home.path().join("denied"), both).unwrap();
        site
    }

    fn decide(&self, rules: bool) {
        let author = Author { name: "a test", at: NOW };
        let mut catalog = Catalog::open(&self.loaded.config.paths.catalog).unwrap();
        let ban = Ban {
            range: "10.0.0.0/8".parse().unwrap(),
            reason: "floods".into(),
            until: Some(NOW + Seconds(10_000)),
            since: NOW,
            list: String::new(),
        };
        catalog.ban(&ban, &author).unwrap();
        let verdicts =
            [("-qB46", Verdict::Allow), ("-qB", Verdict::Deny), ("ua:bad*", Verdict::Deny)];
        for (pattern, verdict) in verdicts.into_iter().filter(|_| rules) {
            let pattern = pattern.parse().unwrap();
            let rule = ClientRule { pattern, verdict, reason: "old".into(), since: NOW };
            catalog.rule_on_clients(&rule, Place::Last, &author).unwrap();
        }
    }

    /// So that the folder is looked at.
    fn publish_nothing(&self) {
        let paths = &self.loaded.config.paths;
        let watched: [Watched; 0] = [];
        let publication = Publication {
            watched: watched.iter().collect(),
            scanned: None,
            refreshed_at: Timestamp(NOW.0 - 100),
            generation: Generation(1),
            published_at: Timestamp(NOW.0 - 100),
            rules: &Rules::default(),
            refused: Refused::default(),
            figures: &[],
        };
        publish(&paths.policy, std::iter::empty(), &publication).unwrap();
    }

    fn torrent(&self, named: Named) -> PathBuf {
        self.loaded.config.paths.torrents.join(format!("{named:?}.torrent"))
    }

    fn drop_in(&self, named: Named) {
        fs::write(self.torrent(named), metainfo(named)).unwrap();
    }

    fn announce_some_peers(&self) {
        // Whatever the rules are: these came before them.
        let mut loaded = LoadedConfig::clone(&self.loaded);
        loaded.config.network = crate::config::NetworkConfig::default();
        loaded.config.clients = crate::config::ClientsConfig::default();
        let mut tracker = Tracker::new(Arc::new(loaded));
        for (number, left, address) in
            [(1, 0, "8.8.8.1"), (2, 7, "8.8.8.2"), (3, 7, "192.168.0.3"), (4, 0, "2a00::4")]
        {
            let more = format!("port={}&left={left}", 1000 + number * 100);
            let request = announce(Named::InFolder, &format!("-TR4060-00000000000{number}"), &more);
            let caller = Caller { address: address.parse().ok(), ..Caller::default() };
            let outcome = tracker.announce(&caller, &request, NOW);
            assert!(outcome.is_ok() || self.loaded.config.access.gone != crate::config::Gone::No);
        }
    }

    /// What a real announce gets, as the site has it answered.
    fn real(
        &self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
    ) -> Result<Real, Refusal> {
        let mut tracker = Tracker::new(Arc::clone(&self.loaded));
        let mut outcome = Real::of(&mut tracker, caller, request, now);
        let is_unknown = matches!(outcome, Err(Refusal::Unlisted | Refusal::Denied));
        if is_unknown && tracker.folder_may_hold_more(now) {
            tracker.look(now, |tracker| rescan(tracker.config(), now).unwrap());
            outcome = Real::of(&mut tracker, caller, request, now);
        }
        outcome
    }

    /// All files and what is in them; of a store in shared memory, whose locks lie in its file, what it tells.
    fn files(&self, now: Timestamp) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.home.path(), &mut files);
        let config = &self.loaded.config.store;
        if config.kind == StoreKind::Shm
            && let Some(content) = files.get_mut(&config.path)
        {
            let mut store = read_store(&self.loaded).unwrap();
            let swarms = walk(|from| store.visit_swarms(from, 100, now)).unwrap();
            let peers: Vec<_> = swarms
                .iter()
                .map(|swarm| {
                    walk(|from| store.visit_peers(swarm.info_hash, from, 100, now)).unwrap()
                })
                .collect();
            let load = store.announces_in_the_last_minute(now).unwrap();
            *content = format!("{swarms:?} {peers:?} {load}").into_bytes();
        }
        files
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false => _ = files.insert(path.clone(), fs::read(&path).unwrap()),
        }
    }
}

/// Of a real answer what does not change with the announce itself.
#[derive(Debug, PartialEq)]
struct Real {
    interval: Seconds,
    min_interval: Seconds,
    external_ip: Option<IpAddr>,
    downloaded: u64,
    in_dictionaries: bool,
    peers: usize,
}

impl Real {
    fn of(
        tracker: &mut Tracker,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let reply = tracker.announce(caller, request, now)?;
        let (in_dictionaries, peers) = match reply.peers {
            PeerList::Compact { v4, v6 } => (false, v4.len() + v6.len()),
            PeerList::Dictionaries { v4, v6 } => (true, v4.addresses.len() + v6.addresses.len()),
        };
        Ok(Self {
            interval: reply.interval,
            min_interval: reply.min_interval,
            external_ip: reply.external_ip,
            downloaded: reply.downloaded,
            in_dictionaries,
            peers,
        })
    }

    /// The same of an explanation, for as many addresses as a real answer has.
    fn explained(answer: &AnnounceAnswer, peers: usize) -> Self {
        let reply = &answer.reply;
        Self {
            interval: reply.interval,
            min_interval: reply.min_interval,
            external_ip: reply.external_ip,
            downloaded: reply.downloaded,
            in_dictionaries: answer.in_dictionaries,
            peers,
        }
    }
}

/// How many addresses are told: peers may have two. Of a swarm as small as these all peers are told.
fn addresses_of(answer: &AnnounceAnswer, settings: &str) -> std::ops::RangeInclusive<u32> {
    let peers = answer.want.peers.min(answer.peers.peers);
    let with_two = answer.peers.total() - answer.peers.peers;
    // By an address that it only stated, a client is not known to be itself; and what the rules keep from it has been
    // drawn before.
    let may_be_fewer = settings.contains("stated_addresses") || answer.peers.kept_by_rules > 0;
    // Of two families together one less is left where load turns out to be high.
    let least = if may_be_fewer { 0 } else { peers.saturating_sub(answer.load_is_high.into()) };
    least..=peers + with_two.min(peers)
}

fn announce(named: Named, peer_id: &str, more: &str) -> AnnounceRequest {
    let hash: String = hash_of(named).0.iter().map(|byte| format!("%{byte:02x}")).collect();
    let query = format!("info_hash={hash}&peer_id={peer_id}&{more}");
    AnnounceRequest::parse(query.as_bytes()).unwrap()
}

/// Settings, of which each is there or not.
fn any_settings() -> impl Strategy<Value = String> {
    let all = [
        "tracker.torrents = 'open'",
        "tracker.high_load_now = true",
        "tracker.compact_only = true",
        "tracker.seeds_see_seeds = true",
        "clients.require_compact = true",
        "clients.identify = true",
        "network.refuse_low_ports = true",
        "network.refused_ports = [6881, 2000]",
        "network.stated_addresses = 'always'",
    ];
    let one_of = prop::sample::select(vec![
        "",
        "network.families = 'ipv4'",
        "network.families = 'ipv6'",
        "network.private_addresses = 'refuse'",
        "network.private_addresses = 'lan'",
    ]);
    (prop::collection::vec(prop::bool::weighted(0.2), all.len()), one_of).prop_map(
        move |(are_on, more)| {
            let chosen =
                all.iter().zip(are_on).filter(|(_, is_on)| *is_on).map(|(setting, _)| *setting);
            chosen.chain([more]).collect::<Vec<_>>().join("\n")
        },
    )
}

type Asked = (Named, &'static str, String, &'static str, &'static str);

fn any_announce() -> impl Strategy<Value = Asked> {
    let named = prop::sample::select(vec![
        Named::InFolder,
        Named::InFolder,
        Named::InFolder,
        Named::New,
        Named::Denied,
        Named::DeniedSince,
        Named::Retired,
        Named::Nowhere,
    ]);
    let peer_id = prop::sample::select(vec![
        "-TR4060-abcdefghijkl",
        "-qB4650-abcdefghijkl",
        "-qB4300-abcdefghijkl",
        "xxxxxxxxxxxxxxxxxxxx",
    ]);
    let more = (
        prop::sample::select(vec![0, 80, 2000, 6881, 7000]),
        prop::sample::select(vec!["", "&event=started", "&event=stopped", "&event=paused"]),
        prop::sample::select(vec!["", "&compact=0", "&compact=1", "&compact=0&no_peer_id=1"]),
        prop::sample::select(vec!["", "&left=0", "&left=9"]),
        prop::sample::select(vec!["", "&numwant=0", "&numwant=2", "&numwant=9999", "&short=1"]),
        prop::sample::select(vec!["", "&ip=8.8.4.4", "&ipv6=2a00::9", "&ip=10.1.1.1:80"]),
    )
        .prop_map(|(port, a, b, c, d, e)| format!("port={port}{a}{b}{c}{d}{e}"));
    let address = prop::sample::select(vec![
        "8.8.8.8",
        "2a00::8",
        "10.1.2.3",
        "192.168.1.1",
        "127.0.0.1",
        "8.8.8.2",
        "240.0.0.1",
    ]);
    let agent = prop::sample::select(vec!["", "bad client", "good client"]);
    (named, peer_id, more, address, agent)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn an_explanation_says_what_a_real_announce_gets_and_changes_nothing(
        settings in any_settings(),
        rules: bool,
        in_memory: bool,
        announces in prop::collection::vec(any_announce(), 1..12),
    ) {
        let site = Site::new(&settings, rules, in_memory);
        for (second, (named, peer_id, more, address, agent)) in (3..).zip(announces) {
            let request = announce(named, peer_id, &more);
            let caller = Caller {
                address: address.parse().ok(),
                user_agent: agent.as_bytes(),
                passkey: None,
            };
            let now = NOW + Seconds(second);
            let before = site.files(now);
            let explained = Explainer::new(Arc::clone(&site.loaded)).announce(&caller, &request, now);
            let after = site.files(now);
            let changed: Vec<_> = after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes)).map(|it| it.0).collect();
            prop_assert!(changed.is_empty() && after.len() == before.len(), "left a trace in {:?}", changed);
            let real = site.real(&caller, &request, now);
            let rules = &explained.rules;
            match (&explained.outcome, &real) {
                (Outcome::Answered(answer), Ok(real)) => {
                    prop_assert_eq!(&Real::explained(answer, real.peers), real, "{:?} {}", named, more);
                    let told = addresses_of(answer, &settings);
                    prop_assert!(told.contains(&u32::try_from(real.peers).unwrap()), "{:?}: {:?}", told, real);
                }
                (Outcome::Refused(refusal), Err(real)) => {
                    prop_assert_eq!(refusal, real, "{:?} {}", named, more);
                    let refusing = rules.iter().find(|rule| {
                        rule.verdict == RuleVerdict::Refuses && rule.rule == refusal.rule()
                    });
                    prop_assert!(refusing.is_some(), "{:?}", rules);
                }
                (explained, real) => prop_assert!(false, "{:?} {}: {:?}, but {:?}", named, more, explained, real),
            }
        }
    }
}

#[test]
fn a_scrape_is_explained_as_it_is_answered() {
    let site = Site::new("", false, true);
    let mut tracker = Tracker::new(Arc::clone(&site.loaded));
    let hashes = [Named::InFolder, Named::Denied, Named::Nowhere].map(hash_of);
    let request = ScrapeRequest { info_hashes: hashes.to_vec() };
    let explained = Explainer::new(Arc::clone(&site.loaded)).scrape(&request, NOW);
    let Outcome::Answered(answer) = explained.outcome else { panic!("{explained:?}") };
    let told: Vec<_> = answer.torrents.iter().map(|it| it.entry).collect();
    assert_eq!(told, tracker.scrape(&request, NOW).unwrap());
    assert_eq!((told[0].complete, told[0].incomplete), (2, 2));
    assert_eq!(answer.left_out, [(hashes[1], Refusal::Denied), (hashes[2], Refusal::Unlisted)]);
    let none = ScrapeRequest { info_hashes: hashes[1..].to_vec() };
    let explained = Explainer::new(Arc::clone(&site.loaded)).scrape(&none, NOW);
    assert_eq!(explained.outcome, Outcome::Refused(Refusal::Denied));
    assert_eq!(tracker.scrape(&none, NOW).unwrap_err(), Refusal::Denied);
}

#[test]
fn under_high_load_no_more_peers_are_told_than_are_usual() {
    for (settings, most) in [("", 4), ("tracker.high_load_now = true", 1)] {
        let site = Site::new(settings, false, true);
        let request =
            announce(Named::InFolder, "-TR4060-abcdefghijkl", "port=1&left=1&numwant=9999");
        let caller = Caller { address: "8.8.8.8".parse().ok(), ..Caller::default() };
        let explained = Explainer::new(Arc::clone(&site.loaded)).announce(&caller, &request, NOW);
        let Outcome::Answered(answer) = explained.outcome else { panic!("{explained:?}") };
        assert_eq!(answer.want.peers.min(answer.peers.peers), most);
        let real = site.real(&caller, &request, NOW).unwrap();
        assert!(real.peers <= usize::try_from(most).unwrap(), "{real:?}");
    }
}
