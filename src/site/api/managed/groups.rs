//! `/api/v1/groups`: groups of torrents, which editors look after.

use serde::Serialize;

use super::body::parsed;
use super::{Done, Exchange, Failed, Problem};
use crate::catalog::{Catalog, Group, UserName, is_same_group};

/// All groups.
#[derive(Serialize)]
struct Page {
    groups: Vec<Shown>,
}

/// A group for programs.
#[derive(Serialize)]
struct Shown {
    name: String,
    created: u64,
    users: u64,
}

impl From<Group> for Shown {
    fn from(group: Group) -> Self {
        Self { name: group.name, created: group.created.0, users: group.users }
    }
}

pub(super) fn list(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    exchange.given(&[])?;
    let groups = exchange.catalog()?.groups()?;
    Done::found(&Page { groups: groups.into_iter().map(Shown::from).collect() })
}

pub(super) fn show(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    Done::found(&Shown::from(find(&exchange.catalog()?, &exchange.name())?))
}

pub(super) fn add(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let name = fields.require("name", parsed(UserName::parse));
    fields.finish()?;
    let Some(name) = name else { return Err(Problem::NoSuch("group").into()) };
    exchange.change_unpublished(|catalog, author| {
        let is_new = catalog.add_group(&name, author)?;
        Done::put_in_place(is_new, &Shown::from(find(catalog, name.as_str())?))
    })
}

/// Removes a group; its users stay, and what is said of torrents.
pub(super) fn remove(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let name = UserName::parse(&exchange.name()).map_err(|_| Problem::NoSuch("group"))?;
    exchange.change_unpublished(|catalog, author| match catalog.remove_group(&name, author)? {
        true => Ok(Done::gone()),
        false => Err(Problem::NoSuch("group").into()),
    })
}

fn find(catalog: &Catalog, name: &str) -> Result<Group, Failed> {
    let mut groups = catalog.groups()?.into_iter();
    let found = groups.find(|group| is_same_group(&group.name, name));
    found.ok_or_else(|| Problem::NoSuch("group").into())
}
