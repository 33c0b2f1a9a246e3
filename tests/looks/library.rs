//! Sites with pages as they are hardest to lay out: long names, names from right to left, many files, all that can be
//! said of a torrent.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tracker_cgi::catalog::{FoundFigures, RefreshFigures, Sample, record_history};
use tracker_cgi::protocol::{InfoHash, Timestamp};

use crate::harness::apache::{self, Mpm};
use crate::harness::http::{encode, request};
use crate::harness::list_index;
use crate::harness::process::Process;
use crate::harness::site::{CGI, Layout, Site, server_account};
use crate::harness::torrent::Torrent;

/// A site behind Apache, and the torrents of its library.
pub struct Library {
    pub site: Site,
    _apache: Process,
}

/// Where the pages are.
const SHARE: &str = "/share";

/// A category whose name fills a line of a desktop.
pub const LONG_CATEGORY: &str = "A category whose name somebody has taken from a whole sentence, with which a list of \
    choices grows wider than a phone";

/// A name that reaches far above and below its line.
const PILES: &str = "p\u{301}\u{316}\u{301}\u{316}\u{301}\u{316}\u{301}\u{316}\u{301}\u{316}\u{301}\u{316}i\u{302}\u{323}\u{302}\u{323}\u{302}\u{323}\u{302}\u{323}\u{302}\u{323}\u{302}\u{323}les";

/// Category and name of each torrent, the last ones in none.
const TORRENTS: [(&str, &str); 14] = [
    ("books", "Tom & Jerry's \"<i>best<b>\" ünïcode"),
    ("books/children", "plain-name.iso"),
    ("books", "ספר ילדים – מהדורה שנייה (2026).epub"),
    ("ספרים", "كتاب الطبخ العربي الحديث، الجزء الأول"),
    (
        "日本語の資料",
        "青空文庫全集・夏目漱石・芥川龍之介・宮沢賢治・太宰治・森鷗外・樋口一葉・島崎藤村・志賀直哉・谷崎潤一郎・川端康成・三島由紀夫",
    ),
    (LONG_CATEGORY, "in-the-long-category"),
    ("films", "Кино про Ёлку, сезон второй, с субтитрами и дополнительными материалами"),
    ("films", "one-peer"),
    ("films", "nobody-has-it"),
    ("films", "rätired <film>"),
    (
        "",
        "A title of many words, such as those that libraries give to the papers of a whole year: reports, maps, letters, \
          and whatever else was found in the boxes when the house was cleared, the second and corrected edition",
    ),
    (
        "",
        "aWordWithoutAnyPlaceToBreakIt_aWordWithoutAnyPlaceToBreakIt_aWordWithoutAnyPlaceToBreakIt_\
          aWordWithoutAnyPlaceToBreakIt_aWordWithoutAnyPlaceToBreakIt_aWordWithoutAnyPlaceToBreakIt",
    ),
    // Each letter with a pile of accents.
    ("", PILES),
    ("", "mixed עברית and العربية and 漢字"),
];

/// What is said of the torrent with all that can be said of one.
const SAID: &str = "title = 'Rich torrent'\ngroup = 'Folk & <World>'\n\
    description = '''# A heading\n\nWords with *stress*, `code` and [a link](https://example.org/).\n\n## Below it\n\n- one\n- two\n\n\
    1. first\n2. second\n\n> quoted\n\n```\ntracker_with_a_line_of_code_that_is_far_wider_than_a_phone_could_ever_show_it\n```\n\n\
    https://example.org/an/address/without/any/place/to/break/it/an/address/without/any/place/to/break/it\n'''\n\
    mirror = 'https://mirror.example/an/address/that/is/rather/long/for/a/panel/at/the/side/album.tar'\n\
    info_url = 'https://example.org/album'\nlist_until = 2999-01-01\n\
    md5 = '9e107d9d372bb6826bd81d3542a419d6'\nsha256 = '9e107d9d372bb6826bd81d3542a419d69e107d9d372bb6826bd81d3542a419d6'\n";

impl Library {
    /// With all torrents, and these settings in `[pages]`.
    pub fn full(pages: &str) -> Self {
        let library = Self::empty(pages);
        let site = &library.site;
        let torrents: Vec<Torrent> = TORRENTS
            .iter()
            .enumerate()
            .map(|(number, (category, name))| library.add(category, name, number))
            .collect();
        library.add_the_rich_one();
        library.refresh();
        let rich = InfoHash(library.info_hash("rich"));
        let [first, second, long, one] = [0, 1, 5, 7].map(|it| torrents[it].info_hash);
        for (hash, seeders, leechers) in
            [(first, 3, 2), (second, 2, 0), (long, 0, 1), (one, 1, 0), (rich.0, 2, 3)]
        {
            for peer in 0..seeders + leechers {
                announce(site, &hash, peer, if peer < seeders { 0 } else { 500 });
            }
        }
        record_a_year(site, rich);
        site.tracker(&["torrent", "retire", "rätired <film>", "--reason", "take <the new one>"]);
        library.refresh();
        library
    }

    /// Without torrents.
    pub fn empty(pages: &str) -> Self {
        let site = Site::new(Layout::listed(CGI, std::net::Ipv4Addr::LOCALHOST.into()));
        let share = site.www().join("share");
        fs::create_dir(&share).expect("the folder of the pages");
        fs::set_permissions(&share, Permissions::from_mode(0o777)).expect("its mode");
        let library = Self { _apache: apache::cgi(Mpm::Event).start(&site), site };
        library.configure(&format!(
            "[pages]\ntitle = 'The library of a small town'\ncontact = 'mail@example.org'\n\
             legal = 'https://example.org/legal'\nreport = 'https://example.org/report?{{hash}}'\n\
             peers = true\nfragments = ['all', 'categories', 'groups', 'torrents']\n{pages}\n"
        ));
        let (address, script) = (library.site.url(SHARE), library.site.url(CGI));
        let file = library.site.root().join("conf/tracker.toml");
        let text = fs::read_to_string(&file).expect("the configuration");
        let paths = format!(
            "[paths]\npages = '../www/share'\npages_url = '{address}'\nscript_url = '{script}'\n"
        );
        fs::write(&file, text.replace("[paths]\n", &paths)).expect("a configuration");
        library.refresh();
        library
    }

    fn configure(&self, more: &str) {
        let file = self.site.root().join("conf/tracker.toml");
        let text = fs::read_to_string(&file).expect("the configuration");
        fs::write(&file, text + more).expect("a configuration");
    }

    /// As when more clients announce than the machine should have to answer.
    pub fn is_under_high_load(&self) {
        let file = self.site.root().join("conf/tracker.toml");
        let text = fs::read_to_string(&file).expect("the configuration");
        let text = text.replace("[tracker]\n", "[tracker]\nhigh_load_now = true\n");
        fs::write(&file, text).expect("a configuration");
        self.refresh();
    }

    /// As when no refresh has run for hours.
    pub fn was_not_counted_for_hours(&self) {
        list_index::make_older(&self.site.data().join("list.index"), 3 * 3600);
    }

    /// Writes the pages.
    pub fn refresh(&self) {
        self.site.tracker(&["refresh", "--force"]);
    }

    fn add(&self, category: &str, name: &str, number: usize) -> Torrent {
        let torrent = Torrent::new(name, 1000 * (number + 1), &self.site.announce_url());
        let folder = Path::new(&self.site.torrents()).join(category);
        fs::create_dir_all(&folder).expect("a category");
        let file = folder.join(format!("{number}.torrent"));
        fs::write(file, &torrent.metainfo).expect("a .torrent file");
        torrent
    }

    /// Folders in folders, and names of all kinds.
    fn add_the_rich_one(&self) {
        let content = self.site.root().join("default/content");
        for file in [
            "readme.txt",
            "images/front.jpg",
            "images/large/a_file_whose_name_has_no_place_at_which_it_could_be_broken_into_two_lines_at_all.tiff",
            "images/large/deep/deeper/the_deepest/folder/of/all/x",
            "ספר/פרק ראשון.txt",
            "日本語/第一章から第二十章までの全文、注釈と索引を含む改訂増補版.txt",
        ] {
            let path = content.join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of the content");
            fs::write(&path, vec![b'x'; 20 * file.len()]).expect("a file");
        }
        let torrents = self.site.torrents();
        let file = torrents.join("films/rich.torrent");
        fs::set_permissions(torrents.join("films"), Permissions::from_mode(0o777)).expect("a mode");
        let [content, file] = [content, file].map(|path| path.display().to_string());
        self.site.tracker(&["torrent", "make", &content, "--hybrid", "-o", &file]);
        fs::write(torrents.join("films/rich.toml"), SAID).expect("a sidecar");
    }

    /// The folder of the pages.
    pub fn share(&self) -> std::path::PathBuf {
        self.site.www().join("share")
    }

    /// The address of a page in that folder.
    pub fn page(&self, path: &str) -> String {
        self.site.url(&format!("{SHARE}/{path}"))
    }

    /// The address of what the script answers.
    pub fn script(&self, path: &str) -> String {
        self.site.url(&format!("{CGI}{path}"))
    }

    /// The page of the torrent whose address begins so.
    pub fn torrent(&self, slug: &str) -> String {
        self.page(&format!("t/{}/index.html", self.folder_of(slug)))
    }

    /// The same as the script makes it.
    pub fn dynamic_torrent(&self, slug: &str) -> String {
        let digits = self.info_hash(slug).map(|byte| format!("{byte:02x}"));
        self.script(&format!("/t/{}", digits.concat()))
    }

    fn info_hash(&self, slug: &str) -> [u8; 20] {
        let page = self.share().join("t").join(self.folder_of(slug)).join("index.html");
        let text = fs::read_to_string(page).expect("a page");
        let digits = text.split("urn:btih:").nth(1).and_then(|rest| rest.get(..40));
        let digits = digits.expect("a magnet link");
        std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..][..2], 16).expect("a byte"))
    }

    fn folder_of(&self, slug: &str) -> String {
        let folders = fs::read_dir(self.share().join("t")).expect("the pages of torrents");
        let mut names = folders.map(|it| it.expect("a folder").file_name().into_string());
        let is_it = |name: &Result<String, _>| name.as_ref().is_ok_and(|it| it.starts_with(slug));
        names.find(is_it).unwrap_or_else(|| panic!("no page for {slug}")).expect("a name")
    }
}

/// A year in which a torrent has very many seeders, few leechers, and a gap of a month.
fn record_a_year(site: &Site, info_hash: InfoHash) {
    const HOUR: u64 = 3600;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let months = (8..365).rev().filter(|day| !(100..130).contains(day)).step_by(3);
    let hours = months.map(|day| day * 24).chain((1..=7 * 24).rev().step_by(3));
    for (number, hour) in (1_u64..).zip(hours) {
        let sample = Sample {
            seeders: 90_000 + number % 7 * 1_234,
            leechers: number % 4,
            completed: number,
            downloaded: number << 40,
        };
        let at = Timestamp(now - hour * HOUR);
        let torrents = &[FoundFigures { info_hash, sample, is_listed: true }];
        let figures = RefreshFigures { at, all: sample, torrents, forgotten: &[] };
        assert_eq!(record_history(&site.data().join("history.db"), &figures), None);
    }
    let Some((user, group)) = server_account() else { return };
    for file in fs::read_dir(site.data()).expect("the data") {
        chown(file.expect("a file").path(), Some(user), Some(group)).expect("its owner");
    }
}

fn announce(site: &Site, info_hash: &[u8], peer: usize, left: usize) {
    let query = format!(
        "info_hash={}&peer_id=-TR4060-00000000{peer:04}&port={}&uploaded=0&downloaded=0&left={left}",
        encode(info_hash),
        6881 + peer
    );
    let path = format!("{CGI}/announce?{query}");
    let reply = request(site.address(), "GET", &path, &[]).expect("an answer");
    assert!(!reply.text().contains("failure"), "{reply:?}");
}
