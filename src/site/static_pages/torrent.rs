//! The page of one torrent, static or made when somebody looks at it.

use askama::Template;

use super::frame::{Frame, address_of};
use super::history::Charts;
use super::list_query::LANGUAGE;
use super::markdown;
use super::peers::PeerTable;
use super::places::{INDEX, Places, Way, scrape_url};
use super::row::{checksum_name, day};
use super::swarm::Swarm;
use super::tree::{Line, MOST_FILES, Tree};
use crate::catalog::Torrent;
use crate::config::{AccessConfig, Language, LoadedConfig};
use crate::protocol::{Contents, Timestamp, origin};
use crate::site::format::progress;
use crate::site::language::Texts;
use crate::site::shown::retirement;
use crate::tracker::{Figures, torrent_file};

/// The page of a torrent.
#[derive(Template)]
#[template(path = "pages/torrent.html")]
pub(super) struct TorrentPage {
    frame: Frame,
    category: Option<PlaceLink>,
    group: Option<PlaceLink>,
    /// The name in the metainfo, where it is called otherwise.
    name: Option<String>,
    notices: Vec<Notice>,
    magnet: Option<String>,
    torrent: Option<String>,
    torrent_size: String,
    swarm: Swarm,
    figures: Vec<Labelled>,
    mirrors: Vec<Mirror>,
    /// As HTML.
    description: String,
    charts: Charts,
    /// Where the script lists the peers.
    peers_page: Option<String>,
    peers: Option<PeerTable>,
    info: Option<String>,
    files: Option<Tree>,
    checksums: Vec<(String, String)>,
    hashes: Vec<(String, String)>,
    details: Vec<Labelled>,
    trackers: Vec<String>,
    web_seeds: Vec<String>,
    scrape: Option<String>,
    embed: Option<Embed>,
    report: Option<String>,
    machine_added: String,
}

/// What others put into their pages. All addresses are absolute.
struct Embed {
    page: String,
    badge: String,
    /// Its history as a picture; the script draws it.
    chart: Option<String>,
    /// The badge as this page shows it.
    shown: String,
}

/// A figure or a fact, and what it is.
type Labelled = (&'static str, String);

/// Where a torrent belongs.
pub(super) struct PlaceLink {
    pub(super) name: String,
    pub(super) page: Option<String>,
}

struct Notice {
    class: &'static str,
    text: String,
}

struct Mirror {
    address: String,
    shown: String,
}

/// What a page is made of.
pub(super) struct Subject<'a> {
    pub(super) torrent: &'a Torrent,
    pub(super) figures: &'a Figures,
    pub(super) category: Option<PlaceLink>,
    /// How often it is counted; `None` for now.
    pub(super) period: Option<String>,
    pub(super) now: Timestamp,
}

impl TorrentPage {
    pub(super) fn new(subject: Subject<'_>, places: &Places<'_>, way: Way) -> Self {
        let Subject { torrent, figures, category, period, now } = subject;
        let (loaded, texts, details) = (places.loaded, places.texts, torrent.details());
        let contents = contents(torrent, loaded, MOST_FILES);
        let links = way.links(torrent, loaded, now);
        let title = torrent.title();
        let mut frame = Frame::new(places, way, &title);
        frame.period = period;
        let is_retired = details.retired().is_some();
        frame.is_private = torrent.private || is_retired;
        let embed = embed(torrent, places, way).filter(|_| !is_retired);
        if way == Way::Dynamic {
            let page = embed.as_ref().map(|it| it.page.clone());
            let query = |language: Language| format!("?{LANGUAGE}={}", language.tag());
            let address = |language| Some(format!("{}{}", page.as_ref()?, query(language)));
            frame.speaks(loaded, query, address);
            let named = page.as_ref().map(|page| format!("{page}{}", places.language_query()));
            (frame.address, frame.usual_address) = (named, page);
        }
        Self {
            frame,
            category,
            group: details
                .group
                .clone()
                .map(|name| PlaceLink { page: places.group_page(&name, way), name }),
            name: Some(torrent.name.clone()).filter(|name| !name.is_empty() && *name != *title),
            notices: notices(torrent, figures, places, now),
            magnet: links.magnet,
            torrent: links.torrent,
            torrent_size: texts.bytes(torrent.file_size, 0),
            swarm: Swarm::new(figures.seeders, figures.leechers, texts),
            figures: swarm_figures(torrent, figures, contents.as_ref(), texts),
            mirrors: mirror(torrent, now).into_iter().collect(),
            description: markdown::html(details.description.as_deref().unwrap_or_default()),
            charts: Charts::default(),
            peers_page: peers_page(torrent, places).filter(|_| way != Way::Dynamic && !is_retired),
            peers: None,
            info: links.info,
            checksums: details
                .checksums
                .in_digits()
                .into_iter()
                .filter_map(|(name, digits)| Some((checksum_name(name).to_owned(), digits?)))
                .collect(),
            hashes: hashes(torrent, texts),
            details: facts(torrent, contents.as_ref(), now, texts),
            trackers: contents.as_ref().map(|it| it.trackers.clone()).unwrap_or_default(),
            web_seeds: contents
                .as_ref()
                .filter(|_| torrent.may_be_linked(now))
                .map(|it| it.web_seeds.clone())
                .unwrap_or_default(),
            scrape: scrape(torrent, loaded),
            embed,
            report: loaded.config.pages.report.as_ref().map(|to| to.link(torrent.canonical)),
            machine_added: day(torrent.first_seen.no_later_than(now)),
            files: contents
                .as_ref()
                .map(|it| Tree::new(it, texts))
                .filter(|tree| !tree.lines.is_empty()),
        }
    }
}

impl TorrentPage {
    /// Says at which path in the folder of the pages it is.
    pub(super) fn is_at(&mut self, path: &str, loaded: &LoadedConfig) {
        self.frame.is_at(path, loaded);
    }

    /// The same with charts of its history.
    pub(super) fn with_charts(mut self, charts: Charts) -> Self {
        self.charts = charts;
        self
    }

    /// The same with its peers.
    pub(super) fn with_peers(mut self, peers: Option<PeerTable>) -> Self {
        self.peers = peers;
        self
    }
}

/// What its `.torrent` file says, with so many of its files; `None` where there is none that can be read.
pub(in crate::site) fn contents(
    torrent: &Torrent,
    loaded: &LoadedConfig,
    most_files: usize,
) -> Option<Contents> {
    let bytes = torrent_file(torrent, loaded).ok()??;
    Contents::read(&bytes, most_files)
}

fn notices(
    torrent: &Torrent,
    figures: &Figures,
    places: &Places<'_>,
    now: Timestamp,
) -> Vec<Notice> {
    let (details, texts) = (torrent.details(), places.texts);
    let mut notices = Vec::new();
    let mut note = |class, text| notices.push(Notice { class, text });
    let words = &texts.notices;
    if details.retired().is_some() {
        let reason = retirement(torrent, &places.loaded.config.access.retired_reason);
        // What clients are told by default is no reason, and in English.
        let is_usual = reason == AccessConfig::default().retired_reason.as_str();
        note("bad", if is_usual { words.retired.into() } else { words.retired_for.with(reason) });
        return notices;
    }
    if let Some(until) = details.list_until {
        note("warn", words.leaves.with(texts.day(until)));
    }
    match details.link_until {
        Some(until) if until <= now => note("warn", words.not_offered.into()),
        Some(until) => note("warn", words.offered_until.with(texts.day(until))),
        None => {}
    }
    if figures.seeders == 0 {
        let text = match (&details.mirror, figures.leechers) {
            _ if torrent.has_web_seed => words.from_web_seed,
            (Some(_), _) if torrent.may_be_linked(now) => words.from_mirror,
            (_, 0) => words.nobody,
            _ => words.no_seeder,
        };
        note("warn", text.into());
    }
    if torrent.private {
        note("", words.is_private.into());
    }
    if let Some(elsewhere) = places.elsewhere(torrent.canonical) {
        note("", words.elsewhere.with(elsewhere));
    }
    notices
}

fn swarm_figures(
    torrent: &Torrent,
    figures: &Figures,
    contents: Option<&Contents>,
    texts: &Texts,
) -> Vec<Labelled> {
    let shown_if = |is_shown: bool, text: String| Some(text).filter(|_| is_shown);
    let (words, count) = (&texts.words, |count| texts.number(count));
    let all = [
        (words.size, torrent.known_size().map(|size| texts.bytes(size, 2))),
        (texts.torrent.files, contents.map(|contents| texts.number(contents.count))),
        (words.completed, Some(count(figures.completed))),
        (words.partial_seeds, shown_if(figures.partial_seeds > 0, count(figures.partial_seeds))),
        (texts.torrent.progress, Some(progress(figures)).filter(|text| !text.is_empty())),
        (texts.torrent.rate, shown_if(figures.rate > 0.0, texts.rate(figures.rate))),
        (words.downloaded, shown_if(figures.downloaded > 0, texts.bytes(figures.downloaded, 2))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn mirror(torrent: &Torrent, now: Timestamp) -> Option<Mirror> {
    let address = torrent.details().mirror.clone().filter(|_| torrent.may_be_linked(now))?;
    let host = origin(&address);
    let shown = host.split_once("://").map_or(host, |(_, host)| host).to_owned();
    Some(Mirror { address, shown })
}

fn hashes(torrent: &Torrent, texts: &Texts) -> Vec<(String, String)> {
    let v1 = torrent.hashes().v1().map(|hash| ("v1", hash.to_string()));
    let v2 = torrent.v2.map(|hash| ("v2", hash.to_string()));
    let all = v1.into_iter().chain(v2);
    all.map(|(version, hash)| (texts.torrent.info_hash.with(version), hash)).collect()
}

fn facts(
    torrent: &Torrent,
    contents: Option<&Contents>,
    now: Timestamp,
    texts: &Texts,
) -> Vec<Labelled> {
    let words = &texts.torrent;
    let kind = match (torrent.v1, torrent.v2) {
        (Some(_), Some(_)) => words.hybrid,
        (None, Some(_)) => words.v2,
        _ => words.v1,
    };
    let added = torrent.first_seen.no_later_than(now);
    let mut facts = vec![(words.kind, kind.to_owned())];
    if let Some(length) = contents.and_then(|it| it.piece_length).filter(|&length| length > 0) {
        facts.push((words.pieces, words.pieces_of.with(texts.bytes(length, 0))));
    }
    facts.push((texts.words.added, format!("{} ({})", texts.day(added), day(added))));
    facts
}

/// How others name the page and show the torrent, where the addresses are known.
fn embed(torrent: &Torrent, places: &Places<'_>, way: Way) -> Option<Embed> {
    let hash = torrent.canonical;
    let script = places.loaded.script_url().map(|script| format!("{script}/t/{hash}"));
    let chart = script.as_ref().map(|script| format!("{script}/history.svg"));
    let (page, badge, shown) = match (places.slug(hash), way) {
        (Some(slug), _) => {
            let address = |file: &str| address_of(&format!("t/{slug}/{file}"), places.loaded);
            (address(&places.file(INDEX))?, address("badge.svg")?, "badge.svg".into())
        }
        (None, Way::Dynamic) => {
            let script = script?;
            (script.clone(), format!("{script}/badge.svg"), format!("{hash}/badge.svg"))
        }
        (None, Way::Static(_) | Way::Included(_) | Way::Search) => return None,
    };
    Some(Embed { page, badge, chart, shown })
}

/// The page that lists the peers, where there is one.
fn peers_page(torrent: &Torrent, places: &Places<'_>) -> Option<String> {
    let script = places.loaded.script_url().filter(|_| places.loaded.config.pages.peers)?;
    Some(format!("{script}/t/{}{}#peers", torrent.canonical, places.language_query()))
}

/// Where programs get the figures.
fn scrape(torrent: &Torrent, loaded: &LoadedConfig) -> Option<String> {
    if !loaded.config.tracker.scrape {
        return None;
    }
    let escaped: String = torrent.canonical.0.iter().map(|byte| format!("%{byte:02x}")).collect();
    Some(format!("{}?info_hash={escaped}", scrape_url(loaded)?))
}
