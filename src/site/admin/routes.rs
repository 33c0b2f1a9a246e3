//! All pages of the administration, and who may see or use each. What is not in the table is not there.

use super::exchange::{Exchange, SignedIn};
use super::reply::{Failed, Reply};
use super::{
    account, add, api_tokens, appearance, audit, backup, bans, checkup, clients, codes,
    configuration, groups,
};
use super::{
    help, overview, peers, people, person, refresh, setup, sign_in, style, switches, torrents,
};
use crate::accounts::Permission;
use crate::gateway::Method;

type AnswerAnybody = fn(&mut Exchange<'_>, Option<&SignedIn>) -> Result<Reply, Failed>;
type AnswerSomebody = fn(&mut Exchange<'_>, &SignedIn) -> Result<Reply, Failed>;

/// Who may have a page, and what answers it.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    /// Anybody: only what leads in, and the stylesheet.
    Open(AnswerAnybody),
    /// Who has signed in and has a permission. A change is made only with the token of a form.
    For(Permission, AnswerSomebody),
}

/// A page: its method, its path behind `/admin/`, where `{}` is any one part, and its entry.
type Route = (Method, &'static str, Entry);

use Entry::{For, Open};
use Method::{Get, Post};

/// The table.
const ROUTES: &[Route] = &[
    (Get, "admin.css", Open(style::show)),
    (Get, "login", Open(sign_in::show)),
    (Post, "login", Open(sign_in::sign_in)),
    (Post, "code", Open(sign_in::confirm)),
    (Get, "password", Open(sign_in::show_password)),
    (Post, "password", Open(sign_in::choose_password)),
    (Post, "logout", For(Permission::OwnAccount, sign_in::sign_out)),
    (Get, "setup", Open(setup::show)),
    (Post, "setup", Open(setup::make)),
    (Get, "", For(Permission::SeeOverview, overview::show)),
    (Post, "refresh", For(Permission::Refresh, refresh::run)),
    (Post, "checkup", For(Permission::SeeConfiguration, checkup::run)),
    (Get, "configuration", For(Permission::SeeConfiguration, configuration::show)),
    (Post, "configuration", For(Permission::SeeConfiguration, configuration::check)),
    (Get, "appearance", For(Permission::EditAppearance, appearance::show)),
    (Post, "appearance", For(Permission::EditAppearance, appearance::save)),
    (Get, "backup", For(Permission::MakeBackup, backup::show)),
    (Post, "backup", For(Permission::MakeBackup, backup::download)),
    (Get, "help", For(Permission::OwnAccount, help::show)),
    (Get, "bans", For(Permission::SeeBans, bans::show)),
    (Post, "bans", For(Permission::EditBans, bans::add)),
    (Get, "bans/export", For(Permission::SeeBans, bans::export)),
    (Post, "bans/end", For(Permission::EditBans, bans::end)),
    (Post, "bans/import", For(Permission::EditBans, bans::import)),
    (Post, "bans/list", For(Permission::EditBans, bans::remove_list)),
    (Get, "clients", For(Permission::SeeClientRules, clients::show)),
    (Post, "clients", For(Permission::EditClientRules, clients::add)),
    (Post, "clients/remove", For(Permission::EditClientRules, clients::remove)),
    (Get, "switches", For(Permission::SeeConfiguration, switches::show)),
    (Post, "switches", For(Permission::EditSwitches, switches::save)),
    (Get, "torrents/add", For(Permission::AddTorrents, add::show)),
    (Post, "torrents/add", For(Permission::AddTorrents, add::add)),
    (Get, "torrents/{}/peers", For(Permission::SeePeers, peers::show)),
    (Get, "torrents/{}/peers/export", For(Permission::SeePeers, peers::export)),
    (Get, "audit", For(Permission::SeeAudit, audit::show)),
    (Get, "audit/export", For(Permission::SeeAudit, audit::export)),
    (Get, "people", For(Permission::SeeUsers, people::show)),
    (Post, "people", For(Permission::EditUsers, people::add)),
    (Post, "groups", For(Permission::EditUsers, groups::add)),
    (Post, "groups/remove", For(Permission::EditUsers, groups::remove)),
    (Get, "people/{}", For(Permission::SeeUsers, person::show)),
    (Post, "people/{}", For(Permission::EditUsers, person::save)),
    (Post, "people/{}/password-code", For(Permission::EditUsers, person::make_password_code)),
    (Post, "people/{}/no-codes", For(Permission::EditUsers, person::turn_codes_off)),
    (Post, "people/{}/sign-out", For(Permission::EditUsers, person::sign_out)),
    (Post, "people/{}/remove-token", For(Permission::EditUsers, person::remove_token)),
    (Post, "people/{}/remove-tokens", For(Permission::EditUsers, person::remove_tokens)),
    (Post, "people/{}/remove", For(Permission::EditUsers, person::remove)),
    (Get, "account", For(Permission::OwnAccount, account::show)),
    (Post, "account", For(Permission::OwnAccount, account::save)),
    (Get, "account/password", For(Permission::OwnAccount, account::show_password)),
    (Post, "account/password", For(Permission::OwnAccount, account::change_password)),
    (Get, "account/codes", For(Permission::OwnAccount, codes::show)),
    (Post, "account/codes", For(Permission::OwnAccount, codes::change)),
    (Get, "account/tokens", For(Permission::OwnAccount, api_tokens::show)),
    (Post, "account/tokens", For(Permission::OwnAccount, api_tokens::make)),
    (Post, "account/tokens/remove", For(Permission::OwnAccount, api_tokens::remove)),
    (Post, "account/tokens/remove-all", For(Permission::OwnAccount, api_tokens::remove_all)),
    (Get, "torrents", For(Permission::SeeTorrents, torrents::show)),
    (Post, "torrents", For(Permission::EditTorrents, torrents::several)),
    (Get, "retired", For(Permission::SeeTorrents, torrents::show_retired)),
    (Post, "retired", For(Permission::RestoreTorrents, torrents::restore_several)),
    (Get, "torrents/{}", For(Permission::SeeTorrents, torrents::show_one)),
    (Post, "torrents/{}", For(Permission::EditTorrents, torrents::save)),
    (Post, "torrents/{}/hide", For(Permission::HideTorrents, torrents::hide)),
    (Post, "torrents/{}/unhide", For(Permission::HideTorrents, torrents::unhide)),
    (Post, "torrents/{}/retire", For(Permission::RetireTorrents, torrents::retire)),
    (Post, "torrents/{}/restore", For(Permission::RestoreTorrents, torrents::restore)),
    (Post, "torrents/{}/remove", For(Permission::RemoveTorrents, torrents::remove)),
    (Post, "torrents/{}/reset", For(Permission::EditTorrents, torrents::reset)),
];

/// What the table has for a request.
pub(super) enum Found {
    /// This, and what stands in the places of `{}`.
    Entry(Entry, Vec<String>),
    /// Something, for another method.
    AnotherMethod,
    Nothing,
}

/// Looks a request up. A HEAD is answered as a GET.
pub(super) fn find(method: Method, path: &str) -> Found {
    let method = if method == Method::Head { Method::Get } else { method };
    let mut found = Found::Nothing;
    for (known, pattern, entry) in ROUTES {
        let Some(parts) = parts(pattern, path) else { continue };
        match &found {
            // A page with a name of its own wins over one of any name, wherever they stand in the table.
            Found::Entry(_, others) if *known == method && parts.len() >= others.len() => {}
            _ if *known == method => found = Found::Entry(*entry, parts),
            Found::Nothing => found = Found::AnotherMethod,
            Found::Entry(..) | Found::AnotherMethod => {}
        }
    }
    found
}

/// Whether there is a page with a path.
pub(super) fn is_known(path: &str) -> bool {
    ROUTES.iter().any(|(_, pattern, _)| parts(pattern, path).is_some())
}

/// What stands in a path in the places of `{}`, if it is as the pattern has it.
fn parts(pattern: &str, path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut parts = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parts),
            (Some("{}"), Some(part)) if !part.is_empty() => parts.push(part.to_owned()),
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}
