//! `scripts/install` below a folder that stands for a host.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::host::Host;
use super::text;
use crate::harness::apache::{Apache, Mpm};
use crate::harness::http::request;
use crate::harness::process::Process;
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::{checkout, executable, program};

#[test]
fn an_installation_has_all_that_a_site_needs() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    let at = |path: &str| host.root.path().join(path);
    assert_eq!(fs::read(at("usr/lib/cgi-bin/tracker.cgi")).ok(), fs::read(executable()).ok());
    let mode =
        |path: &str| fs::metadata(at(path)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("usr/lib/cgi-bin/tracker.cgi"), 0o755);
    assert_eq!(mode("usr/lib/cgi-bin/tracker.fcgi"), 0o755);
    assert_eq!(mode("var/lib/tracker"), 0o700, "the data folder is nobody else's");
    let command = fs::read_link(at("usr/local/bin/tracker")).expect("the command");
    assert_eq!(command, Path::new("/usr/lib/cgi-bin/tracker.cgi"));
    let feed = host.read("var/www/tracker/rss.xml");
    assert!(feed.contains("<link>http://tracker.example/tracker/</link>"), "{feed}");
    assert!(host.read("var/www/tracker/torrents/bt_stats.inc").contains("tracker-empty"));
}

/// What the installed configuration says, in the words of the tracker itself.
#[test]
fn the_installed_configuration_is_understood_and_names_the_installed_folders() {
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    let file = host.root.path().join("etc/tracker/tracker.toml");
    let mut command = Command::new(executable());
    let output = command.arg("--config").arg(&file).args(["config", "show"]).output();
    let output = output.expect("tracker config show runs");
    assert!(output.status.success(), "{}", text(&output));
    let shown = text(&output);
    for value in [
        "http://tracker.example/announce",
        "http://tracker.example/tracker/torrents",
        "/var/lib/tracker/peers.db",
        "/var/lib/tracker/catalog.db",
        "/var/lib/tracker/policy.snapshot",
        "/var/www/tracker/torrents",
        "/var/www/tracker/torrents/bt_stats.inc",
        "/var/www/tracker/torrents/bt_rss.inc",
    ] {
        assert!(shown.contains(&format!("\"{value}\"")), "{value} is not in\n{shown}");
    }
    assert!(!shown.contains("../"), "{shown}");
}

#[test]
fn apache_accepts_the_installed_configuration() {
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    // The paths in it are those of the host that it is for.
    let root = host.root.path().display().to_string();
    let snippet = host.read("etc/apache2/conf-available/tracker.conf");
    let snippet = snippet.replace(" /usr/", &format!(" {root}/usr/"));
    let mut text = format!(
        "ServerRoot \"{root}\"\nServerName x\nListen 127.0.0.1:1\n\
         ErrorLog \"{root}/error.log\"\n"
    );
    let modules =
        "mpm_event authz_core mime dir alias env include expires filter deflate cgid fcgid";
    for module in modules.split(' ') {
        text += &format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n");
    }
    let file = host.root.path().join("apache.conf");
    fs::write(&file, text + &snippet.replace("IncludeOptional", "Include")).expect("a file");
    let output = Command::new(program("apache2")).arg("-t").arg("-f").arg(&file).output();
    let output = output.expect("apache2 runs");
    assert!(output.status.success(), "{}", self::text(&output));
}

/// Apache goes on with its own file after an uninstallation, below a folder that Debian has listed.
#[test]
fn what_remains_of_an_installation_lists_no_folder() {
    let host = Host::new();
    host.install(&[]);
    let snippet = host.read("etc/apache2/conf-available/tracker.conf");
    host.install(&["--uninstall"]);
    let site = Site::new(Layout::open(CGI));
    fs::write(site.torrents().join("x.secret.torrent"), "").expect("a file");
    let folder = format!("<Directory \"{}\">", site.root().display());
    let apache = Apache::new(Mpm::Event)
        .line(&format!("{folder}\nOptions Indexes\nRequire all granted\n</Directory>"))
        .line(&snippet.replace("/var/www/tracker", &site.www().display().to_string()));
    let _apache = apache.start(&site);
    for folder in ["/tracker/torrents/", "/tracker/"] {
        let reply = request(site.address(), "GET", folder, &[]).expect("an answer");
        assert_eq!(reply.status, 403, "{folder}: {}", reply.text());
    }
}

#[test]
fn a_second_installation_overwrites_nothing_of_the_owners() {
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    let owners = [
        "etc/tracker/tracker.toml",
        "etc/apache2/conf-available/tracker.conf",
        "var/www/tracker/index.shtml",
        "var/www/tracker/torrents/bt_stats.inc",
    ];
    for path in owners {
        fs::write(host.root.path().join(path), "mine").expect("an edit");
    }
    fs::write(host.root.path().join("usr/lib/cgi-bin/tracker.cgi"), "an older one")
        .expect("a file");
    host.install(&["--url", "http://other.example"]);
    for path in owners {
        assert_eq!(host.read(path), "mine", "{path}");
    }
    let upgraded = fs::read(host.root.path().join("usr/lib/cgi-bin/tracker.cgi")).ok();
    assert_eq!(upgraded, fs::read(executable()).ok());
}

#[test]
fn a_dry_run_changes_nothing() {
    let host = Host::new();
    let before = host.content();
    let said = host.install(&["--dry-run"]);
    assert!(said.contains("usr/lib/cgi-bin/tracker.cgi"), "{said}");
    assert_eq!(host.content(), before);
    host.install(&[]);
    let installed = host.content();
    host.install(&["--uninstall", "--dry-run"]);
    assert_eq!(host.content(), installed);
}

#[test]
fn uninstalling_keeps_what_is_the_owners() {
    let host = Host::new();
    host.install(&[]);
    host.install(&["--uninstall"]);
    let left = host.content();
    for path in ["etc/tracker/tracker.toml", "var/lib/tracker/", "var/www/tracker/index.shtml"] {
        assert!(left.contains_key(path), "{path}");
    }
    for path in ["usr/lib/cgi-bin/tracker.cgi", "usr/local/bin/tracker", "usr/local/share/tracker/"]
    {
        assert!(!left.contains_key(path), "{path}");
    }
}

/// What a web server has of Debian: where the files go, and where they are enabled.
const SERVERS: [&str; 8] = [
    "etc/apache2/conf-enabled",
    "etc/apache2/mods-enabled",
    "etc/nginx/conf.d",
    "etc/nginx/snippets",
    "etc/nginx/sites-enabled",
    "etc/lighttpd/conf-available",
    "etc/lighttpd/conf-enabled",
    "etc/systemd/system/sockets.target.wants",
];

/// Each file of `conf/` that is put elsewhere, too.
const PLACED: [(&str, &str); 5] = [
    ("nginx-upstream.conf", "etc/nginx/conf.d/tracker.conf"),
    ("nginx.conf", "etc/nginx/snippets/tracker.conf"),
    ("lighttpd.conf", "etc/lighttpd/conf-available/80-tracker.conf"),
    ("tracker.service", "etc/systemd/system/tracker.service"),
    ("tracker.socket", "etc/systemd/system/tracker.socket"),
];

#[test]
fn files_for_each_server_are_put_where_it_looks_for_them_and_upgraded_unless_changed() {
    let host = Host::with(&SERVERS);
    host.install(&[]);
    for (name, path) in PLACED {
        let shipped = fs::read_to_string(checkout().join("conf").join(name)).expect("a file");
        assert_eq!(host.read(path), shipped, "{path}");
        // As if by an older version.
        host.write(path, "old");
        host.write(&format!("usr/local/share/tracker/conf/{name}"), "old");
    }
    host.write("etc/nginx/snippets/tracker.conf", "changed");
    let said = host.install(&[]);
    for (name, path) in PLACED {
        let changed = path == "etc/nginx/snippets/tracker.conf";
        let shipped = fs::read_to_string(checkout().join("conf").join(name)).expect("a file");
        assert_eq!(host.read(path), if changed { "changed".into() } else { shipped }, "{path}");
        assert_eq!(said.contains(&format!("{path} (changed by you")), changed, "{said}");
    }
}

#[test]
fn units_and_crontab_name_the_web_servers_user() {
    let host = Host::with(&SERVERS);
    host.install(&["--user", "daemon"]);
    let service = host.read("etc/systemd/system/tracker.service");
    assert!(service.contains("User=daemon\nGroup=daemon\n"), "{service}");
    let socket = host.read("etc/systemd/system/tracker.socket");
    assert!(socket.contains("SocketUser=daemon\nSocketGroup=daemon\n"), "{socket}");
    let crontab = host.read("usr/local/share/tracker/conf/crontab");
    assert!(crontab.contains("* daemon /usr/local/bin/tracker"), "{crontab}");
}

#[test]
fn only_what_is_not_done_yet_is_said() {
    let host = Host::with(&SERVERS);
    let said = host.install(&[]);
    for step in [
        "a2enmod cgid include rewrite headers expires\n",
        "a2enconf tracker\n",
        "systemctl enable --now tracker.socket\n",
        "include snippets/tracker.conf;",
        "lighty-enable-mod tracker\n",
        "crontab /etc/cron.d/tracker ",
        "is http://",
    ] {
        assert!(said.contains(step), "{step}: {said}");
    }
    // Modules and the socket: a part of what Apache and nginx need.
    for module in ["cgi", "include", "expires"] {
        host.write(&format!("etc/apache2/mods-enabled/{module}.load"), "");
    }
    host.write("etc/systemd/system/sockets.target.wants/tracker.socket", "");
    host.write("etc/nginx/sites-enabled/default", "server {\n# include snippets/tracker.conf;\n}");
    host.write("etc/cron.d/tracker", "");
    let said = host.install(&[]);
    assert!(said.contains("a2enmod rewrite headers\n"), "{said}");
    assert!(said.contains("a2enconf tracker\n"), "{said}");
    assert!(said.contains("include snippets/tracker.conf;"), "a comment includes nothing: {said}");
    for done in ["tracker.socket", "/etc/cron.d", "is http://"] {
        assert!(
            !said.contains(&format!("    {done}")) && !said.contains(&format!("{done} ")),
            "{said}"
        );
    }
    host.write("etc/nginx/sites-enabled/default", "server {\ninclude snippets/tracker.conf;\n}");
    let said = host.install(&[]);
    for step in ["a2en", "systemctl", "lighty", "snippets/tracker.conf;"] {
        assert!(!said.contains(step), "nginx is ready: {said}");
    }
    assert!(said.contains("tracker doctor"), "{said}");
}

/// The executable is replaced while a responder runs.
#[test]
fn a_responder_that_runs_the_old_version_is_named_or_restarted() {
    let host = Host::with(&SERVERS);
    host.install(&[]);
    let mut command = Command::new(host.root.path().join("usr/lib/cgi-bin/tracker.cgi"));
    let socket = host.root.path().join("socket");
    command.arg("--config").arg(host.root.path().join("conf.toml"));
    command.args(["fastcgi", "--listen", &format!("unix:{}", socket.display())]);
    host.write("conf.toml", "");
    let mut responder = Process::start("tracker", &mut command, &host.root.path().join("log"));
    responder.wait_for("its socket", || socket.exists().then_some(()));
    let other = host.root.path().join("another version");
    fs::write(&other, "another version").expect("a file");
    let said = host.install(&["--executable", &other.display().to_string()]);
    let names_it = said.contains(&format!("Process {} runs the old version", responder.id()));
    // Where the tests are a service, the responder belongs to that.
    assert!(names_it || said.contains("take effect"), "{said}");
    responder.terminate();
    let said = host.install(&["--executable", &other.display().to_string()]);
    assert!(!said.contains("old version") && !said.contains("take effect"), "{said}");
}

#[test]
fn what_an_upgrade_has_changed_is_reloaded_with_restart_only() {
    let host = Host::with(&SERVERS);
    host.install(&[]);
    host.write("etc/apache2/conf-enabled/tracker.conf", "");
    host.write("etc/lighttpd/conf-enabled/80-tracker.conf", "");
    let grow_old = || {
        host.write("usr/local/share/tracker/apache-snippets/cgi.conf", "old");
        host.write("usr/local/share/tracker/conf/tracker.service", "old");
        host.write("etc/systemd/system/tracker.service", "old");
    };
    let path = host.no_services();
    let ran = || fs::read_to_string(host.root.path().join("services/ran")).unwrap_or_default();
    grow_old();
    let said = host.install_with(&[], &path);
    for step in ["systemctl daemon-reload\n", "systemctl reload apache2\n"] {
        assert!(said.contains(step), "{said}");
    }
    assert!(!said.contains("restart lighttpd"), "its file is the same: {said}");
    assert_eq!(ran(), "");
    grow_old();
    host.install_with(&["--restart"], &path);
    assert_eq!(ran(), "daemon-reload\nreload apache2\n");
    let said = host.install_with(&["--restart"], &path);
    assert!(!said.contains("take effect"), "nothing has changed: {said}");
}

#[test]
fn nothing_is_removed_while_a_web_server_names_it() {
    let host = Host::with(&SERVERS);
    host.install(&[]);
    let uses = [
        (
            "etc/apache2/conf-enabled/tracker.conf",
            "",
            "a2disconf tracker && systemctl reload apache2",
        ),
        (
            "etc/nginx/sites-enabled/x",
            "include snippets/tracker.conf;",
            "etc/nginx/sites-enabled/x, and",
        ),
        ("etc/lighttpd/conf-enabled/80-tracker.conf", "", "lighty-disable-mod tracker && "),
        (
            "etc/caddy/Caddyfile",
            "import /usr/local/share/tracker/conf/caddy.conf",
            "Caddyfile, and",
        ),
        ("etc/systemd/system/sockets.target.wants/tracker.socket", "", "systemctl disable --now"),
        ("etc/cron.d/tracker", "* * * * * x /usr/local/bin/tracker refresh", "rm "),
    ];
    for (path, content, _) in uses {
        host.write(path, content);
    }
    let before = host.content();
    let output = host.command(&["--uninstall"]).output().expect("scripts/install runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    let places =
        uses.map(|(_, _, step)| said.find(step).unwrap_or_else(|| panic!("{step}: {said}")));
    assert!(places.is_sorted(), "{said}");
    assert_eq!(host.content(), before);
    for (path, _, step) in uses {
        fs::remove_file(host.root.path().join(path)).expect("it is disabled");
        let said = text(&host.command(&["--uninstall", "--dry-run"]).output().expect("it runs"));
        assert!(!said.contains(step), "{said}");
    }
    host.write("etc/nginx/snippets/tracker.conf", "changed");
    let said = host.install(&["--uninstall"]);
    for (_, path) in PLACED {
        let changed = path == "etc/nginx/snippets/tracker.conf";
        assert_eq!(host.root.path().join(path).exists(), changed, "{path}");
    }
    for left in
        ["/etc/nginx/snippets/tracker.conf", "/var/lib/tracker", "/etc/tracker/tracker.toml"]
    {
        assert!(said.contains(&format!("{left}\n")), "{left}: {said}");
    }
}

#[test]
fn help_is_no_failure_and_an_unknown_option_is() {
    let run = |argument: &str| {
        let mut command = Command::new(checkout().join("scripts/install"));
        command.arg(argument).output().expect("scripts/install runs")
    };
    let help = run("--help");
    assert_eq!(help.status.code(), Some(0), "{}", text(&help));
    assert!(String::from_utf8_lossy(&help.stdout).contains("--uninstall"), "{}", text(&help));
    let unknown = run("--no-such-option");
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(2), 0), "{}", text(&unknown));
}

/// Somebody else's program of that name is not replaced.
#[test]
fn a_command_that_is_not_the_trackers_stops_the_installation() {
    let host = Host::new();
    let command = host.root.path().join("usr/local/bin/tracker");
    fs::create_dir_all(command.parent().expect("a folder")).expect("a folder");
    fs::write(&command, "another program").expect("a file");
    let output = Command::new(checkout().join("scripts/install"))
        .arg("--executable")
        .arg(executable())
        .arg("--root")
        .arg(host.root.path())
        .output()
        .expect("scripts/install runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(host.read("usr/local/bin/tracker"), "another program");
}

#[test]
fn the_newest_executable_is_installed_and_one_that_is_missing_is_named() {
    let copy = tempfile::tempdir().expect("a folder");
    let folder = copy.path();
    for entry in fs::read_dir(checkout()).expect("the checkout") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        if !["target", "scripts"].iter().any(|other| name == *other) {
            std::os::unix::fs::symlink(path, folder.join(name)).expect("a link");
        }
    }
    fs::create_dir(folder.join("scripts")).expect("a folder");
    fs::copy(checkout().join("scripts/install"), folder.join("scripts/install")).expect("a copy");
    let host = Host::new();
    let install = |arguments: &[&str]| {
        let mut command = Command::new(folder.join("scripts/install"));
        command.arg("--root").arg(host.root.path()).args(arguments);
        command.output().expect("scripts/install runs")
    };
    let nothing = install(&[]);
    assert!(!nothing.status.success());
    assert!(text(&nothing).contains("make it with: scripts/build"), "{}", text(&nothing));

    let hour = std::time::Duration::from_secs(3600);
    for (age, place) in [(2, "release"), (1, "some-target/release"), (3, "other/release")] {
        let place = folder.join("target").join(place);
        fs::create_dir_all(&place).expect("a folder");
        fs::write(place.join("tracker"), format!("of {age}")).expect("an executable");
        let made = std::time::SystemTime::now() - hour * age;
        let file = fs::File::open(place.join("tracker")).expect("the executable");
        file.set_modified(made).expect("its time");
    }
    let installed = install(&[]);
    assert!(installed.status.success(), "{}", text(&installed));
    assert_eq!(host.read("usr/lib/cgi-bin/tracker.cgi"), "of 1");

    let missing = install(&["--executable", "/nowhere/tracker"]);
    assert!(!missing.status.success());
    assert!(text(&missing).contains("/nowhere/tracker"), "{}", text(&missing));
    assert_eq!(host.read("usr/lib/cgi-bin/tracker.cgi"), "of 1", "nothing is changed");
}
