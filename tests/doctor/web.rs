//! What is seen through Apache, nginx and lighttpd.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Diagnosis, change, configure};
use crate::harness::apache::{self, Mpm};
use crate::harness::process::Process;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, FCGI, Layout, Site, server_account, wait_until_served};
use crate::harness::torrent::Torrent;
use crate::harness::{caddy, cannot_run::cannot_run, free_port, lighttpd, nginx, program};

/// A web server, and how it starts the tracker.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Server {
    Apache,
    Nginx,
    Lighttpd,
    Caddy,
}

use Server::{Apache, Caddy, Lighttpd, Nginx};

/// Adds lines to the end of a file.
const APPEND: &str = "";
/// Replaces all of a file.
const WHOLE: &str = "*";

/// What is to be changed in a file of a web server: what, and into what.
type Change<'a> = (&'a str, &'a str, &'a str);

/// A site with a torrent, served by a web server whose own configuration was changed.
struct Served {
    // They stop before the site's folder goes.
    processes: Vec<Process>,
    site: Site,
}

impl Served {
    /// As it should be.
    fn new(server: Server) -> Self {
        Self::changed(server, &[])
    }

    /// With changes in a file of the web server.
    fn changed(server: Server, changes: &[Change]) -> Self {
        let site = site(server);
        site.tracker(&["refresh", "--force"]);
        let mut processes = Vec::new();
        let mut command = match server {
            Apache => {
                let configuration = apache::cgi(Mpm::Event).write(&site);
                let mut command = Command::new(program("apache2"));
                command.arg("-f").arg(configuration).arg("-DFOREGROUND");
                command
            }
            Nginx => {
                let listen = Listen::unix(&site);
                processes.push(responder::own_socket(&site, &listen));
                nginx::command(&site, "conf/nginx.conf", &listen)
            }
            Lighttpd => lighttpd::command(&site, "conf/lighttpd-cgi.conf"),
            Caddy => {
                let listen = Listen::unix(&site);
                processes.push(responder::own_socket(&site, &listen));
                caddy::command(&site, &listen, "run")
            }
        };
        for (file, from, to) in changes {
            let path = site.run(file);
            let to = to.replace("ROOT", &site.root().display().to_string());
            let to = to.replace("PORT", &site.port().to_string());
            match *from {
                WHOLE => fs::write(&path, to).expect("a configuration"),
                APPEND => {
                    let text = fs::read_to_string(&path).expect("a configuration");
                    fs::write(&path, format!("{text}{to}\n")).expect("a configuration");
                }
                from => change(&path, from, &to),
            }
        }
        let mut process = Process::start("web server", &mut command, &site.run("server.log"));
        wait_until_served(&site, &mut process);
        processes.insert(0, process);
        Self { processes, site }
    }

    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::of(&self.site)
    }
}

fn site(server: Server) -> Site {
    let script = if server == Nginx { FCGI } else { CGI };
    let site = Site::new(Layout::listed(script, [127, 0, 0, 1].into()));
    site.add(&Torrent::new("well", 1000, &site.announce_url()));
    change(&site.www().join("rss.xml"), "http://127.0.0.1:8080", &site.url(""));
    site
}

/// The files that web servers read, by the names that the harness gives them.
const APACHE: &str = "apache.conf";
const NGINX: &str = "nginx.conf";
const TRACKER: &str = "tracker.conf";

#[test]
fn an_installation_that_is_well_passes_through_each_web_server() {
    for server in [Apache, Nginx, Lighttpd, Caddy] {
        let served = Served::new(server);
        let found = served.diagnosis();
        found.assert_nothing_wrong();
        for check in ["announce", "reply", "client address", "torrents address", "folder listing"] {
            found.assert(check, "fine", &[]);
        }
        for check in ["pages", "feed", "data over the web", "torrents", "last refresh"] {
            found.assert(check, "fine", &[]);
        }
        found.assert("client address", "fine", &["seen as 127.0.0.1"]);
        let left = served.site.tracker(&["stats", "--json"]);
        assert!(left.contains("\"leechers\": 0"), "doctor leaves no peer behind: {left}");
    }
}

#[test]
fn an_owner_who_has_closed_the_tracker_is_told_so_and_that_nothing_is_broken() {
    let served = Served::new(Apache);
    let refresh = "[refresh]";
    for (section, key, check) in [
        ("[access]", "offline_message = \"back on Monday\"", "announce"),
        ("[access]", "gone = \"200\"", "announce"),
        ("[access]", "gone = \"410\"", "announce"),
        ("[network]", "private_addresses = \"refuse\"", "reply"),
    ] {
        let changed = format!("{section}\n{key}\n\n{refresh}");
        configure(&served.site, refresh, &changed);
        served.diagnosis().assert_nothing_wrong().assert(check, "fine", &[]);
        configure(&served.site, &changed, refresh);
    }
}

#[test]
fn an_open_tracker_is_told_what_public_lists_would_not_take() {
    let served = Served::new(Nginx);
    assert!(served.diagnosis().find("public lists").is_none(), "it is no open tracker");
    let changed = "[tracker]\ntorrents = \"open\"\ninterval = 240\nmin_interval = 120";
    let torrents = "torrents = \"listed\"\n";
    configure(&served.site, torrents, "");
    configure(&served.site, "[tracker]", changed);
    let wanted =
        ["interval is 240 s, and lists take 300 to 10800 s", "127.0.0.1 has no IPv6 address"];
    served.diagnosis().assert("public lists", "note", &wanted);
}

#[test]
fn addresses_that_are_wrong_are_each_named() {
    for server in [Apache, Nginx, Lighttpd] {
        let served = Served::new(server);
        let site = &served.site;
        let right = format!("announce_url = \"{}\"", site.announce_url());
        let wrong = |url: &str| {
            let line = format!("announce_url = \"{url}\"");
            configure(site, &right, &line);
            let found = served.diagnosis();
            configure(site, &line, &right);
            // An announce may have had the folder scanned for torrents that name the wrong address.
            site.tracker(&["refresh", "--force"]);
            found
        };
        wrong("http://no-such-host.invalid/announce").assert_only_wrong(
            "announce",
            &["no-such-host.invalid has no address", "correct the host"],
        );
        let port = free_port();
        wrong(&format!("http://127.0.0.1:{port}/announce"))
            .assert_only_wrong("announce", &["no connection", "correct host and port"]);
        let remedy = format!("set announce_url in [tracker] to \"{}\"", site.announce_url());
        wrong(&site.url("/tracker/announce")).assert_only_wrong("announce", &["404", &remedy]);
        wrong(&site.url("")).assert_only_wrong("announce address", &["/announce", &remedy]);
        let script = site.url(site.script());
        wrong(&script).assert_only_wrong(
            "announce address",
            &[&format!("set announce_url in [tracker] to \"{script}/announce\"")],
        );
        wrong(&format!("https://127.0.0.1:{}/announce", site.port())).assert_only_wrong(
            "announce",
            &["plain HTTP is spoken there: set announce_url to \"http://"],
        );
        let torrents = format!("torrents_url = \"{}", site.url(""));
        let missing = format!("torrents_url = \"{}/elsewhere", site.url(""));
        configure(site, &torrents, &missing);
        let parts = ["404", "set torrents_url in [paths]"];
        served.diagnosis().assert_only_wrong("torrents address", &parts);
        configure(site, &missing, &torrents);
        served.diagnosis().assert_nothing_wrong();
    }
}

#[test]
fn a_snippet_that_is_not_loaded_is_named() {
    let plain = "<Directory \"ROOT/www\">\nOptions -Indexes\nRequire all granted\n</Directory>";
    let server = "server { listen 127.0.0.1:PORT; root ROOT/www; }";
    for served in [
        Served::changed(Apache, &[(APACHE, "Include \"", "# Include \""), (APACHE, APPEND, plain)]),
        Served::changed(Nginx, &[(TRACKER, WHOLE, server)]),
        Served::changed(Lighttpd, &[(TRACKER, WHOLE, "")]),
    ] {
        let parts = ["404: the web server does not pass it", "load the shipped file"];
        served.diagnosis().assert_only_wrong("announce", &parts);
    }
}

#[test]
fn cgi_that_is_off_is_named() {
    for served in [
        Served::changed(Apache, &[(APACHE, "LoadModule cgid", "# "), (APACHE, "ScriptSock", "# ")]),
        Served::changed(Lighttpd, &[(TRACKER, ", \"mod_cgi\"", "")]),
    ] {
        let parts = ["instead of running it", "a2enmod cgid", "mod_cgi"];
        served.diagnosis().assert_only_wrong("announce", &parts);
    }
}

#[test]
fn includes_that_are_off_are_named() {
    for served in [
        Served::changed(Apache, &[(APACHE, "LoadModule include", "# ")]),
        Served::changed(Nginx, &[(TRACKER, "ssi on;", "ssi off;")]),
        Served::changed(Lighttpd, &[(TRACKER, ", \"mod_ssi\"", "")]),
    ] {
        let parts = ["server-side includes are off", "a2enmod include", "ssi on", "mod_ssi"];
        served.diagnosis().assert_only_wrong("pages", &parts);
    }
}

#[test]
fn what_is_not_the_page_is_named_also_beside_rules_on_clients_that_are_wrong() {
    let index = "index index.shtml index.html;";
    let served = Served::changed(Nginx, &[(TRACKER, index, "index style.css;")]);
    let parts = ["is something else than", "without the statistics", "DirectoryIndex"];
    served.diagnosis().assert_only_wrong("pages", &parts);
    served.site.tracker(&["client", "deny", "-XL"]);
    served.site.tracker(&["client", "allow", "-XL0019-"]);
    let found = served.diagnosis();
    assert_eq!(found.in_state("WRONG"), ["rules on clients", "pages"], "{found}");
}

#[test]
fn what_stands_between_the_web_server_and_the_tracker_is_named_by_its_status() {
    let off = "<Directory \"ROOT/cgi-bin\">\n<Files \"tracker.cgi\">\nAcceptPathInfo Off\n</Files>\n\
               </Directory>";
    let served = Served::changed(Apache, &[(APACHE, APPEND, off)]);
    let parts = ["404", "what follows its name does not arrive", "AcceptPathInfo On"];
    served.diagnosis().assert_only_wrong("announce", &parts);

    let served = Served::new(Apache);
    let run = fs::read_dir(served.site.run("")).expect("a folder");
    let sockets = run.map(|entry| entry.expect("an entry").path());
    let mut sockets = sockets.filter(|path| path.display().to_string().contains("cgid.sock"));
    fs::remove_file(sockets.next().expect("the socket of cgid")).expect("it goes");
    let parts = ["does not answer within", "restart the web server", "a2enmod cgid and a reload"];
    served.diagnosis().assert_only_wrong("announce", &parts);

    let site = site(Apache);
    site.tracker(&["refresh", "--force"]);
    let _apache = apache::proxy_fcgi(&Listen::unix(&site)).start(&site);
    let parts = ["503", "restart the web server", "start it", "tracker.socket"];
    Diagnosis::of(&site).assert_only_wrong("announce", &parts);

    let mut served = Served::new(Nginx);
    served.processes.pop().expect("the responder").kill();
    let parts = ["502", "tracker.socket", "the same socket"];
    served.diagnosis().assert_only_wrong("announce", &parts);

    let served = Served::changed(
        Lighttpd,
        &[(
            TRACKER,
            "\"url-ctrls-reject\"         => \"disable\"",
            "\"url-ctrls-reject\" => \"enable\"",
        )],
    );
    served.diagnosis().assert_only_wrong("announce", &["400", "server.http-parseopts"]);
}

#[test]
fn an_executable_that_may_not_be_run_is_named() {
    let served = Served::new(Apache);
    let executable = served.site.root().join("cgi-bin/tracker.cgi");
    let doctor = served.site.root().join("cgi-bin/doctor");
    fs::hard_link(&executable, &doctor).expect("a link");
    // The same file without the right to run it would keep doctor from running too.
    fs::remove_file(&executable).expect("the executable");
    fs::write(&executable, "no program").expect("a file");
    let mut command = Command::new(doctor);
    command.args(["doctor", "--json"]);
    let output = crate::harness::site::as_the_server(&mut command).output().expect("doctor runs");
    Diagnosis::from(output).assert_only_wrong("announce", &["500", "mode 755"]);
}

#[test]
fn replies_that_are_compressed_chunked_or_cached_are_named() {
    // As Debian has it; the shipped files keep the replies out of it.
    let compress = "AddOutputFilterByType DEFLATE text/plain";
    Served::changed(Apache, &[(APACHE, APPEND, compress)])
        .diagnosis()
        .assert_nothing_wrong()
        .assert("reply", "fine", &["as the tracker wrote them"]);
    let in_spite = format!("<Location /announce>\nUnsetEnv no-gzip\n{compress}\n</Location>");
    for served in [
        Served::changed(Apache, &[(APACHE, APPEND, &in_spite)]),
        Served::changed(
            Nginx,
            &[(NGINX, "gzip on;", "gzip on; gzip_types text/plain; gzip_min_length 1;")],
        ),
    ] {
        let found = served.diagnosis();
        found.assert_nothing_wrong().assert(
            "reply",
            "note",
            &["compressed", "leave text/plain out"],
        );
    }
    let always = "<Location /announce>\nUnsetEnv no-gzip\nRequestHeader set Accept-Encoding gzip\n\
                  SetOutputFilter DEFLATE\n</Location>";
    Served::changed(Apache, &[(APACHE, APPEND, always)])
        .diagnosis()
        .assert_only_wrong("announce", &["compressed (gzip)", "leave text/plain out"]);

    let chunked = "ssi on; ssi_types text/plain;";
    let found = Served::changed(Nginx, &[(TRACKER, "fastcgi_buffering off;", chunked)]).diagnosis();
    found.assert_nothing_wrong().assert("reply", "note", &["chunks", "ap_trust_cgilike_cl"]);

    let header = "<Location /announce>\nHeader always unset Cache-Control\n\
                  Header set Cache-Control max-age=600\n</Location>";
    let path = "gzip on; fastcgi_cache_path ROOT/run/cache keys_zone=c:1m;";
    let cache = "fastcgi_cache c; fastcgi_cache_key $request_uri; fastcgi_cache_valid 200 1m; \
                 fastcgi_ignore_headers Cache-Control Expires;";
    for served in [
        Served::changed(Apache, &[(APACHE, APPEND, header)]),
        Served::changed(
            Nginx,
            &[(NGINX, "gzip on;", path), (TRACKER, "fastcgi_buffering off;", cache)],
        ),
    ] {
        served.diagnosis().assert_only_wrong("reply", &["cache", "exclude /announce and /scrape"]);
    }
}

#[test]
fn a_torrents_folder_that_is_listed_is_named() {
    let apache = "<Directory \"ROOT/www/torrents\">\nOptions +Indexes\n<Files \"*\">\nSetHandler None\n\
                  </Files>\n</Directory>";
    for served in [
        Served::changed(Apache, &[(APACHE, APPEND, apache)]),
        Served::changed(Nginx, &[(TRACKER, "autoindex off;", "")]),
        Served::changed(Lighttpd, &[(TRACKER, "url.access-deny = ( \"\" )", "")]),
    ] {
        let parts =
            ["lists the folder", "Options -Indexes", "autoindex off", "dir-listing.activate"];
        served.diagnosis().assert_only_wrong("folder listing", &parts);
    }
}

#[test]
fn a_proxy_that_is_not_trusted_is_named_and_a_trusted_one_is_well() {
    let served = Served::new(Apache);
    let site = &served.site;
    let port = free_port();
    let root = site.root().display().to_string();
    let configuration = site.run("proxy.conf");
    let user = if server_account().is_some() { "user www-data;" } else { "" };
    let text = format!(
        "{user}\ndaemon off;\npid {root}/run/proxy.pid;\nerror_log {root}/run/proxy.log;\nevents {{ }}\n\
         http {{ access_log off; proxy_temp_path {root}/run/proxied;\n\
         client_body_temp_path {root}/run/proxied-body; fastcgi_temp_path {root}/run/proxied-fastcgi;\n\
         uwsgi_temp_path {root}/run/proxied-uwsgi; scgi_temp_path {root}/run/proxied-scgi;\n\
         server {{ listen 127.0.0.1:{port}; location / {{\n\
         proxy_pass http://{}; proxy_bind 127.0.0.2; proxy_http_version 1.1;\n\
         proxy_set_header X-Forwarded-For $remote_addr; }} }} }}\n",
        site.address()
    );
    fs::write(&configuration, text).expect("a configuration");
    let mut command = Command::new(program("nginx"));
    command.arg("-c").arg(&configuration).arg("-e").arg(site.run("proxy.log"));
    let mut proxy = Process::start("nginx", &mut command, &site.run("proxy.out"));
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    proxy.wait_for("a connection", || std::net::TcpStream::connect(address).ok());
    configure(site, &format!("127.0.0.1:{}/announce", site.port()), &format!("{address}/announce"));
    let also = format!("[tracker]\nalso_announce_urls = [\"{}\"]", site.announce_url());
    configure(site, "[tracker]", &also);
    let parts = ["the tracker saw 127.0.0.2", "trusted_proxies = [\"127.0.0.2\"]"];
    served.diagnosis().assert_only_wrong("client address", &parts);
    configure(site, "[tracker]", "[network]\ntrusted_proxies = [\"127.0.0.2\"]\n[tracker]");
    served.diagnosis().assert_nothing_wrong().assert("client address", "fine", &["127.0.0.1"]);
}

#[test]
fn pages_that_carry_another_host_are_named() {
    for server in [Apache, Nginx, Lighttpd] {
        let served = Served::new(server);
        let page = served.site.www().join("rss.xml");
        change(&page, &served.site.url("/"), "http://old.example/");
        served.site.tracker(&["refresh", "--force"]);
        let whole = served.site.torrents().join("bt_rss.xml");
        let text = fs::read_to_string(&whole)
            .expect("the feed")
            .replace(&format!("<link>{}/", served.site.url("")), "<link>http://old.example/");
        fs::write(&whole, text).expect("the feed");
        let parts = ["to http://old.example, which is not this site", "write http://127.0.0.1"];
        served.diagnosis().assert_only_wrong("feed", &parts);
    }
}

#[test]
fn a_data_folder_of_another_user_than_the_web_servers_is_named() {
    if server_account().is_none() {
        return cannot_run("a data folder of another user", "only root can give it away");
    }
    for server in [Apache, Nginx, Lighttpd] {
        let served = Served::new(server);
        let mut chown = Command::new("chown");
        chown.args(["-R", "nobody"]).arg(served.site.data());
        assert!(chown.status().expect("chown runs").success());
        // By root, which then acts for the folder's owner.
        let mut doctor = Command::new(served.site.root().join("cgi-bin/tracker.cgi"));
        let output = doctor.args(["doctor", "--json"]).output().expect("doctor runs");
        let data = served.site.data().display().to_string();
        let found = Diagnosis::from(output);
        let parts = [&format!("{data} belongs to nobody"), "runs as www-data", "chown -R www-data"];
        found.assert_only_wrong("data folder", &parts);
    }
}

#[test]
fn a_data_folder_among_the_pages_is_found_by_fetching_it() {
    for server in [Apache, Nginx, Lighttpd] {
        let served = Served::new(server);
        let site = &served.site;
        let data: PathBuf = site.www().join("data");
        configure(
            site,
            "[paths]\n",
            "[store]\npath = \"../www/data/peers.db\"\n\n[paths]\ncatalog = \"../www/data/catalog.db\"\n",
        );
        fs::create_dir(&data).expect("a folder");
        let mut chown = Command::new("chown");
        chown.args(["--reference", &site.data().display().to_string()]).arg(&data);
        assert!(chown.status().expect("chown runs").success());
        site.tracker(&["refresh", "--force"]);
        fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o750))
            .expect("a mode");
        let parts = ["/data/", "CAN BE FETCHED BY ANYBODY", "move "];
        served.diagnosis().assert_only_wrong("data over the web", &parts);
    }
}

#[test]
fn a_web_server_that_does_not_run_is_named_as_the_reason() {
    let site = site(Apache);
    site.tracker(&["refresh", "--force"]);
    Diagnosis::of(&site).assert_only_wrong("announce", &["is the web server running"]);
}
