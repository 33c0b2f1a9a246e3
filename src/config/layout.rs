//! The folders and files that a configuration names, made where they are missing: by `tracker init`,
//! and by the first request of a site that was only uploaded. Nothing that exists is changed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{LoadedConfig, StoreKind};
use crate::platform::order::Order as _;
use crate::platform::privilege::{self, PrivilegeError, User};

/// Keeps Apache from showing a folder, in the words of 2.4 and of 2.2.
const DENY_ALL: &str = "\
# Nothing in this folder is for the web.
<IfModule mod_authz_core.c>
    Require all denied
</IfModule>
<IfModule !mod_authz_core.c>
    Order deny,allow
    Deny from all
</IfModule>
";

const EMPTY_STATS: &str = "<p class=\"tracker-empty\">Nothing here yet.</p>\n";
const EMPTY_RSS: &str = "<!-- Nothing here yet. -->\n";

const OPEN_FOLDER: u32 = 0o755;
const PRIVATE_FOLDER: u32 = 0o700;
const READABLE_FILE: u32 = 0o644;
const EXECUTABLE: u32 = 0o755;

/// What was made and what was there already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaidOut {
    /// Folders and files that were made.
    pub made: Vec<PathBuf>,
    /// Folders and files that were there, and were left as they are.
    pub left: Vec<PathBuf>,
}

/// Something could not be made. Gives a path away, so that clients must not see it.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The system refuses.
    #[error("cannot make {}: {source}; the user that this runs as (under a web server often another \
        than the one who owns the files) must be able to write there", path.display())]
    Io {
        /// What could not be made.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Root makes nothing where others may put links in its way.
    #[error("cannot make {}: {source}", path.display())]
    NotForRoot {
        /// What was not made.
        path: PathBuf,
        /// Who decides there.
        source: PrivilegeError,
    },
}

/// Makes what the configuration names and is missing: the folders of private files (for the user
/// alone, and hidden from Apache), the folders of .torrent files and of pages, and fragments without content. A replica has
/// none of the latter, and its folders are made with what arrives in them.
///
/// # Errors
/// At the first thing that cannot be made.
pub fn lay_out_missing(loaded: &LoadedConfig) -> Result<LaidOut, LayoutError> {
    if loaded.config.is_replica() {
        return Ok(LaidOut::default());
    }
    let paths = &loaded.config.paths;
    let published = [&paths.torrents, &paths.stats_fragment, &paths.rss_fragment];
    let mut site = LaidOut::default();
    for folder in private_folders(loaded) {
        if published.iter().any(|path| path.starts_with(folder)) {
            site.folder(folder)?;
        } else {
            site.private_folder(folder)?;
        }
    }
    site.folder(&paths.torrents)?;
    if let Some(pages) = &paths.pages {
        site.folder(pages)?;
    }
    let files = [&paths.full_scrape, &paths.metrics_file];
    for folder in files.into_iter().filter_map(|file| file.as_deref()?.parent()) {
        site.folder(folder)?;
    }
    let list = loaded.list_fragment();
    let fragments = [(&paths.stats_fragment, EMPTY_STATS), (&paths.rss_fragment, EMPTY_RSS)];
    for (fragment, content) in
        fragments.into_iter().chain(list.as_ref().map(|list| (list, EMPTY_STATS)))
    {
        if let Some(folder) = fragment.parent().filter(|folder| **folder != paths.torrents) {
            site.folder(folder)?;
        }
        match site.file(fragment, content) {
            // The first refresh makes it.
            Err(LayoutError::NotForRoot { .. }) => {}
            other => other?,
        }
    }
    Ok(site)
}

/// Whom root is to act for: the user who decides about the configuration and the data folder. `None`
/// where that is root, and in a process of somebody else.
///
/// # Errors
/// When it is not one user.
pub fn owner(loaded: &LoadedConfig) -> Result<Option<User>, PrivilegeError> {
    if !privilege::is_root() {
        return Ok(None);
    }
    let data = loaded.config.paths.catalog.parent();
    let owner = privilege::owner_of(loaded.file.as_deref().into_iter().chain(data))?;
    if owner.is_none() {
        private_folders(loaded).into_iter().try_for_each(privilege::only_root_decides)?;
    }
    Ok(owner)
}

/// Makes a process of root one of the site's owner, before anything of the site is opened.
///
/// # Errors
/// When there is not one owner, or the kernel does not allow it.
pub fn act_for_owner(loaded: &LoadedConfig) -> Result<(), PrivilegeError> {
    owner(loaded)?.map_or(Ok(()), User::become_it)
}

/// The folders of the catalogue, the policy and a peer store that lasts, each once. The folder of a
/// store in memory is made with the store, and nothing else belongs there.
fn private_folders(loaded: &LoadedConfig) -> Vec<&Path> {
    let (paths, store) = (&loaded.config.paths, &loaded.config.store);
    let lasting_store = Some(&store.path).filter(|_| store.kind == StoreKind::Sqlite);
    let catalog = Some(&paths.catalog).filter(|_| !loaded.config.is_replica());
    let files = catalog.into_iter().chain([&paths.policy]).chain(lasting_store);
    let mut folders: Vec<_> = files.filter_map(|file| file.parent()).collect();
    folders.order();
    folders.dedup();
    folders
}

/// The folders that the tracker itself writes to, each once.
#[must_use]
pub fn written_folders(loaded: &LoadedConfig) -> Vec<&Path> {
    let paths = &loaded.config.paths;
    let mut folders = private_folders(loaded);
    if !loaded.config.is_replica() {
        let fragments = [&paths.stats_fragment, &paths.rss_fragment];
        folders.push(&paths.torrents);
        folders.extend(fragments.iter().filter_map(|fragment| fragment.parent()));
        folders.extend(paths.pages.as_deref());
        let files = [&paths.full_scrape, &paths.metrics_file];
        folders.extend(files.into_iter().filter_map(|file| file.as_deref()?.parent()));
    }
    folders.order();
    folders.dedup();
    folders
}

impl LaidOut {
    /// Makes a folder, and the folders above it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&mut self, path: &Path) -> Result<(), LayoutError> {
        self.folder_with_mode(path, OPEN_FOLDER)
    }

    /// Makes a file with this content.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn file(&mut self, path: &Path, content: &str) -> Result<(), LayoutError> {
        self.file_with_mode(path, content.as_bytes(), READABLE_FILE)
    }

    /// Makes a copy of an executable.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn executable(&mut self, path: &Path, original: &File) -> Result<(), LayoutError> {
        self.file_with_mode(path, original, EXECUTABLE)
    }

    /// Makes a folder for the user alone. A folder that was there is somebody's own affair, unless
    /// it is empty: then it is the one that was uploaded for us.
    pub(super) fn private_folder(&mut self, path: &Path) -> Result<(), LayoutError> {
        self.folder_with_mode(path, PRIVATE_FOLDER)?;
        let is_empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if !is_empty {
            return Ok(());
        }
        // Where that is not allowed, the deny file has to do.
        let folder = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path);
        let _ =
            folder.and_then(|it| it.set_permissions(fs::Permissions::from_mode(PRIVATE_FOLDER)));
        self.file(&path.join(".htaccess"), DENY_ALL)
    }

    fn folder_with_mode(&mut self, path: &Path, mode: u32) -> Result<(), LayoutError> {
        let cannot = |source| LayoutError::Io { path: path.to_owned(), source };
        if path.is_dir() {
            self.left.push(path.to_owned());
            return Ok(());
        }
        may_be_made(path)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(cannot)?;
        }
        match DirBuilder::new().mode(mode).create(path) {
            Ok(()) => self.made.push(path.to_owned()),
            // Another process was at it too.
            Err(_) if path.is_dir() => self.left.push(path.to_owned()),
            Err(source) => return Err(cannot(source)),
        }
        Ok(())
    }

    fn file_with_mode(
        &mut self,
        path: &Path,
        mut content: impl Read,
        mode: u32,
    ) -> Result<(), LayoutError> {
        let cannot = |source| LayoutError::Io { path: path.to_owned(), source };
        if fs::symlink_metadata(path).is_ok() {
            self.left.push(path.to_owned());
            return Ok(());
        }
        may_be_made(path)?;
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(path) {
            Ok(mut file) => {
                let written = io::copy(&mut content, &mut file).and_then(|_| file.flush());
                written.map_err(|source| {
                    // Half a file would be taken for a whole one next time.
                    let _ = fs::remove_file(path);
                    cannot(source)
                })?;
                self.made.push(path.to_owned());
            }
            // Another process was at it too.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.left.push(path.to_owned());
            }
            Err(source) => return Err(cannot(source)),
        }
        Ok(())
    }
}

/// Root makes things only where it alone decides what stands.
fn may_be_made(path: &Path) -> Result<(), LayoutError> {
    if !privilege::is_root() {
        return Ok(());
    }
    let not_for_root = |source| LayoutError::NotForRoot { path: path.to_owned(), source };
    privilege::only_root_decides(path).map_err(not_for_root)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn loaded(root: &Path, text: &str) -> LoadedConfig {
        LoadedConfig::parse(text, &root.join("conf/tracker.toml")).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn everything_that_is_missing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let site = lay_out_missing(&loaded(root, "")).unwrap();
        let names = [
            "data",
            "data/.htaccess",
            "www/torrents",
            "www/torrents/bt_stats.inc",
            "www/torrents/bt_rss.inc",
            "www/torrents/bt_list.inc",
        ];
        assert_eq!(site.made, names.map(|name| root.join(name)));
        assert!(site.left.is_empty());
        assert_eq!(mode(&root.join("data")), 0o700);
        assert_eq!(fs::read_to_string(root.join("data/.htaccess")).unwrap(), DENY_ALL);
    }

    #[test]
    fn a_second_time_nothing_is_made_and_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let loaded = loaded(root, "");
        lay_out_missing(&loaded).unwrap();
        let fragment = root.join("www/torrents/bt_stats.inc");
        fs::write(&fragment, "figures").unwrap();
        fs::remove_file(root.join("www/torrents/bt_rss.inc")).unwrap();
        let site = lay_out_missing(&loaded).unwrap();
        assert_eq!(site.made, [root.join("www/torrents/bt_rss.inc")]);
        assert_eq!(fs::read_to_string(&fragment).unwrap(), "figures");
    }

    #[test]
    fn an_empty_data_folder_that_was_uploaded_is_hidden_and_another_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("data")).unwrap();
        fs::create_dir_all(root.join("shared")).unwrap();
        fs::write(root.join("shared/something"), "").unwrap();
        lay_out_missing(&loaded(root, "store.path = '../shared/peers.db'")).unwrap();
        assert!(root.join("data/.htaccess").exists());
        assert!(!root.join("shared/.htaccess").exists());
    }

    #[test]
    fn the_folder_of_a_store_in_memory_is_made_with_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let loaded = loaded(root, "[store]\nkind = 'shm'\npath = '../memory/tracker.d/peers'");
        lay_out_missing(&loaded).unwrap();
        assert!(root.join("data/.htaccess").exists());
        assert!(!root.join("memory").exists());
    }

    #[test]
    fn a_private_file_above_the_published_folder_does_not_hide_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        lay_out_missing(&loaded(root, "paths.catalog = '../www/catalog.db'")).unwrap();
        assert!(!root.join("www/.htaccess").exists());
        assert_eq!(mode(&root.join("www")) & 0o500, 0o500);
        assert_ne!(mode(&root.join("www")), 0o700);
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("data"), "").unwrap();
        let error = lay_out_missing(&loaded(folder.path(), "")).unwrap_err();
        assert!(error.to_string().contains(&folder.path().join("data").display().to_string()));
        assert!(!error.to_string().contains('\n'));
    }

    #[test]
    fn a_file_that_cannot_be_filled_is_not_left_half() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(LaidOut::default().file_with_mode(&path, Broken, READABLE_FILE).is_err());
        assert!(!path.exists());
    }
}
