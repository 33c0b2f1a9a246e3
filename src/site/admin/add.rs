//! Adding torrents: files, archives of them, info-hashes and magnet links, and what became of each.

mod words;

use askama::Template;

use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::torrents::scope;
use crate::catalog::{Author, Catalog, Role, User, is_same_group};
use crate::config::UploadPlace;
use crate::gateway::{Method, Status};
use crate::platform::privilege;
use crate::protocol::InfoHash;
use crate::tracker::upload::{
    Candidate, Foreign, Judged, KnownState, Source, Upload, Verdict, categories,
};
use words::class;

#[derive(Template)]
#[template(path = "admin/add.html")]
struct Add {
    frame: Frame,
    errors: Errors,
    hashes: String,
    /// Folders, and whether each is chosen.
    categories: Vec<(String, bool)>,
    /// Groups, and whether each is chosen; none where there is nothing to choose.
    groups: Vec<(String, bool)>,
    /// Whether it may be of no group.
    may_be_of_none: bool,
    is_rewritten: bool,
    is_in_database: bool,
    /// Whether files can be put into the torrents folder.
    is_folder_writable: bool,
    /// Whether links can lead to what is in the database.
    is_script_known: bool,
    /// What a form may bring.
    most: String,
}

#[derive(Template)]
#[template(path = "admin/added.html")]
struct Added {
    frame: Frame,
    outcomes: Vec<Outcome>,
}

/// What became of one.
struct Outcome {
    given: String,
    /// How it looks.
    class: &'static str,
    text: String,
    /// Its page, from the folder of the administration.
    page: Option<String>,
}

/// What was asked for, all of it usable.
struct Wanted {
    foreign: Foreign,
    place: UploadPlace,
    category: String,
    group: Option<String>,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    form(exchange, signed_in, Errors::default())
}

fn form(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    mut errors: Errors,
) -> Result<Reply, Failed> {
    let (form, words) = (&exchange.form, &exchange.texts.admin.add);
    let groups = groups(exchange, &signed_in.user)?;
    let may_be_of_none = signed_in.user.role != Role::Editor;
    if groups.is_empty() && !may_be_of_none {
        errors.add("group", words.no_group);
    }
    let loaded = exchange.loaded();
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Add, words.title);
    frame.has_errors = !errors.is_empty();
    let is_sent = exchange.call.request.method == Method::Post;
    let status = if is_sent { Status::UnprocessableContent } else { Status::Ok };
    let most = u64::try_from(loaded.config.gateway.max_body).unwrap_or(u64::MAX);
    let chosen = |name: &str, field: &str| form.text(field) == name;
    let torrents = &loaded.config.paths.torrents;
    let folders = categories(torrents).into_iter();
    let is_folder_writable = privilege::may_write(torrents);
    let is_in_database = match UploadPlace::of_name(form.text("keep_in")) {
        Some(place) => place == UploadPlace::Database,
        None => !is_folder_writable || loaded.config.catalog.keep_uploads == UploadPlace::Database,
    };
    Reply::page_of(
        status,
        &Add {
            hashes: form.text("hashes").to_owned(),
            categories: folders.map(|it| (it.clone(), chosen(&it, "category"))).collect(),
            groups: groups.into_iter().map(|it| (it.clone(), chosen(&it, "group"))).collect(),
            may_be_of_none,
            is_rewritten: form.text("foreign") == "rewrite",
            is_in_database,
            is_folder_writable,
            is_script_known: loaded.script_url().is_some(),
            most: exchange.texts.bytes(most, 0),
            frame,
            errors,
        },
    )
}

/// The groups that somebody may add torrents to: editors only their own.
fn groups(exchange: &Exchange<'_>, user: &User) -> Result<Vec<String>, Failed> {
    if user.role == Role::Editor {
        return Ok(user.groups.clone());
    }
    Ok(exchange.catalog()?.groups()?.into_iter().map(|group| group.name).collect())
}

/// Adds all that is given, in one turn. The answer is the page itself, and no way to another one: what became of hundreds
/// of files is nowhere kept. Sent once more, the same files are known, and nothing changes.
pub(super) fn add(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let mut errors = Errors::default();
    let sources = sources(exchange);
    if sources.is_empty() {
        errors.add("files", exchange.texts.admin.add.nothing_given);
    }
    let Some(wanted) = wanted(exchange, &signed_in.user, &mut errors)? else {
        return form(exchange, signed_in, errors);
    };
    let groups = scope::groups(&signed_in.user).map(<[String]>::to_vec);
    let upload = Upload::new(exchange.loaded(), wanted.foreign)
        .kept_in(wanted.place)
        .within(groups.as_deref());
    let upload = upload.into_category(&wanted.category);
    let upload = errors
        .take("category", upload, |_| exchange.texts.admin.add.no_category.with(&wanted.category));
    let (Some(upload), true) = (upload, errors.is_empty()) else {
        return form(exchange, signed_in, errors);
    };
    let judged = exchange.change(signed_in, |catalog, author| {
        let mut judged = Vec::new();
        let mut own = Vec::with_capacity(sources.len());
        for source in &sources {
            match of_others(source, catalog, author, &signed_in.user)? {
                Some(others) => judged.push(others),
                None => own.push(*source),
            }
        }
        judged.extend(upload.begin(catalog, author).add_all(&own)?);
        if let Some(group) = &wanted.group {
            put_into(group, &judged, catalog, author)?;
        }
        Ok(judged)
    })?;
    page(exchange, signed_in, &judged)
}

/// All that was given.
fn sources<'e>(exchange: &'e Exchange<'_>) -> Vec<Source<'e>> {
    let files = exchange.form.files("files");
    let files = files.map(|file| Source::File { name: &file.name, content: file.content });
    let lines = exchange.form.text("hashes").lines().map(str::trim);
    files.chain(lines.filter(|line| !line.is_empty()).map(Source::Text)).collect()
}

fn wanted(
    exchange: &Exchange<'_>,
    user: &User,
    errors: &mut Errors,
) -> Result<Option<Wanted>, Failed> {
    let (form, words) = (&exchange.form, &exchange.texts.admin.add);
    let foreign = match form.text("foreign") {
        "rewrite" => Foreign::Rewritten,
        _ => Foreign::Refused,
    };
    let usual = exchange.loaded().config.catalog.keep_uploads;
    let place = UploadPlace::of_name(form.text("keep_in")).unwrap_or(usual);
    let given = form.text("group");
    let known = groups(exchange, user)?.into_iter().find(|group| is_same_group(group, given));
    let is_editor = user.role == Role::Editor;
    if known.is_none() && (is_editor || !given.is_empty()) {
        let is_in_none = is_editor && user.groups.is_empty();
        errors.add("group", if is_in_none { words.no_group } else { words.choose_group });
    }
    let category = form.text("category").to_owned();
    Ok(errors.is_empty().then_some(Wanted { foreign, place, category, group: known }))
}

/// A torrent of a group that an editor is not in is left as it is: to add it by its info-hash would change it.
fn of_others(
    source: &Source<'_>,
    catalog: &Catalog,
    author: &Author<'_>,
    user: &User,
) -> Result<Option<Judged>, Failed> {
    let (Role::Editor, Source::Text(text)) = (user.role, source) else { return Ok(None) };
    let Some(Ok(candidate)) = Candidate::of_text(text, author.at) else { return Ok(None) };
    let torrent = candidate.torrent();
    let known = catalog.torrent(torrent.info_hash)?;
    if known.is_none_or(|known| is_of_groups(known.details().group.as_deref(), user)) {
        return Ok(None);
    }
    let verdict = Verdict::Known { torrent, state: KnownState::Tracked };
    Ok(Some(Judged { given: (*text).to_owned(), verdict }))
}

/// Whether a torrent of a group is one that a user sees and changes.
fn is_of_groups(group: Option<&str>, user: &User) -> bool {
    user.role != Role::Editor
        || group.is_some_and(|group| user.groups.iter().any(|own| is_same_group(own, group)))
}

/// Puts what is new into a group.
fn put_into(
    group: &str,
    judged: &[Judged],
    catalog: &mut Catalog,
    author: &Author<'_>,
) -> Result<(), Failed> {
    for judged in judged {
        if let Verdict::Added { torrent, is_new: true, .. } = &judged.verdict {
            let set = |it: &mut crate::catalog::Details| it.group = Some(group.to_owned());
            catalog.decide(torrent.info_hash, "edit", set, author)?;
        }
    }
    Ok(())
}

fn page(exchange: &Exchange<'_>, signed_in: &SignedIn, judged: &[Judged]) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let catalog = exchange.catalog()?;
    let added = judged.iter().filter(|it| matches!(it.verdict, Verdict::Added { .. })).count();
    let title = texts.admin.add.added_of.with(texts.number(added), texts.number(judged.len()));
    let has_page = |hash: InfoHash| {
        let known = catalog.torrent(hash).ok().flatten();
        known.is_some_and(|it| is_of_groups(it.details().group.as_deref(), &signed_in.user))
    };
    let outcomes = judged.iter().map(|judged| {
        let hash = judged.verdict.torrent().map(|torrent| torrent.info_hash);
        Outcome {
            given: judged.given.clone(),
            class: class(&judged.verdict),
            text: texts.admin.add.verdict(&judged.verdict),
            page: hash.filter(|hash| has_page(*hash)).map(|hash| format!("torrents/{hash}")),
        }
    });
    let outcomes = outcomes.collect();
    Reply::page(&Added {
        frame: Frame::new(exchange, Some(signed_in), Section::Add, &title),
        outcomes,
    })
}
