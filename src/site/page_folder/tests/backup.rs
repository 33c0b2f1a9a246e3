use super::super::manifest::digest_of;
use super::*;
use crate::platform::privilege;

/// What happens to the manifest, or to the pages and their backup.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// The manifest is gone.
    Lost,
    /// It is no manifest any more.
    Damaged,
    /// It comes back from an older copy.
    Older,
    /// The pages come back from an older copy, their backup with them.
    OlderPages,
    /// The backup is gone.
    LostBackup,
    /// The backup is damaged.
    DamagedBackup,
}

const LOSSES: [Loss; 6] = [
    Loss::Lost,
    Loss::Damaged,
    Loss::Older,
    Loss::OlderPages,
    Loss::LostBackup,
    Loss::DamagedBackup,
];

impl Place {
    fn backup(&self) -> PathBuf {
        self.path("www").join(BACKUP)
    }

    /// Copies what a person would, to have it for later.
    fn keep_copies(&self) {
        let _ = fs::copy(self.path("pages.json"), self.path("pages.json.old"));
        let _ = fs::remove_dir_all(self.path("www.old"));
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .args([self.path("www"), self.path("www.old")])
            .status();
        assert!(copied.unwrap().success());
    }

    fn lose(&self, loss: Loss) {
        let manifest = self.path("pages.json");
        match loss {
            Loss::Lost => drop(fs::remove_file(manifest)),
            Loss::Damaged => fs::write(manifest, "{\"version\":1,").unwrap(),
            Loss::Older => drop(fs::copy(self.path("pages.json.old"), manifest)),
            Loss::OlderPages => {
                let old = format!("{}/.", self.path("www.old").display());
                let mut copy = std::process::Command::new("cp");
                assert!(copy.args(["-r", &old]).arg(self.path("www")).status().unwrap().success());
            }
            Loss::LostBackup => drop(fs::remove_file(self.backup())),
            Loss::DamagedBackup => {
                let text = fs::read_to_string(self.backup()).unwrap_or_default();
                fs::write(self.backup(), text.get(..text.len() / 2).unwrap_or_default()).unwrap();
            }
        }
    }
}

#[test]
fn whatever_is_lost_the_page_of_a_hidden_torrent_goes_and_a_file_of_the_owners_stays() {
    let (listed, hidden) = (("index.html", "list"), ("t/hidden/index.html", "secret"));
    let (changed, long) = (("t/changed/index.html", "ours"), "x".repeat(2000));
    for loss in LOSSES {
        let place = Place::new();
        place.write(&[listed, changed]);
        place.keep_copies();
        place.write(&[("index.html", "longer list"), hidden, changed, ("c/index.html", &long)]);
        place.put("t/changed/index.html", "the owner's");
        place.put("t/hidden/mine.html", "the owner's too");
        if matches!(loss, Loss::OlderPages) {
            // That copy of the page is ours.
            fs::remove_file(place.path("www.old/t/changed/index.html")).unwrap();
        }
        place.lose(loss);
        let pages = place.write(&[("index.html", "new list")]);
        assert_eq!((pages.written, pages.clashes.len()), (1, 0), "{loss:?}");
        assert_eq!(pages.is_by_backup, matches!(loss, Loss::Lost | Loss::Damaged), "{loss:?}");
        let expected = [
            "index.html",
            "t",
            "t/changed",
            "t/changed/index.html",
            "t/hidden",
            "t/hidden/mine.html",
        ];
        assert_eq!(place.all(), expected, "{loss:?}");
        assert_eq!(place.text("t/changed/index.html"), "the owner's");
        assert_eq!(place.text("t/hidden/mine.html"), "the owner's too");
        // Now both say the same again, and nothing has to be written.
        let before = [place.path("pages.json"), place.backup()].map(|it| fs::metadata(it).unwrap());
        assert_eq!(place.write(&[("index.html", "new list")]), Pages::default(), "{loss:?}");
        let after = [place.path("pages.json"), place.backup()].map(|it| fs::metadata(it).unwrap());
        assert_eq!(before.map(|it| Mark::from(&it)), after.map(|it| Mark::from(&it)), "{loss:?}");
    }
}

/// Also where nothing else has to be written: the manifest may be lost next.
/// As when the disk is full, and nothing comes of the rest.
#[test]
fn what_is_gone_goes_before_anything_is_written() {
    let place = Place::new();
    place.write(&[("index.html", "a"), ("t/kept/index.html", "b"), ("t/gone/index.html", "c")]);
    place.put("t/gone/mine.html", "the owner's");
    let mut folder = PageFolder::open(&place.path("www"), place.path("pages.json")).unwrap();
    folder.remove_folders_but("t", |name| name == "kept").unwrap();
    drop(folder);
    let left = ["index.html", "t/kept/index.html", "t/gone/mine.html"];
    assert!(left.iter().all(|path| place.path("www").join(path).is_file()));
    assert!(!place.path("www/t/gone/index.html").exists());
    // What was not noted is found out.
    let pages = place.write(&[("index.html", "a"), ("t/kept/index.html", "b")]);
    assert_eq!((pages.written, pages.removed, pages.kept.len()), (0, 0, 0), "{pages:?}");
}

#[test]
fn a_damaged_backup_is_made_again() {
    let place = Place::new();
    let pages = [("index.html", "a"), ("t/x.html", "b")];
    place.write(&pages);
    let sound = fs::read_to_string(place.backup()).unwrap();
    let middle = sound.len() - 40;
    let changed = format!("{}#{}", &sound[..middle], &sound[middle + 1..]);
    for damaged in [&sound[..sound.len() / 2], &changed] {
        fs::write(place.backup(), damaged).unwrap();
        assert_eq!(place.write(&pages), Pages::default());
        assert_eq!(fs::read_to_string(place.backup()).unwrap(), sound);
    }
    fs::remove_file(place.path("pages.json")).unwrap();
    assert_eq!(place.write(&[]).removed, 2);
}

#[test]
fn without_pages_there_is_no_backup() {
    let place = Place::new();
    place.write(&[]);
    assert!(!place.backup().exists());
    place.write(&[("index.html", "a")]);
    let mode = fs::metadata(place.backup()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(place.backup()).unwrap();
    assert!(!text.contains(place.home.path().to_str().unwrap()), "{text}");
    place.write(&[]);
    assert!(!place.backup().exists());
}

#[test]
fn what_is_in_the_place_of_the_backup_and_is_not_ours_stays() {
    let place = Place::new();
    fs::create_dir(place.path("elsewhere")).unwrap();
    let mut others =
        PageFolder::open(&place.path("www"), place.path("elsewhere/pages.json")).unwrap();
    others.put("others.html".into(), b"others".to_vec()).unwrap();
    others.finish().unwrap();
    let of_another_tracker = fs::read_to_string(place.backup()).unwrap();
    for text in [of_another_tracker.as_str(), "the owner's", "tracker.cgi pages 1\n"] {
        fs::write(place.backup(), text).unwrap();
        let pages = place.write(&[("index.html", text)]);
        assert_eq!((pages.written, pages.clashes), (1, vec![BACKUP.to_owned()]));
        assert_eq!(place.text(BACKUP), text);
        assert_eq!(place.text("others.html"), "others");
    }
    // Nor does a link lead anywhere.
    fs::remove_file(place.backup()).unwrap();
    fs::write(place.path("victim"), "mine").unwrap();
    symlink(place.path("victim"), place.backup()).unwrap();
    assert_eq!(place.write(&[]).clashes, [BACKUP]);
    assert_eq!(fs::read_to_string(place.path("victim")).unwrap(), "mine");
}

/// Another user of the machine who may write to the folder of the pages must not have us remove what they cannot.
#[test]
fn what_another_user_wrote_in_the_place_of_the_backup_is_not_believed() {
    let place = Place::new();
    place.write(&[("index.html", "a")]);
    place.put("mine.html", "the owner's");
    let forged = fs::read_to_string(place.backup()).unwrap().replace("index.html", "mine.html");
    let (head, body) =
        forged.split_at(forged.len() - forged.split('\n').next_back().unwrap().len());
    let body = body.replace(&digest_of(b"a"), &digest_of(b"the owner's"));
    let body = body.replace("\"length\":1", "\"length\":11");
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    lines[1] = "0".repeat(32);
    lines[3] = digest_of(body.as_bytes());
    let forged = format!("{}\n{body}", lines.join("\n"));
    // Of our own it is believed.
    let ours = privilege::user();
    // Only root can make files of others.
    let others = privilege::is_root().then_some((65_534, false));
    for (user, is_believed) in others.into_iter().chain([(ours, true)]) {
        fs::write(place.backup(), &forged).unwrap();
        std::os::unix::fs::chown(place.backup(), Some(user), None).unwrap();
        place.write(&[("index.html", "a")]);
        assert_eq!(place.path("www/mine.html").exists(), !is_believed, "{user}");
        let found = fs::metadata(place.backup()).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&found), ours, "ours takes its place");
    }
}

#[test]
fn a_site_that_was_moved_as_a_whole_is_known_by_its_backup_too() {
    let place = Place::new();
    let open = |home: &str| {
        PageFolder::open(&place.path(home).join("www"), place.path(home).join("pages.json"))
            .unwrap()
    };
    fs::create_dir(place.path("one")).unwrap();
    let mut folder = open("one");
    folder.put("index.html".into(), b"a".to_vec()).unwrap();
    folder.finish().unwrap();
    fs::rename(place.path("one"), place.path("two")).unwrap();
    fs::remove_file(place.path("two/pages.json")).unwrap();
    assert_eq!(open("two").finish().unwrap().removed, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever is lost when, of the two that know what is ours: no file of the owner's changes, and all of ours is found.
    #[test]
    fn one_of_two_is_enough(
        rounds in proptest::collection::vec(
            (any::<[bool; 4]>(), 0..3_u8, proptest::option::of(0..4_usize), 0..6_usize, any::<bool>()), 1..8,
        ),
    ) {
        let place = Place::new();
        let mut owners: [Option<String>; 4] = Default::default();
        place.write(&[]);
        place.keep_copies();
        for (round, (pages, text, owner, loss, is_kept)) in rounds.into_iter().enumerate() {
            let text = format!("ours {text}");
            let wanted = NAMES.into_iter().zip(pages).filter(|(_, is_wanted)| *is_wanted);
            place.write(&wanted.map(|(name, _)| (name, text.as_str())).collect::<Vec<_>>());
            if is_kept {
                place.keep_copies();
            }
            if let Some(page) = owner {
                let file = place.path("www").join(NAMES[page]);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                let text = format!("owner's {round}");
                fs::write(&file, &text).unwrap();
                owners[page] = Some(text);
            }
            // Where nothing is ours there is no backup; and who takes older pages back writes over newer ones of their own.
            let is_fair = match LOSSES[loss] {
                Loss::OlderPages => false,
                Loss::Damaged => place.backup().exists(),
                _ => true,
            };
            if is_fair {
                place.lose(LOSSES[loss]);
            }
            for (name, text) in NAMES.iter().zip(&owners) {
                if let Some(text) = text {
                    prop_assert_eq!(&place.text(name), text);
                }
            }
        }
        place.write(&[]);
        for (name, text) in NAMES.iter().zip(&owners) {
            prop_assert_eq!(place.path("www").join(name).exists(), text.is_some(), "{}", name);
        }
    }
}
