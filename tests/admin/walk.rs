//! All that an owner does in the administration, one thing after the other, in a real browser without scripts: through
//! Apache as CGI where only a `.htaccess` can be put up, and through nginx over FastCGI.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use tracker_cgi::accounts::TotpSecret;
use tracker_cgi::protocol::InfoHash;

use super::account::code;
use super::window::Window;
use crate::harness::admin::PASSWORD;
use crate::harness::bencode::{self, Value};
use crate::harness::http::{encode, request};
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{CGI, Layout, Site, server_account};
use crate::harness::torrent::Torrent;
use crate::harness::{nginx, poll};
use crate::snippets::SharedHost;

/// Within this, a change is in force for announces.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Where clients announce from, as their balancer says.
const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";

/// A site whose static pages are shown at a path, and which nobody has told anything yet.
fn site(pages: &str) -> Site {
    let layout = Layout::listed(CGI, Ipv4Addr::LOCALHOST.into()).behind_proxy();
    let site = Site::new(Layout { refresh_on_request: true, ..layout });
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    let text = text
        .replace("[paths]\n", "[paths]\npages = \"../www\"\n")
        .replace("/tracker/torrents", &format!("{pages}/torrents"));
    fs::write(&file, text).expect("a configuration");
    if let Some((user, group)) = server_account() {
        chown(site.www(), Some(user), Some(group)).expect("the owner of the pages");
    }
    site
}

/// A walk through the administration of a site.
struct Walk<'a> {
    site: &'a Site,
    /// Where the web server shows static pages.
    pages: &'static str,
    ingrid: Window,
    torrents: [Torrent; 2],
    /// What nobody may find anywhere.
    secrets: Vec<String>,
}

/// Goes all the way.
fn walk(site: &Site, pages: &'static str) {
    let torrents = ["One", "Two"].map(|name| Torrent::new(name, 5000, &site.announce_url()));
    let ingrid = Window::of(site);
    let mut walk = Walk { site, pages, ingrid, torrents, secrets: vec![PASSWORD.to_owned()] };
    let token = walk.ingrid.set_up(site, "Ingrid");
    walk.secrets.push(token);
    walk.sign_in_with_a_code();
    walk.upload();
    walk.edit_and_hide();
    walk.retire_and_restore();
    walk.ban_and_refuse();
    walk.have_an_editor();
    walk.read_the_audit_list();
    walk.leave();
}

impl Walk<'_> {
    fn sign_in_with_a_code(&mut self) {
        let Self { ingrid, secrets, .. } = self;
        ingrid.sign_out();
        assert!(ingrid.notice().contains("signed out"));
        ingrid.sign_in("ingrid");
        ingrid.open("account/codes");
        let base32 = ingrid.browser.text("main code");
        let bytes = BASE32_NOPAD.decode(base32.replace(' ', "").as_bytes()).expect("base32");
        let secret = TotpSecret::from_bytes(bytes.try_into().expect("20 bytes"));
        let fields = [("code", &*code(&secret, 0)), ("current", PASSWORD)];
        ingrid.send(&fields, "main button.main");
        let recovery = ingrid.all("main code");
        assert_eq!(recovery.len(), 10, "{}", ingrid.page());
        secrets.extend([base32.replace(' ', ""), base32]);
        secrets.extend(recovery);
        ingrid.sign_out();
        ingrid.sign_in("ingrid");
        assert_eq!(ingrid.heading(), "One-time code");
        // The code of this half minute was used; the clock of a device may be before ours.
        ingrid.send(&[("code", &*code(&secret, 1))], "main button");
        assert_eq!(ingrid.heading(), "Overview");
    }

    fn upload(&mut self) {
        let files = self.torrents.each_ref().map(|torrent| {
            let path = self.site.run(&torrent.file_name());
            fs::write(&path, &torrent.metainfo).expect("a file of hers");
            path
        });
        assert!(self.is_refused(0, HOME, "does not track"));
        self.ingrid.open("");
        self.ingrid.press("nav.side a[href$='torrents/add']");
        self.ingrid.browser.choose_files("#files", &files.map(PathBuf::from));
        self.ingrid.press("main form button");
        assert_eq!(self.ingrid.heading(), "Added: 2 of 2");
        assert!(self.is_answered(0, HOME) && self.is_answered(1, HOME), "they are tracked at once");
        assert!(["One", "Two"].iter().all(|title| self.static_page().contains(title)));
        self.ingrid.open(&self.page(0));
        self.ingrid.press(&format!("main a[href$='t/{}']", self.hash(0)));
        assert_eq!(self.ingrid.heading(), "One");
    }

    fn edit_and_hide(&mut self) {
        self.ingrid.open("torrents");
        self.ingrid.press(&format!("th a[href$='{}']", self.hash(0)));
        self.ingrid.send(&[("title", "Улица & <b>")], "main form button.main");
        assert_eq!(self.ingrid.notice(), "Saved.");
        assert_eq!(self.ingrid.heading(), "Улица & <b>");
        assert!(self.static_page().contains("Улица &#38; &#60;b&#62;"));
        self.ingrid.press("form[action$='/hide'] button");
        assert_eq!(self.ingrid.notice(), "Hidden: 1 torrent.");
        assert!(!self.static_page().contains("Улица") && self.static_page().contains("Two"));
        assert!(self.is_answered(0, HOME), "who has the file still finds others");
        self.ingrid.press("form[action$='/unhide'] button");
        assert!(self.static_page().contains("Улица"));
    }

    fn retire_and_restore(&mut self) {
        self.ingrid.press("form[action$='/retire'] button");
        assert_eq!(self.ingrid.heading(), "Retire 1 torrent?");
        self.ingrid.send(&[("reason", "There is a better one")], "main form button");
        assert_eq!(self.ingrid.notice(), "Retired: 1 torrent.");
        self.soon(|walk| walk.is_refused(0, HOME, "There is a better one"));
        assert!(!self.static_page().contains("Улица"));
        self.ingrid.press("nav.side a[href$='retired']");
        assert!(self.ingrid.page().contains("There is a better one"));
        self.ingrid.press("button[name=one]");
        assert!(self.ingrid.page().contains("No torrent is retired."));
        self.soon(|walk| walk.is_answered(0, HOME));
        assert!(self.static_page().contains("Улица"));
    }

    fn ban_and_refuse(&mut self) {
        self.ingrid.press("nav.side a[href$='bans']");
        let fields = [("range", HOME), ("reason", "Floods us"), ("for", "7d")];
        self.ingrid.send(&fields, "form[action$='bans'][method=post] button");
        assert!(self.ingrid.page().contains("Floods us"));
        self.soon(|walk| walk.is_refused(0, HOME, "Floods us"));
        assert!(self.is_answered(0, ELSEWHERE));
        self.ingrid.press("nav.side a[href$='clients']");
        let fields = [("pattern", "-XX"), ("verdict", "deny"), ("reason", "No such clients")];
        self.ingrid.send(&fields, "form[action$='clients'][method=post] button");
        assert!(self.ingrid.page().contains("No such clients"));
        self.soon(|walk| walk.is_refused(0, ELSEWHERE, "No such clients"));
    }

    /// An editor signs in with a browser of their own, and sees what is theirs.
    fn have_an_editor(&mut self) {
        self.ingrid.press("nav.side a[href$='people']");
        self.ingrid.send(&[("group", "Ours")], "form[action$='groups'] button");
        self.ingrid.fill_in(&[("name", "Eda"), ("role", "editor")]);
        self.ingrid.browser.tick("#groups-1");
        let fields = [("password", PASSWORD), ("again", PASSWORD)];
        self.ingrid.send(&fields, "form[action$='people'] button");
        assert!(self.ingrid.page().contains("Eda"));
        self.ingrid.open(&self.page(1));
        self.ingrid.send(&[("group", "Ours")], "main form button.main");
        assert_eq!(self.ingrid.notice(), "Saved.");

        let mut eda = Window::of(self.site);
        eda.open("torrents");
        eda.sign_in("eda");
        assert_eq!(eda.heading(), "Torrents", "she comes to where she wanted to go");
        assert_eq!(eda.all("tbody th a"), ["Two"]);
        assert!(eda.all("nav.side a[href$='people'], nav.side a[href$='audit']").is_empty());
        eda.press("tbody th a");
        eda.send(&[("title", "Two of ours")], "main form button.main");
        assert_eq!(eda.notice(), "Saved.");
        assert!(self.static_page().contains("Two of ours"));
        self.ingrid.reload();
        assert_eq!(self.ingrid.heading(), "Two of ours");
    }

    fn read_the_audit_list(&mut self) {
        self.ingrid.press("nav.side a[href$='audit']");
        let rows = self.ingrid.all("tbody tr");
        for (who, what) in [
            ("Ingrid", "added a user"),
            ("Ingrid", "turned one-time codes on"),
            ("Ingrid", "added a torrent"),
            ("Ingrid", "edited a torrent"),
            ("Ingrid", "hid a torrent"),
            ("Ingrid", "listed a torrent again"),
            ("Ingrid", "retired a torrent"),
            ("Ingrid", "restored a torrent"),
            ("Ingrid", "banned addresses"),
            ("Ingrid", "refused clients"),
            ("Ingrid", "added a group"),
            ("Eda", "edited a torrent"),
        ] {
            let is_told = rows.iter().any(|row| row.contains(who) && row.contains(what));
            assert!(is_told, "{who} {what}: {rows:#?}");
        }
        let html = self.ingrid.browser.evaluate("document.documentElement.outerHTML");
        let html = html.as_str().expect("a page").to_owned();
        let logs = ["error.log", "nginx.log", "responder.log"]
            .map(|name| fs::read_to_string(self.site.run(name)).unwrap_or_default());
        for secret in &self.secrets {
            assert!(!html.contains(secret), "{secret} is in the audit list");
            assert!(logs.iter().all(|log| !log.contains(secret)), "{secret} is in a log: {logs:?}");
        }
    }

    fn leave(&mut self) {
        self.ingrid.sign_out();
        self.ingrid.go_back();
        assert_eq!(self.ingrid.heading(), "Sign in");
        self.ingrid.reload();
        assert_eq!(self.ingrid.heading(), "Sign in");
    }

    fn hash(&self, torrent: usize) -> String {
        InfoHash(self.torrents[torrent].info_hash).to_string()
    }

    fn page(&self, torrent: usize) -> String {
        format!("torrents/{}", self.hash(torrent))
    }

    /// What an announce from an address is answered.
    fn answer(&self, torrent: usize, from: &str) -> Value {
        let target = format!(
            "/announce?info_hash={}&peer_id=-XX0001-000000000001&port=6881&left=0&compact=1",
            encode(&self.torrents[torrent].info_hash)
        );
        let reply = request(self.site.address(), "GET", &target, &[("X-Real-IP", from)]);
        let reply = reply.expect("an answer");
        bencode::parse(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
    }

    fn is_answered(&self, torrent: usize, from: &str) -> bool {
        self.answer(torrent, from).get("peers").is_some()
    }

    fn is_refused(&self, torrent: usize, from: &str, reason: &str) -> bool {
        let answer = self.answer(torrent, from);
        answer.get("peers").is_none()
            && String::from_utf8_lossy(answer.bytes("failure reason")).contains(reason)
    }

    /// The static page with all torrents, as the web server shows it now.
    fn static_page(&self) -> String {
        let target = format!("{}/index.html", self.pages);
        let reply = request(self.site.address(), "GET", &target, &[]).expect("an answer");
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.text()
    }

    fn soon(&self, is_so: impl Fn(&Self) -> bool) {
        poll(AT_ONCE, || is_so(self).then_some(())).expect("in force within a second");
    }
}

#[test]
fn all_of_it_works_on_shared_hosting_without_a_shell() {
    let host = SharedHost::serve(site("/www"));
    walk(&host.site, "/www");
}

#[test]
fn all_of_it_works_through_nginx_over_fastcgi() {
    let site = site("/tracker");
    let listen = Listen::unix(&site);
    let _responder = own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    walk(&site, "/tracker");
}
