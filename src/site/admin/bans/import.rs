//! Lists of bans: imported from a file, and removed.

use super::{
    Errors, Exchange, Failed, Question, Reply, Section, SignedIn, encoded, own_address, page,
    reason,
};
use crate::catalog::{AddressList, AddressListError, Ban, BanListNameError, ban_list_name};
use crate::platform::address_range::AddressRange;
use crate::site::language::Texts;

/// A list that is to be imported.
struct NewList {
    name: String,
    ranges: Vec<AddressRange>,
    reason: String,
}

/// Imports a list from a file, in the place of what it had before.
pub(in crate::site::admin) fn import(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let mut errors = Errors::default();
    let Some(list) = new_list(exchange, &mut errors) else {
        return page(exchange, signed_in, errors);
    };
    exchange.change(signed_in, |catalog, author| {
        Ok(catalog.import_bans(&list.name, &list.ranges, &list.reason, author)?)
    })?;
    let (name, ranges) = (encoded(&list.name), list.ranges.len());
    Ok(Reply::To(format!("bans?done=imported&which={name}&ranges={ranges}")))
}

fn new_list(exchange: &Exchange<'_>, errors: &mut Errors) -> Option<NewList> {
    let (form, words) = (&exchange.form, &exchange.texts.admin.bans);
    let file = form.files("list_file").next();
    let read = match file {
        None => {
            errors.add("list_file", words.no_file);
            None
        }
        Some(file) => errors.take("list_file", AddressList::read(file.content), |problem| {
            complaint(*problem, exchange.texts).to_owned()
        }),
    };
    let given = form.text("list").trim();
    let name = if given.is_empty() { file.map_or("", |file| &file.name) } else { given };
    // Without a file there is no name yet either.
    let name = if name.is_empty() && file.is_none() { None } else { Some(ban_list_name(name)) };
    let name = name.and_then(|name| {
        errors.take("list", name, |problem| {
            let text = match problem {
                BanListNameError::Automatic => words.automatic_name,
                BanListNameError::Form => words.bad_name,
            };
            text.to_owned()
        })
    });
    let reason = reason(exchange, "list_reason", errors);
    let read = read?;
    if read.bad > 0 && !form.has("lenient") {
        let lines = read.shown.iter().map(|(number, text)| format!("{number} ({text})"));
        let lines = lines.collect::<Vec<_>>().join(", ");
        errors.add("list_file", words.bad_lines.with(exchange.texts.number(read.bad), lines));
    }
    if own_address(exchange).is_some_and(|own| read.ranges.iter().any(|it| it.contains(own))) {
        errors.add("list_file", words.has_own_address);
    }
    let list = NewList { name: name?, ranges: read.ranges, reason: reason? };
    errors.is_empty().then_some(list)
}

fn complaint(problem: AddressListError, texts: &Texts) -> &'static str {
    let words = &texts.admin.bans;
    match problem {
        AddressListError::Packed | AddressListError::Binary => words.damaged,
        AddressListError::TooLarge => words.too_large,
        AddressListError::Zip => words.zip,
        AddressListError::BinaryVersion(_) => words.p2b_version,
        AddressListError::Everybody => words.everybody,
        AddressListError::Empty => words.empty_list,
        AddressListError::NoList => words.no_list,
    }
}

/// Ends all bans of a list, after a question.
pub(in crate::site::admin) fn remove_list(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let name = exchange.form.text("remove").to_owned();
    let (texts, lists) = (exchange.texts, exchange.catalog()?.ban_lists()?);
    let list = lists.into_iter().find(|list| list.name == name).ok_or(Failed::NotFound)?;
    let words = &texts.admin.bans;
    let title = if name == Ban::AUTOMATIC { words.by_tracker } else { &name };
    if !exchange.is_sure() {
        let ranges = texts.counted(list.ranges, words.ranges);
        let question = Question {
            section: Section::Bans,
            title: words.remove_list_of.with(title),
            consequences: vec![words.list_ends.with(ranges)],
            subjects: Vec::new(),
            action: "bans/list".into(),
            fields: vec![("remove".into(), name.clone())],
            button: words.remove_list_now,
            back: "bans".into(),
        };
        return exchange.ask(signed_in, question);
    }
    exchange
        .change(signed_in, |catalog, author| Ok(catalog.import_bans(&name, &[], "", author)?))?;
    Ok(Reply::To(format!("bans?done=removed&which={}", encoded(title))))
}
