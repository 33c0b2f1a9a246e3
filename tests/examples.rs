//! The examples in `www/examples`, each in the program that it is for: pages of the owner's that include fragments.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::apache::{Apache, Mpm};
use crate::harness::browser;
use crate::harness::fragments::Element;
use crate::harness::http::request;
use crate::harness::process::Process;
use crate::harness::site::{CGI, Layout, Site, shipped, wait_until_served};
use crate::harness::torrent::Torrent;
use crate::harness::{checkout, nginx, program};

/// A name that templates and includes of other programs would take for theirs.
const AWKWARD: &str = "<!--#echo var='DATE_LOCAL' --> <?php echo 1+1 ?> {{ 1 }} [torrents] <b>";

/// Where examples look for fragments, and what they ask for at which address.
const FRAGMENTS: &str = "/var/www/tracker/fragments";

/// A site with a torrent whose pages and fragments lie in `www`.
fn site() -> Site {
    let site = Site::new(Layout::listed(CGI, Ipv4Addr::LOCALHOST.into()));
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    let text = text.replace("[paths]\n", "[paths]\npages = \"../www\"\n");
    fs::write(&file, text + "\n[pages]\nfragments = [\"all\", \"categories\"]\n")
        .expect("a configuration");
    fs::set_permissions(site.www(), Permissions::from_mode(0o777)).expect("its mode");
    let torrent = Torrent::new("x", 80_000, &site.announce_url());
    fs::create_dir(site.torrents().join("books")).expect("a category");
    fs::write(site.torrents().join("books/x.torrent"), &torrent.metainfo).expect("a .torrent file");
    fs::write(site.torrents().join("books/x.toml"), format!("title = \"{AWKWARD}\"\n"))
        .expect("a sidecar");
    site.tracker(&["refresh", "--force"]);
    site
}

fn fragments(site: &Site) -> String {
    site.www().join("fragments").display().to_string()
}

fn fragment(site: &Site, name: &str) -> String {
    let path = Path::new(&fragments(site)).join(format!("{name}.inc"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The name stands in it as it is, and nothing took a part of it for its own.
fn shows_the_torrent(page: &str) {
    let (_, rest) = page.split_once("<bdi>").unwrap_or_else(|| panic!("no name: {page}"));
    let (name, _) = rest.split_once("</bdi>").expect("its end");
    let name = Element::parse(name).unwrap_or_else(|error| panic!("{error}: {page}")).text;
    assert_eq!(name, AWKWARD, "{page}");
    assert!(!page.contains("<!--#") && !page.contains("<?") && !page.contains("<b>"), "{page}");
}

fn succeeded(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// What a script prints, with whatever PHP has to complain about.
fn php(script: &Path) -> String {
    let complain = ["-d", "display_errors=1", "-d", "error_reporting=-1"];
    let mut command = Command::new(program("php-cgi"));
    // -q: without the headers of an answer.
    command.env_clear().arg("-q").args(complain).arg(script);
    succeeded(&command.output().expect("php-cgi runs"))
}

/// Writes an example for this site into its folder, and gives back where it is.
fn placed(site: &Site, example: &str, name: &str) -> std::path::PathBuf {
    let text = shipped(&format!("www/examples/{example}"), &[(FRAGMENTS, &fragments(site))]);
    let path = site.run(name);
    fs::write(&path, text).expect("an example");
    path
}

fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            let path = path.strip_prefix(checkout().join("www/examples")).expect("an example");
            found.insert(path.display().to_string());
        }
    }
    found
}

#[test]
fn no_example_is_without_a_test_and_none_needs_a_frame() {
    let all = files_below(&checkout().join("www/examples"));
    let phpbb = [
        "composer.json",
        "config/services.yml",
        "event/listener.php",
        "styles/all/template/event/index_body_forumlist_body_after.html",
    ];
    let tested = [
        "apache-languages.conf",
        "apache-ssi.conf",
        "hugo/hugo.toml",
        "hugo/layouts/shortcodes/torrents.html",
        "nginx-languages.conf",
        "nginx-ssi.conf",
        "ssi.shtml",
        "torrents.php",
        "wordpress/tracker-torrents.php",
    ];
    let phpbb = phpbb.map(|name| format!("phpbb/tracker/torrents/{name}"));
    assert_eq!(all, tested.map(str::to_owned).into_iter().chain(phpbb).collect());
    for name in &all {
        let path = checkout().join("www/examples").join(name);
        let text = fs::read_to_string(&path).expect("an example");
        assert!(!text.contains("<iframe") && !text.contains("<script"), "{name}");
        if name.ends_with(".php") {
            let mut check = Command::new(program("php-cgi"));
            succeeded(&check.arg("-l").arg(&path).output().expect("php-cgi runs"));
        }
    }
}

/// The page is the same for all web servers with includes.
fn ssi_page(site: &Site, folder: &Path) {
    let page = shipped("www/examples/ssi.shtml", &[]);
    fs::write(folder.join("downloads.shtml"), page).expect("a page");
    let reply = request(site.address(), "GET", "/downloads.shtml", &[]).expect("an answer");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(
        reply.header("content-type").is_some_and(|it| it.starts_with("text/html")),
        "{reply:?}"
    );
    let text = reply.text();
    shows_the_torrent(&text);
    assert!(text.contains("<dt>Torrents</dt><dd>1</dd>"), "{text}");
    assert!(text.contains("class=\"tracker-updated\""), "{text}");
    let (_, style) = text.split_once("<link rel=\"stylesheet\" href=\"").expect("a stylesheet");
    let style = style.split('"').next().expect("its address");
    let style = style.strip_prefix(&site.url("")).expect("an absolute address");
    let style = request(site.address(), "GET", style, &[]).expect("an answer");
    assert!(style.status == 200 && style.text().contains(".tracker-stats"), "{style:?}");
    let shown = browser::load(&site.url("/downloads.shtml"), 390);
    assert_eq!(shown.console, Vec::<String>::new());
    assert!(shown.dom.contains("<td class=\"seeders\""), "{}", shown.dom);
}

#[test]
fn apache_includes_fragments() {
    let site = site();
    let www = site.www().display().to_string();
    let example = shipped("www/examples/apache-ssi.conf", &[("/var/www/html", &www)]);
    let granted = format!("<Directory \"{www}\">\nRequire all granted\n</Directory>");
    let apache = Apache::new(Mpm::Event).modules(&["include"]).line(&granted).line(&example);
    let _apache = apache.start(&site);
    ssi_page(&site, &site.www());
}

#[test]
fn nginx_includes_fragments() {
    let site = site();
    let (root, port) = (site.root().display().to_string(), site.port());
    let example = shipped("www/examples/nginx-ssi.conf", &[]);
    let server = format!(
        "server {{\nlisten 127.0.0.1:{port};\nroot {root}/default;\n\
         location ^~ /tracker/ {{ root {root}/served; }}\n{example}\n}}\n"
    );
    let mut command = nginx::command_with(&site, &server);
    let mut nginx = Process::start("nginx", &mut command, &site.run("nginx.log"));
    wait_until_served(&site, &mut nginx);
    ssi_page(&site, &site.root().join("default"));
}

#[test]
fn hugo_builds_a_page_with_a_fragment() {
    let site = site();
    let folder = site.root().join("hugo");
    let shortcodes = folder.join("layouts/shortcodes");
    for name in [&shortcodes, &folder.join("content"), &folder.join("assets")] {
        fs::create_dir_all(name).expect("a folder");
    }
    let configuration = shipped("www/examples/hugo/hugo.toml", &[(FRAGMENTS, &fragments(&site))]);
    let own = "disableKinds = ['taxonomy', 'term', 'sitemap', 'RSS', '404']\n";
    fs::write(folder.join("hugo.toml"), format!("{own}{configuration}")).expect("a configuration");
    let shortcode = shipped("www/examples/hugo/layouts/shortcodes/torrents.html", &[]);
    fs::write(shortcodes.join("torrents.html"), shortcode).expect("a shortcode");
    fs::write(folder.join("layouts/index.html"), "<main>{{ .Content }}</main>").expect("a layout");
    let build = |page: &str| {
        fs::write(folder.join("content/_index.md"), format!("---\n---\n{page}\n")).expect("a page");
        let mut hugo = Command::new(program("hugo"));
        hugo.arg("--source").arg(&folder).env("HOME", site.root()).output().expect("hugo runs")
    };
    for (page, name) in
        [("{{< torrents >}}", "table"), ("{{< torrents \"c/books/rows\" >}}", "c/books/rows")]
    {
        succeeded(&build(page));
        let text = fs::read_to_string(folder.join("public/index.html")).expect("the page");
        shows_the_torrent(&text);
        assert!(text.contains(fragment(&site, name).trim()), "{text}");
    }
    let missing = build("{{< torrents \"c/nothing/table\" >}}");
    let said = String::from_utf8_lossy(&[missing.stdout, missing.stderr].concat()).into_owned();
    assert!(
        !missing.status.success() && said.contains("there is no tracker/c/nothing/table.inc"),
        "{said}"
    );
}

#[test]
fn a_page_in_php_has_rows_in_a_table_of_its_own() {
    let site = site();
    let page = placed(&site, "torrents.php", "torrents.php");
    let text = php(&page);
    shows_the_torrent(&text);
    for name in ["totals", "rows", "counted"] {
        assert!(text.contains(fragment(&site, name).trim()), "{name}: {text}");
    }
    fs::remove_dir_all(site.www().join("fragments")).expect("they go");
    let text = php(&page);
    assert!(
        !text.contains("Warning") && text.contains("</html>"),
        "before the first refresh: {text}"
    );
}

/// In what WordPress is for a plugin: two functions and a constant.
#[test]
fn the_plugin_for_wordpress_shows_fragments_and_no_other_files() {
    let site = site();
    let plugin = placed(&site, "wordpress/tracker-torrents.php", "plugin.php");
    assert_eq!(php(&plugin).trim(), "", "on its own it does nothing");
    fs::write(site.www().join("secret.inc"), "secret").expect("another file");
    let shown = |attributes: &str| {
        let script = format!(
            "<?php define('ABSPATH', '/'); $codes = [];\n\
             function add_shortcode($name, $shown) {{ global $codes; $codes[$name] = $shown; }}\n\
             function shortcode_atts($known, $given) {{ return array_merge($known, (array) $given); }}\n\
             require '{}'; echo $codes['torrents']({attributes});",
            plugin.display()
        );
        let path = site.run("wordpress.php");
        fs::write(&path, script).expect("a script");
        php(&path)
    };
    // What WordPress gives where there are no attributes.
    assert_eq!(shown("''"), fragment(&site, "table"));
    shows_the_torrent(&shown("''"));
    assert_eq!(shown("['fragment' => 'c/books/totals']"), fragment(&site, "c/books/totals"));
    let russian = site.www().join("fragments/table.ru.inc");
    fs::copy(site.www().join("fragments/totals.inc"), russian).expect("a fragment");
    assert_eq!(shown("['fragment' => 'table.ru']"), fragment(&site, "totals"));
    for other in [
        "../secret",
        "c/../../secret",
        "..ru",
        "table.php",
        "/etc/passwd",
        "nothing",
        "table.inc",
        "table\\n",
        "",
    ] {
        assert_eq!(shown(&format!("['fragment' => \"{other}\"]")), "", "{other}");
    }
}

/// In what phpBB is for an extension: an interface, and a template that takes variables.
#[test]
fn the_extension_for_phpbb_gives_its_template_the_table() {
    let site = site();
    let listener = placed(&site, "phpbb/tracker/torrents/event/listener.php", "listener.php");
    let script = format!(
        "<?php\nnamespace Symfony\\Component\\EventDispatcher {{ interface EventSubscriberInterface {{}} }}\n\
         namespace phpbb\\template {{ class template {{\n\
         function assign_var($name, $value) {{ echo $name, '=', $value; }} }} }}\n\
         namespace {{ require '{}';\n\
         $class = 'tracker\\torrents\\event\\listener';\n\
         $listener = new $class(new \\phpbb\\template\\template());\n\
         foreach ($class::getSubscribedEvents() as $event => $method) {{\n\
         echo $event, ' '; $listener->$method(); }} }}",
        listener.display()
    );
    let path = site.run("phpbb.php");
    fs::write(&path, script).expect("a script");
    let text = php(&path);
    let table = fragment(&site, "table");
    assert_eq!(text, format!("core.index_modify_page_title TRACKER_TORRENTS={table}"));
    let folder = "www/examples/phpbb/tracker/torrents";
    let about: serde_json::Value =
        serde_json::from_str(&shipped(&format!("{folder}/composer.json"), &[])).expect("JSON");
    assert_eq!(
        (&about["name"], &about["type"]),
        (&"tracker/torrents".into(), &"phpbb-extension".into())
    );
    let services = shipped(&format!("{folder}/config/services.yml"), &[]);
    assert!(services.contains("class: tracker\\torrents\\event\\listener"), "{services}");
    let template = "styles/all/template/event/index_body_forumlist_body_after.html";
    assert!(shipped(&format!("{folder}/{template}"), &[]).contains("{{ TRACKER_TORRENTS }}"));
}
