//! What announces of torrents that are not listed cost where the torrents lie in many folders, against those
//! of listed ones.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

use crate::Scale;
use crate::contestants::Contestant;
use crate::crowd::scramble;
use crate::entrants::{Entrant, Way, Who};
use crate::figures::{Row, in_rounds};
use crate::harness::http::encode;
use crate::harness::load::Requests;
use crate::harness::site::{Layout, Site};
use crate::harness::torrent::Torrent;
use crate::load;
use crate::report::{Table, at_least, thousands, two};

/// The word for these rows.
pub const WORD: &str = "unlisted";

const WAY: Way = Way::Nginx;
const WHO: Entrant = Entrant::new(Who::Shm);

/// Of the announces a second of listed torrents, at least.
const TARGET: f64 = 0.8;

const TORRENTS: u64 = 100;
/// Different announces that the clients have ready.
const ANNOUNCES: u64 = 10_000;

/// Measures both in turns.
pub fn measure(scale: &Scale) -> Vec<Value> {
    if !WHO.can_run(WAY) {
        return Vec::new();
    }
    let kinds = [Kind::Listed, Kind::Unlisted];
    let contestants = kinds.map(|kind| kind.start(scale.folders));
    let clients = WAY.clients();
    let figures = in_rounds(&contestants, scale.rounds, scale.time, |contestant, time, seed| {
        load::announce_any(&contestant.requests, clients, time, seed)
    });
    let listed = &figures[0];
    let title = format!("{}: torrents in {} folders", WAY.name(), thousands(scale.folders as f64));
    let columns = ["who", "announces/s", "p99 us", "cpu us", "behind", "ratio", "targets"];
    let mut table = Table::new(&title, &columns);
    let rows = kinds.iter().zip(&figures).map(|(kind, figures)| {
        let row = Row {
            word: WORD,
            way: WAY,
            who: format!("{}, {}", WHO.who.name(), kind.name()),
            workers: WHO.workers,
            clients,
            peers: ANNOUNCES,
            ratio: figures.ratio_to(listed),
            target: matches!(kind, Kind::Unlisted).then_some(TARGET),
            figures,
        };
        let medians = figures.medians();
        let target = row.target.map(|target| at_least("those of listed ones", row.ratio, target));
        table.row([
            kind.name().to_owned(),
            thousands(medians.rate),
            two(medians.p99),
            two(medians.processor),
            two(medians.behind),
            two(row.ratio),
            target.unwrap_or_default(),
        ]);
        row.json()
    });
    let rows = rows.collect();
    table.print();
    rows
}

/// What is announced.
#[derive(Clone, Copy)]
enum Kind {
    Listed,
    Unlisted,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Unlisted => "unlisted",
        }
    }

    /// A site of its own, with that many folders, and announces of this kind for it.
    fn start(self, folders: u64) -> Contestant {
        let host = Ipv4Addr::LOCALHOST.into();
        let site = Site::new(Layout::listed(WAY.script(), host).in_memory().behind_proxy());
        for number in 0..folders {
            // A hundred in each, as somebody would sort them.
            let folder = site.torrents().join((number / 100).to_string()).join(number.to_string());
            fs::create_dir_all(folder).expect("a folder for torrents");
        }
        let torrents: Vec<Torrent> = (0..TORRENTS)
            .map(|number| Torrent::new(&format!("torrent {number}"), 1000, &site.announce_url()))
            .collect();
        torrents.iter().for_each(|torrent| drop(site.add(torrent)));
        site.tracker(&["refresh", "--force"]);
        let path = format!("{}/announce", WAY.script());
        let target = |number: u64| {
            let known = &torrents[(number % TORRENTS) as usize].info_hash;
            let hash = match self {
                Self::Listed => encode(known),
                Self::Unlisted => format!("{:020}", scramble(number)),
            };
            let peer = format!("-XX0001-{number:012}");
            let target =
                format!("{path}?info_hash={hash}&peer_id={peer}&port=6881&left=1000&compact=1");
            let address = Ipv4Addr::from(0x0a00_0000 + number as u32);
            (target, IpAddr::V4(address))
        };
        let requests = Requests::from_many(site.address(), (0..ANNOUNCES).map(target));
        Contestant::on(WHO, WAY, site, requests)
    }
}
