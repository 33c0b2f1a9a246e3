//! `tracker torrent add`: torrents from files anywhere, info-hashes and magnet links.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::{ReadError, read_named};
use crate::catalog::Problem;
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::config::LoadedConfig;
use crate::platform::named_files::{NamedFiles, NoFile};
use crate::platform::terminal::Harmless;
use crate::tracker::scan_rules;
use crate::tracker::upload::{Candidate, Foreign, Upload, Verdict};

/// Track torrents: a .torrent file is put into the torrents folder; one that is named by its info-hash or by a magnet
/// link is tracked without a file
#[derive(Debug, clap::Args)]
pub struct AddArguments {
    /// .torrent files, info-hashes (40 or 64 hexadecimal digits) or magnet links
    #[arg(required = true, value_name = "FILE|HASH|MAGNET")]
    torrents: Vec<String>,
    /// What the torrent is called, instead of its name; for one torrent
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
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
        let candidates: Result<Vec<Candidate<'_>>, CommandError> =
            self.torrents.iter().map(|text| candidate(text, &named, &loaded, world)).collect();
        let candidates = candidates?;
        let verdicts = change(world, |catalog, author| {
            let upload = Upload::new(&loaded, Foreign::Refused);
            let mut adding = upload.begin(catalog, author);
            let verdicts: Vec<Verdict> = candidates.into_iter().map(|it| adding.add(it)).collect();
            adding.finish()?;
            if let (Some(title), Some(torrent)) =
                (&self.title, verdicts.first().and_then(Verdict::torrent))
            {
                let set = |it: &mut crate::catalog::Details| it.title = Some(title.clone());
                catalog.decide(torrent.info_hash, "edit", set, author)?;
            }
            Ok(verdicts)
        })?;
        let mut failed = Vec::new();
        for (text, verdict) in self.torrents.iter().zip(&verdicts) {
            match verdict.torrent() {
                Some(torrent) => {
                    let blank = if torrent.name.is_empty() { "" } else { "  " };
                    let (hash, name) = (torrent.info_hash, Harmless(&torrent.name));
                    world.print(format_args!("{hash}{blank}{name}: {verdict}\n"))?;
                }
                None => failed.push(format!("{text}: {verdict}")),
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(CommandError::Failed(failed.join("\n"))) }
    }
}

/// What somebody has named.
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
