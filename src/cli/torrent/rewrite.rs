//! `tracker torrent rewrite`: other addresses for `.torrent` files that are there.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::make::{announce_url, announce_urls, failed, is_there, publish};
use super::{act_for_owner_of, place_in};
use crate::cli::{CommandError, World, own_files};
use crate::config::LoadedConfig;
use crate::platform::named_files::NamedFiles;
use crate::platform::terminal::Harmless;
use crate::platform::{FileMark, files, privilege};
use crate::protocol::{HttpUrl, Metainfo, NewAddresses, Url};

/// Have .torrent files name other trackers and web seeds; their info-hashes stay
#[derive(Debug, clap::Args)]
pub struct RewriteArguments {
    /// The .torrent files, each of which is replaced
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where clients announce, instead of the configured announce_url; several are several trackers
    #[arg(long, value_name = "URL", value_parser = announce_url)]
    announce: Vec<Url>,
    /// Go on naming the trackers that are named, behind these
    #[arg(long)]
    keep_trackers: bool,
    /// Where web servers give the content, instead of what is named: the address of the folder that it is in, with a
    /// slash at the end
    #[arg(long, value_name = "URL")]
    web_seed: Vec<HttpUrl>,
    /// Name no web seeds any more
    #[arg(long, conflicts_with = "web_seed")]
    no_web_seed: bool,
    /// The file to write, or the folder to write them in, instead of replacing them
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace files that are in the place of --output
    #[arg(long, requires = "output")]
    force: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl RewriteArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let named = NamedFiles::open(self.files.iter().map(PathBuf::as_path))?;
        let loaded = world.read_config()?;
        // Nothing here is the site's, unless it is written there.
        let output = self.output.as_deref().map(place_in);
        // What was not opened above is not opened as root below, either.
        let is_decisive = |file: &&PathBuf| output.is_none() || named.at(file).is_none();
        let files = self.files.iter().filter(is_decisive).chain(&output);
        act_for_owner_of(files.map(PathBuf::as_path), &loaded)?;
        let is_folder = |output: &PathBuf| output.is_dir();
        if self.files.len() > 1 && self.output.as_ref().is_some_and(|output| !is_folder(output)) {
            return Err(CommandError::Usage("several files need a folder as --output".into()));
        }
        let announce = announce_urls(&self.announce, &loaded)?;
        let replaced = self.no_web_seed || !self.web_seed.is_empty();
        let addresses = NewAddresses {
            announce: &announce,
            keep_trackers: self.keep_trackers,
            web_seeds: replaced.then_some(&*self.web_seed),
        };
        let (mut bad, mut taken) = (0, HashSet::new());
        for file in &self.files {
            let target = self.target(file, &loaded).and_then(|target| match target {
                Some(target) if !taken.insert(target.clone()) => Err(failed(format!(
                    "another one of these files is written as {} already",
                    target.display()
                ))),
                target => Ok(target),
            });
            let outcome = target.and_then(|target| {
                self.rewrite((file, named.at(file)), target, &addresses, &loaded)
            });
            bad += usize::from(outcome.is_err());
            let said = outcome.unwrap_or_else(|problem| format!("is not rewritten: {problem}"));
            world.print(format_args!("{}: {}\n", Harmless(file.display()), Harmless(said)))?;
        }
        match bad {
            0 => Ok(()),
            bad => Err(failed(format!("{bad} of {} files are not rewritten", self.files.len()))),
        }
    }

    /// Rewrites one file to this place, or in its own, and says what that was.
    fn rewrite(
        &self,
        (file, opened): (&Path, Option<(File, Metadata)>),
        target: Option<PathBuf>,
        addresses: &NewAddresses<'_>,
        loaded: &LoadedConfig,
    ) -> Result<String, CommandError> {
        let (content, metadata) = read(file, opened, loaded.config.catalog.max_torrent_bytes.0)?;
        let written = addresses.in_torrent(&content).map_err(failed)?;
        let [before, after] = [&content, &written].map(|torrent| Metainfo::parse(torrent));
        let (before, after) = (before.map_err(failed)?, after.map_err(failed)?);
        if before.hashes != after.hashes {
            return Err(failed(
                "it would get another info-hash; make it again with another program",
            ));
        }
        let trackers = after.announce_urls.join(", ");
        let web_seeds = self.web_seeds_in_words(if self.dry_run { "name" } else { "names" });
        if self.dry_run {
            return Ok(format!("would announce to {trackers}{web_seeds}; nothing is changed"));
        }
        match target {
            Some(target) => {
                if !publish(&target, &written, metadata.mode(), self.force).map_err(failed)? {
                    return Err(is_there(&target));
                }
                Ok(format!("announces to {trackers}{web_seeds}, as {}", target.display()))
            }
            None if written == content => Ok(format!("announces to {trackers}{web_seeds} already")),
            None => {
                replace(file, &metadata, &written)?;
                Ok(format!("announces to {trackers}{web_seeds}"))
            }
        }
    }

    /// What is said of web seeds; nothing where they stay as they are.
    fn web_seeds_in_words(&self, verb: &str) -> String {
        match &*self.web_seed {
            [] if self.no_web_seed => format!(" and {verb} no web seed"),
            [] => String::new(),
            [one] => format!(" and {verb} the web seed {one}"),
            several => {
                let several: Vec<_> = several.iter().map(ToString::to_string).collect();
                format!(" and {verb} the web seeds {}", several.join(", "))
            }
        }
    }

    /// Where it is written; `None`: in its own place, also where that is what `--output` names.
    fn target(&self, file: &Path, loaded: &LoadedConfig) -> Result<Option<PathBuf>, CommandError> {
        let Some(output) = &self.output else { return Ok(None) };
        let name = file.file_name().filter(|_| output.is_dir());
        let target = name.map_or_else(|| output.clone(), |name| output.join(name));
        own_files::refuse(&target, loaded)?;
        let is_itself = own_files::place(&target) == own_files::place(file);
        match is_itself {
            true if !self.force => Err(is_there(&target)),
            true => Ok(None),
            false => Ok(Some(target)),
        }
    }
}

fn read(
    file: &Path,
    opened: Option<(File, Metadata)>,
    limit: u64,
) -> Result<(Vec<u8>, Metadata), CommandError> {
    let (open, metadata) = match opened {
        Some(opened) => opened,
        None => files::open(file, File::options().read(true)).map_err(failed)?,
    };
    let mut content = Vec::new();
    open.take(limit.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > limit {
        return Err(failed(format!(
            "it is larger than {limit} bytes; raise max_torrent_bytes in [catalog]"
        )));
    }
    Ok((content, metadata))
}

/// Puts another content in the place of a file, which keeps its mode and its owner: a file of a third user is refused.
/// One of root's becomes that of whom root acts for; root may do with it all that it could.
fn replace(file: &Path, metadata: &Metadata, content: &[u8]) -> Result<(), CommandError> {
    let (owner, we) = (metadata.uid(), privilege::user());
    if owner != we && owner != 0 {
        return Err(failed(format!(
            "it belongs to user {owner}, and would belong to user {we}; run this as its owner, or write it elsewhere \
             with --output"
        )));
    }
    if FileMark::of(file) != Some(FileMark::from(metadata)) {
        return Err(failed("it was changed meanwhile; try again"));
    }
    publish(file, content, metadata.mode(), true).map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests;
