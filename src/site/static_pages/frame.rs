//! What is around every page: its head, the way back, and when all was counted.

use super::places::{INDEX, Places, STYLE_FILE, Way, file_in, pages_url};
use crate::config::{Contact, Language, Legal, LoadedConfig};
use crate::site::fragments::Foot;
use crate::site::language::{Texts, texts};

/// What a page may load and do: nothing but its stylesheet and its own pictures.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";

/// The statistics in the folder of the pages.
pub(super) const STATISTICS: &str = "statistics.html";

/// What tells visitors how to download.
pub(super) const HOW_TO: &str = "how-to-download.html";

/// The frame of a page.
pub(super) struct Frame {
    pub(super) texts: &'static Texts,
    /// The same page in each language, where there are several.
    pub(super) languages: Vec<LanguageLink>,
    /// What the page is about.
    pub(super) title: String,
    /// The feeds of what is on the page.
    pub(super) feeds: Option<Feeds>,
    /// Words for visitors, on the front page.
    pub(super) note: Option<String>,
    /// What all pages are called.
    pub(super) site: String,
    /// The policy, for a page whose headers are not ours.
    pub(super) policy: Option<String>,
    pub(super) style: String,
    pub(super) home: String,
    pub(super) is_home: bool,
    pub(super) is_statistics: bool,
    pub(super) is_how_to: bool,
    pub(super) feed: Option<String>,
    /// The other pages that are made once, where it is known where they are.
    pub(super) statistics: Option<String>,
    pub(super) how_to: Option<String>,
    /// The address that others know the page by, where it is known.
    pub(super) address: Option<String>,
    /// The same page for those who want none of its languages.
    pub(super) usual_address: Option<String>,
    /// That of a page of the script which may have others, from there.
    pub(super) canonical: Option<String>,
    /// Whether it is nothing for search engines.
    pub(super) is_private: bool,
    /// Whom visitors may write to.
    pub(super) contact: Option<String>,
    pub(super) legal_page: Option<String>,
    pub(super) legal_notice: Option<String>,
    /// When all was counted, on the page that is written anew each time.
    pub(super) foot: Option<Foot>,
    /// How often it is counted.
    pub(super) period: Option<String>,
}

/// A page in one of its languages.
pub(super) struct LanguageLink {
    /// The tag of the language.
    pub(super) tag: &'static str,
    /// What the language is called in itself.
    pub(super) name: &'static str,
    /// What leads there.
    pub(super) page: String,
    /// The same for others, where it is known.
    pub(super) address: Option<String>,
    pub(super) is_here: bool,
}

/// Feeds that a page names.
pub(super) struct Feeds {
    /// The category or group; `None` for all torrents.
    pub(super) name: Option<String>,
    /// What leads to their folder.
    pub(super) folder: String,
}

impl Frame {
    pub(super) fn new(places: &Places<'_>, way: Way, title: &str) -> Self {
        let root = way.root(places.loaded);
        let is_known = matches!(way, Way::Static(_)) || !root.is_empty();
        let page = |path: &str| is_known.then(|| format!("{root}{}", places.file(path)));
        let home = format!("{root}{}", places.file(INDEX));
        let feeds = is_known.then(|| Feeds { name: None, folder: root.clone() });
        let config = &places.loaded.config.pages;
        let (legal_page, legal_notice) = match &config.legal {
            Some(Legal::Page(page)) => (Some(page.to_string()), None),
            Some(Legal::Notice(notice)) => (None, Some(notice.clone())),
            None => (None, None),
        };
        let (policy, style, home) = match way {
            Way::Static(_) | Way::Included(_) => {
                (Some(POLICY.into()), format!("{root}{STYLE_FILE}"), home)
            }
            // Where nobody knows where the pages are, the script does.
            Way::Dynamic if root.is_empty() => (None, format!("../{STYLE_FILE}"), "../".into()),
            Way::Dynamic => (None, format!("../{STYLE_FILE}"), home),
            Way::Search if root.is_empty() => (None, STYLE_FILE.into(), "./".into()),
            Way::Search => (None, STYLE_FILE.into(), home),
        };
        Self {
            texts: places.texts,
            languages: Vec::new(),
            title: title.to_owned(),
            feeds,
            site: places.title().to_owned(),
            note: places.appearance.note.clone(),
            policy,
            style,
            home,
            is_home: false,
            is_statistics: false,
            is_how_to: false,
            feed: places.feed(way),
            statistics: page(STATISTICS),
            how_to: page(HOW_TO),
            address: None,
            usual_address: None,
            canonical: None,
            is_private: false,
            contact: config.contact.as_ref().map(Contact::link),
            legal_page,
            legal_notice,
            foot: None,
            period: None,
        }
    }

    /// Lets the page's forms go to another origin too.
    pub(super) fn allow_forms_to(&mut self, origin: &str) {
        let forms = "form-action 'self'";
        self.policy = self.policy.take().map(|it| it.replace(forms, &format!("{forms} {origin}")));
    }

    /// Says at which path in the folder of the pages it is in the first language, and so where it is in the others.
    pub(super) fn is_at(&mut self, path: &str, loaded: &LoadedConfig) {
        self.address = address_of(&file_in(self.texts.language, path, loaded), loaded);
        self.usual_address = address_of(path, loaded);
        let name = path.rsplit('/').next().unwrap_or(path);
        let page = |language| file_in(language, name, loaded);
        self.speaks(loaded, page, |language| address_of(&file_in(language, path, loaded), loaded));
    }

    /// Says where the page is in each language: what leads there, and the same for others.
    pub(super) fn speaks(
        &mut self,
        loaded: &LoadedConfig,
        page: impl Fn(Language) -> String,
        address: impl Fn(Language) -> Option<String>,
    ) {
        let languages = &loaded.config.pages.languages;
        if languages.are_several() {
            let link = |&language: &Language| LanguageLink {
                tag: language.tag(),
                name: texts(language).name,
                page: page(language),
                address: address(language),
                is_here: language == self.texts.language,
            };
            self.languages = languages.all().iter().map(link).collect();
        }
    }
}

/// The address of a page for others, by its path in the folder of the pages; an index goes by its folder.
pub(super) fn address_of(path: &str, loaded: &LoadedConfig) -> Option<String> {
    let folder = path.strip_suffix(INDEX).filter(|it| it.is_empty() || it.ends_with('/'));
    Some(format!("{}/{}", pages_url(loaded)?, folder.unwrap_or(path)))
}
