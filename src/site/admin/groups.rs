//! Groups: whose torrents an editor looks after.

use super::confirm::Question;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::Section;
use super::people;
use super::reply::{Failed, Reply};
use crate::catalog::{UserName, is_same_group};

/// Adds a group.
pub(super) fn add(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let mut errors = Errors::default();
    let named = UserName::parse(exchange.form.text("group"));
    let say = |it: &_| texts.admin.users.name_error(*it).to_owned();
    let Some(name) = errors.take("group", named, say) else {
        return people::page(exchange, signed_in, errors);
    };
    let is_new = exchange
        .change_unpublished(signed_in, |catalog, author| Ok(catalog.add_group(&name, author)?))?;
    if !is_new {
        errors.add("group", texts.admin.people.group_taken);
        return people::page(exchange, signed_in, errors);
    }
    Ok(Reply::To("people?done=group-added".into()))
}

/// Removes a group, after asking.
pub(super) fn remove(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let words = &exchange.texts.admin.people;
    let name = UserName::parse(exchange.form.text("name")).map_err(|_| Failed::NotFound)?;
    let groups = exchange.catalog()?.groups()?;
    let group = groups.into_iter().find(|group| is_same_group(&group.name, name.as_str()));
    let group = group.ok_or(Failed::NotFound)?;
    if !exchange.is_sure() {
        return exchange.ask(
            signed_in,
            Question {
                section: Section::People,
                title: words.remove_group.to_owned(),
                consequences: vec![
                    words.remove_group_users.with(exchange.texts.number(group.users)),
                    words.remove_group_torrents.to_owned(),
                ],
                subjects: vec![group.name.clone()],
                action: "groups/remove".into(),
                fields: vec![("name".into(), group.name)],
                button: words.remove,
                back: "people".into(),
            },
        );
    }
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.remove_group(&name, author)?)
    })?;
    Ok(Reply::To("people?done=group-removed".into()))
}
