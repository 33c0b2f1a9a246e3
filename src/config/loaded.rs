//! A configuration that was read, and what it says of files that it does not name.

use std::path::{Path, PathBuf};

use super::locate::{FoundBy, Surroundings, absolute};
use super::{Config, StoreKind};

/// A configuration, and where it came from.
#[derive(Clone, Debug)]
pub struct LoadedConfig {
    /// What was understood, with all paths made absolute.
    pub config: Config,
    /// The file; `None` when built-in defaults are used.
    pub file: Option<PathBuf>,
    /// The folder that relative paths are relative to: the file's, or the executable's without one.
    pub folder: PathBuf,
    /// Why it is this configuration that holds.
    pub found: FoundBy,
    /// What the data folder of the site's own layout is to it.
    pub(super) own_data: OwnData,
}

/// What the site's own data folder is to a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum OwnData {
    /// In use as it is, or nothing of this configuration.
    #[default]
    Plain,
    /// Missing, or without anything of a tracker.
    New,
    /// The files are in this folder in it.
    Hidden(PathBuf),
}

impl LoadedConfig {
    /// Which configuration holds, and why.
    #[must_use]
    pub fn in_force(&self) -> String {
        match &self.file {
            Some(file) => format!("the configuration is {} ({})", file.display(), self.found),
            None => format!("built-in defaults are used ({})", self.found),
        }
    }

    /// What to tell about a site that has no configuration of its own, though it was put up as one of its own, and
    /// so goes by that of the machine.
    #[must_use]
    pub fn stray_site(&self, surroundings: &Surroundings) -> Option<String> {
        let file = self.file.as_ref().filter(|_| self.found == FoundBy::System)?;
        let site = absolute(surroundings.folder(), Path::new(".."));
        let is_one = site.join("www").is_dir() || site.join(".htaccess").exists();
        is_one.then(|| {
            format!(
                "the site in {0} goes by {1}, so that it shares torrents, peers and totals with the tracker of this \
                 machine; for a tracker of its own put up {0}/conf/tracker.toml",
                site.display(),
                file.display()
            )
        })
    }

    /// The file that takes what a refresh after a CGI's reply has to say.
    #[must_use]
    pub fn refresh_log(&self) -> PathBuf {
        self.config.paths.catalog.with_file_name("refresh.log")
    }

    /// The history of the figures, beside the catalogue.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.config.paths.catalog.with_file_name("history.db")
    }

    /// The figures of the last refresh, beside the catalogue.
    #[must_use]
    pub fn refresh_figures(&self) -> PathBuf {
        self.config.paths.catalog.with_file_name("refresh.json")
    }

    /// What the doctor found last when somebody asked in the administration, beside the catalogue.
    #[must_use]
    pub fn checkup(&self) -> PathBuf {
        self.config.paths.catalog.with_file_name("doctor.json")
    }

    /// What the owner has said of the look of pages in the administration, beside the catalogue.
    #[must_use]
    pub fn appearance(&self) -> PathBuf {
        self.config.paths.catalog.with_file_name("appearance.json")
    }

    /// What searches of the listed torrents go by, beside the catalogue.
    #[must_use]
    pub fn list_index(&self) -> PathBuf {
        self.config.paths.catalog.with_file_name("list.index")
    }

    /// Where the feed is written as a whole: beside its items, unless another file is there.
    #[must_use]
    pub fn whole_feed(&self) -> Option<PathBuf> {
        self.unless_taken(self.config.paths.rss_fragment.with_extension("xml"))
    }

    /// Where the list of torrents for our own pages is written: beside the stats table, unless another
    /// file is there.
    #[must_use]
    pub fn list_fragment(&self) -> Option<PathBuf> {
        self.unless_taken(self.config.paths.stats_fragment.with_file_name("bt_list.inc"))
    }

    fn unless_taken(&self, file: PathBuf) -> Option<PathBuf> {
        let paths = &self.config.paths;
        let is_taken = [&paths.rss_fragment, &paths.stats_fragment].contains(&&file)
            || paths.feed_page.as_ref() == Some(&file);
        (!is_taken).then_some(file)
    }

    /// Where a store of a kind is when nobody says otherwise.
    #[must_use]
    pub fn usual_store(&self, kind: StoreKind) -> PathBuf {
        kind.usual_path(&self.config.paths.catalog)
    }

    /// Whether the data lies in a folder that nobody can guess.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        matches!(self.own_data, OwnData::Hidden(_))
    }
}
