//! Where the configuration is looked for, and which folder the executable counts as being in.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// The file of a machine's administrator, the last that is looked for.
const SYSTEM_FILE: &str = "/etc/tracker/tracker.toml";

/// The name of the file beside the executable and in `../conf`.
const FILE_NAME: &str = "tracker.toml";

/// What of the process's surroundings decides where the configuration is.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The link or copy of the executable that was started, as an absolute path: its folder is
    /// the one that counts, not that of what a link points to.
    pub started_as: PathBuf,
    /// What relative paths in arguments and variables are relative to; absolute.
    pub current_folder: PathBuf,
    /// `$TRACKER_CONFIG`.
    pub tracker_config: Option<OsString>,
    /// The file of the machine's administrator.
    pub system_file: PathBuf,
}

/// The rule by which a configuration was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// `--config` names it.
    Option,
    /// `TRACKER_CONFIG` names it.
    Variable,
    /// It stands beside the executable.
    Beside,
    /// It stands in `../conf`, seen from the executable's folder.
    Conf,
    /// It is that of the machine.
    System,
    /// There is no file.
    Nothing,
}

impl fmt::Display for FoundBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Option => "named by --config",
            Self::Variable => "named by TRACKER_CONFIG",
            Self::Beside => "beside the executable",
            Self::Conf => "in ../conf, seen from the executable",
            Self::System => "of this machine; there is none beside the executable nor in ../conf",
            Self::Nothing => "there is no file in the usual places",
        })
    }
}

/// As what the executable was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// By a person or by cron.
    CommandLine,
    /// By a web server, for one request.
    Cgi,
    /// By a web server or its process manager, for many requests.
    FastCgi,
}

impl Surroundings {
    /// Those of this process. To be called once, at the start: an executable that is replaced
    /// while it runs no longer finds itself. `argument_zero` is the first of its arguments.
    #[must_use]
    pub fn of_this_process(face: Face, argument_zero: Option<OsString>) -> Self {
        let current_folder = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let start = Start {
            face,
            argument_zero,
            search_path: env::var_os("PATH"),
            script_filename: env::var_os("SCRIPT_FILENAME"),
            executable: &|| env::current_exe().ok(),
            current_folder: &current_folder,
        };
        Self {
            started_as: start.started_as(),
            tracker_config: env::var_os("TRACKER_CONFIG"),
            system_file: SYSTEM_FILE.into(),
            current_folder,
        }
    }

    /// The folder of the link or copy that was started.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.started_as.parent().unwrap_or(Path::new("/"))
    }

    /// The files that are looked for when none is named, the first first.
    #[must_use]
    pub fn usual_files(&self) -> [PathBuf; 3] {
        [
            self.folder().join(FILE_NAME),
            absolute(self.folder(), &Path::new("../conf").join(FILE_NAME)),
            self.system_file.clone(),
        ]
    }

    /// The file that `$TRACKER_CONFIG` names; an empty variable names none.
    pub(super) fn file_of_variable(&self) -> Option<PathBuf> {
        let name = self.tracker_config.as_ref().filter(|name| !name.is_empty())?;
        Some(absolute(&self.current_folder, Path::new(name)))
    }
}

/// What stands between the slashes of a path.
fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
}

/// Joins `path` to `base`, and resolves `.` and `..` by the names alone: `cgi-bin/../conf` is the
/// `conf` beside `cgi-bin`, even where `cgi-bin` is a link to elsewhere.
#[must_use]
pub fn absolute(base: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().as_bytes().starts_with(b"/") {
        return below(Path::new("/"), path);
    }
    let from = if base.as_os_str().as_bytes().starts_with(b"/") { "/" } else { "" };
    below(&below(Path::new(from), base), path)
}

/// The same for a base that [`absolute`] has made.
pub(super) fn below(base: &Path, path: &Path) -> PathBuf {
    // Each CGI process does this for all paths of its configuration: bytes cost less than components.
    let path = path.as_os_str().as_bytes();
    let base = if path.starts_with(b"/") { b"/" } else { base.as_os_str().as_bytes() };
    let is_absolute = base.starts_with(b"/");
    let mut resolved = Vec::with_capacity(base.len() + path.len() + 2);
    resolved.extend_from_slice(base.strip_suffix(b"/").unwrap_or(base));
    for name in names(path) {
        match name {
            b"" | b"." => {}
            b".." => {
                let end = resolved.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
                resolved.truncate(end);
            }
            name => {
                if is_absolute || !resolved.is_empty() {
                    resolved.push(b'/');
                }
                resolved.extend_from_slice(name);
            }
        }
    }
    if is_absolute && resolved.is_empty() {
        resolved.push(b'/');
    }
    OsString::from_vec(resolved).into()
}

/// Whether a path is that of a folder or of something in it, both made by [`absolute`]: then it takes
/// comparing bytes, where others have to be split into their components.
pub(super) fn is_within(path: &Path, folder: &Path) -> bool {
    let (path, folder) =
        (path.as_os_str().as_encoded_bytes(), folder.as_os_str().as_encoded_bytes());
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/' || folder.ends_with(b"/"))
}

/// What a process knows about how it was started.
struct Start<'a> {
    face: Face,
    argument_zero: Option<OsString>,
    search_path: Option<OsString>,
    script_filename: Option<OsString>,
    /// What the kernel says: correct, but with all links resolved. It is asked only when nobody else knows.
    executable: &'a dyn Fn() -> Option<PathBuf>,
    current_folder: &'a Path,
}

impl Start<'_> {
    fn started_as(&self) -> PathBuf {
        self.script()
            .or_else(|| self.by_argument_zero())
            .or_else(self.executable)
            .unwrap_or_else(|| self.current_folder.join("tracker"))
    }

    /// What a web server says that it starts as a CGI. It need not be this executable: a script
    /// in its place, which starts us, has its configuration beside it too. A FastCGI responder has
    /// `SCRIPT_FILENAME` only as a parameter of each request, where it may be anything.
    fn script(&self) -> Option<PathBuf> {
        let script = Path::new(self.script_filename.as_ref()?);
        let usable = self.face == Face::Cgi && script.is_absolute() && script.is_file();
        usable.then(|| absolute(script, Path::new("")))
    }

    /// The path that we were started by. Whoever starts a program may write anything there, so it
    /// counts only when it leads to this executable.
    fn by_argument_zero(&self) -> Option<PathBuf> {
        let name = self.argument_zero.as_deref().filter(|name| !name.is_empty())?;
        let executable = (self.executable)();
        let mut candidates = self.candidates(name).into_iter();
        candidates.find(|candidate| is_executable(candidate, executable.as_deref()))
    }

    fn candidates(&self, name: &OsStr) -> Vec<PathBuf> {
        let here = absolute(self.current_folder, Path::new(name));
        if name.as_encoded_bytes().contains(&b'/') {
            return vec![here];
        }
        let on_search_path = self.search_path.iter().flat_map(env::split_paths);
        let mut candidates: Vec<_> = on_search_path
            .map(|folder| absolute(self.current_folder, &folder.join(name)))
            .collect();
        if self.face != Face::CommandLine {
            // Apache starts a CGI by its bare name, in the CGI's folder.
            candidates.insert(0, here);
        }
        candidates
    }
}

/// Whether a path leads to this executable, or to any file where it is not known.
fn is_executable(candidate: &Path, executable: Option<&Path>) -> bool {
    executable.map_or_else(
        || candidate.is_file(),
        |executable| {
            candidate == executable
                || candidate.canonicalize().is_ok_and(|resolved| resolved == executable)
        },
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use std::path::Component;

    use super::*;

    /// A folder with `opt/tracker`, and a link to it at `cgi-bin/tracker.cgi`.
    struct Site {
        folder: tempfile::TempDir,
        executable: PathBuf,
        /// As the kernel does.
        tell: Box<dyn Fn() -> Option<PathBuf>>,
        link: PathBuf,
    }

    impl Site {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            let executable = root.join("opt/tracker");
            let link = root.join("cgi-bin/tracker.cgi");
            fs::create_dir(root.join("opt")).unwrap();
            fs::create_dir(root.join("cgi-bin")).unwrap();
            fs::write(&executable, "").unwrap();
            symlink("../opt/tracker", &link).unwrap();
            let known = Some(executable.clone());
            Self { folder, executable, tell: Box::new(move || known.clone()), link }
        }

        fn start(&self, face: Face, argument_zero: &str) -> Start<'_> {
            Start {
                face,
                argument_zero: Some(argument_zero.into()),
                search_path: None,
                script_filename: None,
                executable: &self.tell,
                current_folder: self.folder.path(),
            }
        }
    }

    #[test]
    fn a_cgi_is_the_script_that_the_web_server_names() {
        let site = Site::new();
        let mut start = site.start(Face::Cgi, "tracker");
        start.script_filename = Some(site.link.clone().into());
        start.executable = &|| panic!("the kernel need not be asked");
        assert_eq!(start.started_as(), site.link);
    }

    #[test]
    fn a_script_that_is_missing_relative_or_given_to_fastcgi_does_not_count() {
        let site = Site::new();
        let missing = site.folder.path().join("nowhere/tracker.cgi").into_os_string();
        let link = site.link.clone().into_os_string();
        for (face, script) in [
            (Face::Cgi, missing),
            (Face::Cgi, "cgi-bin/tracker.cgi".into()),
            (Face::FastCgi, link.clone()),
            (Face::CommandLine, link),
        ] {
            let mut start = site.start(face, "");
            start.script_filename = Some(script);
            assert_eq!(start.started_as(), site.executable, "{face:?}");
        }
    }

    #[test]
    fn a_path_that_it_was_started_by_keeps_its_link() {
        let site = Site::new();
        let link = site.link.to_str().unwrap();
        assert_eq!(site.start(Face::FastCgi, link).started_as(), site.link);
        let relative = "./cgi-bin/../cgi-bin/tracker.cgi";
        let expected = site.folder.path().join("cgi-bin/tracker.cgi");
        assert_eq!(site.start(Face::CommandLine, relative).started_as(), expected);
    }

    #[test]
    fn a_bare_name_is_searched_for_as_a_shell_does() {
        let site = Site::new();
        let mut start = site.start(Face::CommandLine, "tracker.cgi");
        start.search_path =
            Some(format!("/nowhere:{}", site.link.parent().unwrap().display()).into());
        assert_eq!(start.started_as(), site.link);
    }

    #[test]
    fn a_bare_name_counts_in_the_current_folder_only_under_a_web_server() {
        let site = Site::new();
        let here = site.link.parent().unwrap();
        let mut start = site.start(Face::Cgi, "tracker.cgi");
        start.current_folder = here;
        assert_eq!(start.started_as(), site.link);
        start.face = Face::CommandLine;
        assert_eq!(start.started_as(), site.executable);
    }

    #[test]
    fn a_name_that_leads_to_another_program_does_not_count() {
        let site = Site::new();
        fs::write(site.folder.path().join("other"), "").unwrap();
        assert_eq!(site.start(Face::CommandLine, "./other").started_as(), site.executable);
        assert_eq!(site.start(Face::CommandLine, "-tracker").started_as(), site.executable);
    }

    #[test]
    fn a_folder_has_itself_and_what_is_in_it() {
        for (path, folder, expected) in [
            ("/a/b", "/a/b", true),
            ("/a/b/c", "/a/b", true),
            ("/a/bc", "/a/b", false),
            ("/a", "/a/b", false),
            ("/a", "/", true),
            ("/", "/", true),
            ("/", "/a", false),
        ] {
            let (path, folder) = (Path::new(path), Path::new(folder));
            assert_eq!(is_within(path, folder), expected, "{path:?} {folder:?}");
            assert_eq!(path.starts_with(folder), expected, "{path:?} {folder:?}");
        }
    }

    #[test]
    fn dots_are_resolved_by_name() {
        assert_eq!(absolute(Path::new("/a/b"), Path::new("../c/./d")), Path::new("/a/c/d"));
        assert_eq!(absolute(Path::new("/a"), Path::new("/x/../y")), Path::new("/y"));
        assert_eq!(absolute(Path::new("/a"), Path::new("../../../b")), Path::new("/b"));
        assert_eq!(absolute(Path::new("/a/b"), Path::new("")), Path::new("/a/b"));
    }

    proptest::proptest! {
        #[test]
        fn dots_are_resolved_as_the_standard_library_sees_components(
            base in "/(a|bc|[.]|[.]{2}|/){0,6}", path in "/?((a|bc|[.]|[.]{2}|[.]d|/)/?){0,6}",
        ) {
            let mut expected = PathBuf::new();
            for component in Path::new(&base).join(&path).components() {
                match component {
                    Component::ParentDir => _ = expected.pop(),
                    Component::CurDir => {}
                    other => expected.push(other),
                }
            }
            proptest::prop_assert_eq!(absolute(Path::new(&base), Path::new(&path)), expected);
        }
    }
}
