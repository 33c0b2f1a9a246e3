//! What a program with a token may read and change: the same as people do in the administration, with the permission that
//! each operation needs. What does not stand in the table is done for nobody.

mod bans;
mod body;
mod caller;
mod changes;
mod clients;
mod decision;
mod done;
mod exchange;
mod failed;
mod groups;
mod peers;
mod refresh;
mod switches;
mod torrents;
mod users;

use self::caller::Caller;
use self::done::Done;
use self::exchange::Exchange;
use super::place::{Place, Which};
use super::problem::FieldError;
use super::{Failed, Problem};
use crate::accounts::Permission;
use crate::gateway::{Answer, Method, Request, Response};
use crate::site::{Call, Ready};

/// Something that is done for a program, and the permission that it needs.
type Operation = (Permission, fn(&mut Exchange<'_>) -> Result<Done, Failed>);

/// The table of all operations.
fn operation(method: Method, place: Place) -> Option<Operation> {
    use Method::{Delete, Get, Head, Patch, Post};
    use Which::{All, One};
    let method = if method == Head { Get } else { method };
    Some(match (method, place) {
        (Post, Place::Torrents) => (Permission::AddTorrents, torrents::add),
        (Patch, Place::Torrent(_)) => (Permission::EditTorrents, decision::change),
        (Delete, Place::Torrent(_)) => (Permission::RemoveTorrents, torrents::remove),
        (Get, Place::Decision(_)) => (Permission::SeeTorrents, decision::show),
        (Get, Place::Peers(_)) => (Permission::SeePeers, peers::list),
        (Get, Place::Bans(All)) => (Permission::SeeBans, bans::list),
        (Get, Place::Bans(One)) => (Permission::SeeBans, bans::show),
        (Post, Place::Bans(All)) => (Permission::EditBans, bans::add),
        (Delete, Place::Bans(One)) => (Permission::EditBans, bans::remove),
        (Get, Place::Clients(All)) => (Permission::SeeClientRules, clients::list),
        (Get, Place::Clients(One)) => (Permission::SeeClientRules, clients::show),
        (Post, Place::Clients(All)) => (Permission::EditClientRules, clients::add),
        (Delete, Place::Clients(One)) => (Permission::EditClientRules, clients::remove),
        (Get, Place::Switches) => (Permission::SeeConfiguration, switches::list),
        (Patch, Place::Switches) => (Permission::EditSwitches, switches::change),
        (Get, Place::Users(All)) => (Permission::SeeUsers, users::list),
        (Get, Place::Users(One)) => (Permission::SeeUsers, users::show),
        (Post, Place::Users(All)) => (Permission::EditUsers, users::add),
        (Patch, Place::Users(One)) => (Permission::EditUsers, users::change),
        (Delete, Place::Users(One)) => (Permission::EditUsers, users::remove),
        (Get, Place::Groups(All)) => (Permission::SeeUsers, groups::list),
        (Get, Place::Groups(One)) => (Permission::SeeUsers, groups::show),
        (Post, Place::Groups(All)) => (Permission::EditUsers, groups::add),
        (Delete, Place::Groups(One)) => (Permission::EditUsers, groups::remove),
        (Post, Place::Refresh) => (Permission::Refresh, refresh::run),
        (Get, Place::Changes) => (Permission::SeeAudit, changes::list),
        _ => return None,
    })
}

/// Whether something is done for programs with a token only.
pub(in crate::site) fn is_managed(method: Method, place: Place) -> bool {
    operation(method, place).is_some()
}

/// The methods that an address takes.
pub(super) fn allowed(place: Place) -> String {
    let mut allowed = Vec::new();
    if place.is_open() || is_managed(Method::Get, place) {
        allowed.extend(["GET", "HEAD"]);
    }
    for (method, name) in
        [(Method::Post, "POST"), (Method::Patch, "PATCH"), (Method::Delete, "DELETE")]
    {
        if is_managed(method, place) {
            allowed.push(name);
        }
    }
    allowed.push("OPTIONS");
    allowed.join(", ")
}

/// Bytes of body that a request may bring at most: none without a token.
pub(in crate::site) fn body_limit(place: Place, request: &Request<'_>) -> usize {
    match (is_managed(request.method, place), request.variables.get(caller::HEADER)) {
        (true, Some(_)) if place == Place::Torrents => usize::MAX,
        (true, Some(_)) => body::MOST_BYTES,
        _ => 0,
    }
}

/// Answers on a thread that may take long.
pub(in crate::site) fn answer(
    ready: &mut Ready,
    place: Place,
    call: &Call<'_>,
    response: &mut Response,
) -> Answer {
    if let Some(owner) = owner_elsewhere(ready, call) {
        match owner {
            Ok(address) => done::put_way_to(address, response),
            Err(problem) => problem.write(response),
        }
        return Answer::Ready;
    }
    match perform(ready, place, call) {
        Ok(done) => done.put(response),
        Err(Failed::WouldWait) => return Answer::WouldWait,
        Err(Failed::Problem(problem)) => problem.write(response),
    }
    Answer::Ready
}

fn perform(ready: &mut Ready, place: Place, call: &Call<'_>) -> Result<Done, Failed> {
    let Some((permission, perform)) = operation(call.request.method, place) else {
        return Err(Problem::NoSuchAddress.into());
    };
    if !ready.tracker.config().config.admin.enabled {
        return Err(Problem::AdministrationOff.into());
    }
    let caller = Caller::of(ready, call)?;
    caller.check(permission)?;
    perform(&mut Exchange::new(ready, call, place, caller)?)
}

/// Where a replica sends programs: it has no catalogue.
fn owner_elsewhere(ready: &Ready, call: &Call<'_>) -> Option<Result<String, Problem>> {
    let config = &ready.tracker.config().config;
    let owner = config.farm.owner_url.as_ref();
    config.is_replica().then(|| {
        let owner = owner.ok_or(Problem::Replica { owner: None })?.origin();
        let query = String::from_utf8_lossy(call.request.query);
        let mark = if query.is_empty() { "" } else { "?" };
        let path = exchange::path(call.request);
        Ok(format!("{owner}{path}{mark}{query}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::InfoHash;

    #[test]
    fn each_address_says_which_methods_it_takes() {
        for (place, expected) in [
            (Place::Stats, "GET, HEAD, OPTIONS"),
            (Place::Torrents, "GET, HEAD, POST, OPTIONS"),
            (Place::Torrent(InfoHash([1; 20])), "GET, HEAD, PATCH, DELETE, OPTIONS"),
            (Place::Bans(Which::One), "GET, HEAD, DELETE, OPTIONS"),
            (Place::Users(Which::One), "GET, HEAD, PATCH, DELETE, OPTIONS"),
            (Place::Switches, "GET, HEAD, PATCH, OPTIONS"),
            (Place::Refresh, "POST, OPTIONS"),
            (Place::Unknown, "GET, HEAD, OPTIONS"),
        ] {
            assert_eq!(allowed(place), expected, "{place:?}");
        }
    }

    #[test]
    fn nothing_that_changes_anything_is_open() {
        use Method::{Delete, Other, Patch, Post, Put};
        for place in [Place::Torrents, Place::Bans(Which::All), Place::Changes, Place::Refresh] {
            for method in [Put, Other] {
                assert!(operation(method, place).is_none());
            }
        }
        let reading = [
            Permission::SeeTorrents,
            Permission::SeePeers,
            Permission::SeeBans,
            Permission::SeeClientRules,
            Permission::SeeConfiguration,
            Permission::SeeUsers,
            Permission::SeeAudit,
        ];
        let hash = InfoHash([1; 20]);
        for place in [
            Place::Torrents,
            Place::Torrent(hash),
            Place::Bans(Which::All),
            Place::Bans(Which::One),
            Place::Clients(Which::All),
            Place::Clients(Which::One),
            Place::Switches,
            Place::Users(Which::All),
            Place::Users(Which::One),
            Place::Groups(Which::All),
            Place::Groups(Which::One),
            Place::Refresh,
        ] {
            for method in [Post, Patch, Delete] {
                let needed = operation(method, place).map(|(permission, _)| permission);
                assert!(!needed.is_some_and(|it| reading.contains(&it)), "{place:?}");
            }
        }
    }
}
