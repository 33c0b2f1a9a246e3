//! `POST /api/v1/torrents` and `DELETE /api/v1/torrents/<hash>`: torrents that come and go.

use serde::Serialize;

use super::body::{is_of_type, parsed};
use super::decision::Wanted;
use super::{Done, Exchange, Failed, FieldError, Problem};
use crate::catalog::{Role, detail_values};
use crate::config::UploadPlace;
use crate::site::form::{Form, FormError, Limits};
use crate::tracker::decisions;
use crate::tracker::upload::{Foreign, Judged, Source, Upload, Verdict};

const KINDS: &str = "JSON (application/json), a .torrent file (application/x-bittorrent), a ZIP archive (application/zip) or a \
                     form with files (multipart/form-data)";

/// What became of all that was given.
#[derive(Serialize)]
struct Outcome {
    added: usize,
    known: usize,
    refused: usize,
    torrents: Vec<Shown>,
}

/// What became of one.
#[derive(Serialize)]
struct Shown {
    given: String,
    verdict: &'static str,
    detail: String,
    info_hash: Option<String>,
    name: Option<String>,
}

impl From<&Judged> for Shown {
    fn from(judged: &Judged) -> Self {
        let torrent = judged.verdict.torrent();
        Self {
            given: judged.given.clone(),
            verdict: judged.verdict.word(),
            detail: judged.verdict.to_string(),
            info_hash: torrent.map(|it| it.info_hash.to_string()),
            name: torrent.map(|it| it.name.clone()),
        }
    }
}

/// What is given, and what is to be decided about what of it is new.
struct Given<'a> {
    sources: Vec<Source<'a>>,
    /// The folder below the torrents folder.
    folder: String,
    foreign: Foreign,
    /// Where files are kept, if that is said.
    kept_in: Option<UploadPlace>,
    wanted: Wanted,
}

/// Adds all that is sent.
pub(super) fn add(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let request = exchange.call.request;
    if is_of_type(request, "application/json") {
        return add_text(exchange);
    }
    if is_of_type(request, "multipart/form-data") {
        let content_type = request.variables.get("CONTENT_TYPE").unwrap_or_default();
        let form =
            Form::read(content_type, request.body, &Limits::default()).map_err(Problem::from)?;
        return add_form(exchange, &form);
    }
    let is_file =
        ["application/x-bittorrent", "application/zip"].iter().any(|it| is_of_type(request, it));
    if !is_file {
        return Err(Problem::MediaType(KINDS).into());
    }
    let source = Source::File { name: "body", content: request.body };
    add_all(exchange, Given::new(vec![source]))
}

/// One torrent without a file, by its info-hash or a magnet link.
fn add_text(exchange: &Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let hash = fields.take_some("hash", parsed(|text| Ok::<_, String>(text.to_owned())));
    let magnet = fields.take_some("magnet", parsed(|text| Ok::<_, String>(text.to_owned())));
    if hash.is_some() == magnet.is_some() {
        fields.refuse("hash", &"either hash or magnet is needed");
    }
    let wanted = Wanted::take(&mut fields);
    fields.finish()?;
    let text = hash.or(magnet).unwrap_or_default();
    add_all(exchange, Given { wanted, ..Given::new(vec![Source::Text(&text)]) })
}

/// Files, and info-hashes or magnet links, of a form.
fn add_form(exchange: &Exchange<'_>, form: &Form<'_>) -> Result<Done, Failed> {
    let files = form.files("file").map(|it| Source::File { name: &it.name, content: it.content });
    let mut given = Given::new(files.chain(form.texts("torrent").map(Source::Text)).collect());
    form.text("category").clone_into(&mut given.folder);
    match form.text("rewrite") {
        "" | "false" => {}
        "true" => given.foreign = Foreign::Rewritten,
        _ => return Err(Problem::field("rewrite", &"it must be true or false").into()),
    }
    given.kept_in = match form.text("keep_in") {
        "" => None,
        name => match UploadPlace::of_name(name) {
            Some(place) => Some(place),
            None => {
                let problem = format!("it must be {}", UploadPlace::NAMES.join(" or "));
                return Err(Problem::field("keep_in", &problem).into());
            }
        },
    };
    if given.sources.is_empty() {
        return Err(Problem::field("file", &"choose files, or give an info-hash as torrent").into());
    }
    let group = detail_values::one_line(form.text("group"))
        .map_err(|problem| Problem::field("group", &problem))?;
    if !group.is_empty() {
        given.wanted.group_or(&group)?;
    }
    add_all(exchange, given)
}

impl<'a> Given<'a> {
    fn new(sources: Vec<Source<'a>>) -> Self {
        let (folder, foreign, wanted) = (String::new(), Foreign::Refused, Wanted::default());
        Self { sources, folder, foreign, kept_in: None, wanted }
    }
}

fn add_all(exchange: &Exchange<'_>, given: Given<'_>) -> Result<Done, Failed> {
    let Given { sources, folder, foreign, kept_in, mut wanted } = given;
    wanted.check(exchange)?;
    wanted.check_dates()?;
    let caller = &exchange.caller;
    if caller.user.role == Role::Editor {
        let first = caller.user.groups.first().ok_or(Problem::NotForRole)?;
        wanted.group_or(first)?;
        if !caller.looks_after(wanted.group().as_deref()) {
            let problem = "you may give torrents to groups of yours only";
            return Err(Problem::field("group", &problem).into());
        }
    }
    let groups = exchange.caller.groups().map(<[String]>::to_vec);
    let loaded = exchange.loaded();
    let upload = Upload::new(loaded, foreign)
        .kept_in(kept_in.unwrap_or(loaded.config.catalog.keep_uploads))
        .within(groups.as_deref())
        .into_category(&folder)
        .map_err(|problem| Problem::field("category", &problem))?;
    exchange.change(|catalog, author| {
        let judged = upload.begin(catalog, author).add_all(&sources).map_err(Problem::log)?;
        for judged in &judged {
            if let Verdict::Failed(problem) = &judged.verdict {
                return Err(Problem::log(problem).into());
            }
            if let Verdict::Added { torrent, is_new: true, .. } = &judged.verdict {
                wanted.decide_about_new(catalog, torrent.info_hash, author)?;
            }
        }
        outcome(&judged)
    })
}

fn outcome(judged: &[Judged]) -> Result<Done, Failed> {
    let torrents: Vec<Shown> = judged.iter().map(Shown::from).collect();
    let count = |wanted: &str| torrents.iter().filter(|it| it.verdict == wanted).count();
    let (added, refused) = (count("added"), count("refused"));
    let known = torrents.len() - added - refused;
    if refused == torrents.len() {
        let errors = torrents.into_iter();
        let errors = errors.map(|it| FieldError { field: it.given, detail: it.detail });
        return Err(Problem::Fields(errors.collect()).into());
    }
    Done::put_in_place(added > 0, &Outcome { added, known, refused, torrents })
}

/// Forgets a torrent that has no file, with its figures.
pub(super) fn remove(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    exchange.change(|catalog, author| {
        let torrent = exchange.torrent(catalog)?;
        decisions::remove(exchange.loaded(), catalog, &[torrent], author)?;
        Ok(Done::gone())
    })
}

impl From<FormError> for Problem {
    fn from(problem: FormError) -> Self {
        match problem {
            FormError::NotAForm => Self::MediaType(KINDS),
            problem => Self::Malformed(problem.to_string()),
        }
    }
}
