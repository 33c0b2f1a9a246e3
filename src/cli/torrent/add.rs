//! `tracker torrent add`: torrents from files anywhere, info-hashes and magnet links.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Value, json};

use super::{MOST_TORRENT_BYTES, ReadError, read_named};
use crate::catalog::Problem;
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::config::{LoadedConfig, UploadPlace};
use crate::platform::files;
use crate::platform::named_files::{NamedFiles, NoFile};
use crate::platform::terminal::Harmless;
use crate::tracker::scan_rules;
use crate::tracker::upload::{
    Candidate, Foreign, Judged, LeftOut, Source, Upload, Verdict, is_archive,
};

/// Track torrents: a .torrent file, or each one of a ZIP archive, is put into the torrents folder or the database; one that is
/// named by its info-hash or by a magnet link is tracked without a file
#[derive(Debug, clap::Args)]
pub struct AddArguments {
    /// .torrent files, ZIP archives of them, info-hashes (40 or 64 hexadecimal digits) or magnet links
    #[arg(required = true, value_name = "FILE|HASH|MAGNET")]
    torrents: Vec<String>,
    /// What the torrent is called, instead of its name; for one torrent
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Where files are kept: in the torrents folder, or in the database, from which the script gives them out; as
    /// `keep_uploads` says, unless you say
    #[arg(long, value_name = "PLACE", value_parser = places())]
    keep_in: Option<UploadPlace>,
    /// Print JSON: a list of what was given and what has become of it
    #[arg(long)]
    json: bool,
}

fn places() -> impl TypedValueParser<Value = UploadPlace> {
    PossibleValuesParser::new(UploadPlace::NAMES)
        .try_map(|name| UploadPlace::of_name(&name).ok_or("it is none of these"))
}

/// What somebody has named.
enum Named {
    Torrent(Candidate<'static>),
    /// A ZIP archive, of which each file has a verdict of its own.
    Archive(Vec<u8>),
}

impl AddArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        if self.title.is_some() && self.torrents.len() > 1 {
            return Err(CommandError::Failed(
                "one title cannot be that of several torrents; add them one by one".into(),
            ));
        }
        let named = NamedFiles::open(self.torrents.iter().map(Path::new))?;
        // Root has become the owner of the site by now, so that nothing is published that the owner cannot read.
        let loaded = world.load_owner_config()?;
        let given: Result<Vec<Named>, CommandError> =
            self.torrents.iter().map(|text| look_at(text, &named, &loaded, world)).collect();
        let given = given?;
        if self.title.is_some() && given.iter().any(|it| matches!(it, Named::Archive(_))) {
            return Err(CommandError::Failed(
                "one title cannot be that of the torrents of an archive; add it without".into(),
            ));
        }
        let judged = change(world, |catalog, author| {
            let upload = Upload::new(&loaded, Foreign::Refused);
            let upload = upload.kept_in(self.keep_in.unwrap_or(loaded.config.catalog.keep_uploads));
            let mut adding = upload.begin(catalog, author);
            let mut judged = Vec::new();
            for (text, named) in self.torrents.iter().zip(given) {
                match named {
                    Named::Torrent(candidate) => {
                        judged.push(Judged { given: text.clone(), verdict: adding.add(candidate) });
                    }
                    Named::Archive(content) => {
                        let source = Source::File { name: text, content: &content };
                        judged.extend(adding.add_source(&source));
                    }
                }
            }
            adding.finish()?;
            if let (Some(title), Some(torrent)) =
                (&self.title, judged.first().and_then(|it| it.verdict.torrent()))
            {
                let set = |it: &mut crate::catalog::Details| it.title = Some(title.clone());
                catalog.decide(torrent.info_hash, "edit", set, author)?;
            }
            Ok(judged)
        })?;
        if self.json { tell_json(&judged, world) } else { tell(&judged, world) }
    }
}

/// Says what has become of each.
fn tell(judged: &[Judged], world: &mut World<'_>) -> Result<(), CommandError> {
    let mut failed = Vec::new();
    for Judged { given, verdict } in judged {
        match verdict.torrent() {
            Some(torrent) => {
                let blank = if torrent.name.is_empty() { "" } else { "  " };
                let (hash, name) = (torrent.info_hash, Harmless(&torrent.name));
                world.print(format_args!("{hash}{blank}{name}: {verdict}\n"))?;
            }
            None if is_harmless(verdict) => {
                world.print(format_args!("{}: {verdict}\n", Harmless(given)))?;
            }
            None => failed.push(format!("{given}: {verdict}")),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(CommandError::Failed(failed.join("\n"))) }
}

fn tell_json(judged: &[Judged], world: &mut World<'_>) -> Result<(), CommandError> {
    let all = judged.iter().map(|Judged { given, verdict }| {
        let torrent = verdict.torrent();
        json!({
            "given": given,
            "verdict": verdict.word(),
            "detail": verdict.to_string(),
            "info_hash": torrent.map(|it| it.info_hash.to_string()),
            "name": torrent.map(|it| it.name.as_str()),
        })
    });
    world.print_json(&Value::Array(all.collect()))?;
    let is_bad = |it: &&Judged| it.verdict.torrent().is_none() && !is_harmless(&it.verdict);
    match judged.iter().filter(is_bad).count() {
        0 => Ok(()),
        bad => Err(CommandError::Failed(format!("{bad} of {} are not added", judged.len()))),
    }
}

/// Whether nothing was to be added: archives have other files beside torrents.
fn is_harmless(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::LeftOut(LeftOut::NoTorrentFile))
}

/// Looks at what somebody has named.
fn look_at(
    text: &str,
    named: &NamedFiles,
    loaded: &LoadedConfig,
    world: &World<'_>,
) -> Result<Named, CommandError> {
    if Candidate::of_text(text, world.now).is_none() {
        let failed = |problem: io::Error| {
            CommandError::Failed(format!("{text}: {problem}; nothing was added"))
        };
        if let Some(content) = archive(Path::new(text), named).map_err(failed)? {
            return Ok(Named::Archive(content));
        }
    }
    candidate(text, named, loaded, world).map(Named::Torrent)
}

/// The content of a ZIP archive; `None` where something else is there, or nothing.
fn archive(path: &Path, named: &NamedFiles) -> io::Result<Option<Vec<u8>>> {
    let opened =
        named.at(path).or_else(|| files::open_linked(path, File::options().read(true)).ok());
    let Some((file, metadata)) = opened else { return Ok(None) };
    let mut content = Vec::new();
    (&file).take(4).read_to_end(&mut content)?;
    if !is_archive(&content) {
        return Ok(None);
    }
    if metadata.len() > MOST_TORRENT_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("the archive is larger than {MOST_TORRENT_BYTES} bytes; make smaller ones"),
        ));
    }
    file.take(MOST_TORRENT_BYTES).read_to_end(&mut content)?;
    Ok(Some(content))
}

/// The torrent that somebody has named.
fn candidate(
    text: &str,
    named: &NamedFiles,
    loaded: &LoadedConfig,
    world: &World<'_>,
) -> Result<Candidate<'static>, CommandError> {
    let failed = |problem: &dyn std::fmt::Display| {
        CommandError::Failed(format!("{text}: {problem}; nothing was added"))
    };
    if let Some(candidate) = Candidate::of_text(text, world.now) {
        return candidate.map_err(|problem| failed(&problem));
    }
    let path = Path::new(text);
    let content = match read_named(named, path, scan_rules(loaded).max_torrent_bytes) {
        Ok((_, content)) => content,
        Err(ReadError::NoFile(NoFile::Missing)) => {
            return Err(failed(&format_args!("there is no such file, and it {}", Verdict::NoHash)));
        }
        Err(problem) => return Err(failed(&problem)),
    };
    let candidate = Candidate::of_file(content.into(), loaded, Foreign::Refused);
    let candidate = candidate.map_err(|verdict| match verdict {
        Verdict::Refused(problem @ (Problem::Foreign { .. } | Problem::NoAnnounce)) => failed(
            &format_args!("it {problem}; `tracker torrent rewrite` changes where it announces"),
        ),
        verdict => failed(&verdict),
    })?;
    let name = path.file_name().unwrap_or_default();
    if name.as_bytes().starts_with(b".") {
        return Err(failed(&"names that begin with a dot are not looked at; give it another one"));
    }
    let mut name = OsString::from(name);
    // Other names are not looked at by scans.
    if Path::new(&name).extension().is_none_or(|it| !it.eq_ignore_ascii_case("torrent")) {
        name.push(".torrent");
    }
    Ok(candidate.called(name))
}
