//! The owner's rules on clients and lists of torrents: whether each of them can have an effect.

use std::collections::HashSet;
use std::path::Path;

use super::examination::Examination;
use super::outcome::Outcome;
use crate::catalog::{Catalog, ClientRule, HashList, Verdict};
use crate::protocol::{ClientPattern, InfoHash};
use crate::site::counted;

/// Whether each rule on clients is ever asked, and leaves somebody.
pub(super) fn on_clients(examination: &Examination<'_>) -> Option<Outcome> {
    let config = &examination.effective().config;
    if let Some(why) = config.clients.idle_bans() {
        return Some(Outcome::wrong(why, "set identify = true, or ban_after = 0"));
    }
    // That it cannot be read is said elsewhere.
    let catalog = Catalog::read(&config.paths.catalog).ok()?;
    let rules = catalog.client_rules().ok()?;
    if rules.is_empty() {
        return None;
    }
    let decides_all = |rule: &&ClientRule| rule.pattern == ClientPattern::Any;
    let end = rules.iter().find(decides_all).map(|rule| rule.verdict);
    let before = || rules.iter().take_while(|rule| !decides_all(rule)).map(|rule| rule.verdict);
    let number = rules.iter().take_while(|rule| !decides_all(rule)).count() + 1;
    Some(match end {
        Some(Verdict::Deny) if before().all(|verdict| verdict == Verdict::Deny) => Outcome::wrong(
            "the rules on clients refuse every client",
            "`tracker client allow PATTERN --first` lets some in, or `tracker client remove '*'` the others",
        ),
        Some(Verdict::Hide) if before().all(|verdict| verdict != Verdict::Allow) => Outcome::wrong(
            format!(
                "rule {number} (hide *) hides every client that no rule before it decides about, so nobody is told of \
                 anybody"
            ),
            "remove it (`tracker client remove '*'`), or allow some before it (`tracker client allow PATTERN --first`)",
        ),
        Some(Verdict::Deny) if before().all(|verdict| verdict != Verdict::Allow) => Outcome::wrong(
            "the rules on clients hide every client from all others that they do not refuse",
            "`tracker client allow PATTERN --first` has some handed out, or `tracker client remove '*'` the \
                 others",
        ),
        _ => unasked(&rules),
    })
}

fn unasked(rules: &[ClientRule]) -> Outcome {
    let unasked = |(number, rule): (usize, &ClientRule)| {
        let earlier = rules.get(ClientRule::decides_before(rules, number)?)?;
        Some(format!("`{}`, as `{}` decides before", rule.pattern, earlier.pattern))
    };
    let never: Vec<String> = rules.iter().enumerate().filter_map(unasked).collect();
    match never.as_slice() {
        [] => Outcome::fine(counted(rules.len(), "rule")),
        never => Outcome::wrong(
            format!("never asked: {}", never.join("; ")),
            "`tracker client remove` takes them out; --first puts one before the others",
        ),
    }
}

/// Whether the lists of info-hashes can be read, and do not contradict each other.
pub(super) fn lists(examination: &Examination<'_>) -> Option<Outcome> {
    let access = &examination.loaded.config.access;
    let (allowed, denied) = (access.allow_list.as_deref(), access.deny_list.as_deref());
    let mut notes = Vec::new();
    let mut hashes: Vec<HashSet<InfoHash>> = Vec::new();
    for path in [allowed, denied] {
        hashes.push(match path.map(|path| read(path, &mut notes)) {
            None => HashSet::new(),
            Some(Ok(list)) => list,
            Some(Err(wrong)) => return Some(wrong),
        });
    }
    if allowed.is_none() && denied.is_none() {
        return None;
    }
    let [allowed, denied] = hashes.as_slice() else { return None };
    let both = allowed.intersection(denied).count();
    if both > 0 {
        notes.push(format!("{} in both lists, and refused", counted(both, "torrent")));
    }
    if !notes.is_empty() {
        return Some(Outcome::told(notes.join("; ")));
    }
    Some(Outcome::fine(format!("{} allowed, {} denied", allowed.len(), denied.len())))
}

fn read(path: &Path, notes: &mut Vec<String>) -> Result<HashSet<InfoHash>, Outcome> {
    let list = HashList::read(path).map_err(|problem| {
        Outcome::wrong(
            format!(
                "{} cannot be read ({problem}), and counts as it was read last",
                path.display()
            ),
            "have the tracker's user read it, or take it out of [access]",
        )
    })?;
    notes.extend(list.problem().map(|problem| format!("{}: {problem}", path.display())));
    Ok(list.hashes.into_iter().collect())
}
