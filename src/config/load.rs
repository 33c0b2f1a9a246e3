//! From a file to a configuration: finding, reading, understanding, making paths absolute.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::de::DeTable;

use super::diagnose::{self, Flaw};
use super::loaded::{LoadedConfig, OwnData};
use super::locate::{FoundBy, Surroundings, absolute, below};
use super::validate::{self, LONGEST_SECONDS};
use super::{Config, ConfigError, StoreKind};
use crate::protocol::Seconds;

impl LoadedConfig {
    /// Finds and reads the configuration: the file that `--config` names, or that `$TRACKER_CONFIG`
    /// names, or the first of [`Surroundings::usual_files`], or built-in defaults.
    ///
    /// # Errors
    /// When a named file is missing, or the file cannot be read or followed.
    pub fn load(surroundings: &Surroundings, option: Option<&Path>) -> Result<Self, ConfigError> {
        let mut loaded = Self::find(surroundings, option)?;
        loaded.find_data();
        Ok(loaded)
    }

    fn find(surroundings: &Surroundings, option: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(name) = option {
            let file = absolute(&surroundings.current_folder, name);
            return Self::read_named(file, FoundBy::Option);
        }
        if let Some(file) = surroundings.file_of_variable() {
            return Self::read_named(file, FoundBy::Variable);
        }
        let rules = [FoundBy::Beside, FoundBy::Conf, FoundBy::System];
        for (file, found) in surroundings.usual_files().into_iter().zip(rules) {
            if let Some(loaded) = Self::read(&file)? {
                return Ok(Self { found, ..loaded });
            }
        }
        Ok(Self::built_in(surroundings.folder()))
    }

    /// The built-in defaults, for an executable in `folder`.
    #[must_use]
    pub fn built_in(folder: &Path) -> Self {
        let mut config = Config::default();
        make_paths_absolute(&mut config, folder);
        Self {
            config,
            file: None,
            folder: folder.to_owned(),
            found: FoundBy::Nothing,
            own_data: OwnData::default(),
        }
    }

    /// The same configuration with another peer store, at an absolute path or at the usual one.
    ///
    /// # Errors
    /// When the store cannot be there.
    pub fn with_store(&self, kind: StoreKind, path: Option<PathBuf>) -> Result<Self, Flaw> {
        let mut other = self.clone();
        other.config.store.kind = kind;
        other.config.store.path = path.unwrap_or_else(|| self.usual_store(kind));
        match validate::validate(&other.config, &other.folder) {
            Ok(()) => Ok(other),
            Err(impossible) => Err(diagnose::flaw(impossible)),
        }
    }

    /// The files whose coming, going or changing may mean another configuration.
    #[must_use]
    pub fn sources(surroundings: &Surroundings) -> Vec<PathBuf> {
        match surroundings.file_of_variable() {
            Some(file) => vec![file],
            None => surroundings.usual_files().into(),
        }
    }

    /// Understands the text of `file`, an absolute path, which relative paths are relative to.
    ///
    /// # Errors
    /// The first thing that is wrong in the text.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let wrong = |(line, flaw)| ConfigError::Wrong { file: file.to_owned(), line, flaw };
        let mut config =
            understand(text).map_err(|error| wrong(diagnose::explain(text, &error)))?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        make_paths_absolute(&mut config, folder);
        match validate::validate(&config, folder) {
            Ok(()) => Ok(Self {
                config,
                file: Some(file.to_owned()),
                folder: folder.to_owned(),
                found: FoundBy::Option,
                own_data: OwnData::default(),
            }),
            Err(impossible) => Err(wrong(diagnose::place(text, &impossible))),
        }
    }

    fn read_named(file: PathBuf, found: FoundBy) -> Result<Self, ConfigError> {
        let named_by = if found == FoundBy::Option { "--config" } else { "TRACKER_CONFIG" };
        let loaded = Self::read(&file)?.ok_or(ConfigError::Missing { file, named_by })?;
        Ok(Self { found, ..loaded })
    }

    /// Reads `file`; `None` when there is none. A file that is there and cannot be read is an error
    /// and not passed over: another configuration would be a surprise.
    fn read(file: &Path) -> Result<Option<Self>, ConfigError> {
        let bytes = match read_regular_file(file) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(ConfigError::NotAFile { file: file.to_owned() }),
            Err(error) if is_absence(&error) => return Ok(None),
            Err(source) => return Err(ConfigError::Unreadable { file: file.to_owned(), source }),
        };
        match str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text, file).map(Some),
            Err(error) => {
                let line = diagnose::line_at(&bytes, error.valid_up_to());
                Err(ConfigError::Wrong { file: file.to_owned(), line, flaw: Flaw::NotUtf8 })
            }
        }
    }
}

/// The content of a file, or of what a link leads to. `None` for what is not a regular file: a pipe would have to be
/// waited for.
fn read_regular_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut file = match File::options().read(true).custom_flags(flags).open(path) {
        // A socket, or a device that is not there.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ENODEV)) => {
            return Ok(None);
        }
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The configuration as the text has it, with relative paths.
fn understand(text: &str) -> Result<Config, toml::de::Error> {
    let document = DeTable::parse(text)?;
    let is_set = |section, key| diagnose::find(document.get_ref(), section, key).is_some();
    let unset = [
        ("tracker", "min_interval"),
        ("tracker", "expiry"),
        ("tracker", "numwant"),
        ("store", "path"),
    ]
    .map(|(section, key)| !is_set(section, key));
    let mut config = Config::deserialize(toml::de::Deserializer::from(document))?;
    fit_defaults(&mut config, unset);
    Ok(config)
}

/// Lets the defaults of what is unset follow what is set: who asks for an interval of an hour does
/// not mean that peers are gone after three quarters of it.
fn fit_defaults(config: &mut Config, [min_interval, expiry, numwant, store_path]: [bool; 4]) {
    let tracker = &mut config.tracker;
    if min_interval {
        tracker.min_interval = tracker.min_interval.min(tracker.interval);
    }
    if expiry {
        let enough = Seconds(tracker.interval.0.saturating_add(tracker.interval.0 / 2));
        tracker.expiry = tracker.expiry.max(enough.min(Seconds(LONGEST_SECONDS)));
    }
    if numwant {
        tracker.numwant = tracker.numwant.min(tracker.max_numwant);
    }
    if store_path {
        config.store.path = config.store.kind.usual_path(&config.paths.catalog);
    }
}

/// Empty paths stay empty: they name nothing, and are refused later.
fn make_paths_absolute(config: &mut Config, base: &Path) {
    let paths = &mut config.paths;
    let files = [
        &mut config.store.path,
        &mut paths.torrents,
        &mut paths.catalog,
        &mut paths.policy,
        &mut paths.stats_fragment,
        &mut paths.rss_fragment,
    ];
    let lists = [&mut config.access.allow_list, &mut config.access.deny_list];
    let named = lists
        .into_iter()
        .chain([
            &mut paths.feed_page,
            &mut paths.full_scrape,
            &mut paths.metrics_file,
            &mut paths.pages,
        ])
        .flatten();
    let base = absolute(base, Path::new(""));
    for path in files.into_iter().chain(named) {
        if !path.as_os_str().is_empty() {
            *path = below(&base, path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const FILE: &str = "/srv/bt/conf/tracker.toml";

    fn parse(text: &str) -> LoadedConfig {
        LoadedConfig::parse(text, Path::new(FILE)).unwrap()
    }

    #[test]
    fn a_peer_database_without_a_path_is_beside_the_catalogue() {
        let path = |text: &str| parse(text).config.store.path;
        assert_eq!(path(""), Path::new("/srv/bt/data/peers.db"));
        let settings = "paths.catalog = '/var/lib/tracker/catalog.db'";
        assert_eq!(path(settings), Path::new("/var/lib/tracker/peers.db"));
        let shm = parse(&format!("store.kind = 'shm'\n{settings}"));
        assert_eq!(shm.usual_store(StoreKind::Sqlite), Path::new("/var/lib/tracker/peers.db"));
    }

    /// A site whose executable is `cgi-bin/tracker.cgi`, and whose system file is `etc/tracker.toml`.
    fn surroundings(root: &Path) -> Surroundings {
        Surroundings {
            started_as: root.join("cgi-bin/tracker.cgi"),
            current_folder: root.to_owned(),
            tracker_config: None,
            system_file: root.join("etc/tracker.toml"),
        }
    }

    #[test]
    fn defaults_follow_what_is_set() {
        let hourly = parse("tracker.interval = 3600").config.tracker;
        assert_eq!((hourly.min_interval, hourly.expiry), (Seconds(300), Seconds(5400)));
        let hasty = parse("tracker.interval = 10\ntracker.max_numwant = 20").config.tracker;
        assert_eq!((hasty.min_interval, hasty.expiry), (Seconds(10), Seconds(2700)));
        assert_eq!(hasty.numwant, 20);
        let longest = parse("tracker.interval = 604800").config.tracker;
        assert_eq!(longest.expiry, Seconds(604_800));
    }

    /// Writes a configuration that tells itself from others by its interval.
    fn write(root: &Path, name: &str, interval: u32) {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("tracker.interval = {interval}")).unwrap();
    }

    #[test]
    fn an_empty_file_gives_the_defaults_relative_to_the_file() {
        let loaded = parse("");
        assert_eq!(loaded.config.tracker, Config::default().tracker);
        assert_eq!(loaded.config.paths.catalog, Path::new("/srv/bt/data/catalog.db"));
        assert_eq!(loaded.config.store.path, Path::new("/srv/bt/data/peers.db"));
        assert_eq!(loaded.file.as_deref(), Some(Path::new(FILE)));
    }

    #[test]
    fn absolute_paths_stay_as_they_are() {
        let loaded = parse("[store]\npath = \"/dev/shm/peers\"");
        assert_eq!(loaded.config.store.path, Path::new("/dev/shm/peers"));
    }

    #[test]
    fn each_kind_of_store_has_its_usual_file() {
        let path = |text| parse(text).config.store.path;
        assert_eq!(path("store.kind = 'sqlite'"), Path::new("/srv/bt/data/peers.db"));
        assert_eq!(path("store.kind = 'shm'"), Path::new("/dev/shm/tracker.d/peers"));
        assert_eq!(path("store.kind = 'shm'\nstore.path = 'p'"), Path::new("/srv/bt/conf/p"));
    }

    #[test]
    fn another_store_may_take_the_place_of_the_configured_one() {
        let loaded = parse("store.max_peers = 5");
        let other = loaded.with_store(StoreKind::Shm, None).unwrap().config;
        assert_eq!(other.store.path, Path::new("/dev/shm/tracker.d/peers"));
        assert_eq!((other.store.kind, other.store.max_peers), (StoreKind::Shm, 5.into()));
        assert_eq!(other.paths, loaded.config.paths);
        let back = loaded.with_store(StoreKind::Sqlite, None).unwrap();
        assert_eq!(back.config, loaded.config);
        let taken = Some("/srv/bt/data/catalog.db".into());
        let flaw = loaded.with_store(StoreKind::Sqlite, taken).unwrap_err().to_string();
        assert!(flaw.contains("`catalog` in [paths] names the same"), "{flaw}");
    }

    #[test]
    fn it_is_known_whether_the_announce_url_is_set() {
        let announce_url = |loaded: LoadedConfig| loaded.config.tracker.announce_url;
        assert_eq!(announce_url(parse("[tracker]\ninterval = 1800")), None);
        assert_eq!(announce_url(LoadedConfig::built_in(Path::new("/srv/bt/cgi-bin"))), None);
        let url = "http://127.0.0.1/announce";
        let set = Some(url.parse().unwrap());
        assert_eq!(announce_url(parse(&format!("[tracker]\nannounce_url = '{url}'"))), set);
        assert_eq!(announce_url(parse(&format!("tracker.announce_url = '{url}'"))), set);
    }

    #[test]
    fn files_are_looked_for_in_the_order_of_the_manual() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut surroundings = surroundings(root);
        let interval = |surroundings: &Surroundings, option: Option<&str>| {
            let loaded = LoadedConfig::load(surroundings, option.map(Path::new)).unwrap();
            loaded.config.tracker.interval.0
        };
        assert_eq!(interval(&surroundings, None), 1800);
        write(root, "etc/tracker.toml", 1001);
        assert_eq!(interval(&surroundings, None), 1001);
        write(root, "conf/tracker.toml", 1002);
        assert_eq!(interval(&surroundings, None), 1002);
        write(root, "cgi-bin/tracker.toml", 1003);
        assert_eq!(interval(&surroundings, None), 1003);
        write(root, "named by variable", 1004);
        surroundings.tracker_config = Some("named by variable".into());
        assert_eq!(interval(&surroundings, None), 1004);
        write(root, "named by option", 1005);
        assert_eq!(interval(&surroundings, Some("named by option")), 1005);
    }

    #[test]
    fn the_configuration_of_a_link_stands_beside_the_link() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "conf/tracker.toml", 1001);
        write(root, "opt/conf/tracker.toml", 1002);
        fs::create_dir_all(root.join("opt/bin")).unwrap();
        std::os::unix::fs::symlink("opt/bin", root.join("cgi-bin")).unwrap();
        let loaded = LoadedConfig::load(&surroundings(root), None).unwrap();
        assert_eq!(loaded.file.unwrap(), root.join("conf/tracker.toml"));
        assert_eq!(loaded.config.paths.torrents, root.join("www/torrents"));
    }

    #[test]
    fn without_a_file_paths_are_relative_to_the_executable() {
        let folder = tempfile::tempdir().unwrap();
        let loaded = LoadedConfig::load(&surroundings(folder.path()), None).unwrap();
        assert_eq!(loaded.file, None);
        assert_eq!(loaded.config.paths.catalog, folder.path().join("data/catalog.db"));
    }

    #[test]
    fn a_named_file_that_is_missing_is_an_error_and_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "conf/tracker.toml", 1001);
        let mut surroundings = surroundings(folder.path());
        let error = LoadedConfig::load(&surroundings, Some(Path::new("none"))).unwrap_err();
        assert!(matches!(error, ConfigError::Missing { named_by: "--config", .. }), "{error}");
        surroundings.tracker_config = Some("none".into());
        let error = LoadedConfig::load(&surroundings, None).unwrap_err();
        assert!(matches!(error, ConfigError::Missing { named_by: "TRACKER_CONFIG", .. }));
        surroundings.tracker_config = Some("".into());
        assert!(LoadedConfig::load(&surroundings, None).is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "etc/tracker.toml", 1001);
        fs::create_dir_all(folder.path().join("conf/tracker.toml")).unwrap();
        let error = LoadedConfig::load(&surroundings(folder.path()), None).unwrap_err();
        assert!(matches!(error, ConfigError::NotAFile { .. }), "{error}");
    }

    #[test]
    fn only_a_regular_file_is_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for file in [at("pipe"), at("socket"), "/dev/null".into(), folder.path().to_owned()] {
            let error = LoadedConfig::load(&surroundings(folder.path()), Some(&file)).unwrap_err();
            assert!(matches!(error, ConfigError::NotAFile { .. }), "{error}");
            assert!(error.to_string().contains(&file.display().to_string()), "{error}");
        }
        write(folder.path(), "file", 1001);
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        let linked = LoadedConfig::load(&surroundings(folder.path()), Some(&at("link"))).unwrap();
        assert_eq!(linked.config.tracker.interval, Seconds(1001));
    }

    #[test]
    fn a_file_in_another_encoding_is_told_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tracker.toml");
        fs::write(&file, b"# a\n# caf\xe9\n").unwrap();
        let error = LoadedConfig::load(&surroundings(folder.path()), Some(&file)).unwrap_err();
        assert!(matches!(error, ConfigError::Wrong { line: 2, flaw: Flaw::NotUtf8, .. }));
    }

    #[test]
    fn a_byte_order_mark_is_no_error() {
        assert_eq!(parse("\u{feff}[tracker]\ninterval = 900").config.tracker.interval.0, 900);
    }
}
