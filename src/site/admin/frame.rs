//! What is around every page of the administration: the sections that somebody may see, and the way out.

use super::exchange::{Exchange, SignedIn};
use crate::accounts::{FormToken, Permission};
use crate::site::language::{AdminFrameTexts, Texts};

/// A section of the administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// A page in none of them.
    None,
    Overview,
    Torrents,
    Add,
    Retired,
    Bans,
    Clients,
    Switches,
    People,
    Configuration,
    Appearance,
    Audit,
    Backup,
    Help,
}

/// Where a section is, who may see it, and what it is called.
type Known = (Section, &'static str, Permission, fn(&AdminFrameTexts) -> &'static str);

/// All sections, in their order.
const SECTIONS: &[Known] = &[
    (Section::Overview, "./", Permission::SeeOverview, |texts| texts.overview),
    (Section::Torrents, "torrents", Permission::SeeTorrents, |texts| texts.torrents),
    (Section::Add, "torrents/add", Permission::AddTorrents, |texts| texts.add),
    (Section::Retired, "retired", Permission::SeeTorrents, |texts| texts.retired),
    (Section::Bans, "bans", Permission::SeeBans, |texts| texts.bans),
    (Section::Clients, "clients", Permission::SeeClientRules, |texts| texts.clients),
    (Section::Switches, "switches", Permission::SeeConfiguration, |texts| texts.switches),
    (Section::People, "people", Permission::SeeUsers, |texts| texts.people),
    (Section::Configuration, "configuration", Permission::SeeConfiguration, |texts| {
        texts.configuration
    }),
    (Section::Appearance, "appearance", Permission::EditAppearance, |texts| texts.appearance),
    (Section::Audit, "audit", Permission::SeeAudit, |texts| texts.audit),
    (Section::Backup, "backup", Permission::MakeBackup, |texts| texts.backup),
    (Section::Help, "help", Permission::OwnAccount, |texts| texts.help),
];

/// The frame of a page.
pub(super) struct Frame {
    pub(super) texts: &'static Texts,
    /// What leads to the folder of the administration.
    pub(super) root: String,
    pub(super) title: String,
    /// What the site is called.
    pub(super) site: String,
    /// Who has signed in.
    pub(super) user: Option<String>,
    /// What goes with each of their forms.
    pub(super) token: String,
    pub(super) sections: Vec<SectionLink>,
    /// What was done just now.
    pub(super) notice: Option<String>,
    /// Whether something is wrong in the form on the page.
    pub(super) has_errors: bool,
    /// Where visitors are.
    pub(super) public: String,
    pub(super) version: &'static str,
}

/// The way to a section.
pub(super) struct SectionLink {
    pub(super) address: String,
    pub(super) name: &'static str,
    pub(super) is_here: bool,
}

impl Frame {
    pub(super) fn new(
        exchange: &Exchange<'_>,
        signed_in: Option<&SignedIn>,
        section: Section,
        title: &str,
    ) -> Self {
        let root = exchange.root();
        let texts = exchange.texts;
        let may = |permission| signed_in.is_some_and(|it| it.user.role.may(permission));
        let sections = SECTIONS
            .iter()
            .filter(|(_, _, permission, _)| may(*permission))
            .map(|(known, path, _, name)| SectionLink {
                address: format!("{root}{path}"),
                name: name(&texts.admin.frame),
                is_here: *known == section,
            })
            .collect();
        let token = signed_in.map(|it| FormToken::of_session(&it.session, &exchange.signer));
        Self {
            texts,
            public: format!("{root}../stats"),
            title: title.to_owned(),
            site: exchange.loaded().config.pages.title.clone(),
            user: signed_in.map(|it| it.user.name.to_string()),
            token: token.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            sections,
            notice: None,
            has_errors: false,
            version: env!("CARGO_PKG_VERSION"),
            root,
        }
    }
}
