//! All checks, in the order of their causes.

use super::examination::Examination;
use super::outcome::Outcome;
use super::{
    announce, configuration, decisions, demand, exposed, folders, memory, pages, peer_addresses,
    public_lists, refreshes, replica, reply, rules, state, static_pages, switches, torrents,
};

/// One check.
pub(super) struct Check {
    /// Its name, as doctor prints it.
    pub(super) name: &'static str,
    /// What it checks.
    pub(super) about: &'static str,
    /// Whether what it finds may be why readers do not get pages.
    pub(super) concerns_pages: bool,
    /// Does it; `None` where there is nothing to check.
    pub(super) run: fn(&Examination<'_>) -> Option<Outcome>,
}

const fn check(
    name: &'static str,
    about: &'static str,
    run: fn(&Examination<'_>) -> Option<Outcome>,
) -> Check {
    Check { name, about, concerns_pages: true, run }
}

/// One that is about clients and their torrents only.
const fn check_for_clients(
    name: &'static str,
    about: &'static str,
    run: fn(&Examination<'_>) -> Option<Outcome>,
) -> Check {
    Check { concerns_pages: false, ..check(name, about, run) }
}

/// The first check, without which there are no others.
pub(super) const CONFIGURATION: Check =
    check("configuration", "which file is in force, and why", configuration::in_force);

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    CONFIGURATION,
    check("announce address", "whether announce_url is one that clients use as it is", configuration::announce_url),
    check("switches", "whether a switch of the configuration keeps clients out", switches::keep_out),
    check("data folder", "whether it is for the tracker alone", folders::data),
    check("torrents folder", "whether it is there, and its fragments can be written", folders::torrents),
    check("catalogue", "whether it can be read", state::catalogue),
    check_for_clients("rules on clients", "whether each is ever asked, and some clients are let in", rules::on_clients),
    check_for_clients("decisions", "whether commands win over what stands in sidecars", decisions::hide_sidecars),
    check_for_clients("lists of torrents", "whether allow_list and deny_list can be read and agree", rules::lists),
    check("peer store", "whether it is of the configured kind, and sound", state::peer_store),
    check("old peer stores", "what was set aside, as broken or by a command", state::copies),
    check("shared memory", "whose the peer store in memory is", memory::files),
    check("room for peers", "whether the peer store can grow as large as it may", memory::room),
    check("load", "what the tracker takes of the machine, today and at ten times as much", demand::estimate),
    check("addresses of peers", "whether peers were seen at their own, and not at a proxy's", peer_addresses::are_their_own),
    check("policy", "whether what announces look up is whole", state::policy),
    check("copied policy", "whether the owner's policy arrives on this replica", replica::policy),
    check("last refresh", "whether refreshes come in time", refreshes::age),
    check("refresh log", "what the last refresh after a reply had to say", refreshes::log),
    check("fragments", "whether the web server can read them", folders::fragments),
    check("static pages", "whether they can be written, and nothing of yours is in their place", static_pages::are_written),
    check("list index", "whether what searches go by is whole", state::list_index),
    check("announce", "whether an announce to announce_url arrives", announce::arrives),
    check("reply", "whether replies reach clients unchanged and fresh", reply::is_unchanged),
    check("client address", "whether the tracker sees its clients, and not a proxy", announce::client_address),
    check("public lists", "whether lists of open trackers would take this one", public_lists::take_it_in),
    check("torrents", "whether the torrents in the folder are tracked", torrents::are_tracked),
    check("torrents address", "whether torrents can be fetched below torrents_url", pages::torrents_url),
    check("folder listing", "whether the names of hidden torrents stay hidden", pages::listing),
    check("pages", "whether the page beside the torrents folder has the statistics in it", pages::statistics),
    check("feed", "whether there is a feed, and it names this site", pages::feed),
    check("data over the web", "whether private files can be fetched", exposed::data),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_has_a_name_of_its_own_and_says_what_it_is_about() {
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
        assert!(CHECKS.iter().all(|check| check.about.starts_with("wh")));
    }
}
