//! The tracker without a web server in front: started by the test itself, as a CGI for one request
//! with exactly the variables that the test names, or as the command line.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::bencode::{self, Value};
use super::fragments::{Element, Table};
use super::http::{Reply, parse_cgi};
use super::torrent::Torrent;
use super::{executable, folder_in_memory, poll};

/// The address of every installation: nothing listens there, the test plays the web server.
pub const ANNOUNCE_URL: &str = "http://tracker.test/tracker.cgi/announce";

/// A configuration with the folders that it leads to: `conf`, `data`, `www/torrents`.
pub struct Installation {
    folder: TempDir,
    memory: Option<TempDir>,
}

impl Installation {
    /// With settings beyond those that all tests share, such as `tracker.numwant = 3`. It refreshes
    /// only when it is told to.
    pub fn new(settings: &[&str]) -> Self {
        Self::bare().with_folders(settings)
    }

    /// The same with peers in shared memory.
    pub fn in_memory(settings: &[&str]) -> Self {
        Self { memory: Some(folder_in_memory()), ..Self::bare() }.with_folders(settings)
    }

    fn with_folders(self, settings: &[&str]) -> Self {
        let installation = self;
        for name in ["conf", "data", "www/torrents"] {
            fs::create_dir_all(installation.path(name)).expect("a folder");
        }
        installation.configure(settings);
        installation
    }

    /// An empty folder.
    pub fn bare() -> Self {
        let folder = tempfile::Builder::new().prefix("tracker-direct-").tempdir();
        Self { folder: folder.expect("a folder"), memory: None }
    }

    /// Tracks whatever is announced.
    pub fn open() -> Self {
        Self::new(&["tracker.torrents = 'open'"])
    }

    /// Tracks the torrents in its folder.
    pub fn listed() -> Self {
        Self::new(&[])
    }

    /// Writes the configuration again.
    pub fn configure(&self, settings: &[&str]) {
        let store = match self.memory {
            Some(_) => format!("store.kind = 'shm'\nstore.path = '{}'\n", self.store().display()),
            None => String::new(),
        };
        let text = format!(
            "tracker.announce_url = '{ANNOUNCE_URL}'\n\
             paths.torrents_url = 'http://tracker.test/torrents'\n\
             refresh.on_request = false\n{}\n{store}",
            settings.join("\n")
        );
        fs::write(self.path("conf/tracker.toml"), text).expect("a configuration");
    }

    /// From now on requests have a refresh done that is due, as without cron.
    pub fn refresh_on_request(&self) {
        let text =
            self.text("conf/tracker.toml").replace("on_request = false", "on_request = true");
        fs::write(self.path("conf/tracker.toml"), text).expect("a configuration");
    }

    /// A file or folder of the installation.
    pub fn path(&self, name: impl AsRef<std::path::Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of the peers.
    pub fn store(&self) -> PathBuf {
        match &self.memory {
            Some(memory) => memory.path().join("tracker.d/peers"),
            None => self.path("data/peers.db"),
        }
    }

    /// Puts a torrent for this tracker into its folder.
    pub fn add(&self, name: &str, length: usize) -> Torrent {
        let torrent = Torrent::new(name, length, ANNOUNCE_URL);
        self.drop_in(torrent.file_name(), &torrent.metainfo);
        torrent
    }

    /// Puts a file into the torrents folder as an upload should: whole, by renaming it.
    pub fn drop_in(&self, name: impl AsRef<OsStr>, content: &[u8]) {
        let path = self.path("www/torrents").join(name.as_ref());
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder below torrents");
        let upload = path.with_file_name(".upload");
        fs::write(&upload, content).expect("a file");
        fs::rename(&upload, &path).expect("a file in its place");
    }

    /// The files in which CGIs remember what they have told the owner.
    pub fn told(&self) -> Vec<PathBuf> {
        let entries = ["", "data"].map(|folder| fs::read_dir(self.path(folder)).expect("a folder"));
        let paths = entries.into_iter().flatten().map(|entry| entry.expect("an entry").path());
        let is_one = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"tracker-told-"))
        };
        paths.filter(is_one).collect()
    }

    /// From now on all is told again, as after a minute.
    pub fn forget_what_was_told(&self) {
        self.told().iter().for_each(|path| fs::remove_file(path).expect("a file of ours"));
    }

    /// A file's text.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The stats table as it is now.
    pub fn table(&self) -> Table {
        let text = self.text("www/torrents/bt_stats.inc");
        Table::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Waits until two seconds have passed since the table was written, so that rates are rates.
    pub fn wait_until_the_table_is_old(&self) {
        let written = fs::metadata(self.path("www/torrents/bt_stats.inc"));
        let written = written.and_then(|it| it.modified()).expect("when the table was written");
        let is_old = || written.elapsed().is_ok_and(|age| age >= Duration::from_secs(2));
        poll(Duration::from_secs(10), || is_old().then_some(())).expect("two seconds");
    }

    /// Waits for a refresh that goes on after a reply, which must not write into what is removed.
    pub fn wait_for_a_refresh_to_end(&self) {
        let lock = fs::File::open(self.path("data/refresh.lock")).expect("the lock of refreshes");
        lock.lock().expect("it is free in the end");
    }

    /// The feed's items as they are now.
    pub fn feed(&self) -> Element {
        let text = self.text("www/torrents/bt_rss.inc");
        Element::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A request to the tracker, to be sent after more was said about it.
    pub fn get(&self, path_info: &str, query: impl AsRef<[u8]>) -> Call {
        let mut command = Command::new(executable());
        command
            .env_clear()
            .env("GATEWAY_INTERFACE", "CGI/1.1")
            .env("SERVER_PROTOCOL", "HTTP/1.1")
            .env("REQUEST_METHOD", "GET")
            .env("SCRIPT_NAME", "/tracker.cgi")
            .env("PATH_INFO", path_info)
            .env("QUERY_STRING", OsStr::from_bytes(query.as_ref()))
            .env("REMOTE_ADDR", "192.0.2.1")
            .env("TMPDIR", self.folder.path())
            .env("TRACKER_CONFIG", self.path("conf/tracker.toml"));
        Call { command }
    }

    /// The command line with its configuration, ready to run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable());
        command
            .env_clear()
            .env("TRACKER_CONFIG", self.path("conf/tracker.toml"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    /// Runs the command line.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().expect("the command runs"))
    }

    /// Refreshes now; panics when that fails.
    pub fn refresh(&self) -> Ran {
        let ran = self.run(&["refresh", "--force"]);
        assert_eq!(ran.status, 0, "{ran:?}");
        ran
    }
}

/// One request to a CGI.
pub struct Call {
    command: Command,
}

impl Call {
    /// Sets or replaces a variable.
    pub fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes a variable away.
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// The address of the client.
    pub fn from(self, address: &str) -> Self {
        self.with("REMOTE_ADDR", address)
    }

    /// The request method.
    pub fn method(self, method: &str) -> Self {
        self.with("REQUEST_METHOD", method)
    }

    /// Arguments, as Apache makes them of the words of a query.
    pub fn arguments(mut self, words: &[&str]) -> Self {
        self.command.args(words.iter().map(OsString::from));
        self
    }

    /// The command, for what else is to be done with it.
    pub fn command(self) -> Command {
        self.command
    }

    /// Starts the tracker and reads all of its answer.
    pub fn send(mut self) -> Answer {
        Answer::of(&self.command.stdin(Stdio::null()).output().expect("the CGI runs"))
    }

    /// Starts the tracker, sends a body and reads all of its answer.
    pub fn send_body(mut self, body: &[u8]) -> Answer {
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::piped()).spawn().expect("the CGI starts");
        // What is refused early need not be read.
        let _ = process.stdin.take().expect("standard input").write_all(body);
        Answer::of(&process.wait_with_output().expect("the CGI runs"))
    }

    /// Sends it and reads the bencoded answer.
    pub fn value(self) -> Value {
        self.send().value()
    }

    /// Has the web server close standard error before it starts the CGI.
    pub fn without_standard_error(self) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", r#"exec "$0" 2>&-"#]).arg(self.command.get_program()).env_clear();
        for (name, value) in self.command.get_envs() {
            command.env(name, value.expect("a value"));
        }
        Self { command }
    }

    /// Sends it and reads the reason why it was refused.
    pub fn refusal(self) -> String {
        self.send().refusal()
    }
}

/// What a CGI answered, and what it wrote into the log.
#[derive(Debug)]
pub struct Answer {
    pub reply: Reply,
    pub log: String,
}

impl Answer {
    /// Reads what a CGI wrote.
    pub fn of(output: &Output) -> Self {
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "the CGI ended with {}: {log}", output.status);
        let reply = parse_cgi(&output.stdout)
            .unwrap_or_else(|| panic!("no CGI reply: {}\n{log}", output.stdout.escape_ascii()));
        Self { reply, log }
    }

    /// The bencoded answer; panics unless it came as all answers to clients must.
    pub fn value(&self) -> Value {
        let reply = &self.reply;
        assert_eq!(reply.status, 200, "{self:?}");
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=ISO-8859-1"));
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{self:?}");
        let length = reply.body.len().to_string();
        assert_eq!(reply.header("content-length"), Some(length.as_str()), "{self:?}");
        bencode::parse(&reply.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The reason in a refusal; panics when there is none.
    pub fn refusal(&self) -> String {
        let value = self.value();
        assert!(value.number("interval") > 0 && value.number("min interval") >= 0, "{value:?}");
        String::from_utf8(value.bytes("failure reason").to_vec()).expect("a reason in UTF-8")
    }
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub output: String,
    pub errors: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            status: output.status.code().expect("an exit status and no signal"),
            output: text(&output.stdout),
            errors: text(&output.stderr),
        }
    }
}

impl Ran {
    /// What it printed; panics unless it did what it should without a complaint.
    pub fn done(self) -> String {
        assert_eq!((self.status, complaints(&self.errors)), (0, vec![]), "{self:?}");
        self.output
    }

    /// The JSON that it printed; panics unless all went well.
    pub fn json(self) -> serde_json::Value {
        let text = self.done();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The one line in which it says why it failed.
    pub fn failure(self) -> String {
        assert_eq!(self.status, 1, "{self:?}");
        let lines = complaints(&self.errors);
        assert!(lines.len() == 1 && lines[0].starts_with("tracker: "), "{self:?}");
        lines[0].to_owned()
    }
}

/// The lines of a log that are no mere information.
pub fn complaints(log: &str) -> Vec<&str> {
    log.lines().filter(|line| !line.starts_with("tracker: info: ")).collect()
}
