//! `tracker init`: lays out a site. Nothing that exists is changed, so that it may be run again.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{CommandError, World};
use crate::config::{
    LaidOut, LayoutError, LoadedConfig, SAMPLE_SITE, absolute, act_for_owner, lay_out_missing,
    sample_with_addresses, written_folders,
};
use crate::platform::privilege::owner_of;
use crate::protocol::HttpUrl;

/// The pages, which the owner is to make their own.
const PAGES: [(&str, &str); 3] = [
    ("www/index.shtml", include_str!("../../www/index.shtml")),
    ("www/rss.xml", include_str!("../../www/rss.xml")),
    ("www/style.css", include_str!("../../www/style.css")),
];

const APACHE_SNIPPETS: [&str; 4] = [
    include_str!("../../apache-snippets/cgi.conf"),
    include_str!("../../apache-snippets/ssi.conf"),
    include_str!("../../apache-snippets/mime.conf"),
    include_str!("../../apache-snippets/data-deny.conf"),
];

const NGINX_UPSTREAM: &str = include_str!("../../conf/nginx-upstream.conf");

/// Locations with the pages of `/var/www/tracker` at `/tracker/`.
const NGINX_LOCATIONS: &str = include_str!("../../conf/nginx.conf");

/// Lays out a site: configuration, data folder, pages, cgi-bin; safe to run again
///
/// Nothing that exists is changed. A configuration that is there already is followed.
#[derive(Debug, clap::Args)]
pub(super) struct InitArguments {
    /// The folder of the site
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// The address that clients will announce to, such as
    /// https://example.org/announce
    #[allow(rustdoc::bare_urls, reason = "it is shown by --help, too")]
    #[arg(long, value_name = "URL")]
    announce_url: Option<HttpUrl>,
    /// The address under which the web server will show www/torrents; without it: /torrents on the
    /// host of the announce URL
    #[arg(long, value_name = "URL")]
    torrents_url: Option<HttpUrl>,
}

impl InitArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        if world.config_file.is_some() {
            let reason = "init makes DIR/conf/tracker.toml, and takes no --config";
            return Err(CommandError::Usage(reason.into()));
        }
        let root = absolute(&world.surroundings.current_folder, &self.folder);
        let file = root.join("conf/tracker.toml");
        let started_as = &world.surroundings.started_as;
        let executable = File::open(started_as).map_err(|source| {
            CommandError::Failed(format!("cannot read {}: {source}", started_as.display()))
        })?;
        // In a folder of somebody else, root does what they could do; see below for what is in the data.
        if let Some(user) = owner_of([root.as_path()])? {
            user.become_it()?;
        }
        let mut done = LaidOut::default();
        done.folder(&root.join("conf"))?;
        done.file(&file, &self.configuration())?;
        let loaded = LoadedConfig::load(&world.surroundings, Some(&file))?;
        lay_out_pages(&mut done, &root, &loaded)?;
        lay_out_snippets(&mut done, &root, &loaded)?;
        let copy = root.join("cgi-bin/tracker.cgi");
        done.folder(&root.join("cgi-bin"))?;
        done.executable(&copy, &executable)?;
        act_for_owner(&loaded)?;
        let named = lay_out_missing(&loaded)?;
        done.made.extend(named.made);
        done.left.extend(named.left);

        print_done(world, &done)?;
        self.print_what_was_not_done(world, &done, &file)?;
        print_upgrade(world, &copy)?;
        print_next_steps(world, &root, &loaded)
    }

    fn configuration(&self) -> String {
        let announces = self.announce_url.as_ref();
        let beside = announces.and_then(|url| format!("{}/torrents", url.origin()).parse().ok());
        sample_with_addresses(announces, self.torrents_url.as_ref().or(beside.as_ref()))
    }

    /// Addresses were given, and the configuration was there already.
    fn print_what_was_not_done(
        &self,
        world: &mut World<'_>,
        done: &LaidOut,
        file: &Path,
    ) -> Result<(), CommandError> {
        if (self.announce_url.is_some() || self.torrents_url.is_some())
            && done.left.iter().any(|path| path == file)
        {
            let file = file.display();
            world.print(format_args!(
                "\n{file} was left as it was: put the addresses in yourself.\n"
            ))?;
        }
        Ok(())
    }
}

fn lay_out_pages(
    done: &mut LaidOut,
    root: &Path,
    loaded: &LoadedConfig,
) -> Result<(), LayoutError> {
    done.folder(&root.join("www"))?;
    let site = loaded.site_url().unwrap_or(SAMPLE_SITE);
    PAGES.iter().try_for_each(|(name, content)| {
        done.file(&root.join(name), &content.replace(SAMPLE_SITE, site))
    })
}

/// What Apache and nginx are to include.
fn lay_out_snippets(
    done: &mut LaidOut,
    root: &Path,
    loaded: &LoadedConfig,
) -> Result<(), LayoutError> {
    let data = loaded.config.paths.catalog.parent().unwrap_or(root);
    let mut apache = String::new();
    for (name, folder) in [
        ("TRACKER_CGI_BIN", root.join("cgi-bin")),
        ("TRACKER_WWW", root.join("www")),
        ("TRACKER_DATA", data.to_owned()),
    ] {
        apache += &format!("Define {name} {}\n", quoted(&folder));
    }
    for snippet in APACHE_SNIPPETS {
        apache += "\n";
        apache += snippet;
    }
    done.file(&root.join("conf/apache.conf"), &apache)?;
    done.file(&root.join("conf/nginx.conf"), &nginx_site(&root.join("www")))
}

/// A server of its own, with the pages at its root.
fn nginx_site(www: &Path) -> String {
    let mut text =
        "# The tracker and its pages as a server of nginx, to be included within http { }.\n"
            .to_owned();
    text += &without_head(NGINX_UPSTREAM);
    text += "\nserver {\n    listen 80;\n    listen [::]:80;\n    server_name _;\n\n";
    let pages = format!("root {};", quoted(www));
    for line in without_head(NGINX_LOCATIONS).lines() {
        if !line.starts_with("location = /tracker ") {
            text += &format!(
                "    {}\n",
                line.replace("/tracker/", "/").replace("root /var/www;", &pages)
            );
        }
    }
    text + "}\n"
}

/// A shipped file without the comment that says where it belongs.
fn without_head(text: &str) -> String {
    text.split_once("\n\n").map_or(text, |(_, rest)| rest).to_owned()
}

/// A path as Apache and nginx read it, also with spaces in it.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('\\', "\\\\").replace('"', "\\\""))
}

fn print_done(world: &mut World<'_>, done: &LaidOut) -> Result<(), CommandError> {
    for path in &done.made {
        world.print(format_args!("made  {}\n", path.display()))?;
    }
    for path in &done.left {
        world.print(format_args!("left  {} (was there)\n", path.display()))?;
    }
    Ok(())
}

/// A copy that was there may be of another version.
fn print_upgrade(world: &mut World<'_>, copy: &Path) -> Result<(), CommandError> {
    let original = world.surroundings.started_as.clone();
    if is_same(&original, copy).unwrap_or(false) {
        return Ok(());
    }
    world.print(format_args!(
        "\n{1} is not this version. To upgrade it:\n    install -m 755 {0} {1}\n",
        original.display(),
        copy.display()
    ))
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(fs::metadata(one)?.len() == fs::metadata(other)?.len() && fs::read(one)? == fs::read(other)?)
}

fn print_next_steps(
    world: &mut World<'_>,
    root: &Path,
    loaded: &LoadedConfig,
) -> Result<(), CommandError> {
    let root = root.display();
    world.print("\nNext:\n")?;
    if loaded.config.tracker.announce_url.is_none() {
        world.print(format_args!(
            "* In {root}/conf/tracker.toml, say at which addresses your web server will show the \
             tracker and the torrents: announce_url and torrents_url; in {root}/www/rss.xml, in the \
             place of {SAMPLE_SITE}, at which the pages. An announce address is best \
             http://HOST/announce, which the files below serve: clients built on libtorrent, such as \
             qBittorrent and Deluge, refuse one on their own machine or local network whose path does \
             not begin with /announce.\n"
        ))?;
    }
    world.print(
        "* The tracker runs as the web server's user (often www-data), unless your provider runs \
         CGIs as you. That user must be able to write, so as root:\n    chown -R www-data",
    )?;
    for folder in written_folders(loaded) {
        world.print(format_args!(" {}", quoted(folder)))?;
    }
    world.print(format_args!(
        "\n* Apache, with the modules alias, cgid (or cgi), include, mime, env, rewrite and headers:\n    \
         <VirtualHost *:80>\n        \
         DocumentRoot \"{root}/www\"\n        \
         Include \"{root}/conf/apache.conf\"\n    \
         </VirtualHost>\n\
         * Or nginx, within http {{ }}:\n    \
         include \"{root}/conf/nginx.conf\";\n  \
         and as a service, as the web server's user:\n    \
         \"{root}/cgi-bin/tracker.cgi\" fastcgi --listen unix:/run/tracker/tracker.sock\n\
         * Make .torrent files with {} as tracker, and put them into {}; each is tracked from its first \
         announce on. `tracker doctor` says whether all is well.\n",
        announce_url_in_words(loaded),
        loaded.config.paths.torrents.display()
    ))
}

fn announce_url_in_words(loaded: &LoadedConfig) -> &str {
    let url = loaded.config.tracker.announce_url.as_ref();
    url.map_or("http://HOST/announce", |url| url.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::Outcome;
    use super::super::tests::{Ran, run_at};
    use super::*;

    /// A folder with an executable in it, to run `init` of.
    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        fs::write(home.path().join("bin/tracker"), "the executable").unwrap();
        home
    }

    fn init(home: &Path, arguments: &[&str]) -> Ran {
        let ran = run_at(home, &[&["init"], arguments].concat());
        ran.assert_done();
        ran
    }

    fn config(home: &Path) -> LoadedConfig {
        let file = home.join("site/conf/tracker.toml");
        LoadedConfig::parse(&fs::read_to_string(&file).unwrap(), &file).unwrap()
    }

    /// All files below a folder with mode, time of change and content.
    fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, std::time::SystemTime, Vec<u8>)> {
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::metadata(&path).unwrap();
            let content = if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
            let state = (metadata.permissions().mode(), metadata.modified().unwrap(), content);
            if path.is_dir() {
                all.extend(snapshot(&path));
            }
            all.insert(path, state);
        }
        all
    }

    #[test]
    fn a_site_has_all_that_a_tracker_needs() {
        let home = home();
        let ran = init(home.path(), &["site"]);
        let site = home.path().join("site");
        for name in [
            "conf/tracker.toml",
            "conf/apache.conf",
            "conf/nginx.conf",
            "data/.htaccess",
            "www/index.shtml",
            "www/rss.xml",
            "www/style.css",
            "www/torrents/bt_stats.inc",
            "www/torrents/bt_rss.inc",
            "cgi-bin/tracker.cgi",
        ] {
            let path = site.join(name);
            assert!(path.is_file(), "{name}");
            assert!(ran.output.contains(&format!("made  {}\n", path.display())), "{}", ran.output);
        }
        let copy = site.join("cgi-bin/tracker.cgi");
        assert_eq!(fs::read(&copy).unwrap(), b"the executable");
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o111, 0o111);
        assert_eq!(fs::metadata(site.join("data")).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!ran.output.contains("left"), "{}", ran.output);
        assert!(ran.output.contains("announce_url and torrents_url"), "{}", ran.output);
        assert!(ran.output.contains("does not begin with /announce"), "{}", ran.output);
        assert!(ran.output.contains("with http://HOST/announce as tracker"), "{}", ran.output);
    }

    #[test]
    fn a_second_time_changes_nothing() {
        let home = home();
        init(home.path(), &["site"]);
        let before = snapshot(&home.path().join("site"));
        let ran = init(home.path(), &["site"]);
        assert_eq!(snapshot(&home.path().join("site")), before);
        assert!(!ran.output.contains("made"), "{}", ran.output);
        assert!(!ran.output.contains("upgrade"), "{}", ran.output);
    }

    #[test]
    fn the_current_folder_is_the_default() {
        let home = home();
        init(home.path(), &[]);
        assert!(home.path().join("conf/tracker.toml").is_file());
    }

    #[test]
    fn addresses_go_into_the_configuration() {
        let home = home();
        let announce = "https://example.org:8443/cgi-bin/tracker.cgi/announce";
        let ran = init(home.path(), &["site", "--announce-url", announce]);
        let loaded = config(home.path());
        assert_eq!(loaded.config.tracker.announce_url, announce.parse().ok());
        let torrents = "https://example.org:8443/torrents".parse().ok();
        assert_eq!(loaded.config.paths.torrents_url, torrents);
        assert!(!ran.output.contains("announce_url and torrents_url"), "{}", ran.output);
        assert!(ran.output.contains(&format!("with {announce} as tracker")), "{}", ran.output);
        let feed = fs::read_to_string(home.path().join("site/www/rss.xml")).unwrap();
        assert!(feed.contains("<link>https://example.org:8443/</link>"), "{feed}");
        assert!(!feed.contains(SAMPLE_SITE), "{feed}");

        let home = self::home();
        let torrents = "http://files.example.org/t";
        init(home.path(), &["site", "--announce-url", announce, "--torrents-url", torrents]);
        assert_eq!(config(home.path()).config.paths.torrents_url, torrents.parse().ok());
    }

    #[test]
    fn without_an_announce_url_none_is_claimed() {
        let home = home();
        init(home.path(), &["site"]);
        assert_eq!(config(home.path()).config.tracker.announce_url, None);
    }

    #[test]
    fn a_configuration_that_is_there_is_followed_and_not_changed() {
        let home = home();
        let file = home.path().join("site/conf/tracker.toml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "paths.catalog = '../private/catalog.db'").unwrap();
        let ran = init(home.path(), &["site", "--announce-url", "http://example.org/announce"]);
        assert!(home.path().join("site/private/.htaccess").is_file());
        assert_eq!(fs::read(&file).unwrap(), b"paths.catalog = '../private/catalog.db'");
        assert!(ran.output.contains("put the addresses in yourself"), "{}", ran.output);
    }

    #[test]
    fn another_version_in_cgi_bin_is_left_and_told() {
        let home = home();
        init(home.path(), &["site"]);
        let copy = home.path().join("site/cgi-bin/tracker.cgi");
        fs::write(&copy, "an older one").unwrap();
        let ran = init(home.path(), &["site"]);
        assert_eq!(fs::read(&copy).unwrap(), b"an older one");
        assert!(ran.output.contains("install -m 755 "), "{}", ran.output);
    }

    #[test]
    fn web_servers_are_told_where_the_site_is() {
        let home = home();
        init(home.path(), &["my site"]);
        let root = home.path().join("my site");
        let apache = fs::read_to_string(root.join("conf/apache.conf")).unwrap();
        let www = format!("Define TRACKER_WWW \"{}/www\"\n", root.display());
        assert!(apache.contains(&www), "{apache}");
        for used in apache.split("${").skip(1).filter_map(|rest| rest.split('}').next()) {
            assert!(
                apache.contains(&format!("\nDefine {used} "))
                    || apache.starts_with(&format!("Define {used} ")),
                "{used}"
            );
        }
        let nginx = fs::read_to_string(root.join("conf/nginx.conf")).unwrap();
        assert!(nginx.contains(&format!("root \"{}/www\";", root.display())), "{nginx}");
        assert!(nginx.contains("location ^~ /torrents/ {"), "{nginx}");
        assert!(!nginx.contains(" /tracker"), "{nginx}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_gives_one_line() {
        // Not even root makes a folder whose name is too long.
        let folder = format!("/{}", "x".repeat(256));
        let ran = run_at(home().path(), &["init", &folder]);
        let failure = ran.failure();
        assert!(failure.starts_with(&format!("tracker: cannot look at {folder}")), "{failure}");
        assert_eq!(ran.output, "");
    }

    #[test]
    fn a_file_in_the_way_gives_one_line() {
        let home = home();
        fs::write(home.path().join("site"), "").unwrap();
        run_at(home.path(), &["init", "site"]).failure();
    }

    #[test]
    fn a_broken_configuration_is_told_by_its_line() {
        let home = home();
        fs::create_dir(home.path().join("conf")).unwrap();
        fs::write(home.path().join("conf/tracker.toml"), "\n[trackre]").unwrap();
        let ran = run_at(home.path(), &["init"]);
        assert!(ran.failure().contains("line 2: unknown section [trackre]"), "{}", ran.errors);
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage_and_makes_nothing() {
        let home = home();
        for arguments in [
            &["init", "site", "--announce-url", "udp://example.org"][..],
            &["init", "site", "--torrents-url", "/torrents"],
            &["--config", "x.toml", "init", "site"],
        ] {
            assert_eq!(run_at(home.path(), arguments).outcome, Outcome::WrongUsage);
        }
        assert!(!home.path().join("site").exists());
    }
}
