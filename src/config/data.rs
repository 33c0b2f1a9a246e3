//! The site's own data folder, `../data`. Where a web server may show it, as on a site that was put up by FTP, the
//! files lie in a folder in it that nobody can guess, `private-…`; it is found by looking, so that no configuration
//! need name it.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, DirEntry, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::loaded::OwnData;
use super::locate::{absolute, is_within};
use super::{LaidOut, LayoutError, LoadedConfig};
use crate::platform::lock::{self, Kind};
use crate::platform::{files, random};

/// How the names of folders that nobody can guess begin; 32 hexadecimal digits follow.
const PREFIX: &str = "private-";

/// How long to wait for another process that makes the folder.
const PATIENCE: Duration = Duration::from_secs(5);

/// Files of which one at least is in a data folder that is in use.
const FILES: [&str; 3] = ["policy.snapshot", "catalog.db", "peers.db"];

impl LoadedConfig {
    /// Hides the data of a new site from strangers who guess names, where the web server may show its data folder; says
    /// which folder that is. A site whose data is there already stays as it is.
    ///
    /// # Errors
    /// When a folder cannot be made.
    pub fn hide_new_data(&mut self) -> Result<Option<PathBuf>, LayoutError> {
        if self.own_data != OwnData::New || self.config.is_replica() {
            return Ok(None);
        }
        let data = self.data_folder();
        let document_root = env::var_os("DOCUMENT_ROOT").filter(|root| !root.is_empty());
        if !may_be_served(&data, document_root.as_deref()) {
            return Ok(None);
        }
        hide(&data)?;
        self.find_data();
        Ok(Some(data))
    }

    /// Finds out what the data folder is, and leads the paths that are directly in it to where the files are.
    pub(crate) fn find_data(&mut self) {
        let policy = &self.config.paths.policy;
        // A site in use needs no look at the folder.
        if !is_in_data(&self.folder, policy) || policy.exists() {
            return;
        }
        self.own_data = look(&self.data_folder());
        let OwnData::Hidden(hidden) = &self.own_data else { return };
        let paths = &mut self.config.paths;
        for path in [&mut paths.catalog, &mut paths.policy, &mut self.config.store.path] {
            if let Some(name) = path.file_name().filter(|_| is_in_data(&self.folder, path)) {
                *path = hidden.join(name);
            }
        }
    }

    fn data_folder(&self) -> PathBuf {
        absolute(&self.folder, Path::new("../data"))
    }
}

/// Whether a file is directly in the data folder that belongs to a folder with a configuration. Each CGI asks, so
/// the bytes are compared.
fn is_in_data(folder: &Path, file: &Path) -> bool {
    let site = folder.parent().unwrap_or(folder).as_os_str().as_bytes();
    let inside = file.as_os_str().as_bytes().strip_prefix(site.strip_suffix(b"/").unwrap_or(site));
    let name = inside.and_then(|inside| inside.strip_prefix(b"/data/"));
    name.is_some_and(|name| !name.contains(&b'/'))
}

/// Looks into a data folder.
fn look(data: &Path) -> OwnData {
    let Ok(entries) = fs::read_dir(data) else { return OwnData::New };
    let entries: Vec<_> = entries.flatten().collect();
    let is_folder = |entry: &&DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let hidden = entries.iter().filter(|entry| is_unguessable(&entry.file_name()));
    // Of several, as after a restored backup, it is always the same one, whatever their order.
    if let Some(hidden) = hidden.filter(is_folder).map(DirEntry::path).min() {
        OwnData::Hidden(hidden)
    } else if entries.iter().any(|entry| FILES.iter().any(|file| entry.file_name() == *file)) {
        OwnData::Plain
    } else {
        OwnData::New
    }
}

/// Whether a folder's name is one of those that nobody can guess.
#[must_use]
pub fn is_unguessable(name: &OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
    digits.is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Whether a web server may show a folder: it lies in what the server shows, or beside a file that is there for
/// Apache.
fn may_be_served(data: &Path, document_root: Option<&OsStr>) -> bool {
    let site = data.parent().unwrap_or(data);
    let is_below = |root: &OsStr| {
        let root = absolute(Path::new("/"), Path::new(root));
        let resolved = || Some(site.canonicalize().ok()?.starts_with(root.canonicalize().ok()?));
        is_within(data, &root) || resolved().unwrap_or(false)
    };
    site.join(".htaccess").exists() || document_root.is_some_and(is_below)
}

/// Makes a folder that nobody can guess, unless another process was faster.
fn hide(data: &Path) -> Result<(), LayoutError> {
    let cannot = |path: &Path, source| LayoutError::Io { path: path.to_owned(), source };
    let mut site = LaidOut::default();
    site.private_folder(data)?;
    // Where the folder is shown after all, this page is, and not a list of what is in it.
    site.file(&data.join("index.html"), "")?;
    let path = data.join("setup.lock");
    let opened = files::open(&path, File::options().create(true).append(true).mode(0o600));
    let (file, _) = opened.map_err(|problem| cannot(&path, problem.into()))?;
    let is_ours = lock::acquire(&file, Kind::Exclusive, PATIENCE);
    if !is_ours.map_err(|source| cannot(&path, source))? {
        return Err(cannot(&path, io::ErrorKind::WouldBlock.into()));
    }
    if look(data) == OwnData::New {
        let hidden = data.join(unguessable().map_err(|source| cannot(data, source))?);
        DirBuilder::new().mode(0o700).create(&hidden).map_err(|source| cannot(&hidden, source))?;
    }
    Ok(())
}

fn unguessable() -> io::Result<String> {
    Ok(format!("{PREFIX}{:032x}", u128::from_ne_bytes(random::unguessable()?)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn site(settings: &str) -> (tempfile::TempDir, LoadedConfig) {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".htaccess"), "").unwrap();
        let loaded = load(home.path(), settings);
        (home, loaded)
    }

    fn load(root: &Path, settings: &str) -> LoadedConfig {
        let mut loaded = LoadedConfig::parse(settings, &root.join("conf/tracker.toml")).unwrap();
        loaded.find_data();
        loaded
    }

    #[test]
    fn new_data_is_hidden_once_and_found_again() {
        let (home, mut loaded) = site("");
        let data = home.path().join("data");
        assert_eq!(loaded.hide_new_data().unwrap(), Some(data.clone()));
        let hidden = loaded.config.paths.catalog.parent().unwrap().to_owned();
        assert!(loaded.is_hidden() && is_unguessable(hidden.file_name().unwrap()));
        assert_eq!(hidden.parent(), Some(data.as_path()));
        assert_eq!(loaded.config.paths.policy, hidden.join("policy.snapshot"));
        assert_eq!(loaded.config.store.path, hidden.join("peers.db"));
        let mode = fs::metadata(&hidden).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(data.join(".htaccess").exists() && data.join("index.html").exists());

        let mut again = load(home.path(), crate::config::SAMPLE);
        assert_eq!(again.hide_new_data().unwrap(), None);
        assert_eq!(again.config.paths.catalog, loaded.config.paths.catalog);
        assert_eq!(again.config.paths.policy, loaded.config.paths.policy);
        assert_eq!(again.config.store.path, loaded.config.store.path);
        let usual = again.usual_store(crate::config::StoreKind::Sqlite);
        assert_eq!(usual, hidden.join("peers.db"));
    }

    #[test]
    fn the_data_folder_is_beside_that_of_the_configuration() {
        let is_in = |folder: &str, file: &str| is_in_data(Path::new(folder), Path::new(file));
        assert!(is_in("/srv/conf", "/srv/data/peers.db") && is_in("/", "/data/peers.db"));
        for other in [
            "/srv/data",
            "/srv/data/deep/peers.db",
            "/data/peers.db",
            "/srvdata/peers.db",
            "/srv/mydata/peers.db",
        ] {
            assert!(!is_in("/srv/conf", other), "{other}");
        }
    }

    #[test]
    fn of_several_hidden_folders_it_is_always_the_same_one() {
        let (home, _) = site("");
        let names = ["b", "a", "c"].map(|digit| format!("{PREFIX}{}", digit.repeat(32)));
        for name in &names {
            fs::create_dir_all(home.path().join("data").join(name)).unwrap();
        }
        let found = load(home.path(), "").config.paths.catalog;
        assert_eq!(found, home.path().join("data").join(&names[1]).join("catalog.db"));
    }

    #[test]
    fn many_at_once_hide_it_in_one_place() {
        let (home, _) = site("");
        let hidden = std::thread::scope(|scope| {
            let hide = || {
                let mut loaded = load(home.path(), "");
                loaded.hide_new_data().unwrap();
                loaded.config.paths.catalog
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(hide)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(hidden.iter().all(|path| *path == hidden[0]), "{hidden:?}");
    }

    #[test]
    fn a_site_in_use_stays_as_it_is() {
        for file in FILES {
            let (home, _) = site("");
            fs::create_dir(home.path().join("data")).unwrap();
            fs::write(home.path().join("data").join(file), "").unwrap();
            let mut loaded = load(home.path(), "");
            assert_eq!(loaded.hide_new_data().unwrap(), None, "{file}");
            assert_eq!(loaded.config.paths.catalog, home.path().join("data/catalog.db"));
        }
    }

    #[test]
    fn data_elsewhere_is_nobody_elses_affair() {
        let settings = "store.path = '../a/peers.db'\n[paths]\ncatalog = '../a/catalog.db'\n\
                        policy = '../a/policy.snapshot'";
        let (home, mut loaded) = site(settings);
        assert_eq!(loaded.hide_new_data().unwrap(), None);
        assert!(!home.path().join("data").exists());
    }

    #[test]
    fn what_a_web_server_shows_is_known_by_its_root_or_by_a_file_for_apache() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("htdocs/site")).unwrap();
        let data = root.join("htdocs/site/data");
        let shown = |document_root: &Path| may_be_served(&data, Some(document_root.as_os_str()));
        assert!(shown(&root.join("htdocs")) && shown(&root.join("htdocs/site/")));
        assert!(!shown(&root.join("htdocs/site/www")) && !shown(&root.join("htdoc")));
        assert!(!may_be_served(&data, None));
        symlink("htdocs", root.join("public_html")).unwrap();
        assert!(shown(&root.join("public_html")), "by another name");
        fs::write(root.join("htdocs/site/.htaccess"), "").unwrap();
        assert!(may_be_served(&data, None));
    }
}
