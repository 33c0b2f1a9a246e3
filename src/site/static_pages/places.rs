//! Where things are: which torrents have static pages, and how pages lead to each other, to the script and to
//! torrents, in whatever folder all that lies.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;

use super::list_query::{LANGUAGE, ListQuery};
use super::slug;
use crate::catalog::{External, Torrent};
use crate::config::{Language, LoadedConfig};
use crate::protocol::{InfoHash, Timestamp};
use crate::site::appearance::Appearance;
use crate::site::language::{Texts, texts};
use crate::site::links::{Bases, Links};
use crate::site::rows::{first, newest_first};
use crate::tracker::Row;

/// The stylesheet of the pages, in their folder and below the script.
pub(in crate::site) const STYLE_FILE: &str = "tracker.css";

/// The page that stands for its folder.
pub(super) const INDEX: &str = "index.html";

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// In the folder of the pages, so many folders deep.
    Static(usize),
    /// In a feed, or in a page of the owner's that includes it: addresses are absolute where the configuration says
    /// where the pages are, else as from a page so many folders deep.
    Included(usize),
    /// The page of a torrent, below the script.
    Dynamic,
    /// The list, below the script.
    Search,
}

/// In which language a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::site) struct Spoken {
    pub(in crate::site) language: Language,
    /// Whether the addresses of pages that the script makes say so too. Else those are in the language that the browser
    /// asks for.
    pub(in crate::site) is_named: bool,
}

/// What pages must know of each other.
#[derive(Clone)]
pub(super) struct Places<'a> {
    pub(super) loaded: &'a LoadedConfig,
    pub(super) texts: &'static Texts,
    /// What the owner has said of the look.
    pub(super) appearance: Rc<Appearance>,
    is_language_named: bool,
    /// The names of the static pages of torrents.
    slugs: Rc<HashMap<InfoHash, String>>,
    names: Rc<HashSet<String>>,
    /// The names of the pages of groups.
    groups: Rc<HashMap<String, String>>,
    /// Seeders and leechers that other trackers know.
    elsewhere: Rc<HashMap<InfoHash, (u64, u64)>>,
    /// The feed, where it is in the folder of the pages.
    feed: Option<PathBuf>,
}

impl Way {
    /// What leads from a page to the folder of the pages, with a slash at its end where there is something.
    pub(super) fn root(self, loaded: &LoadedConfig) -> String {
        match self {
            Self::Static(depth) => "../".repeat(depth),
            Self::Included(depth) => match pages_url(loaded) {
                Some(url) => format!("{url}/"),
                None => Self::Static(depth).root(loaded),
            },
            Self::Dynamic | Self::Search => {
                pages_url(loaded).map(|url| format!("{url}/")).unwrap_or_default()
            }
        }
    }

    /// What leads from a page to the script, with a slash at its end where there is something.
    pub(super) fn script(self, loaded: &LoadedConfig) -> Option<String> {
        match self {
            Self::Static(_) | Self::Included(_) => Some(format!("{}/", loaded.script_url()?)),
            Self::Dynamic => Some("../".into()),
            Self::Search => Some(String::new()),
        }
    }

    /// The links of a torrent on a page.
    pub(super) fn links(self, torrent: &Torrent, loaded: &LoadedConfig, now: Timestamp) -> Links {
        let paths = &loaded.config.paths;
        let is_relative = match self {
            Self::Static(_) => true,
            Self::Included(_) => loaded.pages_url().is_none(),
            Self::Dynamic | Self::Search => false,
        };
        let base = match (&paths.torrents_url, &paths.pages) {
            (Some(url), _) => url.to_string(),
            (None, Some(pages)) if is_relative => {
                let inside = paths.torrents.strip_prefix(pages).unwrap_or(&paths.torrents);
                let root = self.root(loaded);
                // The folder of the pages may be that of the torrents' folder, and that any folder in it.
                crate::site::url_below(if root.is_empty() { "." } else { &root }, inside)
            }
            (None, _) => loaded.torrents_url_for_readers(),
        };
        let script = self.script(loaded);
        Links::below(&Bases { torrents: &base, script: script.as_deref() }, torrent, loaded, now)
    }
}

impl<'a> Places<'a> {
    /// Of these torrents the most active have static pages.
    pub(super) fn new(loaded: &'a LoadedConfig, rows: &[Row], external: &[External]) -> Self {
        let most = usize::try_from(loaded.config.pages.static_torrents).unwrap_or(usize::MAX);
        let active = first(rows, most, |a, b| {
            let by_peers = b.figures.peers().cmp(&a.figures.peers());
            by_peers.then_with(|| newest_first(a, b))
        });
        let mut taken = HashSet::new();
        let slugs = active.into_iter().filter_map(|row| {
            let torrent = &row.torrent;
            let slug = slug::of(torrent);
            // Who makes two torrents of one title and with the same eight digits gets one page.
            taken.insert(slug.clone()).then_some((torrent.canonical, slug))
        });
        let language = loaded.config.pages.languages.first();
        let places = Self::of_one(loaded, external, Spoken { language, is_named: false });
        let slugs = Rc::new(slugs.collect());
        Self { slugs, names: Rc::new(taken), ..places }.speaking(language)
    }

    /// Of pages that the script makes: which torrents have static pages is not known there.
    pub(super) fn of_one(loaded: &'a LoadedConfig, external: &[External], spoken: Spoken) -> Self {
        Self {
            loaded,
            texts: texts(spoken.language),
            appearance: Rc::new(Appearance::of(loaded)),
            is_language_named: spoken.is_named,
            slugs: Rc::default(),
            names: Rc::default(),
            groups: Rc::default(),
            elsewhere: Rc::new(known_elsewhere(external)),
            feed: feed(loaded),
        }
    }

    /// The same of static pages in this language. Where there are several, pages of the script are to go on in it.
    pub(super) fn speaking(&self, language: Language) -> Self {
        let is_language_named = self.loaded.config.pages.languages.are_several();
        Self { texts: texts(language), is_language_named, ..self.clone() }
    }

    /// What the pages are called.
    pub(super) fn title(&self) -> &str {
        self.appearance.title(self.loaded)
    }

    /// Whether this is the language of what is written in one language only.
    pub(super) fn is_usual(&self) -> bool {
        self.texts.language == self.loaded.config.pages.languages.first()
    }

    /// The language that addresses of pages of the script are to name.
    pub(super) fn named_language(&self) -> Option<Language> {
        self.is_language_named.then_some(self.texts.language)
    }

    /// The name of a file in this language: the usual one, `index.html`, in the first language, and `index.ru.html` in
    /// another.
    pub(super) fn file(&self, path: &str) -> String {
        file_in(self.texts.language, path, self.loaded)
    }

    /// The name of a torrent's static page, if it has one.
    pub(super) fn slug(&self, info_hash: InfoHash) -> Option<&str> {
        self.slugs.get(&info_hash).map(String::as_str)
    }

    /// Whether this is the name of a torrent's static page.
    pub(super) fn has_page(&self, slug: &str) -> bool {
        self.names.contains(slug)
    }

    /// The address of a torrent's page, where one can be reached.
    pub(super) fn page_of(&self, torrent: &Torrent, way: Way) -> Option<String> {
        match self.slug(torrent.canonical) {
            Some(slug) => {
                let page = self.file(&format!("t/{slug}/{INDEX}"));
                Some(format!("{}{page}", way.root(self.loaded)))
            }
            None => {
                let script = way.script(self.loaded)?;
                Some(format!("{script}t/{}{}", torrent.canonical, self.language_query()))
            }
        }
    }

    /// The address of a group's list, where there is one.
    pub(super) fn group_page(&self, group: &str, way: Way) -> Option<String> {
        match way {
            Way::Static(_) | Way::Included(_) => {
                let slug = self.groups.get(group)?;
                let page = self.file(&format!("g/{slug}/{INDEX}"));
                Some(format!("{}{page}", way.root(self.loaded)))
            }
            Way::Dynamic | Way::Search => {
                let group = Some(group.to_owned());
                let list = ListQuery { group, ..ListQuery::in_language(self.named_language()) };
                Some(format!("{}{}", way.script(self.loaded)?, list.address()))
            }
        }
    }

    /// Has these groups have lists of their own, by the names of their pages.
    pub(super) fn with_groups(mut self, groups: HashMap<String, String>) -> Self {
        self.groups = Rc::new(groups);
        self
    }

    /// What names the language in the address of a torrent's page that the script makes.
    pub(super) fn language_query(&self) -> String {
        let language = self.named_language();
        language.map(|it| format!("?{LANGUAGE}={}", it.tag())).unwrap_or_default()
    }

    /// What other trackers say of a torrent, in words.
    pub(super) fn elsewhere(&self, info_hash: InfoHash) -> Option<String> {
        let (seeders, leechers) = self.elsewhere.get(&info_hash)?;
        let (counts, texts) = (&self.texts.counts, self.texts);
        let seeders = texts.counted(*seeders, counts.seeders);
        Some(texts.list.elsewhere.with(seeders, texts.counted(*leechers, counts.leechers)))
    }

    /// Whether the addresses of pages are known, and not only how one page leads to another.
    pub(super) fn is_address_known(&self) -> bool {
        pages_url(self.loaded).is_some()
    }

    /// The address of the feed from a page, where it is in the folder of the pages.
    pub(super) fn feed(&self, way: Way) -> Option<String> {
        let root = way.root(self.loaded);
        let inside = self.feed.as_deref()?;
        Some(crate::site::url_below(if root.is_empty() { "." } else { &root }, inside))
    }
}

/// The name of a file in a language, which all but the first one have in front of the ending.
pub(super) fn file_in(language: Language, path: &str, loaded: &LoadedConfig) -> String {
    match path.rsplit_once('.') {
        Some((stem, ending)) if language != loaded.config.pages.languages.first() => {
            format!("{stem}.{}.{ending}", language.tag())
        }
        _ => path.to_owned(),
    }
}

/// The address of the folder of the pages, where the configuration says it, or that of the torrents.
pub(super) fn pages_url(loaded: &LoadedConfig) -> Option<String> {
    let paths = &loaded.config.paths;
    if let Some(url) = &paths.pages_url {
        return Some(url.as_str().trim_end_matches('/').to_owned());
    }
    let is_above = paths.pages.is_some() && paths.torrents.parent() == paths.pages.as_deref();
    if is_above { loaded.pages_url() } else { None }
}

/// Where clients scrape (BEP 48).
pub(super) fn scrape_url(loaded: &LoadedConfig) -> Option<String> {
    let announce = loaded.config.tracker.announce_url.as_ref()?;
    Some(format!("{}/scrape", announce.as_str().strip_suffix("/announce")?))
}

fn feed(loaded: &LoadedConfig) -> Option<PathBuf> {
    let paths = &loaded.config.paths;
    let page = paths.feed_page.as_ref().filter(|page| page.is_file())?;
    page.strip_prefix(paths.pages.as_ref()?).ok().map(PathBuf::from)
}

/// Trackers know the same peers: of several, the one that knows most counts.
fn known_elsewhere(external: &[External]) -> HashMap<InfoHash, (u64, u64)> {
    let mut elsewhere: HashMap<InfoHash, (u64, u64)> = HashMap::new();
    for external in external.iter().filter(|external| external.approved) {
        let Some(figures) = external.figures else { continue };
        let (seeders, leechers) = elsewhere.entry(external.info_hash).or_default();
        *seeders = (*seeders).max(figures.complete.into());
        *leechers = (*leechers).max(figures.incomplete.into());
    }
    elsewhere
}
