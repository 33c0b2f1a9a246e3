use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use proptest::prelude::*;

use super::*;

/// A folder, and one for its manifest.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { home: tempfile::tempdir().unwrap() };
        fs::create_dir(place.path("www")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn open(&self) -> PageFolder {
        PageFolder::open(&self.path("www"), self.path("pages.json")).unwrap()
    }

    fn write(&self, pages: &[(&str, &str)]) -> Pages {
        let mut folder = self.open();
        for (path, text) in pages {
            folder.put((*path).into(), text.as_bytes().to_vec()).unwrap();
        }
        folder.finish().unwrap()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path("www").join(name)).unwrap_or_default()
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path("www").join(name), text).unwrap();
    }

    /// All that is in the folder, sorted.
    fn all(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                found.push(path.strip_prefix(root).unwrap().display().to_string());
                if path.symlink_metadata().unwrap().is_dir() {
                    walk(&path, root, found);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path("www"), &self.path("www"), &mut found);
        found.sort();
        found
    }
}

fn written(count: usize) -> Pages {
    Pages { written: count, ..Pages::default() }
}

/// A page with a compressed sibling.
#[test]
fn a_page_is_kept_that_was_made_of_the_same_and_that_nobody_touched() {
    let place = Place::new();
    let keep = |made_of: &str| {
        let mut folder = place.open();
        let kept = folder.keep("a.html", made_of);
        if !kept {
            let text = "a".repeat(2_000).into_bytes();
            folder.put_made_of("a.html".into(), text, made_of.into()).unwrap();
        }
        (kept, folder.finish().unwrap())
    };
    assert_eq!(keep("one"), (false, written(2)));
    assert_eq!(keep("one"), (true, written(0)));
    assert_eq!(place.all(), ["a.html", "a.html.gz"]);
    assert_eq!(keep("two"), (false, written(0)), "made anew, and the same");
    assert_eq!(keep("two"), (true, written(0)));
    fs::remove_file(place.path("www/a.html.gz")).unwrap();
    assert_eq!(keep("two"), (false, written(1)));
    fs::remove_file(place.path("www/a.html")).unwrap();
    assert_eq!(keep("two"), (false, written(1)));
    // What was put without saying of what is not kept.
    place.write(&[("a.html", "b")]);
    assert_eq!(keep("two"), (false, written(2)));
    place.put("a.html", "mine");
    assert!(!keep("two").0);
    assert_eq!(place.text("a.html"), "mine");
}

/// Killed after the note and before the end, it may be either.
#[test]
fn a_page_whose_writing_has_begun_is_not_kept() {
    let place = Place::new();
    let mut folder = place.open();
    folder.put_made_of("a.html".into(), b"a".to_vec(), "one".into()).unwrap();
    folder.finish().unwrap();
    let mut folder = place.open();
    folder.put_made_of("a.html".into(), b"b".to_vec(), "two".into()).unwrap();
    assert_eq!(folder.intend().unwrap().len(), 1);
    drop(folder);
    let mut folder = place.open();
    assert!(!folder.keep("a.html", "two") && !folder.keep("a.html", "one"));
}

#[test]
fn what_somebody_has_changed_stays_and_is_named_when_its_page_goes() {
    let place = Place::new();
    place.write(&[("index.html", "one"), ("t/a/index.html", "a")]);
    fs::write(place.path("www/t/a/index.html"), "a, and more").unwrap();
    let pages = place.write(&[("index.html", "one")]);
    assert_eq!(pages.kept, ["t/a/index.html"]);
    assert_eq!(place.text("t/a/index.html"), "a, and more");
    assert_eq!(place.write(&[("index.html", "one")]), Pages::default(), "it is told once");
}

#[test]
fn only_what_has_changed_is_written_and_what_is_gone_is_removed_with_its_folders() {
    let place = Place::new();
    let pages = [("index.html", "one"), ("t/a/index.html", "a"), ("t/b/index.html", "b")];
    assert_eq!(place.write(&pages), written(3));
    let all = ["index.html", "t", "t/a", "t/a/index.html", "t/b", "t/b/index.html"];
    assert_eq!(place.all(), all);
    let before = fs::metadata(place.path("pages.json")).unwrap();
    assert_eq!(place.write(&pages), Pages::default());
    let after = fs::metadata(place.path("pages.json")).unwrap();
    assert_eq!(Mark::from(&before), Mark::from(&after), "nothing is written anew");
    let news = [("index.html", "two"), ("t/a/index.html", "a")];
    assert_eq!(place.write(&news), Pages { written: 1, removed: 1, ..Pages::default() });
    assert_eq!(place.all(), ["index.html", "t", "t/a", "t/a/index.html"]);
    assert_eq!(place.text("index.html"), "two");
    assert_eq!(place.write(&[]), Pages { removed: 2, ..Pages::default() });
    assert_eq!(place.all(), [""; 0]);
    let mode = |path: &str| fs::metadata(place.path(path)).unwrap().permissions().mode() & 0o777;
    place.write(&pages);
    assert_eq!([mode("www/index.html"), mode("www/t"), mode("www/t/a")], [0o644, 0o755, 0o755]);
}

#[test]
fn a_file_of_the_owners_is_never_touched() {
    let place = Place::new();
    place.put("index.html", "mine");
    fs::create_dir(place.path("www/t")).unwrap();
    place.put("t/notes", "mine");
    fs::create_dir_all(place.path("www/c/x/index.html")).unwrap();
    let pages = [("index.html", "ours"), ("t/a/index.html", "a"), ("c/x/index.html", "x")];
    let clashes = ["c/x/index.html", "index.html"].map(str::to_owned).to_vec();
    for round in 0..2 {
        let pages = place.write(&pages);
        assert_eq!(
            pages,
            Pages { written: 1 - round, clashes: clashes.clone(), ..Pages::default() }
        );
    }
    place.write(&[]);
    let left = ["c", "c/x", "c/x/index.html", "index.html", "t", "t/notes"];
    assert_eq!(place.all(), left, "also the folder that was there before");
    assert_eq!((place.text("index.html"), place.text("t/notes")), ("mine".into(), "mine".into()));
    fs::remove_file(place.path("www/index.html")).unwrap();
    place.write(&pages);
    assert_eq!(place.text("index.html"), "ours", "once it is out of the way");
}

#[test]
fn a_page_that_the_owner_has_changed_or_replaced_is_the_owners() {
    let place = Place::new();
    place.write(&[("a.html", "ours"), ("b.html", "ours"), ("c.html", "ours"), ("d.html", "ours")]);
    place.put("a.html", "mine");
    fs::remove_file(place.path("www/b.html")).unwrap();
    symlink("d.html", place.path("www/b.html")).unwrap();
    // One that only looks touched is not.
    fs::set_permissions(place.path("www/d.html"), Permissions::from_mode(0o600)).unwrap();
    let pages = place.write(&[("a.html", "new"), ("b.html", "new"), ("d.html", "new")]);
    assert_eq!(pages.clashes, ["a.html", "b.html"]);
    assert_eq!(place.all(), ["a.html", "b.html", "d.html"], "c.html was ours, and is gone");
    assert_eq!([place.text("a.html"), place.text("d.html")], ["mine", "new"]);
    assert!(fs::symlink_metadata(place.path("www/b.html")).unwrap().is_symlink());
    place.write(&[]);
    assert_eq!(place.all(), ["a.html", "b.html"]);
}

#[test]
fn links_that_lead_elsewhere_are_not_followed() {
    let place = Place::new();
    fs::create_dir_all(place.path("elsewhere/a")).unwrap();
    symlink("../elsewhere", place.path("www/t")).unwrap();
    symlink("../elsewhere/file", place.path("www/index.html")).unwrap();
    let pages = place.write(&[("t/a/index.html", "a"), ("index.html", "b")]);
    assert_eq!(pages.clashes, ["index.html", "t/a/index.html"]);
    // Nor when the link comes later, in the place of a folder of ours.
    fs::remove_file(place.path("www/t")).unwrap();
    place.write(&[("t/a/index.html", "a")]);
    fs::rename(place.path("www/t"), place.path("moved")).unwrap();
    symlink("../moved", place.path("www/t")).unwrap();
    place.write(&[]);
    assert_eq!(fs::read_to_string(place.path("moved/a/index.html")).unwrap(), "a");
    assert_eq!(fs::read_dir(place.path("elsewhere")).unwrap().count(), 1);
    // What could be put where the temporary file comes is not followed either.
    fs::write(place.path("victim"), "mine").unwrap();
    symlink("../victim", place.path("www/.tracker-page.new")).unwrap();
    place.write(&[("page.html", "ours")]);
    assert_eq!(fs::read_to_string(place.path("victim")).unwrap(), "mine");
}

#[test]
fn larger_pages_have_a_compressed_sibling_that_says_the_same() {
    let place = Place::new();
    let unpacked = |name: &str| {
        let packed = fs::read(place.path("www").join(name)).unwrap();
        io::read_to_string(flate2::read::GzDecoder::new(packed.as_slice())).unwrap()
    };
    let [one, two] = ["one ", "two "].map(|text| text.repeat(1000));
    place.write(&[("a.html", &one), ("b.bin", &one), ("c.html", "short")]);
    assert_eq!(place.all(), ["a.html", "a.html.gz", "b.bin", "c.html"]);
    assert_eq!(unpacked("a.html.gz"), one);
    assert_eq!(place.write(&[("a.html", &two)]).written, 2);
    assert_eq!(unpacked("a.html.gz"), two);
    assert_eq!(place.write(&[("a.html", &two)]), Pages::default());
    // Of a page that is the owner's, no sibling of ours may speak.
    place.put("a.html", "mine");
    place.write(&[("a.html", &two)]);
    assert_eq!(place.all(), ["a.html"]);
    fs::remove_file(place.path("www/a.html")).unwrap();
    place.write(&[("a.html", &one)]);
    assert_eq!(place.write(&[("a.html", "short")]).removed, 1);
    assert_eq!(place.all(), ["a.html"]);
}

#[test]
fn what_is_left_alone_stays_with_its_sibling_unless_somebody_has_touched_it() {
    let place = Place::new();
    let long = "x".repeat(2000);
    let pages = [("c/a.rss", long.as_str()), ("short.rss", "y")];
    assert_eq!(place.write(&pages), written(3));
    let leave = |place: &Place| {
        let mut folder = place.open();
        let left = ["c/a.rss", "short.rss", "nothing.rss"].map(|path| folder.leave_alone(path));
        let contents = [folder.content("c/a.rss"), folder.content("nothing.rss")];
        for (path, text) in pages {
            folder.put(path.into(), text.as_bytes().to_vec()).unwrap();
        }
        (left, contents, folder.finish().unwrap())
    };
    let whole = || [Some(long.clone().into_bytes()), None];
    let (left, contents, all) = leave(&place);
    assert_eq!((left, contents, all), ([true, true, false], whole(), Pages::default()));
    assert_eq!(place.all(), ["c", "c/a.rss", "c/a.rss.gz", "short.rss"]);
    fs::remove_file(place.path("www/c/a.rss.gz")).unwrap();
    let (left, contents, all) = leave(&place);
    assert_eq!((left, contents, all), ([false, true, false], whole(), written(1)));
    place.put("c/a.rss", "the owner's");
    let (left, contents, all) = leave(&place);
    assert_eq!((left, contents), ([false, true, false], [None, None]));
    assert_eq!(all.clashes, ["c/a.rss"]);
    assert_eq!(place.text("c/a.rss"), "the owner's");
    // The same file, but somewhere else.
    fs::remove_file(place.path("www/c/a.rss")).unwrap();
    place.write(&pages);
    fs::rename(place.path("www/c"), place.path("elsewhere")).unwrap();
    symlink(place.path("elsewhere"), place.path("www/c")).unwrap();
    assert_eq!(leave(&place).0, [false, true, false]);
}

#[test]
fn another_folder_and_none_take_the_pages_along() {
    let place = Place::new();
    place.write(&[("t/index.html", "a")]);
    place.put("mine", "mine");
    let other = place.path("other");
    let mut folder = PageFolder::open(&other, place.path("pages.json")).unwrap();
    folder.put("index.html".into(), b"b".to_vec()).unwrap();
    folder.finish().unwrap();
    assert_eq!(place.all(), ["mine"]);
    assert_eq!(fs::read_to_string(other.join("index.html")).unwrap(), "b");
    let file = place.path("conf/tracker.toml");
    let text = format!("paths.catalog = {:?}", place.path("catalog.db"));
    let loaded = LoadedConfig::parse(&text, &file).unwrap();
    remove_all(&loaded).unwrap();
    assert!(!place.path("pages.json").exists());
    assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
    remove_all(&loaded).unwrap();
}

#[test]
fn a_site_that_was_moved_still_knows_its_pages_and_a_copy_leaves_the_original_alone() {
    let place = Place::new();
    let write = |home: &Path, text: &str| {
        let mut folder = PageFolder::open(&home.join("www"), home.join("pages.json")).unwrap();
        folder.put("t/index.html".into(), text.as_bytes().to_vec()).unwrap();
        folder.finish().unwrap()
    };
    let [one, two] = ["one", "two"].map(|name| place.path(name));
    fs::create_dir(&one).unwrap();
    assert_eq!(write(&one, "a"), written(1));
    let copied = std::process::Command::new("cp").arg("-r").args([&one, &two]).status().unwrap();
    assert!(copied.success());
    assert_eq!(write(&two, "b"), written(1));
    assert_eq!(fs::read_to_string(one.join("www/t/index.html")).unwrap(), "a");
    fs::rename(&two, place.path("three")).unwrap();
    assert_eq!(write(&place.path("three"), "b"), Pages::default());
    assert_eq!(seen_from(Path::new("/srv/data"), Path::new("/srv/www")).unwrap(), "../www");
    assert_eq!(seen_from(Path::new("/srv/data"), Path::new("/srv")).unwrap(), "..");
    assert_eq!(seen_from(Path::new("/a"), Path::new("/b/c")).unwrap(), "../b/c");
}

#[test]
fn without_a_readable_manifest_nothing_is_touched() {
    let place = Place::new();
    place.write(&[("index.html", "old")]);
    let sound = fs::read_to_string(place.path("pages.json")).unwrap();
    let broken = [
        "{".to_owned(),
        sound.replace("\"version\":1", "\"version\":2"),
        sound.replace("index.html", "../index.html"),
        sound.replace("index.html", "/etc/passwd"),
    ];
    for text in broken {
        fs::write(place.path("pages.json"), &text).unwrap();
        let problem = PageFolder::open(&place.path("www"), place.path("pages.json")).unwrap_err();
        assert!(matches!(problem, PageFolderError::Manifest { .. }), "{text}: {problem}");
        assert_eq!(place.text("index.html"), "old");
    }
}

#[test]
fn a_folder_that_had_pages_and_is_gone_is_missed_and_not_made() {
    let place = Place::new();
    place.write(&[("index.html", "old")]);
    fs::rename(place.path("www"), place.path("unmounted")).unwrap();
    let problem = PageFolder::open(&place.path("www"), place.path("pages.json")).unwrap_err();
    assert!(matches!(problem, PageFolderError::Gone { .. }), "{problem}");
    fs::rename(place.path("unmounted"), place.path("www")).unwrap();
    assert_eq!(place.write(&[("index.html", "new")]), written(1));
}

#[test]
fn pages_that_cannot_be_written_stay_as_they_are_and_are_still_ours() {
    let place = Place::new();
    place.write(&[("t/a/index.html", "old")]);
    // Not even root makes a file in the place of a folder.
    fs::create_dir(place.path("www/t/a/.tracker-page.new")).unwrap();
    let mut folder = place.open();
    folder.put("t/a/index.html".into(), b"new".to_vec()).unwrap();
    assert!(matches!(folder.finish(), Err(PageFolderError::Write { .. })));
    assert_eq!(place.text("t/a/index.html"), "old");
    fs::remove_dir(place.path("www/t/a/.tracker-page.new")).unwrap();
    assert_eq!(place.write(&[("t/a/index.html", "new")]), written(1));
}

const NAMES: [&str; 4] = ["index.html", "t/a/index.html", "t/b/index.html", "c/index.html"];

/// What happens between two refreshes, or to one.
#[derive(Clone, Debug)]
enum Happening {
    /// A refresh with these pages and this text, that is killed after so many steps.
    Refresh { pages: [bool; 4], text: u8, steps: usize },
    /// The owner writes a file.
    Owner { page: usize },
    /// The owner removes what is there.
    Removed { page: usize },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (any::<[bool; 4]>(), 0..3_u8, 0..12_usize)
            .prop_map(|(pages, text, steps)| Happening::Refresh { pages, text, steps }),
        (0..4_usize).prop_map(|page| Happening::Owner { page }),
        (0..4_usize).prop_map(|page| Happening::Removed { page }),
    ]
}

impl Place {
    /// A refresh that is killed after so many steps, if there are more.
    fn killed(&self, pages: [bool; 4], text: &str, steps: usize) {
        let mut folder = self.open();
        for (name, _) in NAMES.into_iter().zip(pages).filter(|(_, is_wanted)| *is_wanted) {
            let bytes = text.as_bytes().to_vec();
            folder.batch.push(Page { path: name.into(), bytes, made_of: None });
        }
        let planned = folder.intend().unwrap();
        let all = planned.len();
        for (done, step) in planned.into_iter().enumerate() {
            if done == steps {
                // As a process leaves it that is killed while it writes this page.
                folder.make_folders_above(&step.path).unwrap();
                let target = self.path("www").join(&step.path);
                fs::write(target.with_file_name(".tracker-page.new"), "ha").unwrap();
                return;
            }
            folder.begin(vec![step]).unwrap();
            folder.end().unwrap();
        }
        if steps == all {
            return;
        }
        folder.remove_unwanted().unwrap();
        if steps == all + 1 {
            return;
        }
        folder.finish().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is killed when: no file of the owner's changes, and all of ours is found again.
    #[test]
    fn who_is_killed_takes_nothing_and_forgets_nothing(
        happenings in proptest::collection::vec(happening(), 1..12),
    ) {
        let place = Place::new();
        let mut owners: [Option<String>; 4] = Default::default();
        for (round, happening) in happenings.into_iter().enumerate() {
            match happening {
                Happening::Refresh { pages, text, steps } => {
                    place.killed(pages, &format!("ours {text}"), steps);
                }
                Happening::Owner { page } => {
                    let file = place.path("www").join(NAMES[page]);
                    fs::create_dir_all(file.parent().unwrap()).unwrap();
                    let text = format!("owner's {round}");
                    fs::write(&file, &text).unwrap();
                    owners[page] = Some(text);
                }
                Happening::Removed { page } => {
                    let _ = fs::remove_file(place.path("www").join(NAMES[page]));
                    owners[page] = None;
                }
            }
            for (name, text) in NAMES.iter().zip(&owners) {
                if let Some(text) = text {
                    prop_assert_eq!(&place.text(name), text);
                }
            }
        }
        place.write(&[]);
        for (name, text) in NAMES.iter().zip(&owners) {
            let path = place.path("www").join(name);
            prop_assert_eq!(path.exists(), text.is_some(), "{}", name);
        }
        prop_assert!(!place.all().iter().any(|name| name.ends_with(".new")), "{:?}", place.all());
    }
}

#[test]
fn a_copy_of_the_data_leaves_the_pages_to_the_original() {
    let place = Place::new();
    let (original, copy) = (place.path("data/pages.json"), place.path("copy/pages.json"));
    let (www, other) = (place.path("www"), place.path("other"));
    for folder in ["data", "copy"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    let write = |manifest: &Path, folder: &Path, text: &str| {
        let mut folder = PageFolder::open(folder, manifest.to_owned())?;
        folder.put("index.html".into(), text.into())?;
        folder.finish()
    };
    write(&original, &www, "ours").unwrap();
    fs::copy(&original, &copy).unwrap();
    let refused = write(&copy, &www, "theirs").unwrap_err();
    assert!(
        matches!(&refused, PageFolderError::Others { home, .. } if *home == place.path("data"))
    );
    write(&copy, &other, "theirs").unwrap();
    assert_eq!(place.text("index.html"), "ours");
    // Data that was moved has its pages as before.
    fs::remove_file(&copy).unwrap();
    fs::rename(&original, &copy).unwrap();
    write(&copy, &www, "moved").unwrap();
    assert_eq!(place.text("index.html"), "moved");
}
